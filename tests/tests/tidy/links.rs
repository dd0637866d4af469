//! Links lead somewhere, and every page is in the table of contents.

use std::collections::BTreeSet;
use std::path::Path;

use super::{File, Findings, ROOT, clean, file, find, finds, pages, read, repository, resolve};

/// Every internal link leads to a file, and to a heading of it if it says so.
fn links(files: &[File], exists: impl Fn(&str) -> bool) -> Findings {
    let mut findings = Findings::new();
    for page in pages(files) {
        for target in targets(&page.text) {
            let (path, heading) = target.split_once('#').unwrap_or((target, ""));
            let path = if path.is_empty() { page.path.clone() } else { resolve(&page.path, path) };
            let found = match find(files, &path) {
                Some(file) if !heading.is_empty() => headings(&file.text).any(|h| h == heading),
                Some(_) => true,
                None => heading.is_empty() && exists(&path),
            };
            if !found {
                findings.push(format!("{}: `{target}` leads nowhere", page.path));
            }
        }
    }
    findings
}

/// Targets of the links in a page that are no addresses on the net.
fn targets(text: &str) -> impl Iterator<Item = &str> {
    let mut outside = true;
    let prose = text.lines().filter(move |line| {
        outside ^= line.starts_with("```");
        outside
    });
    prose
        .flat_map(|line| line.split("](").skip(1))
        .filter_map(|rest| rest.split(')').next())
        .filter(|target| !target.starts_with("https://"))
}

fn headings(text: &str) -> impl Iterator<Item = String> {
    text.lines().filter(|line| line.starts_with('#')).map(|line| {
        let kept = line.trim_start_matches('#').trim().chars().filter_map(|c| match c {
            ' ' => Some('-'),
            c if c.is_alphanumeric() || c == '-' || c == '_' => Some(c.to_ascii_lowercase()),
            _ => None,
        });
        kept.collect()
    })
}

/// Every page is in the table of contents.
fn contents(files: &[File], summary: &File) -> Findings {
    let listed: BTreeSet<_> =
        targets(&summary.text).map(|target| resolve(&summary.path, target)).collect();
    pages(files)
        .filter(|page| page.path.starts_with("book/src/") && page.path != summary.path)
        .filter(|page| !listed.contains(&page.path))
        .map(|page| format!("{}: is not in {}", page.path, summary.path))
        .collect()
}

#[test]
fn links_lead_somewhere_and_pages_are_listed() {
    let files = repository();
    clean(&links(&files, |path| Path::new(ROOT).join(path).exists()));
    clean(&contents(&files, &read("book/src/SUMMARY.md")));
}

#[test]
fn a_broken_link_and_a_forgotten_page_are_noticed() {
    let check = |text: &str| {
        let files = [file("book/src/t/a.md", text), file("book/src/b.md", "# On `tell`, again\n")];
        links(&files, |path| path == "tests/run")
    };
    clean(&check(
        "[b](../b.md) [c](../b.md#on-tell-again) [d](../../../tests/run) [e](https://x/)",
    ));
    clean(&check("```text\n[b](nowhere.md)\n```\n# Here\n[h](#here)"));
    finds("nowhere", &check("see [b](nowhere.md)"));
    finds("b.md#off", &check("[b](../b.md#off)"));
    finds("tests/walk", &check("[b](../../../tests/walk)"));

    let summary = file("book/src/SUMMARY.md", "- [A](a.md)\n");
    let files = [file("book/src/a.md", ""), file("book/src/b.md", "")];
    finds("b.md", &contents(&files, &summary));
}
