//! The same work as a plain parallel loop, without workers: what `inventory` is measured against.
//!
//! ```text
//! cargo run --release -p workers-example --example rayon_inventory -- DIR [THREADS] > report
//! ```
//!
//! It walks first and hashes then, and it can neither lose a thread nor be stopped. The counting and the
//! report are those of `inventory`; everything else is what one would write by hand.

use std::cell::RefCell;
use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::time::Instant;

use rayon::prelude::*;
use walkdir::WalkDir;
use workers_example::digest::{Digest, Digesting};
use workers_example::path::FilePath;
use workers_example::report::{self, Entry};

thread_local! {
    static BUFFER: RefCell<Vec<u8>> = RefCell::new(vec![0; 128 * 1024]);
}

fn main() -> io::Result<()> {
    let began = Instant::now();
    let mut arguments = std::env::args_os().skip(1);
    let root = PathBuf::from(arguments.next().unwrap_or_else(|| OsString::from(".")));
    let threads = arguments.next().and_then(|n| n.to_str()?.parse().ok()).unwrap_or(0);
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
    let pool = pool.map_err(io::Error::other)?;

    let mut files = Vec::new();
    for entry in WalkDir::new(&root) {
        let entry = entry?;
        if entry.file_type().is_file() {
            files.push(entry.into_path());
        }
    }
    let entry = |file: PathBuf| -> io::Result<Entry> {
        let path = file.strip_prefix(&root).map_err(io::Error::other)?;
        let path = FilePath::from(path.as_os_str().as_bytes());
        Ok(Entry { path, digest: digest(&file)? })
    };
    let mut entries =
        pool.install(|| files.into_par_iter().map(entry).collect::<io::Result<Vec<_>>>())?;
    report::sort(&mut entries);
    report::print(&entries, &mut io::stdout().lock(), || true)?;

    let bytes: u64 = entries.iter().map(|entry| entry.digest.bytes).sum();
    let (files, seconds) = (entries.len(), began.elapsed().as_secs_f64());
    let rate = bytes as f64 / 1e6 / seconds;
    writeln!(io::stderr(), "files={files} bytes={bytes} mb_s={rate:.1} seconds={seconds:.3}")
}

fn digest(file: &Path) -> io::Result<Digest> {
    let mut file = File::open(file)?;
    let mut digesting = Digesting::default();
    BUFFER.with_borrow_mut(|buffer| {
        loop {
            match file.read(buffer)? {
                0 => return Ok(digesting.finish()),
                length => digesting.update(&buffer[..length]),
            }
        }
    })
}
