//! The book says what the source says, and its code is run.

use std::path::Path;

use super::{File, Findings, ROOT, clean, file, finds, pages, read, repository, resolve, rust};

/// Drawings and tables in the module doc of a source file that also stand in a page.
const COPIES: [(&str, &str); 21] = [
    ("framework/src/actor/mailbox/word.rs", "book/src/dispatcher.md"),
    ("framework/src/actor/mailbox/queue.rs", "book/src/dispatcher.md"),
    ("framework/src/actor/dispatcher/mod.rs", "book/src/dispatcher.md"),
    ("framework/src/actor/dispatcher/flood.rs", "book/src/dispatcher.md"),
    ("framework/src/actor/dispatcher/idle.rs", "book/src/dispatcher.md"),
    ("framework/src/actor/seat.rs", "book/src/dispatcher.md"),
    ("framework/src/observe/events.rs", "book/src/observing.md"),
    ("framework/src/net/wire/mod.rs", "book/src/wire.md"),
    ("framework/src/net/wire/greeting.rs", "book/src/wire.md"),
    ("framework/src/net/wire/null.rs", "book/src/wire.md"),
    ("framework/src/net/wire/plain.rs", "book/src/wire.md"),
    ("framework/src/net/wire/curve/mod.rs", "book/src/wire.md"),
    ("framework/src/net/wire/frame.rs", "book/src/wire.md"),
    ("framework/src/net/wire/command.rs", "book/src/wire.md"),
    ("framework/src/net/socket/outgoing.rs", "book/src/wire.md"),
    ("framework/src/net/socket/incoming.rs", "book/src/wire.md"),
    ("framework/src/net/socket/heart.rs", "book/src/wire.md"),
    ("framework/src/net/certificate.rs", "book/src/security.md"),
    ("framework/src/bin/millhand/line.rs", "book/src/cli.md"),
    ("framework/src/net/device.rs", "book/src/devices.md"),
    ("framework/src/net/device/statistics.rs", "book/src/devices.md"),
];

/// Programs that pages include; the test there runs all of them.
const PROGRAMS: &str = "tests/guide/";

fn copies(source: &File, page: &File) -> Findings {
    let blocks = drawings_and_tables(&source.text);
    if blocks.is_empty() {
        return vec![format!("{}: has no drawing or table any more", source.path)];
    }
    let missing = blocks.iter().filter(|block| !page.text.contains(*block));
    missing.map(|block| format!("{}: lacks, from {}:\n{block}", page.path, source.path)).collect()
}

fn drawings_and_tables(source: &str) -> Vec<String> {
    let mut blocks = Vec::new();
    let (mut block, mut drawing) = (Vec::new(), false);
    let docs = source.lines().map_while(|line| line.strip_prefix("//!"));
    for line in docs.map(|line| line.strip_prefix(' ').unwrap_or(line)).chain([""]) {
        if line.starts_with("```") {
            drawing = !drawing;
        } else if drawing || line.starts_with('|') {
            block.push(line);
            continue;
        }
        if !block.is_empty() {
            blocks.push(std::mem::take(&mut block).join("\n"));
        }
    }
    blocks
}

/// Rows such as ``| `NEXT_STREAK` | `16` | …`` against the constants of the library.
fn numbers(page: &File, files: &[File]) -> Findings {
    let mut findings = Findings::new();
    for row in page.text.lines().filter(|line| line.starts_with("| `")) {
        let mut cells =
            row.trim_matches('|').split(" | ").map(|cell| cell.trim().trim_matches('`'));
        let (Some(name), Some(value)) = (cells.next(), cells.next()) else { continue };
        if !name.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_') {
            continue;
        }
        let is_so = rust(files).any(|file| {
            let declared = file.text.split(&format!("const {name}: ")).nth(1);
            let declared = declared.and_then(|rest| rest.split(';').next()?.split_once(" = "));
            file.path.starts_with("framework/src/") && declared.is_some_and(|(_, is)| is == value)
        });
        if !is_so {
            findings.push(format!("{}: `{name}` is not `{value}` in the source", page.path));
        }
    }
    findings
}

/// The test that runs what pages show of the program `millhand`.
const CONSOLE: &str = "tests/guide/console.rs";

/// Every page with Rust code is compiled and run, and nothing in it is left out of that. What a page
/// includes is a program that is run where it lies. Sessions with the program `millhand` are run, too.
fn code_is_run(
    files: &[File],
    wiring: &str,
    console: &str,
    exists: impl Fn(&str) -> bool,
) -> Findings {
    let mut findings = Findings::new();
    for page in pages(files) {
        let include = format!("include_str!(\"../../{}\")", page.path);
        let wired = wiring.contains(&include);
        let mut not_run = false;
        for (kind, body) in fences(&page.text) {
            let included =
                body.strip_prefix("{{#include ").and_then(|rest| rest.strip_suffix("}}\n"));
            if let Some(path) = included {
                let path = resolve(&page.path, path);
                let ending = if kind == "rust" { ".rs" } else { ".py" };
                let fits = path.starts_with(PROGRAMS) && path.ends_with(ending);
                if !fits || !["rust", "python"].contains(&kind) || !exists(&path) {
                    findings.push(format!("{}: includes `{path}`, which is not run", page.path));
                }
            } else if !["rust", "rust,compile_fail", "text", "console"].contains(&kind) {
                findings.push(format!("{}: code that says `{kind}`", page.path));
            } else {
                not_run |= kind.starts_with("rust") && !wired;
                let session = ["$ millhand ", "| millhand "].iter().any(|call| body.contains(call));
                if kind == "console" && session && !console.contains(&include) {
                    findings.push(format!("{}: a session that {CONSOLE} does not run", page.path));
                }
            }
        }
        if not_run {
            findings.push(format!("{}: its code is not run by tests/src/lib.rs", page.path));
        }
    }
    findings
}

/// The blocks of code in a page: what each says it is, and its lines.
fn fences(text: &str) -> Vec<(&str, String)> {
    let mut fences = Vec::new();
    let mut open: Option<(&str, String)> = None;
    for line in text.lines() {
        match (line.strip_prefix("```"), &mut open) {
            (Some(kind), None) => open = Some((kind, String::new())),
            (Some(_), Some(_)) => fences.extend(open.take()),
            (None, Some((_, body))) => *body += &format!("{line}\n"),
            (None, None) => {}
        }
    }
    fences.extend(open);
    fences
}

#[test]
fn the_book_says_what_the_source_says() {
    for (source, page) in COPIES {
        clean(&copies(&read(source), &read(page)));
    }
    for page in ["book/src/dispatcher.md", "book/src/wire.md"] {
        clean(&numbers(&read(page), &repository()));
    }
}

#[test]
fn all_code_in_the_book_is_run() {
    let exists = |path: &str| Path::new(ROOT).join(path).exists();
    let (wiring, console) = (read("tests/src/lib.rs"), read(CONSOLE));
    clean(&code_is_run(&repository(), &wiring.text, &console.text, exists));
}

#[test]
fn a_page_that_departs_from_the_source_is_noticed() {
    let source =
        file("a.rs", "//! A.\n//!\n//! ```text\n//!  ┌─┐\n//! ```\n//! | a |\n//! | b |\n");
    let page = |text: &str| file("a.md", text);
    clean(&copies(&source, &page("```text\n ┌─┐\n```\n\n| a |\n| b |\n")));
    finds("┌─┐", &copies(&source, &page("| a |\n| b |\n")));
    finds("| b |", &copies(&source, &page(" ┌─┐\n| a |\n| c |\n")));
    finds("any more", &copies(&file("a.rs", "//! A.\n"), &page("")));

    let files = [file("framework/src/a.rs", "pub(crate) const STREAK: u32 = 16;\n")];
    clean(&numbers(&page("| `STREAK` | `16` | so many |\n| `tell` | no |"), &files));
    finds("STREAK", &numbers(&page("| `STREAK` | `17` | so many |"), &files));
    finds("OTHER", &numbers(&page("| `OTHER` | `16` | so many |"), &files));
}

#[test]
fn code_that_is_not_run_is_noticed() {
    let check = |fence: &str, body: &str, wiring: &str| {
        let page = file("book/src/a.md", &format!("```{fence}\n{body}\n```\n"));
        code_is_run(&[page], wiring, wiring, |path| path.starts_with("tests/guide/b."))
    };
    let wiring = "#[doc = include_str!(\"../../book/src/a.md\")]";
    clean(&check("rust", "x", wiring));
    clean(&check("text", "x", ""));
    finds("is not run", &check("rust", "x", ""));
    finds("rust,ignore", &check("rust,ignore", "x", wiring));
    finds("``", &check("", "x", ""));
    clean(&check("console", "$ x | millhand y", wiring));
    clean(&check("console", "$ cargo run -p millhand x", ""));
    finds("session", &check("console", "$ x | millhand y", ""));

    clean(&check("rust", "{{#include ../../tests/guide/b.rs}}", ""));
    clean(&check("python", "{{#include ../../tests/guide/b.py}}", ""));
    finds("python", &check("python", "x", ""));
    finds("c.rs", &check("rust", "{{#include ../../tests/guide/c.rs}}", ""));
    finds("b.rs", &check("rust", "{{#include ../../tests/wire/b.rs}}", ""));
    finds("b.py", &check("rust", "{{#include ../../tests/guide/b.py}}", ""));
    finds("b.rs", &check("text", "{{#include ../../tests/guide/b.rs}}", ""));
}
