//! The program as a child process.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::io::Read;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use crate::scratch::Scratch;

/// Where cargo has put it.
pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_inventory");

/// What a run left behind.
pub(crate) struct Ended {
    pub(crate) status: Option<i32>,
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: String,
}

/// A command line, with standard output and standard error connected to the test.
pub(crate) fn command<A: AsRef<OsStr>>(arguments: impl IntoIterator<Item = A>) -> Command {
    program(PROGRAM, arguments)
}

/// The same of any program.
pub(crate) fn program<A: AsRef<OsStr>>(
    program: impl AsRef<OsStr>,
    arguments: impl IntoIterator<Item = A>,
) -> Command {
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Runs it on `dir`.
pub(crate) fn run(dir: &Path, flags: &[&str]) -> Ended {
    let arguments = [dir.as_os_str()].into_iter().chain(flags.iter().map(OsStr::new));
    finish(command(arguments).spawn().unwrap())
}

/// Runs it on `dir` as a user to whom permissions matter.
pub(crate) fn run_unprivileged(dir: &Path, flags: &[&str]) -> Ended {
    if !rustix::process::geteuid().is_root() {
        return run(dir, flags);
    }
    const NOBODY: u32 = 65_534;
    // Its own place may be one that nobody else can reach.
    let reachable = Scratch::new();
    let copy = reachable.at("inventory");
    // Not by this process: a child that another test starts meanwhile would hold it open for writing,
    // and what is open for writing cannot be run.
    assert!(Command::new("cp").arg(PROGRAM).arg(&copy).status().unwrap().success());
    let mut command = program(copy, [dir]);
    finish(command.args(flags).uid(NOBODY).gid(NOBODY).spawn().unwrap())
}

/// Waits for its end.
pub(crate) fn finish(child: Child) -> Ended {
    let output = child.wait_with_output().unwrap();
    Ended {
        status: output.status.code(),
        stdout: output.stdout,
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// Reads one byte of its report: it is writing now.
pub(crate) fn wait_for_output(child: &mut Child) {
    let mut byte = [0];
    child.stdout.as_mut().unwrap().read_exact(&mut byte).unwrap();
}

impl Ended {
    /// All of standard error but the last line.
    pub(crate) fn complaints(&self) -> Vec<&str> {
        let mut lines: Vec<_> = self.stderr.lines().collect();
        lines.pop();
        lines
    }

    /// The last line of standard error, which has exactly these six.
    pub(crate) fn figures(&self) -> HashMap<&str, f64> {
        assert!(self.stderr.ends_with('\n'), "{}", self.stderr);
        let last = self.stderr.lines().last().unwrap();
        let pairs: Vec<_> = last.split(' ').map(|pair| pair.split_once('=').unwrap()).collect();
        let names: Vec<_> = pairs.iter().map(|pair| pair.0).collect();
        assert_eq!(names, ["files", "bytes", "mb_s", "restarts", "retries", "seconds"], "{last}");
        pairs.into_iter().map(|(name, number)| (name, number.parse().unwrap())).collect()
    }

    /// It did all it should and had nothing to say.
    #[track_caller]
    pub(crate) fn assert_whole(&self) {
        assert_eq!(self.status, Some(0), "{}", self.stderr);
        assert!(self.complaints().is_empty(), "{}", self.stderr);
        self.figures();
    }
}
