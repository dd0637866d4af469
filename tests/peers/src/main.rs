//! Runs millhand beside its rivals on the same machine in the same run.
//!
//! ```text
//! peers actors|fairness|wire [--rounds 5] [--only WORKLOAD].. [--candidate NAME].. [--json FILE]
//!                       [--quick] [--patience MINUTES]
//! ```
//!
//! It builds where libzmq is: Debian's packages `libzmq3-dev` and `pkg-config`.
//!
//! Each measurement is a process of its own: this binary starts itself with `measure CANDIDATE WORKLOAD ..`,
//! or `erl` with what is in `erlang/`. On the wire it is two processes, `play CANDIDATE WORKLOAD ..`, and the
//! CPU time is that of both. It is warmed up with a tenth of the operations, and its result is
//! verified. Where one thing is put under the load of another there is a *control* row too: the same probe
//! without the load. Rounds are interleaved over the candidates, so that a slow minute of the machine hits
//! all of them. `--quick` does little work: it shows that everything runs and is right, and its figures say
//! nothing. `--patience` waits for other programs to be quiet, and repeats what they disturbed, so long in
//! all.
//!
//! - [`workload`]: what is measured, and DESIGN section 8's targets.
//! - [`candidate`]: who is measured, and how each is set up.
//! - [`work`]: the work itself, the same for every candidate, and its verification.
//! - [`meter`]: wall time, CPU time, memory.
//! - [`suite`]: rounds of measuring processes.
//! - [`pair`]: two of them that talk to each other.
//! - [`machine`]: where the figures come from, and who else was there.
//! - [`quiet`]: patience with them.
//! - [`report`]: tables and JSON.

mod candidate;
mod machine;
mod meter;
mod pair;
mod quiet;
mod report;
mod suite;
mod work;
mod workload;

use std::process::ExitCode;
use std::time::Duration;

use candidate::{Candidate, Runs};
use suite::{Options, Plan};
use work::spin::Speed;
use work::wire::{Part, Side};
use workload::{Size, Suite, Workload};

const USAGE: &str = "usage: peers actors|fairness|wire [--rounds N] [--only WORKLOAD].. [--candidate NAME].. \
                     [--json FILE] [--quick] [--patience MINUTES]";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let outcome = match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["actors", ref options @ ..] => run(Suite::Actors, options),
        ["fairness", ref options @ ..] => run(Suite::Fairness, options),
        ["wire", ref options @ ..] => run(Suite::Wire, options),
        ["measure", candidate, workload, operations, speed] => {
            measure(candidate, workload, operations, speed, false)
        }
        ["measure", candidate, workload, operations, speed, "control"] => {
            measure(candidate, workload, operations, speed, true)
        }
        ["play", candidate, workload, operations, part, endpoint] => {
            play(candidate, workload, operations, part, endpoint)
        }
        _ => Err(USAGE.into()),
    };
    match outcome {
        Ok(code) => code,
        Err(problem) => {
            eprintln!("{problem}");
            ExitCode::from(2)
        }
    }
}

fn run(suite: Suite, arguments: &[&str]) -> Result<ExitCode, String> {
    let mut options = Options::of(suite);
    let mut json = None;
    let mut rest = arguments.iter();
    while let Some(&key) = rest.next() {
        if key == "--quick" {
            options.size = Size::Quick;
            continue;
        }
        let value = *rest.next().ok_or(USAGE)?;
        match key {
            "--rounds" => {
                options.rounds = value.parse().map_err(|_| "--rounds: not a number")?;
                if options.rounds == 0 {
                    return Err("--rounds is 0; it must be at least 1".into());
                }
            }
            "--patience" => {
                let minutes: u64 = value.parse().map_err(|_| "--patience: not a number")?;
                options.patience = Duration::from_secs(60 * minutes);
            }
            "--only" => options.only.push(Workload::named(value, suite)?),
            "--candidate" => options.candidates.push(Candidate::named(value, suite)?),
            "--json" => json = Some(value),
            _ => return Err(USAGE.into()),
        }
    }
    let report = suite::run(&options)?;
    if let Some(file) = json {
        std::fs::write(file, report.json()).map_err(|error| format!("{file}: {error}"))?;
    }
    Ok(if report.failed() { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// The measuring process: one line of JSON on standard output.
fn measure(
    candidate: &str,
    workload: &str,
    operations: &str,
    speed: &str,
    control: bool,
) -> Result<ExitCode, String> {
    let (candidate, workload) = named(candidate, workload)?;
    let operations = operations.parse().map_err(|_| "OPERATIONS: not a number")?;
    let per_ms = speed.parse().map_err(|_| "SPEED: not a number")?;
    let run = match candidate.runs {
        Runs::Here(runs) => runs(workload),
        Runs::Program(_) | Runs::Pair(_) => None,
    };
    let run = run.ok_or_else(|| format!("{} has no {}", candidate.name, workload.name()))?;
    let sample = run(Plan { workload, operations, speed: Speed { per_ms }, control });
    let line = serde_json::to_string(&sample).map_err(|error| error.to_string())?;
    println!("{line}");
    Ok(ExitCode::SUCCESS)
}

/// One of two measuring processes: lines on standard output, as drawn in [`work::wire`].
fn play(
    candidate: &str,
    workload: &str,
    operations: &str,
    part: &str,
    endpoint: &str,
) -> Result<ExitCode, String> {
    let (candidate, workload) = named(candidate, workload)?;
    let operations = operations.parse().map_err(|_| "OPERATIONS: not a number")?;
    let part = Part::named(part).ok_or("PART: there is none of that name")?;
    let (Runs::Pair(pair), Workload::Wire(wire)) = (candidate.runs, workload) else {
        return Err(format!("{} plays no part in {}", candidate.name, workload.name()));
    };
    pair::play(pair, Side { part, wire, operations, endpoint: endpoint.to_owned() })?;
    Ok(ExitCode::SUCCESS)
}

fn named(candidate: &str, workload: &str) -> Result<(Candidate, Workload), String> {
    let found = Suite::ALL.into_iter().find_map(|suite| Workload::named(workload, suite).ok());
    let workload = found.ok_or("WORKLOAD: there is none of that name")?;
    Ok((Candidate::named(candidate, workload.suite())?, workload))
}
