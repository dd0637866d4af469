//! The program as a child process.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

/// Longer than anything here takes on a busy machine.
const DEADLINE: Duration = Duration::from_secs(30);

/// A program that runs. It is killed if the test ends before it does.
pub(crate) struct Program {
    child: Child,
    stdin: Option<ChildStdin>,
    stdout: Receiver<Vec<u8>>,
    stderr: Receiver<Vec<u8>>,
}

/// How a program ended, and what of its output had not been looked at.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) status: Option<i32>,
    pub(crate) stdout: Vec<String>,
    pub(crate) stderr: Vec<String>,
}

/// Starts it.
pub(crate) fn start<A: AsRef<OsStr>>(arguments: impl IntoIterator<Item = A>) -> Program {
    launch(arguments, true)
}

/// Starts it with a standard output that nobody reads.
pub(crate) fn start_unread<A: AsRef<OsStr>>(arguments: impl IntoIterator<Item = A>) -> Program {
    launch(arguments, false)
}

/// Runs it to its end, without input.
pub(crate) fn run<A: AsRef<OsStr>>(arguments: impl IntoIterator<Item = A>) -> Ended {
    let mut program = start(arguments);
    program.end_input();
    program.ended()
}

/// Starts `sock TYPE` at a port of its own, and says where.
pub(crate) fn bound(socket_type: &str, more: &[&str]) -> (Program, String) {
    let arguments = ["sock", socket_type, "--bind", "tcp://127.0.0.1:0"];
    let mut program = start(arguments.iter().chain(more));
    let endpoint = program.bound();
    (program, endpoint)
}

/// Starts `sock TYPE`, connected to `endpoint`.
pub(crate) fn connected(socket_type: &str, endpoint: &str, more: &[&str]) -> Program {
    start(["sock", socket_type, "--connect", endpoint].iter().chain(more))
}

fn launch<A: AsRef<OsStr>>(arguments: impl IntoIterator<Item = A>, read: bool) -> Program {
    let mut child = Command::new(env!("CARGO_BIN_EXE_millhand"))
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let stdin = child.stdin.take();
    let stdout = child.stdout.take().unwrap();
    let stdout = if read { lines(stdout) } else { channel().1 };
    let stderr = lines(child.stderr.take().unwrap());
    Program { child, stdin, stdout, stderr }
}

/// The lines of a pipe, as they come, without their LF.
fn lines(pipe: impl Read + Send + 'static) -> Receiver<Vec<u8>> {
    let (sender, receiver) = channel();
    thread::spawn(move || {
        for line in BufReader::new(pipe).split(b'\n').map_while(Result::ok) {
            if sender.send(line).is_err() {
                return;
            }
        }
    });
    receiver
}

impl Program {
    /// The next endpoint that it says to be bound to.
    #[track_caller]
    pub(crate) fn bound(&mut self) -> String {
        let line = self.remark();
        let endpoint = line.strip_prefix("bound ");
        endpoint.unwrap_or_else(|| panic!("not bound: {line}")).to_owned()
    }

    /// Gives it octets to read, as they are.
    pub(crate) fn give(&mut self, octets: impl AsRef<[u8]>) {
        let stdin = self.stdin.as_mut().unwrap();
        stdin.write_all(octets.as_ref()).unwrap();
        stdin.flush().unwrap();
    }

    pub(crate) fn end_input(&mut self) {
        self.stdin = None;
    }

    /// The next line of its standard output, as octets.
    #[track_caller]
    pub(crate) fn octets(&mut self) -> Vec<u8> {
        match self.stdout.recv_timeout(DEADLINE) {
            Ok(line) => line,
            Err(error) => panic!(
                "no line: {error}; {:?}",
                self.stderr.try_iter().map(text).collect::<Vec<_>>()
            ),
        }
    }

    /// The same as text.
    #[track_caller]
    pub(crate) fn line(&mut self) -> String {
        text(self.octets())
    }

    /// The next line of its standard output, if it has come.
    pub(crate) fn try_line(&mut self) -> Option<String> {
        self.stdout.try_recv().ok().map(text)
    }

    /// The next line of its standard error.
    #[track_caller]
    pub(crate) fn remark(&mut self) -> String {
        text(self.stderr.recv_timeout(DEADLINE).expect("no line on standard error"))
    }

    /// Waits for its end.
    #[track_caller]
    pub(crate) fn ended(mut self) -> Ended {
        // Its pipes are closed when it ends.
        let stdout = rest(&self.stdout);
        let stderr = rest(&self.stderr);
        let status = self.child.wait().unwrap().code();
        Ended { status, stdout, stderr }
    }

    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[track_caller]
fn rest(lines: &Receiver<Vec<u8>>) -> Vec<String> {
    let deadline = Instant::now() + DEADLINE;
    let mut all = Vec::new();
    loop {
        match lines.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
            Ok(line) => all.push(text(line)),
            Err(RecvTimeoutError::Disconnected) => return all,
            Err(RecvTimeoutError::Timeout) => panic!("it does not end; so far: {all:?}"),
        }
    }
}

fn text(line: Vec<u8>) -> String {
    String::from_utf8_lossy(&line).into_owned()
}

impl Ended {
    /// It did what it was to do, and had nothing more to say.
    #[track_caller]
    pub(crate) fn well(&self) {
        assert_eq!((self.status, self.stderr.as_slice()), (Some(0), &[][..]), "{self:?}");
    }

    /// It ended with this status, and one line on standard error that has these words.
    #[track_caller]
    pub(crate) fn badly(&self, status: i32, words: &str) {
        assert_eq!(self.status, Some(status), "{self:?}");
        let [line] = self.stderr.as_slice() else { panic!("not one line: {self:?}") };
        assert!(line.starts_with("millhand: ") && line.contains(words), "{words}: {line}");
    }
}
