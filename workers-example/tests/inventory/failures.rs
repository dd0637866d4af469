//! What cannot be read, and what cannot be asked for.

use crate::program::{command, finish, run, run_unprivileged};
use crate::scratch::{Scratch, expected};

#[test]
fn an_unreadable_file_is_named_and_the_rest_is_reported() {
    let scratch = Scratch::new();
    scratch.file("good", "content");
    scratch.file("se\ncret", "content");
    scratch.allow("se\ncret", 0);
    let ended = run_unprivileged(scratch.path(), &[]);
    assert_eq!(ended.status, Some(3), "{}", ended.stderr);
    assert_eq!(ended.stdout, expected(&[("good", "content")]));
    let [complaint] = ended.complaints()[..] else { panic!("{}", ended.stderr) };
    assert!(complaint.starts_with("inventory: se\\ncret: Permission denied"), "{complaint}");
    assert_eq!(ended.figures()["files"], 1.0);
}

#[test]
fn an_unreadable_directory_is_named_and_the_rest_is_reported() {
    let scratch = Scratch::new();
    scratch.file("good", "content");
    scratch.file("closed/file", "content");
    scratch.file("list-only/file", "content");
    scratch.file("list-only/below/file", "content");
    scratch.file("enter-only/file", "content");
    scratch.allow("closed", 0);
    scratch.allow("list-only", 0o444);
    scratch.allow("enter-only", 0o111);
    let ended = run_unprivileged(scratch.path(), &[]);
    for path in ["closed", "list-only", "enter-only"] {
        scratch.allow(path, 0o755);
    }
    assert_eq!(ended.status, Some(3));
    assert_eq!(ended.stdout, expected(&[("good", "content")]));
    let named: Vec<_> = ended.complaints().iter().map(|c| c.split(": ").nth(1).unwrap()).collect();
    assert_eq!(named, ["closed", "enter-only", "list-only/below", "list-only/file"]);
}

#[test]
fn dir_that_cannot_be_read_is_named_like_any_other() {
    for mode in [0, 0o111] {
        let scratch = Scratch::new();
        scratch.file("dir/file", "content");
        scratch.allow("dir", mode);
        let ended = run_unprivileged(&scratch.at("dir"), &[]);
        scratch.allow("dir", 0o755);
        assert_eq!(ended.status, Some(3));
        assert_eq!(ended.stdout, b"");
        let [complaint] = ended.complaints()[..] else { panic!("{}", ended.stderr) };
        assert!(complaint.contains("/dir: Permission denied"), "{complaint}");
    }
}

#[test]
fn dir_that_can_only_be_listed_has_every_file_named() {
    let scratch = Scratch::new();
    scratch.file("dir/one", "content");
    scratch.file("dir/two", "content");
    scratch.allow("dir", 0o444);
    let ended = run_unprivileged(&scratch.at("dir"), &[]);
    scratch.allow("dir", 0o755);
    assert_eq!(ended.status, Some(3));
    assert_eq!(ended.stdout, b"");
    assert!(!ended.complaints().is_empty(), "{}", ended.stderr);
}

#[test]
fn a_failure_is_named_once_under_chaos_too() {
    let scratch = Scratch::new();
    scratch.file("good", "content");
    scratch.file("secret", "content");
    scratch.allow("secret", 0);
    let ended = run_unprivileged(scratch.path(), &["--chaos", "1"]);
    assert_eq!(ended.status, Some(3));
    assert_eq!(ended.stdout, expected(&[("good", "content")]));
    assert_eq!(ended.complaints().len(), 1, "{}", ended.stderr);
    assert_eq!((ended.figures()["restarts"], ended.figures()["retries"]), (2.0, 2.0));
}

#[test]
fn dir_that_is_no_directory_gives_one_line_and_status_2() {
    let scratch = Scratch::new();
    scratch.file("file", "content");
    for path in ["file", "missing", "file/below"] {
        let ended = run(&scratch.at(path), &[]);
        assert_eq!(ended.status, Some(2));
        assert_eq!(ended.stdout, b"");
        assert_eq!(ended.stderr.lines().count(), 1, "{}", ended.stderr);
        assert!(ended.stderr.contains(path), "{}", ended.stderr);
    }
}

#[test]
fn a_wrong_command_line_gives_status_2_and_makes_nothing() {
    let scratch = Scratch::new();
    let lines = [
        "--workers 0",
        "--workers many",
        "--chaos 1.5",
        "--chaos -1",
        "--chaos NaN",
        "--seed x",
        "--what",
        "one two",
    ];
    for line in lines {
        let words = line.split(' ').chain(["--out", "report"]);
        let ended = finish(command(words).current_dir(scratch.path()).spawn().unwrap());
        assert_eq!(ended.status, Some(2), "{line}");
        assert_eq!(ended.stdout, b"");
        assert!(!ended.stderr.is_empty());
    }
    assert!(scratch.names("").is_empty());
}
