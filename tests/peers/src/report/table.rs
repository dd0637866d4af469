//! Tables for people.

use std::fmt::Write as _;

use super::Table;
use super::row::Row;
use super::verdict::{Other, Verdict};
use crate::workload::Unit;
use crate::workload::target::Target;

/// What the widest figure takes.
const WIDTH: usize = 8;

/// One workload: all candidates, the best first, and the verdict.
pub fn ranking(table: &Table) -> String {
    let unit = table.workload.unit();
    let mut text = format!(
        "{:<24} {:>10} {:>21} {:>10}   kind\n",
        table.workload.name(),
        unit.name(),
        "(min-max)",
        "CPU ns"
    );
    for row in &table.rows {
        text += &line(row);
    }
    match table.verdict() {
        Some(verdict) => text + &said(&verdict, table.workload.target(), unit),
        None => text + "millhand: not measured\n",
    }
}

fn line(row: &Row) -> String {
    let name = row.name();
    let (Some(median), Some(min), Some(max), Some(cpu)) =
        (row.median(), row.min(), row.max(), row.cpu_ns())
    else {
        return format!("{name:<24} {:>10} {}\n", "FAILED", problem(row));
    };
    let spread = format!("({}-{})", short(min), short(max));
    let mut text = format!(
        "{name:<24} {:>10} {spread:>21} {:>10}   {}",
        short(median),
        short(cpu),
        row.kind().name()
    );
    for also in row.also() {
        let value = row.figure(also).median().map_or(String::new(), short);
        let _ = write!(text, ", {also} {value}");
    }
    if let Some(share) = row.share_of_peak() {
        let _ = write!(text, ", {:.1} % of its peak", share * 100.0);
    }
    if row.failures > 0 {
        let _ = write!(text, ", FAILED after {} rounds {}", row.samples.len(), problem(row));
    }
    text + "\n"
}

fn problem(row: &Row) -> String {
    row.problem.as_ref().map_or(String::new(), |problem| format!("({problem})"))
}

fn said(verdict: &Verdict<'_>, target: Target, unit: Unit) -> String {
    let mut facts = Vec::new();
    let mut fact = |other: Option<Other<'_>>, what: &str| {
        facts.extend(other.map(|other| format!("{:.2} x {what} ({})", other.ratio, other.name)));
    };
    fact(verdict.rival, "the best other");
    fact(verdict.framework, "the best framework");
    if let Some(limit) = verdict.limit {
        let share = limit.share(unit.more_is_better());
        facts.push(format!("{:.1} % of the limit ({})", share * 100.0, limit.name));
    }
    facts.extend(verdict.share_of_peak.map(|share| format!("{:.1} % of its peak", share * 100.0)));
    facts.extend(
        verdict
            .over_control
            .map(|more| format!("{} {} over its control", short(more), unit.name())),
    );
    facts.extend(verdict.of_mean.map(|times| format!("{times:.2} x the mean")));
    let target = match target {
        Target::None => String::new(),
        target => format!("; target {}: {}", wanted(target, unit), verdict.met()),
    };
    let facts = if facts.is_empty() { "alone".to_owned() } else { facts.join(", ") };
    format!("millhand: {facts}{target}\n")
}

fn wanted(target: Target, unit: Unit) -> String {
    match target {
        Target::OfBest(all, None) => format!("<= {all} x other"),
        Target::OfBest(all, Some(frameworks)) => {
            format!("<= {all} x other, <= {frameworks} x framework")
        }
        Target::OfLimit(least, _) => format!(">= {:.0} % of limit", least * 100.0),
        Target::OfLimitAndBest(least, _) => format!(">= {:.0} % of limit, best", least * 100.0),
        Target::Within(most) => format!("<= {} {}", short(most), unit.name()),
        Target::OfPeak(least) => format!(">= {:.0} % of peak", least * 100.0),
        Target::OverControl(most) => format!("<= control + {} {}", short(most), unit.name()),
        Target::OfMean(most) => format!("<= {most} x mean"),
        Target::None => String::new(),
    }
}

/// All candidates side by side, a line for each workload.
pub fn matrix(tables: &[Table]) -> String {
    let mut names = Vec::new();
    for row in tables.iter().flat_map(|table| &table.rows) {
        if !names.contains(&row.name()) {
            names.push(row.name());
        }
    }
    let mut text = format!("{:<24} {:<5}", "workload", "");
    for name in &names {
        let _ = write!(text, " {name:>w$}", w = name.len().max(WIDTH));
    }
    for table in tables {
        let _ = write!(text, "\n{:<24} {:<5}", table.workload.name(), table.workload.unit().name());
        for name in &names {
            let row = table.rows.iter().find(|row| row.name() == *name);
            let value =
                row.map_or("-".to_owned(), |row| row.median().map_or("FAILED".to_owned(), short));
            let _ = write!(text, " {value:>w$}", w = name.len().max(WIDTH));
        }
    }
    text + "\n"
}

/// All workloads, a line each.
pub fn summary(tables: &[Table]) -> String {
    let mut text = format!(
        "{:<24} {:>10} {:<6} {:>26} {:>26} {:>22}   target\n",
        "workload", "millhand", "", "x best other", "x best framework", "% of limit"
    );
    for table in tables {
        let unit = table.workload.unit();
        let name = table.workload.name();
        let Some(verdict) = table.verdict() else {
            let _ = writeln!(text, "{name:<24} not measured");
            continue;
        };
        let ratio = |other: Option<Other<'_>>| {
            other.map_or(String::new(), |other| format!("{:.2} ({})", other.ratio, other.name))
        };
        let limit = verdict.limit.map_or(String::new(), |limit| {
            let share = limit.share(unit.more_is_better());
            format!("{:.1} ({})", share * 100.0, limit.name)
        });
        let _ = writeln!(
            text,
            "{name:<24} {:>10} {:<6} {:>26} {:>26} {limit:>22}   {}: {}",
            short(verdict.ours),
            unit.name(),
            ratio(verdict.rival),
            ratio(verdict.framework),
            wanted(table.workload.target(), unit),
            verdict.met()
        );
    }
    text
}

/// Three to four digits, as a table wants them.
fn short(value: f64) -> String {
    match value {
        ..100.0 => format!("{value:.1}"),
        ..1_000_000.0 => format!("{value:.0}"),
        _ => format!("{:.2}M", value / 1e6),
    }
}
