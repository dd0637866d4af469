//! What a run found: tables for people and JSON for programs.
//!
//! - [`row`]: one candidate's samples of one workload.
//! - [`verdict`]: ours beside the best others, and whether the target is met.
//! - [`table`]: for people.
//! - [`json`]: for programs.

mod json;
pub mod row;
mod table;
mod verdict;

use crate::workload::{Suite, Workload};
use row::Row;
use verdict::Verdict;

/// What a whole run found.
pub struct Report {
    pub suite: &'static str,
    pub machine: String,
    tables: Vec<Table>,
}

/// One workload's rows, the best first.
struct Table {
    workload: Workload,
    rows: Vec<Row>,
}

impl Report {
    pub fn new(suite: &'static str, machine: String) -> Self {
        Self { suite, machine, tables: Vec::new() }
    }

    pub fn add(&mut self, workload: Workload, rows: Vec<Row>) {
        self.tables.push(Table::ranked(workload, rows));
    }

    /// Whether any measurement crashed, hung, or found a wrong result.
    pub fn failed(&self) -> bool {
        self.tables.iter().any(|table| table.rows.iter().any(|row| row.failures > 0))
    }

    pub fn print_last(&self) {
        if let Some(table) = self.tables.last() {
            println!("\n{}", table::ranking(table));
        }
    }

    pub fn print_summary(&self) {
        if self.suite == Suite::Wire.name() {
            println!("\n{}", table::matrix(&self.tables));
        }
        println!("\n{}", table::summary(&self.tables));
    }

    pub fn json(&self) -> String {
        json::of(self)
    }
}

impl Table {
    fn ranked(workload: Workload, mut rows: Vec<Row>) -> Self {
        rows.sort_by(|a, b| match (a.median(), b.median()) {
            (Some(a), Some(b)) if workload.unit().more_is_better() => b.total_cmp(&a),
            (Some(a), Some(b)) => a.total_cmp(&b),
            (a, b) => b.is_some().cmp(&a.is_some()),
        });
        Self { workload, rows }
    }

    fn verdict(&self) -> Option<Verdict<'_>> {
        Verdict::of(self)
    }
}
