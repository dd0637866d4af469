//! What standard error is told: what went wrong, and at last the figures.
//!
//! All of it is said at the end, in one go, because whoever should read it may not.

use std::fmt::Display;
use std::io::{self, Write};
use std::time::Duration;

use crate::path::escape;
use crate::progress::Done;

/// What is to be said.
#[derive(Debug, Default)]
pub struct Remarks(Vec<u8>);

impl Remarks {
    /// One line: what it is about, and what is wrong with it.
    pub fn complain(&mut self, what: &[u8], wrong: impl Display) {
        self.0.extend(b"inventory: ");
        escape(what, &mut self.0);
        self.0.extend(format!(": {wrong}\n").as_bytes());
    }

    /// The last line.
    pub fn sum_up(&mut self, done: Done, restarts: u64, took: Duration) {
        let Done { files, bytes, retries } = done;
        let seconds = took.as_secs_f64();
        let mb_s = bytes as f64 / 1e6 / seconds;
        let figures = format!(
            "files={files} bytes={bytes} mb_s={mb_s:.1} restarts={restarts} retries={retries} \
             seconds={seconds:.3}\n"
        );
        self.0.extend(figures.as_bytes());
    }

    /// Says it, and waits until it has been taken. A closed standard error is nothing to fail for.
    pub fn say(&self) {
        let _ = io::stderr().write_all(&self.0);
    }
}
