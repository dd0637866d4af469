//! Rounds of measuring processes, interleaved over the candidates.

use std::io::Read;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::candidate::{ALL, Candidate};
use crate::meter::Sample;
use crate::report::{Report, Row};
use crate::work::spin::Speed;
use crate::workload::Workload;

/// Far more than any measurement takes: whatever is not done by then hangs.
const PATIENCE: Duration = Duration::from_secs(20);

/// What the command line says.
#[derive(Debug)]
pub struct Options {
    pub rounds: usize,
    /// Empty: all of them.
    pub only: Vec<Workload>,
}

/// What a measuring process is to do.
#[derive(Debug, Clone, Copy)]
pub struct Plan {
    pub workload: Workload,
    pub operations: u64,
    pub speed: Speed,
}

impl Default for Options {
    fn default() -> Self {
        Self { rounds: 5, only: Vec::new() }
    }
}

/// Runs the suite, and prints each workload's table as soon as it is known.
pub fn run(options: &Options) -> Result<Report, String> {
    let speed = Speed::measure();
    let mut report = Report::new("actors");
    println!("{}, {} rounds", report.machine, options.rounds);
    let chosen = |workload: &Workload| options.only.is_empty() || options.only.contains(workload);
    for workload in Workload::ALL.into_iter().filter(chosen) {
        let rows = measure_all(workload, options.rounds, speed)?;
        report.add(workload, rows);
        report.print_last();
    }
    Ok(report)
}

fn measure_all(workload: Workload, rounds: usize, speed: Speed) -> Result<Vec<Row>, String> {
    let mut rows: Vec<Row> = ALL
        .into_iter()
        .filter(|candidate| candidate.runs(workload).is_some())
        .map(Row::new)
        .collect();
    for round in 0..rounds {
        // Another one first in each round, so that nobody always follows the same one.
        let count = rows.len();
        for step in 0..count {
            let row = &mut rows[(round + step) % count];
            if row.failures > 0 {
                continue;
            }
            match measure(row.candidate, workload, speed) {
                Ok(sample) => row.samples.push(sample),
                Err(problem) => {
                    eprintln!("{} {}: {problem}", row.candidate.name, workload.name());
                    row.failures += 1;
                }
            }
        }
    }
    Ok(rows)
}

/// One measurement, in a process of its own.
fn measure(candidate: Candidate, workload: Workload, speed: Speed) -> Result<Sample, String> {
    let program = std::env::current_exe().map_err(|error| error.to_string())?;
    let mut child = Command::new(program)
        .args(["measure", candidate.name, workload.name()])
        .arg(speed.per_ms.to_string())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|error| error.to_string())?;
    wait(&mut child)?;
    let mut line = String::new();
    let mut output = child.stdout.take().ok_or("no standard output")?;
    output.read_to_string(&mut line).map_err(|error| error.to_string())?;
    serde_json::from_str(&line).map_err(|error| format!("unexpected output: {error}: {line:?}"))
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
