//! Erlang/OTP, if this machine has it: the modules in `erlang/`, run by `erl`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::{Program, THREADS};
use crate::suite::Plan;
use crate::workload::{Producer, Suite, Workload};

pub const PROGRAM: Program = Program { absent, can, command };

/// Name and source of each module; `peers` is where they begin.
const MODULES: [(&str, &str); 8] = [
    ("peers", include_str!("../../erlang/peers.erl")),
    ("peers_ask", include_str!("../../erlang/peers_ask.erl")),
    ("peers_meter", include_str!("../../erlang/peers_meter.erl")),
    ("peers_pool", include_str!("../../erlang/peers_pool.erl")),
    ("peers_relay", include_str!("../../erlang/peers_relay.erl")),
    ("peers_restart", include_str!("../../erlang/peers_restart.erl")),
    ("peers_spawn", include_str!("../../erlang/peers_spawn.erl")),
    ("peers_tell", include_str!("../../erlang/peers_tell.erl")),
];

fn absent() -> Option<&'static str> {
    let mut erl = Command::new("erl");
    erl.arg("-version").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let found = erl.status().is_ok_and(|status| status.success());
    if found { None } else { Some("there is no `erl` on this machine (Debian: erlang-base)") }
}

fn can(workload: Workload) -> bool {
    match workload {
        // No mailbox has a bound.
        Workload::TellBounded | Workload::FanInBounded | Workload::Overload => false,
        // Nobody is outside; whoever sends is a process.
        Workload::AskMain | Workload::Pool(_, Producer::Worker | Producer::Thread) => false,
        // Not compared there.
        Workload::AllCores(_) => false,
        _ => workload.suite() == Suite::Actors,
    }
}

fn command(plan: Plan) -> Result<Command, String> {
    let modules = compiled().map_err(|error| format!("erlang modules: {error}"))?;
    let mut erl = Command::new("erl");
    erl.args(["-noshell", "+S", &format!("{THREADS}:{THREADS}"), "-pa"]).arg(modules);
    erl.args(["-eval", "peers:main(), halt().", "-extra"]);
    erl.args([plan.workload.name(), &plan.operations.to_string()]);
    // A crash is told by the exit status; its dump would only lie about.
    erl.stdin(Stdio::null()).env("ERL_CRASH_DUMP_SECONDS", "0");
    Ok(erl)
}

/// The folder of the modules, beside this program. They are compiled when they are new.
fn compiled() -> std::io::Result<PathBuf> {
    let program = std::env::current_exe()?;
    let folder = program.parent().unwrap_or(Path::new(".")).join("erlang");
    fs::create_dir_all(&folder)?;
    for (name, source) in MODULES {
        let file = folder.join(name).with_extension("erl");
        let beam = folder.join(name).with_extension("beam");
        if beam.exists() && fs::read_to_string(&file).is_ok_and(|known| known == source) {
            continue;
        }
        fs::write(&file, source)?;
        let done =
            Command::new("erlc").arg("-Werror").arg("-o").arg(&folder).arg(&file).status()?;
        if !done.success() {
            fs::remove_file(&file)?;
            return Err(std::io::Error::other(format!("erlc {name}: {done}")));
        }
    }
    Ok(folder)
}
