//! Standard input, line by line, without keeping the program from ending.
//!
//! A thread of its own reads it: a read of a terminal or pipe can be broken off by nothing but the end of
//! the program, and the runtime would wait for it.

use std::fmt::Display;
use std::io::{self, BufRead};
use std::thread;

use tokio::sync::mpsc;

use crate::failure::Failure;
use crate::line::Format;
use millhand::net::Multipart;

/// So many lines are read ahead.
const AHEAD: usize = 64;

/// Messages from standard input.
pub(crate) struct Input {
    lines: mpsc::Receiver<io::Result<Vec<u8>>>,
    format: Format,
    /// How many lines have been taken.
    number: u64,
}

impl Input {
    /// Begins to read.
    pub(crate) fn open(format: Format) -> Result<Input, Failure> {
        let (sender, lines) = mpsc::channel(AHEAD);
        thread::Builder::new()
            .name("stdin".into())
            .spawn(move || read(&sender))
            .map_err(|error| Failure::failed(format!("cannot read standard input: {error}")))?;
        Ok(Input { lines, format, number: 0 })
    }

    /// The next message; `None` at the end. Cancel safe.
    pub(crate) async fn next(&mut self) -> Result<Option<Multipart>, Failure> {
        let Some(line) = self.lines.recv().await else { return Ok(None) };
        let line =
            line.map_err(|error| Failure::failed(format!("cannot read standard input: {error}")))?;
        self.number += 1;
        match self.format.read(&line) {
            Ok(message) => Ok(Some(message)),
            Err(error) => Err(self.fault(error)),
        }
    }

    /// What is wrong with the line that was taken last.
    pub(crate) fn fault(&self, error: impl Display) -> Failure {
        Failure::usage(format!("line {}: {error}", self.number))
    }

    /// The number of the line that was taken last, from 1.
    pub(crate) fn number(&self) -> u64 {
        self.number
    }
}

fn read(lines: &mpsc::Sender<io::Result<Vec<u8>>>) {
    let mut input = io::stdin().lock();
    loop {
        let mut line = Vec::new();
        let read = match input.read_until(b'\n', &mut line) {
            Ok(0) => return,
            Ok(_) => {
                if line.last() == Some(&b'\n') {
                    line.pop();
                }
                Ok(line)
            }
            Err(error) => Err(error),
        };
        let failed = read.is_err();
        if lines.blocking_send(read).is_err() || failed {
            return;
        }
    }
}
