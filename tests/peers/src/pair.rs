//! Two processes that are started, told of each other, and watched: one measurement on the wire. What they
//! say is drawn in [`crate::work::wire`].

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};
use std::{fs, thread};

use nix::sched::{CpuSet, sched_getaffinity, sched_setaffinity};
use nix::unistd::Pid;

use crate::candidate::{Candidate, Pair};
use crate::meter::Sample;
use crate::suite::Plan;
use crate::work::wire::{Part, Side, tell_of_panics};
use crate::workload::wire::{Transport, Wire};

/// Several times what the slowest candidate takes: whatever is not done by then hangs, or has lost a message.
const LIMIT: Duration = Duration::from_secs(30);

/// Starts the one that binds, then the one that connects, and waits for the samples of both.
pub fn measure(candidate: Candidate, wire: Wire, plan: Plan) -> Result<Sample, String> {
    let folder = Folder::new()?;
    let endpoint = match wire.transport {
        Transport::Tcp => "tcp://127.0.0.1:0".to_owned(),
        Transport::Ipc => format!("ipc://{}", folder.0.join("socket").display()),
    };
    let deadline = Instant::now() + LIMIT;
    let [binds, connects] = Part::pair(wire.pattern);
    let (lines, said) = channel();
    let mut processes = vec![Process::start(candidate, plan, binds, &endpoint, &lines)?];
    while processes.iter().any(|process| process.sample.is_none()) || processes.len() < 2 {
        let (part, line) = next(&said, deadline)?;
        match line {
            Said::Bound(endpoint) => {
                processes.push(Process::start(candidate, plan, connects, &endpoint, &lines)?);
            }
            Said::Found(sample) => {
                let index = usize::from(part == connects);
                processes[index].sample = Some(sample);
                if part.measures() {
                    // Whoever only takes part may stop now.
                    processes.iter_mut().for_each(|process| process.input = None);
                }
            }
            // A process that has told what it found may go.
            Said::Failed(_) if sampled(&processes, part) => {}
            Said::Failed(why) => return Err(format!("{}: {why}", part.name())),
        }
    }
    let samples = processes.iter_mut().map(|process| (process.part, process.sample.take()));
    let (mut measured, mut cpu_ns) = (None, 0.0);
    for (part, sample) in samples {
        let sample = sample.ok_or("a sample is missing")?;
        cpu_ns += sample.cpu_ns;
        if part.measures() {
            measured = Some(sample);
        }
    }
    let measured = measured.ok_or("nobody has measured")?;
    Ok(Sample { cpu_ns, ..measured })
}

fn sampled(processes: &[Process], part: Part) -> bool {
    processes.iter().any(|process| process.part == part && process.sample.is_some())
}

/// One of the two processes.
pub fn play(pair: Pair, side: Side) -> Result<(), String> {
    tell_of_panics();
    if side.wire.pinned {
        pin().map_err(|error| format!("sched_setaffinity: {error}"))?;
    }
    (pair.side)(side);
    Ok(())
}

/// Keeps this process, and each thread that it will start, on the last core that it may use: the first
/// ones have more interrupts to serve.
fn pin() -> nix::Result<()> {
    let myself = Pid::from_raw(0);
    let allowed = sched_getaffinity(myself)?;
    let last = (0..CpuSet::count()).rev().find(|&core| allowed.is_set(core).unwrap_or(false));
    let mut one = CpuSet::new();
    one.set(last.unwrap_or(0))?;
    sched_setaffinity(myself, &one)
}

/// What a process has said.
enum Said {
    Bound(String),
    Found(Sample),
    Failed(String),
}

impl Said {
    fn of(line: &str) -> Self {
        if let Some(endpoint) = line.strip_prefix("at ") {
            return Self::Bound(endpoint.to_owned());
        }
        if let Some(why) = line.strip_prefix("failed ") {
            return Self::Failed(why.to_owned());
        }
        match serde_json::from_str(line) {
            Ok(sample) => Self::Found(sample),
            Err(error) => Self::Failed(format!("unexpected output: {error}: {line:?}")),
        }
    }
}

fn next(said: &Receiver<(Part, Said)>, deadline: Instant) -> Result<(Part, Said), String> {
    let left = deadline.saturating_duration_since(Instant::now());
    said.recv_timeout(left).map_err(|error| match error {
        RecvTimeoutError::Timeout => {
            format!("not done after {LIMIT:?}: it hangs, or a message is lost")
        }
        RecvTimeoutError::Disconnected => "both processes have ended".to_owned(),
    })
}

/// A process, which ends with this value.
struct Process {
    part: Part,
    child: Child,
    /// Its end is what the process waits for.
    input: Option<ChildStdin>,
    sample: Option<Sample>,
}

impl Process {
    fn start(
        candidate: Candidate,
        plan: Plan,
        part: Part,
        endpoint: &str,
        lines: &Sender<(Part, Said)>,
    ) -> Result<Self, String> {
        let program = std::env::current_exe().map_err(|error| error.to_string())?;
        let mut command = Command::new(program);
        command.args(["play", candidate.name, plan.workload.name(), &plan.operations.to_string()]);
        command.args([part.name(), endpoint]).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().map_err(|error| error.to_string())?;
        let output = child.stdout.take().ok_or("no standard output")?;
        let lines = lines.clone();
        thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                // Nobody listens once the measurement is over.
                let _ = lines.send((part, Said::of(&line)));
            }
            let _ = lines.send((part, Said::Failed("it has ended without a result".to_owned())));
        });
        let input = child.stdin.take();
        Ok(Self { part, child, input, sample: None })
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.input = None;
        // Its result is here, or it is not wanted any more. Waited for, so that its CPU time counts as ours.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A temporary folder, which goes with this value.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Result<Self, String> {
        let name = format!("millhand-peers-{}", std::process::id());
        let path = std::env::temp_dir().join(name);
        // What a run that was killed has left there.
        let _ = fs::remove_dir_all(&path);
        fs::create_dir(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        Ok(Self(path))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::Said;

    #[test]
    fn what_a_process_says_is_told_apart() {
        assert!(matches!(Said::of("at ipc:///a b"), Said::Bound(at) if at == "ipc:///a b"));
        assert!(matches!(Said::of("failed at once"), Said::Failed(why) if why == "at once"));
        assert!(matches!(Said::of("noise"), Said::Failed(why) if why.contains("noise")));
        let sample = r#"{"value":2.0,"cpu_ns":1.0}"#;
        assert!(matches!(Said::of(sample), Said::Found(sample) if sample.value == 2.0));
    }
}
