//! The book says what the source says, and its code is run.

use super::{File, Findings, clean, file, finds, pages, read, repository, rust};

/// Drawings and tables in the module doc of a source file that also stand in a page.
const COPIES: [(&str, &str); 7] = [
    ("framework/src/actor/mailbox/word.rs", "book/src/dispatcher.md"),
    ("framework/src/actor/mailbox/queue.rs", "book/src/dispatcher.md"),
    ("framework/src/actor/dispatcher/mod.rs", "book/src/dispatcher.md"),
    ("framework/src/actor/dispatcher/flood.rs", "book/src/dispatcher.md"),
    ("framework/src/actor/dispatcher/idle.rs", "book/src/dispatcher.md"),
    ("framework/src/actor/seat.rs", "book/src/dispatcher.md"),
    ("framework/src/observe/events.rs", "book/src/observing.md"),
];

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

/// Every page with Rust code is compiled and run, and nothing in it is left out of that.
fn code_is_run(files: &[File], wiring: &str) -> Findings {
    let mut findings = Findings::new();
    for page in pages(files) {
        let fences = page.text.lines().filter_map(|line| line.strip_prefix("```"));
        let kinds: Vec<_> = fences.step_by(2).collect();
        for kind in &kinds {
            if !["rust", "rust,compile_fail", "text", "console"].contains(kind) {
                findings.push(format!("{}: code that says `{kind}`", page.path));
            }
        }
        let wired = wiring.contains(&format!("include_str!(\"../../{}\")", page.path));
        if kinds.iter().any(|kind| kind.starts_with("rust")) && !wired {
            findings.push(format!("{}: its code is not run by tests/src/lib.rs", page.path));
        }
    }
    findings
}

#[test]
fn the_book_says_what_the_source_says() {
    for (source, page) in COPIES {
        clean(&copies(&read(source), &read(page)));
    }
    clean(&numbers(&read("book/src/dispatcher.md"), &repository()));
}

#[test]
fn all_code_in_the_book_is_run() {
    clean(&code_is_run(&repository(), &read("tests/src/lib.rs").text));
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
    let page = |fence: &str| [file("book/src/a.md", &format!("```{fence}\nx\n```\n"))];
    let wiring = "#[doc = include_str!(\"../../book/src/a.md\")]";
    clean(&code_is_run(&page("rust"), wiring));
    clean(&code_is_run(&page("text"), ""));
    finds("is not run", &code_is_run(&page("rust"), ""));
    finds("rust,ignore", &code_is_run(&page("rust,ignore"), wiring));
    finds("``", &code_is_run(&page(""), ""));
}
