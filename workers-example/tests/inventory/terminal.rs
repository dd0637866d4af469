//! The progress bar.

use std::fs::File;
use std::io::Read;

use rustix::fs::{Mode, OFlags};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};

use crate::program::{command, run};
use crate::scratch::{Scratch, expected_of};

/// Both ends of a new one: what a user sees, and what a program writes to.
pub(crate) fn terminal() -> (File, File) {
    let outside = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&outside).unwrap();
    unlockpt(&outside).unwrap();
    let name = ptsname(&outside, Vec::new()).unwrap();
    let inside = rustix::fs::open(name, OFlags::RDWR | OFlags::NOCTTY, Mode::empty()).unwrap();
    (outside.into(), inside.into())
}

#[test]
fn on_a_terminal_a_bar_is_drawn_and_gone_before_the_figures() {
    let scratch = Scratch::with_some_files();
    let (mut outside, inside) = terminal();

    let mut command = command([scratch.path()]);
    command.stderr(inside).env("TERM", "xterm");
    let child = command.spawn().unwrap();
    // The last descriptor of the inside in this process.
    drop(command);
    let mut seen = Vec::new();
    // Ends with an error when nobody is left inside.
    let _ = outside.read_to_end(&mut seen);
    let output = child.wait_with_output().unwrap();

    let seen = String::from_utf8_lossy(&seen);
    assert_eq!(output.status.code(), Some(0), "{seen}");
    assert!(output.stdout == expected_of(scratch.path()));
    let (bar, figures) = seen.rsplit_once("files=").unwrap();
    assert!(bar.contains("files,"), "{seen}");
    assert!(bar.ends_with("\u{1b}[2K") || bar.ends_with('\r'), "{seen:?}");
    assert!(figures.ends_with("\r\n"), "{seen:?}");
}

#[test]
fn without_a_terminal_nothing_is_drawn() {
    let ended = run(Scratch::with_some_files().path(), &[]);
    assert_eq!(ended.stderr.lines().count(), 1, "{}", ended.stderr);
    assert!(!ended.stderr.contains(['\r', '\u{1b}']));
}
