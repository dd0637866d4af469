//! The repository's own rules, held by reading its source: what is absent stays absent, the book says
//! what the code says, and guarantees and tests name each other.
//!
//! Every check is a function from text to findings. Each file ends with the check of the repository and
//! with planted violations, which the check must find.

/// Words that must not be in some files.
mod absent;
/// Drawings, tables, numbers and code in the book.
mod book;
/// The figures on the performance page.
mod figures;
/// Guarantees and the tests that hold them.
mod guarantees;
/// Links, and the table of contents.
mod links;
/// How long files are, and how they begin.
mod shape;

use std::fs;
use std::path::Path;

/// A file of the repository, by its path from the top, with `/`.
#[derive(Debug)]
struct File {
    path: String,
    text: String,
}

/// What is wrong, and where.
type Findings = Vec<String>;

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

/// Folders that are read. Not `tests/peers`, which is a workspace of its own.
const FOLDERS: [&str; 7] = [
    "framework/src",
    "macros/src",
    "workers-example",
    "tests/src",
    "tests/tests",
    "tests/guide",
    "book/src",
];

/// All that the rules are about.
fn repository() -> Vec<File> {
    let mut files = Vec::new();
    for folder in FOLDERS {
        read_folder(folder, &mut files);
    }
    for page in ["README.md", "CHANGELOG.md"] {
        files.push(read(page));
    }
    files
}

fn read_folder(folder: &str, files: &mut Vec<File>) {
    for entry in fs::read_dir(Path::new(ROOT).join(folder)).expect(folder) {
        let entry = entry.expect(folder);
        let path = format!("{folder}/{}", entry.file_name().to_str().expect("an UTF-8 name"));
        if entry.file_type().expect(&path).is_dir() {
            read_folder(&path, files);
        } else if path.ends_with(".rs") || path.ends_with(".md") {
            files.push(read(&path));
        }
    }
}

fn read(path: &str) -> File {
    let text = fs::read_to_string(Path::new(ROOT).join(path)).expect(path);
    File { path: path.to_owned(), text }
}

fn find<'a>(files: &'a [File], path: &str) -> Option<&'a File> {
    files.iter().find(|file| file.path == path)
}

fn rust(files: &[File]) -> impl Iterator<Item = &File> {
    files.iter().filter(|file| file.path.ends_with(".rs"))
}

fn pages(files: &[File]) -> impl Iterator<Item = &File> {
    files.iter().filter(|file| file.path.ends_with(".md"))
}

/// A path as seen from a file, from the top.
fn resolve(from: &str, path: &str) -> String {
    let mut parts: Vec<_> = from.split('/').collect();
    parts.pop();
    for part in path.split('/') {
        match part {
            "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    parts.join("/")
}

#[track_caller]
fn clean(findings: &Findings) {
    assert!(findings.is_empty(), "\n{}\n", findings.join("\n"));
}

/// The one finding must speak of this.
#[track_caller]
fn finds(what: &str, findings: &Findings) {
    assert!(findings.len() == 1 && findings[0].contains(what), "{what}: {findings:?}");
}

/// Something made up.
fn file(path: &str, text: &str) -> File {
    File { path: path.to_owned(), text: text.to_owned() }
}
