//! Rounds of measuring processes, interleaved over the candidates.

use std::io::Read;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::candidate::{Candidate, Runs};
use crate::machine::{Taken, machine};
use crate::meter::Sample;
use crate::pair;
use crate::quiet::{MUCH, Patience};
use crate::report::Report;
use crate::report::row::Row;
use crate::work::spin::Speed;
use crate::workload::{Size, Suite, Workload};

/// Far more than any measurement takes: whatever is not done by then hangs.
const PATIENCE: Duration = Duration::from_secs(60);

/// What the command line says.
#[derive(Debug)]
pub struct Options {
    pub suite: Suite,
    pub rounds: usize,
    /// Empty: all of them.
    pub only: Vec<Workload>,
    /// Empty: all of them.
    pub candidates: Vec<Candidate>,
    pub size: Size,
    /// How long it may take in all to have a quiet machine.
    pub patience: Duration,
}

/// What a measuring process is to do.
#[derive(Debug, Clone, Copy)]
pub struct Plan {
    pub workload: Workload,
    pub operations: u64,
    pub speed: Speed,
    /// The same probe without the load.
    pub control: bool,
}

impl Options {
    pub fn of(suite: Suite) -> Self {
        Self {
            suite,
            rounds: 5,
            only: Vec::new(),
            candidates: Vec::new(),
            size: Size::Full,
            patience: Duration::ZERO,
        }
    }
}

/// Runs the suite, and prints each workload's table as soon as it is known.
pub fn run(options: &Options) -> Result<Report, String> {
    let speed = Speed::measure();
    let mut report = Report::new(options.suite.name(), machine());
    println!("{}; rounds: {}\n", report.machine, options.rounds);
    let candidates = candidates(options)?;
    let chosen = |workload: &Workload| {
        workload.suite() == options.suite
            && (options.only.is_empty() || options.only.contains(workload))
    };
    let mut patience = Patience::of(options.patience);
    let mut taken = Taken::default();
    for workload in Workload::all().filter(chosen) {
        let operations = workload.operations(options.size);
        let plan = Plan { workload, operations, speed, control: false };
        report.add(workload, measure_all(plan, &candidates, options.rounds, &mut patience));
        report.print_last();
        let meanwhile = patience.taken();
        if meanwhile.share() > MUCH {
            println!("other programs took {:.0} % of the cores", meanwhile.share() * 100.0);
        }
        taken.add(meanwhile);
    }
    report.print_summary();
    report.machine += &format!("; other programs took {:.0} % of the cores", taken.share() * 100.0);
    println!("{}", report.machine);
    if options.size == Size::Quick {
        println!("quick: the figures say nothing");
    }
    Ok(report)
}

/// Those that were chosen and are there, each with a line on how it is set up.
fn candidates(options: &Options) -> Result<Vec<Candidate>, String> {
    let mut present = Vec::new();
    for &candidate in Candidate::all(options.suite) {
        if !options.candidates.is_empty() && !options.candidates.contains(&candidate) {
            continue;
        }
        let note = match candidate.absent() {
            None => candidate.note.to_owned(),
            Some(why) => format!("OMITTED: {why}"),
        };
        println!("{:<16} {note}", candidate.name);
        if candidate.absent().is_none() {
            present.push(candidate);
        }
    }
    if present.is_empty() { Err("no candidate is left".into()) } else { Ok(present) }
}

fn measure_all(
    plan: Plan,
    candidates: &[Candidate],
    rounds: usize,
    patience: &mut Patience,
) -> Vec<Row> {
    let mut rows = Vec::new();
    for candidate in candidates.iter().filter(|candidate| candidate.can(plan.workload)) {
        rows.push(Row::new(*candidate));
        if plan.workload.has_control() {
            rows.push(Row::control(*candidate));
        }
    }
    let count = rows.len();
    for round in 0..rounds {
        // Another one first in each round, so that nobody always follows the same one.
        for step in 0..count {
            let row = &mut rows[(round + step) % count];
            if row.failures > 0 {
                continue;
            }
            let plan = Plan { control: row.control, ..plan };
            match patience.undisturbed(|| measure(row.candidate, plan)) {
                Ok(sample) => row.samples.push(sample),
                Err(problem) => {
                    eprintln!("{} {}: {problem}", row.name(), plan.workload.name());
                    row.failures += 1;
                    row.problem = Some(problem);
                }
            }
        }
    }
    rows
}

/// One measurement, in a process of its own.
fn measure(candidate: Candidate, plan: Plan) -> Result<Sample, String> {
    let mut command = match candidate.runs {
        Runs::Here(_) => this_program(candidate, plan)?,
        Runs::Program(program) => (program.command)(plan)?,
        Runs::Pair(_) => {
            let Workload::Wire(wire) = plan.workload else {
                return Err("only the wire is for two processes".into());
            };
            return pair::measure(candidate, wire, plan);
        }
    };
    let mut child = command.stdout(Stdio::piped()).spawn().map_err(|error| error.to_string())?;
    wait(&mut child)?;
    let mut line = String::new();
    let mut output = child.stdout.take().ok_or("no standard output")?;
    output.read_to_string(&mut line).map_err(|error| error.to_string())?;
    serde_json::from_str(&line).map_err(|error| format!("unexpected output: {error}: {line:?}"))
}

fn this_program(candidate: Candidate, plan: Plan) -> Result<Command, String> {
    let program = std::env::current_exe().map_err(|error| error.to_string())?;
    let mut command = Command::new(program);
    command.args(["measure", candidate.name, plan.workload.name()]);
    command.args([plan.operations.to_string(), plan.speed.per_ms.to_string()]);
    command.args(plan.control.then_some("control"));
    Ok(command)
}

fn wait(child: &mut Child) -> Result<(), String> {
    let start = Instant::now();
    loop {
        match child.try_wait().map_err(|error| error.to_string())? {
            Some(status) if status.success() => return Ok(()),
            Some(status) => return Err(status.to_string()),
            None if start.elapsed() > PATIENCE => {
                child.kill().map_err(|error| error.to_string())?;
                child.wait().map_err(|error| error.to_string())?;
                return Err(format!("not done after {PATIENCE:?}: it hangs"));
            }
            // Rarely, so that the waiting does not disturb the measurement.
            None => thread::sleep(Duration::from_millis(20)),
        }
    }
}
