//! The shape of files.

use super::{File, Findings, clean, file, finds, repository, rust};

const LONGEST: usize = 600;

/// Files that may be longer, each with its reason.
const LONG: [(&str, &str); 1] =
    [("framework/src/actor/cell/mod.rs", "one contract of unsafe code, argued in one place")];

fn lengths(files: &[File], long: &[(&str, &str)]) -> Findings {
    let mut findings = Findings::new();
    for file in rust(files) {
        let lines = file.text.lines().count();
        let allowed = long.iter().any(|(path, _)| *path == file.path);
        if lines > LONGEST && !allowed {
            findings.push(format!("{}: {lines} lines; more than {LONGEST}", file.path));
        } else if lines <= LONGEST && allowed {
            findings.push(format!("{}: {lines} lines; need not be listed as long", file.path));
        }
    }
    findings
}

fn module_docs(files: &[File]) -> Findings {
    let folders =
        ["framework/src/", "macros/src/", "workers-example/src/", "tests/tests/promises/"];
    rust(files)
        .filter(|file| folders.iter().any(|folder| file.path.starts_with(folder)))
        .filter(|file| !file.text.starts_with("//! "))
        .map(|file| format!("{}: does not begin with what it is", file.path))
        .collect()
}

#[test]
fn files_are_short_and_say_what_they_are() {
    let files = repository();
    clean(&lengths(&files, &LONG));
    clean(&module_docs(&files));
}

#[test]
fn a_long_file_and_a_file_without_a_doc_are_noticed() {
    let long = file("framework/src/a.rs", &"//! A.\n".repeat(LONGEST + 1));
    finds("601 lines", &lengths(&[long], &[]));
    let short = file("framework/src/a.rs", "//! A.\n");
    finds("need not", &lengths(&[short], &[("framework/src/a.rs", "")]));
    finds("what it is", &module_docs(&[file("framework/src/a.rs", "use x;\n//! A.\n")]));
}
