//! Tables for people and JSON for programs.

use std::fmt::Write as _;
use std::process::Command;

use serde::Serialize;

use crate::candidate::{Candidate, Kind, OURS};
use crate::meter::Sample;
use crate::workload::{Target, Workload};

/// What a whole run found.
pub struct Report {
    suite: &'static str,
    pub machine: String,
    tables: Vec<(Workload, Vec<Row>)>,
}

/// One candidate's samples of one workload.
pub struct Row {
    pub candidate: Candidate,
    pub samples: Vec<Sample>,
    /// Measurements that crashed, hung, or found a wrong result.
    pub failures: usize,
}

/// The schema of this and every later suite.
#[derive(Serialize)]
struct Json<'a> {
    suite: &'a str,
    machine: &'a str,
    rows: Vec<JsonRow<'a>>,
}

#[derive(Serialize)]
struct JsonRow<'a> {
    workload: &'a str,
    candidate: &'a str,
    kind: &'a str,
    unit: &'a str,
    value: f64,
    min: f64,
    max: f64,
    cpu_ns: f64,
    note: &'a str,
}

impl Row {
    pub fn new(candidate: Candidate) -> Self {
        Self { candidate, samples: Vec::new(), failures: 0 }
    }

    fn median(&self) -> f64 {
        median(self.samples.iter().map(|sample| sample.value))
    }

    fn cpu_ns(&self) -> f64 {
        median(self.samples.iter().map(|sample| sample.cpu_ns))
    }

    fn min(&self) -> f64 {
        let values = self.samples.iter().map(|sample| sample.value);
        values.fold(f64::INFINITY, f64::min)
    }

    fn max(&self) -> f64 {
        let values = self.samples.iter().map(|sample| sample.value);
        values.fold(0.0, f64::max)
    }

    fn is_ours(&self) -> bool {
        self.candidate.name == OURS
    }
}

impl Report {
    pub fn new(suite: &'static str) -> Self {
        Self { suite, machine: machine(), tables: Vec::new() }
    }

    /// Adds a workload's rows, the best first.
    pub fn add(&mut self, workload: Workload, mut rows: Vec<Row>) {
        rows.sort_by(|a, b| a.median().total_cmp(&b.median()));
        self.tables.push((workload, rows));
    }

    pub fn failed(&self) -> bool {
        let mut rows = self.tables.iter().flat_map(|(_, rows)| rows);
        rows.any(|row| row.failures > 0)
    }

    pub fn print_last(&self) {
        if let Some((workload, rows)) = self.tables.last() {
            println!("{}", table(*workload, rows));
        }
    }

    pub fn json(&self) -> String {
        let rows = self.tables.iter().flat_map(|(workload, rows)| {
            let measured = rows.iter().filter(|row| !row.samples.is_empty());
            measured.map(|row| JsonRow {
                workload: workload.name(),
                candidate: row.candidate.name,
                kind: row.candidate.kind.name(),
                unit: workload.unit(),
                value: row.median(),
                min: row.min(),
                max: row.max(),
                cpu_ns: row.cpu_ns(),
                note: row.candidate.note,
            })
        });
        let json = Json { suite: self.suite, machine: &self.machine, rows: rows.collect() };
        serde_json::to_string_pretty(&json).expect("no map with odd keys") + "\n"
    }
}

fn table(workload: Workload, rows: &[Row]) -> String {
    let mut text = format!(
        "\n{:<16} {:>10} {:>21} {:>10}   kind\n",
        workload.name(),
        workload.unit(),
        "(min-max)",
        "CPU ns"
    );
    for row in rows {
        let name = row.candidate.name;
        if row.samples.is_empty() {
            let _ = writeln!(text, "{name:<16} {:>10}", "failed");
            continue;
        }
        let spread = format!("({}-{})", short(row.min()), short(row.max()));
        let _ = write!(
            text,
            "{name:<16} {:>10} {spread:>21} {:>10}   {}",
            short(row.median()),
            short(row.cpu_ns()),
            row.candidate.kind.name()
        );
        if row.failures > 0 {
            let _ = write!(text, ", FAILED after {} rounds", row.samples.len());
        }
        text.push('\n');
    }
    text + &verdict(workload, rows)
}

/// Ours beside the best others, and whether the target is met.
fn verdict(workload: Workload, rows: &[Row]) -> String {
    let Some(ours) = rows.iter().find(|row| row.is_ours() && !row.samples.is_empty()) else {
        return "millhand: failed\n".into();
    };
    let best = |is: &dyn Fn(Kind) -> bool| {
        let mut others = rows.iter().filter(|row| !row.is_ours() && !row.samples.is_empty());
        others.find(|row| is(row.candidate.kind))
    };
    let rival = best(&|kind| kind != Kind::Limit);
    let framework = best(&|kind| kind == Kind::Framework);
    let limit = best(&|kind| kind == Kind::Limit);
    let mut facts = Vec::new();
    let mut ratio = |to: Option<&Row>, what: &str| {
        let to = to?;
        let ratio = ours.median() / to.median();
        facts.push(format!("{ratio:.2} x {what} ({})", to.candidate.name));
        Some(ratio)
    };
    let to_rival = ratio(rival, "the best other");
    let to_framework = ratio(framework, "the best framework");
    let share = limit.map(|limit| limit.median() / ours.median());
    if let Some(share) = share {
        facts.push(format!("{:.1} % of the limit", share * 100.0));
    }
    let (target, met) = match workload.target() {
        Target::OfBest(all, None) => {
            (format!("<= {all} x the best other"), to_rival.is_none_or(|ratio| ratio <= all))
        }
        Target::OfBest(all, Some(frameworks)) => (
            format!("<= {all} x the best other, <= {frameworks} x the best framework"),
            to_rival.is_none_or(|ratio| ratio <= all)
                && to_framework.is_none_or(|ratio| ratio <= frameworks),
        ),
        Target::OfLimit(least) => (
            format!(">= {:.0} % of the limit", least * 100.0),
            share.is_none_or(|share| share >= least),
        ),
        Target::Within(most) => {
            (format!("<= {} {}", short(most), workload.unit()), ours.median() <= most)
        }
    };
    let met = if met { "met" } else { "MISSED" };
    format!("millhand: {}; target {target}: {met}\n", facts.join(", "))
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    match values.len() {
        0 => f64::INFINITY,
        odd if odd % 2 == 1 => values[odd / 2],
        even => f64::midpoint(values[even / 2 - 1], values[even / 2]),
    }
}

/// Three to four digits, as a table wants them.
fn short(value: f64) -> String {
    match value {
        ..100.0 => format!("{value:.1}"),
        ..1_000_000.0 => format!("{value:.0}"),
        _ => format!("{:.2}M", value / 1e6),
    }
}

/// Processor, cores, memory, kernel, compiler and date.
fn machine() -> String {
    let read = |file| std::fs::read_to_string(file).unwrap_or_default();
    let field = |text: &str, key: &str| {
        let line = text.lines().find(|line| line.starts_with(key));
        let value = line.and_then(|line| line.split_once(':'));
        value.map_or_else(String::new, |(_, value)| value.trim().to_owned())
    };
    let said = |program: &str, arguments: &[&str]| {
        let output = Command::new(program).args(arguments).output();
        output.map_or_else(
            |_| String::new(),
            |output| String::from_utf8_lossy(&output.stdout).trim().to_owned(),
        )
    };
    let cores = std::thread::available_parallelism().map_or(0, std::num::NonZero::get);
    let memory = field(&read("/proc/meminfo"), "MemTotal");
    let kib: u64 = memory.trim_end_matches(" kB").parse().unwrap_or(0);
    format!(
        "{cores} x {}, {} GiB, Linux {}, {}, {}",
        field(&read("/proc/cpuinfo"), "model name"),
        (kib + (1 << 19)) >> 20,
        read("/proc/sys/kernel/osrelease").trim(),
        said("rustc", &["--version"]),
        said("date", &["-u", "+%F"]),
    )
}
