//! One run of the program, from the command line to the exit status.

use std::io::{self, IsTerminal};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use tokio::task::spawn_blocking;
use tokio::time::timeout;

use crate::chaos::Chaos;
use crate::cli::Args;
use crate::collect::{Collection, Failure};
use crate::crew::{Crew, Task};
use crate::output::Output;
use crate::path::FilePath;
use crate::progress::Progress;
use crate::remarks::Remarks;
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

/// Takes down the directory that `args` names, and says how it went.
pub async fn run(args: Args) -> End {
    let mut remarks = Remarks::default();
    let mut signals = match Signals::take_over() {
        Ok(signals) => signals,
        Err(error) => {
            remarks.complain(b"signals", error);
            remarks.say();
            return End::Unreported;
        }
    };
    let end = take_down(&args, &mut signals, &mut remarks).await;
    let mut saying = spawn_blocking(move || remarks.say());
    if matches!(end, End::Signalled(_)) || signals.race(&mut saying).await.is_err() {
        let _ = timeout(A_MOMENT, saying).await;
    }
    end
}

/// How long a stopped terminal, or a reader who does not read, may hold up the end.
const A_MOMENT: Duration = Duration::from_secs(1);

async fn take_down(args: &Args, signals: &mut Signals, remarks: &mut Remarks) -> End {
    let began = Instant::now();
    let root = match open_root(&args.dir) {
        Ok(root) => root,
        Err(error) => {
            remarks.complain(args.dir.as_os_str().as_bytes(), error);
            return End::Refused;
        }
    };
    let name =
        args.out.as_deref().map_or(&b"standard output"[..], |out| out.as_os_str().as_bytes());
    let output = Output::open(args.out.as_deref());
    let (output, hidden) = match output.and_then(|output| Ok((output.hidden()?, output))) {
        Ok((hidden, output)) => (output, hidden),
        Err(error) => {
            remarks.complain(name, error);
            return End::Refused;
        }
    };

    let progress = Progress::new(io::stderr().is_terminal());
    let mut restarts = 0;
    let gathered = match root {
        Ok(root) => {
            let task = Task {
                root,
                hidden,
                hashers: args.workers,
                chaos: Chaos::new(args.chaos, args.seed),
                progress: progress.clone(),
                stop: Stop::default(),
            };
            gather(task, signals, remarks, &mut restarts).await
        }
        Err(unreadable) => {
            Ok(Collection { failures: vec![unreadable], whole: true, ..Collection::default() })
        }
    };
    let bar = progress.clone();
    let _ = timeout(A_MOMENT, spawn_blocking(move || bar.clear())).await;
    let end = match gathered {
        Ok(Collection { entries, mut failures, .. }) => {
            name_failures(&mut failures, &args.dir, remarks);
            match publish(entries, output, signals).await {
                Ok(Ok(())) if failures.is_empty() => End::Whole,
                Ok(Ok(())) => End::Partial,
                Ok(Err(error)) => {
                    remarks.complain(name, error);
                    End::Unreported
                }
                Err(ending) => End::Signalled(ending),
            }
        }
        Err(end) => end,
    };
    remarks.sum_up(progress.done(), restarts, began.elapsed());
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
async fn gather(
    task: Task,
    signals: &mut Signals,
    remarks: &mut Remarks,
    restarts: &mut u64,
) -> Result<Collection, End> {
    let stop = task.stop.clone();
    let mut crew = match Crew::start(task).await {
        Ok(crew) => crew,
        Err(error) => {
            remarks.complain(b"workers", error);
            return Err(End::Unreported);
        }
    };
    let gathered = signals.race(crew.finish()).await;
    stop.ask();
    *restarts = crew.restarts();
    // A second signal: somebody is in a hurry.
    let dismissed = signals.race(crew.dismiss()).await;
    match gathered.and_then(|gathered| dismissed.map(|()| gathered)).map_err(End::Signalled)? {
        Some(collection) if collection.whole => Ok(collection),
        _ => {
            let wrong = "given up, because a worker that cannot be replaced has crashed";
            remarks.complain(b"report", wrong);
            Err(End::Unreported)
        }
    }
}

/// Names what the report lacks.
fn name_failures(failures: &mut [Failure], dir: &Path, remarks: &mut Remarks) {
    failures.sort_unstable_by(|a, b| a.path.cmp(&b.path));
    for Failure { path, error } in failures {
        match path.as_bytes() {
            b"" => remarks.complain(dir.as_os_str().as_bytes(), error),
            path => remarks.complain(path, error),
        }
    }
}

/// Sorts and writes the report, on a thread of its own: a reader who does not read may hold it up, but
/// not the end of the program. The error outside is the signal that came before.
async fn publish(
    mut entries: Vec<Entry>,
    output: Output,
    signals: &mut Signals,
) -> Result<io::Result<()>, Ending> {
    let can_vanish = matches!(output, Output::File(_));
    let stop = Stop::default();
    let mut writing = spawn_blocking({
        let stop = stop.clone();
        move || {
            report::sort(&mut entries);
            output.write(&entries, || !stop.asked())
        }
    });
    match signals.race(&mut writing).await {
        Ok(Ok(Err(error))) if error.kind() != io::ErrorKind::BrokenPipe => Ok(Err(error)),
        Ok(Err(crashed)) => Ok(Err(crashed.into())),
        // All is written, or whoever read has seen enough.
        Ok(_) => Ok(Ok(())),
        Err(ending) => {
            stop.ask();
            // It may have appeared just now.
            let written = can_vanish && matches!(writing.await, Ok(Ok(true)));
            if written { Ok(Ok(())) } else { Err(ending) }
        }
    }
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
