//! What went wrong, in order, to be compared between runs.

use std::collections::VecDeque;
use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

use tokio::time::Instant;

/// Entries that are kept; of older ones only their digest remains.
const KEPT: usize = 4096;

/// The acts of a network. Two logs are equal if all that was ever noted in them is.
#[derive(Clone, Debug)]
pub(crate) struct Log {
    started: Instant,
    count: u64,
    /// Of all entries.
    digest: DefaultHasher,
    latest: VecDeque<Entry>,
}

/// One act.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Entry {
    /// Since the network was made.
    pub(crate) at: Duration,
    /// Where: `b#3>a` is the direction of the third connection from its connector `b` to `a`.
    pub(crate) on: String,
    /// What.
    pub(crate) act: Act,
}

/// What can be done to octets. Numbers are octets if nothing else is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Act {
    /// A read got only so many.
    Split(usize),
    /// A write took only so many.
    Short(usize),
    /// A piece is under way for so long.
    Delay(Duration),
    /// Nothing gets through until healed.
    Stall,
    /// Nothing gets through any more.
    HalfCut,
    /// Reset, when so many were under way that will not arrive. One entry for each direction.
    Cut(usize),
    /// A message of so many did not arrive.
    Drop(usize),
    /// A message of so many arrived twice.
    Duplicate(usize),
    /// A message of so many arrived late.
    Reorder {
        /// Octets of it.
        size: usize,
        /// Messages that overtook it.
        overtaken_by: u32,
    },
    /// Two hosts were parted.
    Partition,
    /// Partitions and stalls ended.
    Heal,
}

impl Log {
    pub(super) fn new(started: Instant) -> Log {
        Log { started, count: 0, digest: DefaultHasher::new(), latest: VecDeque::new() }
    }

    pub(super) fn note(&mut self, on: &str, act: Act) {
        let entry = Entry { at: self.started.elapsed(), on: on.to_owned(), act };
        entry.hash(&mut self.digest);
        self.count += 1;
        if self.latest.len() == KEPT {
            self.latest.pop_front();
        }
        self.latest.push_back(entry);
    }

    /// Acts since the network was made.
    pub(crate) fn count(&self) -> u64 {
        self.count
    }

    /// The latest 4096 acts, the oldest of them first.
    pub(crate) fn latest(&self) -> impl Iterator<Item = &Entry> {
        self.latest.iter()
    }
}

impl PartialEq for Log {
    fn eq(&self, other: &Log) -> bool {
        (self.count, self.digest.finish()) == (other.count, other.digest.finish())
            && self.latest == other.latest
    }
}

impl fmt::Display for Log {
    /// A line for each entry.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let forgotten = self.count - self.latest.len() as u64;
        if forgotten > 0 {
            writeln!(f, "… {forgotten} earlier")?;
        }
        for Entry { at, on, act } in &self.latest {
            writeln!(f, "{at:?} {on} {act:?}")?;
        }
        Ok(())
    }
}
