//! One run of the program, from the command line to the exit status.

use std::fmt::Display;
use std::io::{self, IsTerminal, Write};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::process::ExitCode;
use std::thread;
use std::time::Instant;

use tokio::sync::oneshot;

use crate::chaos::Chaos;
use crate::cli::Args;
use crate::collect::{Collection, Failure};
use crate::crew::{Crew, Task};
use crate::output::Output;
use crate::path::{FilePath, escape};
use crate::progress::Progress;
use crate::report::{self, Entry};
use crate::root::Root;
use crate::signals::{Ending, Signals};
use crate::stop::Stop;

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// Every file is in the report.
    Whole,
    /// The report could not be made, or not be written.
    Unreported,
    /// What the command line asks for is impossible.
    Refused,
    /// The report lacks something, which has been named.
    Partial,
    /// There is no report, because a signal came.
    Signalled(Ending),
}

/// What became of the report.
enum Published {
    Written,
    Failed(io::Error),
    Signalled(Ending),
}

/// Takes down the directory that `args` names, and says how it went.
pub async fn run(args: Args) -> End {
    let began = Instant::now();
    let Ok(mut signals) = Signals::take_over() else {
        complain(b"signals", "cannot be taken over");
        return End::Unreported;
    };
    let root = match open_root(&args.dir) {
        Ok(root) => root,
        Err(error) => {
            complain(args.dir.as_os_str().as_bytes(), error);
            return End::Refused;
        }
    };
    let name =
        args.out.as_deref().map_or(&b"standard output"[..], |out| out.as_os_str().as_bytes());
    let output = Output::open(args.out.as_deref());
    let (output, hidden) = match output.and_then(|output| Ok((output.hidden()?, output))) {
        Ok((hidden, output)) => (output, hidden),
        Err(error) => {
            complain(name, error);
            return End::Refused;
        }
    };

    let progress = Progress::new(io::stderr().is_terminal());
    let stop = Stop::default();
    let mut restarts = 0;
    let gathered = match root {
        Ok(root) => {
            let task = Task {
                root,
                hidden,
                hashers: args.workers,
                chaos: Chaos::new(args.chaos, args.seed),
                progress: progress.clone(),
                stop: stop.clone(),
            };
            gather(task, &mut signals, &mut restarts).await
        }
        Err(unreadable) => {
            Ok(Collection { failures: vec![unreadable], whole: true, ..Collection::default() })
        }
    };
    progress.clear();
    let end = match gathered {
        Ok(Collection { entries, mut failures, .. }) => {
            name_failures(&mut failures, &args.dir);
            match publish(entries, output, &mut signals).await {
                Published::Written if failures.is_empty() => End::Whole,
                Published::Written => End::Partial,
                Published::Failed(error) => {
                    complain(name, error);
                    End::Unreported
                }
                Published::Signalled(ending) => End::Signalled(ending),
            }
        }
        Err(end) => end,
    };
    sum_up(&progress, restarts, began);
    end
}

/// DIR; or, if it is a directory that cannot be listed, that failure.
fn open_root(dir: &Path) -> io::Result<Result<Root, Failure>> {
    match Root::open(dir) {
        Ok(root) => Ok(Ok(root)),
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied && dir.is_dir() => {
            Ok(Err(Failure { path: FilePath::root(), error }))
        }
        Err(error) => Err(error),
    }
}

/// Lets the workers do all but the report.
async fn gather(task: Task, signals: &mut Signals, restarts: &mut u64) -> Result<Collection, End> {
    let stop = task.stop.clone();
    let mut crew = match Crew::start(task).await {
        Ok(crew) => crew,
        Err(error) => {
            complain(b"workers", error);
            return Err(End::Unreported);
        }
    };
    let gathered = tokio::select! {
        gathered = crew.finish() => Ok(gathered),
        ending = signals.next() => Err(End::Signalled(ending)),
    };
    stop.ask();
    *restarts = crew.restarts();
    tokio::select! {
        () = crew.dismiss() => {}
        // Somebody is in a hurry.
        ending = signals.next() => return Err(End::Signalled(ending)),
    }
    match gathered? {
        Some(collection) if collection.whole => Ok(collection),
        _ => {
            complain(b"report", "given up, because a worker that cannot be replaced has crashed");
            Err(End::Unreported)
        }
    }
}

/// Names what the report lacks.
fn name_failures(failures: &mut [Failure], dir: &Path) {
    failures.sort_unstable_by(|a, b| a.path.cmp(&b.path));
    for Failure { path, error } in failures {
        match path.as_bytes() {
            b"" => complain(dir.as_os_str().as_bytes(), error),
            path => complain(path, error),
        }
    }
}

/// Sorts and writes the report, on a thread of its own: a reader who does not read may hold it up, but
/// not the end of the program.
async fn publish(mut entries: Vec<Entry>, output: Output, signals: &mut Signals) -> Published {
    let can_vanish = matches!(output, Output::File(_));
    let stop = Stop::default();
    let (written, mut outcome) = oneshot::channel();
    thread::spawn({
        let stop = stop.clone();
        move || {
            report::sort(&mut entries);
            // Nobody waits for it any more when a signal came.
            let _ = written.send(output.write(&entries, || !stop.asked()));
        }
    });
    tokio::select! {
        outcome = &mut outcome => match outcome {
            Ok(Ok(_)) => Published::Written,
            // Whoever read has seen enough.
            Ok(Err(error)) if error.kind() == io::ErrorKind::BrokenPipe => Published::Written,
            Ok(Err(error)) => Published::Failed(error),
            Err(_) => Published::Failed(io::Error::other("the writer has crashed")),
        },
        ending = signals.next() => {
            stop.ask();
            if can_vanish {
                let _ = outcome.await;
            }
            Published::Signalled(ending)
        }
    }
}

/// The last line.
fn sum_up(progress: &Progress, restarts: u64, began: Instant) {
    let done = progress.done();
    let seconds = began.elapsed().as_secs_f64();
    say(format!(
        "files={} bytes={} mb_s={:.1} restarts={restarts} retries={} seconds={seconds:.3}\n",
        done.files,
        done.bytes,
        done.bytes as f64 / 1e6 / seconds,
        done.retries,
    )
    .as_bytes());
}

/// One line: what it is about, and what is wrong with it.
fn complain(what: &[u8], wrong: impl Display) {
    let mut line = b"inventory: ".to_vec();
    escape(what, &mut line);
    line.extend(format!(": {wrong}\n").as_bytes());
    say(&line);
}

/// A closed standard error is nothing to end for.
fn say(line: &[u8]) {
    let _ = io::stderr().write_all(line);
}

impl From<End> for ExitCode {
    fn from(end: End) -> Self {
        Self::from(match end {
            End::Whole => 0,
            End::Unreported => 1,
            End::Refused => 2,
            End::Partial => 3,
            End::Signalled(Ending::Interrupted) => 130,
            End::Signalled(Ending::Terminated) => 143,
        })
    }
}
