//! The performance page says what the harness has recorded.

use std::fs;
use std::path::Path;

use serde::Deserialize;

use super::{File, Findings, ROOT, clean, file, finds, read};

const PAGE: &str = "book/src/performance.md";

/// What `tests/peers` wrote with `--json`.
const RECORDS: [&str; 2] =
    ["book/src/performance/actors.json", "book/src/performance/fairness.json"];

/// Columns of the page's tables that hold no figure.
const NO_FIGURES: [&str; 5] = ["workload", "", "target", "ratio", "share"];

/// Workloads that only say more about another one.
const DETAILS: [&str; 5] = ["_p50", "_p90", "_p99", "_max", "_mean"];

/// How far a figure on the page may be from the record: it has three digits.
const ROUNDED: f64 = 0.006;

#[derive(Deserialize)]
struct Record {
    machine: String,
    rows: Vec<Row>,
}

#[derive(Deserialize)]
struct Row {
    workload: String,
    candidate: String,
    value: f64,
}

/// Rows such as ``| `tell` | 1 → 1 | **24.1** | kanal 22 |``. A cell is a figure with its candidate before
/// it, or in its column's heading; ours are bold. A heading "control" is our own control.
fn figures(page: &File, records: &[Record]) -> Findings {
    let mut findings = Findings::new();
    let (mut headings, mut last): (Vec<&str>, &str) = (Vec::new(), "");
    for line in page.text.lines() {
        if line.starts_with("|---") {
            headings = cells(last);
        }
        last = line;
        if !line.starts_with("| `") || headings.first() != Some(&"workload") {
            continue;
        }
        let row = cells(line);
        let workload = row[0].trim_matches('`');
        let known: Vec<_> = records
            .iter()
            .flat_map(|record| &record.rows)
            .filter(|row| row.workload == workload)
            .collect();
        for (&cell, &heading) in row.iter().zip(&headings) {
            if NO_FIGURES.contains(&heading) || cell == "–" {
                continue;
            }
            if !known.iter().any(|row| says(cell, heading, row)) {
                findings
                    .push(format!("{}: {workload}, {heading}: no record says `{cell}`", page.path));
            }
        }
    }
    findings
}

fn cells(line: &str) -> Vec<&str> {
    line.trim().trim_matches('|').split('|').map(str::trim).collect()
}

fn says(cell: &str, heading: &str, row: &Row) -> bool {
    let (candidate, figure) = if let Some(ours) = cell.strip_prefix("**") {
        ("millhand", ours.trim_end_matches('*'))
    } else if let Some(figure) = cell.strip_prefix(row.candidate.as_str()) {
        (row.candidate.as_str(), figure)
    } else {
        (if heading == "control" { "millhand (control)" } else { heading }, cell)
    };
    let figure = figure.trim().replace(',', "");
    let (figure, unit) = figure.split_once(' ').unwrap_or((&figure, ""));
    let unit = match unit {
        "" => 1.0,
        "µs" => 1e3,
        "ms" => 1e6,
        _ => return false,
    };
    let figure = figure.parse::<f64>().map(|figure| figure * unit);
    candidate == row.candidate && figure.is_ok_and(|is| (is / row.value - 1.0).abs() < ROUNDED)
}

#[test]
fn the_performance_page_says_what_was_recorded() {
    let records: Vec<Record> = RECORDS
        .iter()
        .map(|path| {
            let text = fs::read_to_string(Path::new(ROOT).join(path)).expect(path);
            serde_json::from_str(&text).expect(path)
        })
        .collect();
    let page = read(PAGE);
    clean(&figures(&page, &records));
    let ours = records.iter().flat_map(|record| &record.rows);
    let missing = ours
        .filter(|row| row.candidate == "millhand")
        .filter(|row| !DETAILS.iter().any(|detail| row.workload.ends_with(detail)))
        .filter(|row| !page.text.contains(&format!("| `{}` |", row.workload)));
    clean(&missing.map(|row| format!("{PAGE}: lacks `{}`", row.workload)).collect());
    let machines = records.iter().filter(|record| !page.text.contains(&record.machine));
    clean(&machines.map(|record| format!("{PAGE}: was not taken on {}", record.machine)).collect());
}

#[test]
fn a_figure_that_was_not_recorded_is_noticed() {
    let row = |candidate: &str, value| Row {
        workload: "tell".into(),
        candidate: candidate.into(),
        value,
    };
    let records = [Record {
        machine: String::new(),
        rows: vec![
            row("millhand", 24.12),
            row("two threads", 5_140.0),
            row("millhand (control)", 9.0),
        ],
    }];
    let head = "| workload | millhand | control | limit | target |\n|---|---|---|---|---|\n";
    let page = |row: &str| file(PAGE, &format!("{head}| `tell` | {row} | 0.5 |\n"));
    clean(&figures(&page("**24.1** | 9 | two threads 5.14 µs"), &records));
    clean(&figures(&page("**24.1** | – | two threads 5,140"), &records));
    finds("millhand: no record says `**23.1**`", &figures(&page("**23.1** | 9 | –"), &records));
    finds("control: no record", &figures(&page("**24.1** | 8 | –"), &records));
    finds("`two thread 5.14 µs`", &figures(&page("– | – | two thread 5.14 µs"), &records));
    finds("`two threads 5.14 ms`", &figures(&page("– | – | two threads 5.14 ms"), &records));
}
