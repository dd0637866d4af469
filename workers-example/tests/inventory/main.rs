//! The program `inventory`, run as a user runs it, against small trees.

#![cfg(unix)]
#![allow(missing_docs, reason = "a test's name says what it promises")]

/// Trees to run it on.
mod scratch;

/// Runs it, and takes apart what it says.
mod program;

/// Says when it opens and closes files.
#[cfg(target_os = "linux")]
mod watch;

// What it prints ...
mod report;

mod tree;

// ... where to ...
mod output;

mod terminal;

// ... what it does when something is wrong ...
mod failures;

#[cfg(target_os = "linux")]
mod signals;

// ... and when its workers crash, or have much to do.
mod chaos;

#[cfg(target_os = "linux")]
mod large;
