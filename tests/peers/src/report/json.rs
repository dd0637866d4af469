//! JSON for programs: the schema of this and every later suite.

use serde::Serialize;

use super::Report;

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
    note: String,
}

/// One row for each candidate of each workload that was measured.
pub fn of(report: &Report) -> String {
    let rows = report.tables.iter().flat_map(|table| {
        table.rows.iter().filter_map(|row| {
            Some(JsonRow {
                workload: table.workload.name(),
                candidate: row.candidate.name,
                kind: row.candidate.kind.name(),
                unit: table.workload.unit().name(),
                value: row.median()?,
                min: row.min()?,
                max: row.max()?,
                cpu_ns: row.cpu_ns()?,
                note: row.note(),
            })
        })
    });
    let json = Json { suite: report.suite, machine: &report.machine, rows: rows.collect() };
    serde_json::to_string_pretty(&json).expect("no map with odd keys") + "\n"
}
