//! What the report says.

use crate::program::{command, finish, run};
use crate::scratch::{Scratch, expected, expected_of};

#[test]
fn every_regular_file_has_its_line() {
    let scratch = Scratch::with_some_files();
    for workers in ["1", "2", "16"] {
        let ended = run(scratch.path(), &["--workers", workers]);
        ended.assert_whole();
        assert!(ended.stdout == expected_of(scratch.path()), "with {workers} workers");
    }
}

#[test]
fn the_last_line_has_the_figures() {
    let scratch = Scratch::new();
    scratch.file("one", "1234");
    scratch.file("two", "123456");
    let ended = run(scratch.path(), &[]);
    let figures = ended.figures();
    assert_eq!((figures["files"], figures["bytes"]), (2.0, 10.0));
    assert_eq!((figures["restarts"], figures["retries"]), (0.0, 0.0));
}

#[test]
fn without_dir_it_takes_the_current_directory() {
    let scratch = Scratch::with_some_files();
    let ended = finish(command([""; 0]).current_dir(scratch.path()).spawn().unwrap());
    ended.assert_whole();
    assert!(ended.stdout == expected_of(scratch.path()));
}

#[test]
fn dir_may_be_given_by_a_link() {
    let scratch = Scratch::new();
    scratch.file("real/file", "content");
    std::os::unix::fs::symlink("real", scratch.at("link")).unwrap();
    let ended = run(&scratch.at("link"), &[]);
    assert_eq!(ended.stdout, expected(&[("file", "content")]));
}

#[test]
fn an_empty_directory_gives_an_empty_report() {
    let ended = run(Scratch::new().path(), &[]);
    ended.assert_whole();
    assert_eq!(ended.stdout, b"");
    assert_eq!(ended.figures()["files"], 0.0);
}

#[test]
fn lines_and_words_are_right_where_buffers_and_turns_end() {
    let scratch = Scratch::new();
    for length in [128 * 1024_usize, 4 * 1024 * 1024] {
        for length in [length - 1, length, length + 1] {
            scratch.file(format!("words-{length}"), &"word ".repeat(length / 5 + 1)[..length]);
            scratch.file(format!("one-word-{length}"), "x".repeat(length));
        }
    }
    for workers in ["1", "3"] {
        let ended = run(scratch.path(), &["--workers", workers]);
        ended.assert_whole();
        assert!(ended.stdout == expected_of(scratch.path()));
    }
}

/// The files there say that they have no bytes, and have some.
#[cfg(target_os = "linux")]
#[test]
fn a_file_is_read_to_its_end_whatever_length_it_claims() {
    let ended = run("/proc/sys/kernel/random".as_ref(), &[]);
    assert!(ended.figures()["bytes"] > 0.0);
}
