//! JSON for programs: the schema of this and every later suite.

use serde::Serialize;

use super::row::Row;
use super::{Report, Table};

#[derive(Serialize)]
struct Json<'a> {
    suite: &'a str,
    machine: &'a str,
    rows: Vec<JsonRow<'a>>,
}

#[derive(Serialize)]
struct JsonRow<'a> {
    workload: String,
    candidate: String,
    kind: &'a str,
    unit: &'a str,
    /// `null`: it failed, and the note says why; so it is with the next three.
    value: Option<f64>,
    min: Option<f64>,
    max: Option<f64>,
    cpu_ns: Option<f64>,
    note: String,
}

/// One row for each candidate of each workload. What a measurement found besides is a
/// workload of its own: `flooded_p50` beside `flooded`.
pub fn of(report: &Report) -> String {
    let mut rows = Vec::new();
    for table in &report.tables {
        for row in &table.rows {
            rows.push(json_row(table, row, table.workload.name().to_owned()));
            for name in row.also() {
                let workload = format!("{}_{name}", table.workload.name());
                rows.push(json_row(table, &row.figure(name), workload));
            }
        }
    }
    let json = Json { suite: report.suite, machine: &report.machine, rows };
    serde_json::to_string_pretty(&json).expect("no map with odd keys") + "\n"
}

fn json_row(table: &Table, row: &Row, workload: String) -> JsonRow<'static> {
    JsonRow {
        workload,
        candidate: row.name(),
        kind: row.kind().name(),
        unit: table.workload.unit().name(),
        value: row.median(),
        min: row.min(),
        max: row.max(),
        cpu_ns: row.cpu_ns(),
        note: row.note(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::Report;
    use super::super::row::Row;
    use crate::candidate::Candidate;
    use crate::meter::Sample;
    use crate::workload::{Suite, Workload};

    #[test]
    fn a_control_is_a_limit_and_another_figure_is_a_workload() {
        let ours = Candidate::named("millhand", Suite::Actors).unwrap();
        let mut row = Row::new(ours);
        row.samples.push(Sample::new(3.0, 0.0).also("p50", 2.0));
        let mut control = Row::control(ours);
        control.samples.push(Sample::new(1.0, 0.0));
        let mut report = Report::new("fairness", String::new());
        report.add(Workload::Flooded, vec![row, control]);
        let json: serde_json::Value = serde_json::from_str(&report.json()).unwrap();
        let rows: Vec<_> = json["rows"]
            .as_array()
            .unwrap()
            .iter()
            .map(|row| {
                let text = |key: &str| row[key].as_str().unwrap().to_owned();
                let value = row["value"].as_f64().unwrap();
                (text("workload"), text("candidate"), text("kind"), value)
            })
            .collect();
        let expected = [
            ("flooded", "millhand (control)", "limit", 1.0),
            ("flooded", "millhand", "framework", 3.0),
            ("flooded_p50", "millhand", "framework", 2.0),
        ];
        let expected = expected.map(|(a, b, c, value)| (a.into(), b.into(), c.into(), value));
        assert_eq!(rows, expected);
    }
}
