//! Which files the report is about, and in which order.

use std::fs;
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;

use rustix::fs::{CWD, Mode, OFlags, mkdirat, mkfifoat, openat};

use crate::program::run;
use crate::scratch::{Scratch, expected, expected_of};

#[test]
fn odd_names_are_escaped_and_sort_by_their_raw_bytes() {
    let scratch = Scratch::new();
    let names: &[&[u8]] = &[
        b"tab\there",
        b"new\nline",
        b"back\\slash",
        b"\\t",
        b"\t",
        b"\n",
        b"\\",
        b" ",
        b"-dash",
        b"caf\xc3\xa9",
        b"\xe9 is not UTF-8",
        b"\xff\xfe",
        b"\x01",
        b"return\r",
        b"a",
        b"a.b",
        b"a-b",
        b"A",
        b".hidden",
        b"...",
    ];
    for name in names {
        scratch.file(name, name);
        // Sorted as one string, a directory's files are not always next to each other.
        scratch.file([b"in ", *name, b"/", name].concat(), "inside");
        scratch.file([b"a", *name, b"/x"].concat(), "inside");
    }
    let ended = run(scratch.path(), &[]);
    ended.assert_whole();
    assert!(ended.stdout == expected_of(scratch.path()));
}

#[test]
fn links_are_not_followed() {
    let scratch = Scratch::new();
    scratch.file("tree/file", "content");
    scratch.file("outside/file", "outside");
    symlink("../outside/file", scratch.at("tree/to-file")).unwrap();
    symlink("../outside", scratch.at("tree/to-directory")).unwrap();
    symlink("..", scratch.at("tree/cycle")).unwrap();
    symlink("nowhere", scratch.at("tree/dangling")).unwrap();
    let ended = run(&scratch.at("tree"), &[]);
    ended.assert_whole();
    assert_eq!(ended.stdout, expected(&[("file", "content")]));
}

#[test]
fn a_file_with_two_names_is_listed_under_both() {
    let scratch = Scratch::new();
    let file = scratch.file("one", "content");
    fs::hard_link(file, scratch.at("two")).unwrap();
    let ended = run(scratch.path(), &[]);
    assert_eq!(ended.stdout, expected(&[("one", "content"), ("two", "content")]));
}

/// A program that opens the FIFO waits for ever, and one that opens the socket complains.
#[test]
fn what_is_no_regular_file_is_not_opened() {
    let scratch = Scratch::new();
    scratch.file("file", "content");
    mkfifoat(CWD, scratch.at("fifo"), Mode::from(0o666)).unwrap();
    let _listener = UnixListener::bind(scratch.at("socket")).unwrap();
    let ended = run(scratch.path(), &[]);
    ended.assert_whole();
    assert_eq!(ended.stdout, expected(&[("file", "content")]));
}

#[test]
fn a_path_may_be_longer_than_the_system_takes_at_once() {
    let scratch = Scratch::new();
    let name = "n".repeat(100);
    let directory = OFlags::DIRECTORY | OFlags::CLOEXEC;
    let mut at = openat(CWD, scratch.path(), directory, Mode::empty()).unwrap();
    let mut path = String::new();
    let mut files = Vec::new();
    for level in 0..120 {
        if level % 10 == 9 {
            let flags = OFlags::CREATE | OFlags::WRONLY | OFlags::CLOEXEC;
            let file = openat(&at, "file", flags, Mode::from(0o666)).unwrap();
            rustix::io::write(&file, format!("level {level}\n").as_bytes()).unwrap();
            files.push((format!("{path}file"), format!("level {level}\n")));
        }
        mkdirat(&at, &name, Mode::from(0o777)).unwrap();
        at = openat(&at, &name, directory, Mode::empty()).unwrap();
        path = format!("{path}{name}/");
    }
    let ended = run(scratch.path(), &[]);
    ended.assert_whole();
    assert!(ended.stdout == expected(&files));
}

/// A walk that holds a directory open for every level, or every directory still to be listed, runs out
/// of descriptors here.
#[test]
fn a_tree_may_be_deeper_and_wider_than_there_are_descriptors() {
    let scratch = Scratch::new();
    let mut path = String::new();
    for _ in 0..1_100 {
        scratch.directory(format!("{path}b"));
        path.push_str("a/");
    }
    path.push_str("bottom");
    scratch.file(&path, "content");
    let ended = run(scratch.path(), &["--workers", "1"]);
    ended.assert_whole();
    assert!(ended.stdout == expected(&[(path, "content")]));
}
