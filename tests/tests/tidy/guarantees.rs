//! The guarantees in the book's introduction, and the tests that hold them: each names the other.
//!
//! A test names what it holds at the beginning of a line of its doc comment: `/// G7`, or
//! `/// G7, G8: and why`.

use std::collections::{BTreeMap, BTreeSet};

use super::{File, Findings, clean, file, finds, read, repository, resolve, rust};

/// One row of the table: `| G7 | what | [`test`](path), … |`.
struct Guarantee {
    id: String,
    /// File and name.
    tests: Vec<(String, String)>,
}

fn guarantees(page: &File, files: &[File]) -> Findings {
    let mut findings = Findings::new();
    let table = guarantee_table(page);
    let named = named_by_tests(files);
    for (at, row) in table.iter().enumerate() {
        if row.id != format!("G{}", at + 1) {
            findings.push(format!("{}: {} is out of order", page.path, row.id));
        }
        if row.tests.is_empty() {
            findings.push(format!("{}: no test holds {}", page.path, row.id));
        }
        for (path, test) in &row.tests {
            match named.get(&(path.clone(), test.clone())) {
                None => findings.push(format!("{}: there is no test `{test}` in {path}", row.id)),
                Some(ids) if !ids.contains(&row.id) => {
                    findings.push(format!("{path}: the doc of `{test}` does not name {}", row.id));
                }
                Some(_) => {}
            }
        }
    }
    for ((path, test), ids) in &named {
        for id in ids {
            let row = table.iter().find(|row| row.id == *id);
            if !row.is_some_and(|row| row.tests.contains(&(path.clone(), test.clone()))) {
                findings.push(format!("{path}: `{test}` names {id}, whose row does not name it"));
            }
        }
    }
    for file in rust(files) {
        let docs = file.text.lines().map_while(|line| line.strip_prefix("//!"));
        let ids = docs.flat_map(|doc| doc.split_whitespace().map_while(guarantee_id));
        for id in ids.filter(|id| table.iter().all(|row| row.id != *id)) {
            findings.push(format!("{}: names {id}, which is no guarantee", file.path));
        }
    }
    findings
}

fn guarantee_table(page: &File) -> Vec<Guarantee> {
    let rows = page.text.lines().filter(|line| line.starts_with("| G"));
    rows.filter_map(|row| {
        let mut cells = row.trim_matches('|').split(" | ").map(str::trim);
        let id = guarantee_id(cells.next()?)?;
        let tests = cells.last().map_or_else(Vec::new, |cell| {
            let links = cell.split("[`").skip(1).filter_map(|link| link.split_once("`]("));
            links
                .map(|(test, path)| {
                    let path = path.split(')').next().unwrap_or_default();
                    (resolve(&page.path, path), test.to_owned())
                })
                .collect()
        });
        Some(Guarantee { id, tests })
    })
    .collect()
}

fn guarantee_id(word: &str) -> Option<String> {
    let word = word.trim_end_matches(['.', ',', ':', ';']);
    let digits = word.strip_prefix('G')?;
    let is_id = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    is_id.then(|| word.to_owned())
}

/// All functions of test files, with the guarantees that their doc comments begin a line with.
fn named_by_tests(files: &[File]) -> BTreeMap<(String, String), BTreeSet<String>> {
    let mut named = BTreeMap::new();
    for file in rust(files) {
        let mut ids = BTreeSet::new();
        for line in file.text.lines().map(str::trim) {
            if let Some(doc) = line.strip_prefix("///") {
                ids.extend(doc.split_whitespace().map_while(guarantee_id));
            } else if let Some(function) = line.strip_prefix("fn ") {
                let name = function.split(['(', '<']).next().unwrap_or_default();
                named.insert((file.path.clone(), name.to_owned()), std::mem::take(&mut ids));
            } else if !line.starts_with("#[") {
                ids.clear();
            }
        }
    }
    named
}

#[test]
fn guarantees_and_tests_name_each_other() {
    clean(&guarantees(&read("book/src/introduction.md"), &repository()));
}

#[test]
fn a_guarantee_without_its_test_and_a_test_without_its_guarantee_are_noticed() {
    let page = |row: &str| file("book/src/i.md", row);
    let row = "| G1 | It holds. | [`it_holds`](../../tests/a.rs) |";
    let check = |row: &str, test: &str| guarantees(&page(row), &[file("tests/a.rs", test)]);

    clean(&check(row, "/// G1: more.\n#[test]\nfn it_holds() {"));
    finds("there is no test", &check(row, "fn it_does_not() {"));
    finds("does not name G1", &check(row, "/// G1\nconst A: u8;\nfn it_holds() {"));
    finds("no test holds", &check("| G1 | It holds. | |", ""));
    finds("out of order", &check(&row.replace("G1", "G2"), "/// G2\nfn it_holds() {"));
    let two = "/// G1, G2.\nfn it_holds() {";
    finds("names G2", &check(row, two));
    let whole = "//! G1, G2: the whole file.\n/// G1\nfn it_holds() {";
    finds("G2, which is no", &check(row, whole));
}
