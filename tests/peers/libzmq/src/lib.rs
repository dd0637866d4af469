//! Finds libzmq, for the build script of the binding to it.

use std::process::Command;

/// Asks pkg-config, and passes its answer on to the linker.
pub fn probe() -> Result<(), String> {
    println!("cargo:rerun-if-env-changed=PKG_CONFIG_PATH");
    println!("cargo:rerun-if-env-changed=PKG_CONFIG_LIBDIR");
    let mut command = Command::new("pkg-config");
    let output = command.args(["--libs", "libzmq >= 4.1"]).output().map_err(|error| {
        format!("pkg-config: {error}\nOn Debian: apt-get install pkg-config libzmq3-dev")
    })?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        return Err(format!("{said}On Debian: apt-get install libzmq3-dev"));
    }
    for flag in String::from_utf8_lossy(&output.stdout).split_whitespace() {
        if let Some(folder) = flag.strip_prefix("-L") {
            println!("cargo:rustc-link-search=native={folder}");
        } else if let Some(library) = flag.strip_prefix("-l") {
            println!("cargo:rustc-link-lib={library}");
        }
    }
    Ok(())
}
