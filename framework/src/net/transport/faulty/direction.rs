//! One direction of a connection: octets from a writer to a reader, and what becomes of them.
//!
//! What is seen of it from its two ends, the first row that fits:
//!
//! ```text
//!   state                            reader                  writer
//!   ─────────────────────────────────────────────────────────────────────────────────────
//!   stalled, parted or dead          waits                   writes while there is room
//!   octets have arrived              gets them
//!   octets are under way             waits for them
//!   the writer said that it is done  0                       BrokenPipe
//!   cut                              ConnectionReset         ConnectionReset, then BrokenPipe
//!   the reader's end closed, having
//!     read all                                               one write that is lost, then BrokenPipe
//!     left something unread                                  ConnectionReset, then BrokenPipe
//!   else                             waits                   writes while there is room
//! ```
//!
//! The last but one is what tcp does, too: a write after the other end has gone may seem to work.

use std::io::{self, ErrorKind, IoSlice};
use std::task::Waker;
use std::time::Duration;

use bytes::BytesMut;
use tokio::time::Instant;

use super::Later;
use super::chance::Chance;
use super::faults::Faults;
use super::log::{Act, Log};
use super::messages::Messages;
use super::under_way::UnderWay;

/// Octets from a writer to a reader.
pub(super) struct Direction {
    chance: Chance,
    capacity: usize,
    messages: Messages,
    under_way: UnderWay,
    end: Option<End>,
    gone: Gone,
    stalled: bool,
    parted: bool,
    dead: bool,
    cut: bool,
    reader: Option<Waker>,
    writer: Option<Waker>,
}

/// How the stream ends for its reader.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    Done,
    Reset,
}

/// Whether its reader's end is there, as far as it is known at the writer's.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Gone {
    No,
    /// Closed; the writer has not noticed.
    Closed,
    /// The writer is to be told of a reset.
    Reset,
    /// The writer was told.
    Broken,
}

/// What a reader gets.
pub(super) enum Read {
    /// As a read returns it.
    Ready(io::Result<usize>),
    /// Nothing before this time.
    At(Instant),
    /// Nothing until it is woken.
    Wait,
}

impl Direction {
    pub(super) fn new(label: String, capacity: usize, rng: fastrand::Rng) -> Direction {
        Direction {
            chance: Chance::new(label, rng),
            capacity,
            // With one in each place where they can be, half the capacity is added.
            messages: Messages::new(capacity / 4),
            under_way: UnderWay::default(),
            end: None,
            gone: Gone::No,
            stalled: false,
            parted: false,
            dead: false,
            cut: false,
            reader: None,
            writer: None,
        }
    }

    // The writer's side.

    /// Takes what there is room for.
    pub(super) fn write(
        &mut self,
        parts: &[IoSlice<'_>],
        faults: &Faults,
        log: &mut Log,
        later: &mut Later,
    ) -> io::Result<usize> {
        let total = parts.iter().map(|part| part.len()).sum();
        if total == 0 {
            return Ok(0);
        }
        if let Some(result) = self.refuse(total) {
            return result;
        }
        if self.room() == 0 {
            return Err(ErrorKind::WouldBlock.into());
        }
        let mut most = total;
        if self.chance.strikes(faults.short) {
            most = self.chance.size(1, total);
            if most < total {
                self.chance.note(log, Act::Short(most));
            }
        }
        let due = self.draw_due(faults, log);
        let mut taken = 0;
        'parts: for part in parts {
            let mut rest = &part[..];
            while !rest.is_empty() {
                let most = rest.len().min(most - taken).min(self.room());
                if most == 0 {
                    break 'parts;
                }
                let Direction { messages, under_way, chance, .. } = self;
                let length = messages.take(&rest[..most], due, under_way, chance, faults, log);
                taken += length;
                rest = &rest[length..];
            }
        }
        if !self.stalled && self.chance.strikes(faults.stall) {
            self.stalled = true;
            self.chance.note(log, Act::Stall);
        }
        if !self.dead && self.chance.strikes(faults.half_cut) {
            self.dead = true;
            self.chance.note(log, Act::HalfCut);
        }
        later.wake(&mut self.reader);
        Ok(taken)
    }

    /// Whether a write is worth a try; if not, `waker` is woken when it is.
    pub(super) fn writable(&mut self, waker: &Waker, later: &mut Later) -> bool {
        let refuses = self.end.is_some() || self.gone != Gone::No && !self.is_blocked();
        let ready = refuses || self.room() > 0;
        if !ready {
            later.wait(&mut self.writer, waker);
        }
        ready
    }

    /// Nothing more will be written.
    pub(super) fn finish(&mut self, log: &mut Log, later: &mut Later) {
        if self.end.is_none() {
            self.end = Some(End::Done);
            self.messages.flush(&mut self.under_way, &self.chance, log);
            later.wake(&mut self.reader);
        }
    }

    /// The writer is dropped.
    pub(super) fn forget_writer(&mut self, later: &mut Later) {
        later.forget.extend(self.writer.take());
    }

    // The reader's side.

    /// Appends to `buffer` what has arrived and has room there.
    pub(super) fn read(
        &mut self,
        buffer: &mut BytesMut,
        waker: &Waker,
        faults: &Faults,
        log: &mut Log,
        later: &mut Later,
    ) -> Read {
        let read = self.try_read(buffer, faults, log);
        match read {
            Read::Ready(Ok(1..)) if self.room() > 0 => later.wake(&mut self.writer),
            Read::Ready(_) => {}
            Read::At(_) | Read::Wait => later.wait(&mut self.reader, waker),
        }
        read
    }

    fn try_read(&mut self, buffer: &mut BytesMut, faults: &Faults, log: &mut Log) -> Read {
        if self.is_blocked() {
            return Read::Wait;
        }
        let now = Instant::now();
        if self.messages.until().is_some_and(|until| until <= now) {
            self.messages.release(&mut self.under_way, &self.chance, log);
        }
        let most = self.under_way.arrived(now).min(buffer.capacity() - buffer.len());
        if most > 0 {
            let mut length = most;
            if self.chance.strikes(faults.split) {
                length = self.chance.size(1, most);
                if length < most {
                    self.chance.note(log, Act::Split(length));
                }
            }
            self.under_way.pop(length, buffer);
            return Read::Ready(Ok(length));
        }
        let due = self.under_way.due().filter(|due| *due > now);
        match due.into_iter().chain(self.messages.until()).min() {
            Some(at) => Read::At(at),
            // The buffer has no room, against the contract: it is not the end of the stream.
            None if self.under_way.len() > 0 => Read::Ready(Err(ErrorKind::InvalidInput.into())),
            None => match self.end {
                None => Read::Wait,
                Some(End::Done) => Read::Ready(Ok(0)),
                Some(End::Reset) => Read::Ready(Err(ErrorKind::ConnectionReset.into())),
            },
        }
    }

    /// The reader is dropped.
    pub(super) fn forget_reader(&mut self, later: &mut Later) {
        later.forget.extend(self.reader.take());
    }

    /// The reader's end is closed. Whether something had arrived that it did not read.
    pub(super) fn abandon(&mut self, later: &mut Later) -> bool {
        let unread = self.arrived() > 0;
        if self.gone == Gone::No {
            // What is still under way will meet nobody, and be answered by a reset, too.
            self.gone = if self.held() > 0 { Gone::Reset } else { Gone::Closed };
            // A writer who cannot know yet is to find no room by it.
            if !self.is_blocked() {
                self.keep(0);
            }
            later.wake(&mut self.writer);
        }
        unread
    }

    // What happens to both.

    /// The writer's end closed without having read all: what has not arrived yet is lost, and the reader
    /// is told of a reset.
    pub(super) fn reset(&mut self, later: &mut Later) {
        self.keep(self.arrived());
        self.end = Some(End::Reset);
        later.wake(&mut self.reader);
    }

    /// Resets it for both ends. If `partly`, a random part of what is under way arrives.
    pub(super) fn cut(&mut self, partly: bool, log: &mut Log, later: &mut Later) {
        let arrives = partly && !self.is_blocked();
        let kept = if arrives { self.chance.size(0, self.under_way.len()) } else { 0 };
        self.chance.note(log, Act::Cut(self.held() - kept));
        self.keep(kept);
        self.under_way.hurry(Instant::now());
        self.cut = true;
        self.end = Some(End::Reset);
        self.gone = Gone::Reset;
        self.wake_both(later);
    }

    /// Whether it gets its octets through at all, or not; for a partition.
    pub(super) fn part(&mut self, parted: bool) {
        self.parted = parted;
    }

    /// Ends a stall.
    pub(super) fn heal(&mut self, later: &mut Later) {
        self.stalled = false;
        self.wake_both(later);
    }

    /// Whether a fault of this probability strikes the piece that was just written.
    pub(super) fn draw(&mut self, probability: f64) -> bool {
        self.gone == Gone::No && self.chance.strikes(probability)
    }

    /// Octets that it holds.
    pub(super) fn held(&self) -> usize {
        self.under_way.len() + self.messages.held()
    }

    fn wake_both(&mut self, later: &mut Later) {
        later.wake(&mut self.reader);
        later.wake(&mut self.writer);
    }

    fn is_blocked(&self) -> bool {
        (self.stalled || self.parted || self.dead) && !self.cut
    }

    /// Octets that have got through and were not read yet.
    fn arrived(&self) -> usize {
        if self.is_blocked() { 0 } else { self.under_way.arrived(Instant::now()) }
    }

    fn room(&self) -> usize {
        self.capacity.saturating_sub(self.under_way.len())
    }

    /// What a write meets that is not to be taken.
    fn refuse(&mut self, total: usize) -> Option<io::Result<usize>> {
        let known = if self.is_blocked() { Gone::No } else { self.gone };
        if known != Gone::No {
            self.gone = Gone::Broken;
        }
        match known {
            Gone::Reset => Some(Err(ErrorKind::ConnectionReset.into())),
            // Written while blocked, and now it meets nobody.
            Gone::Closed if self.held() > 0 => Some(Err(ErrorKind::ConnectionReset.into())),
            Gone::Closed if self.end.is_none() => Some(Ok(total)),
            Gone::No if self.end.is_none() => None,
            Gone::No | Gone::Closed | Gone::Broken => Some(Err(ErrorKind::BrokenPipe.into())),
        }
    }

    /// When a piece that is written now arrives.
    fn draw_due(&mut self, faults: &Faults, log: &mut Log) -> Instant {
        let now = Instant::now();
        if faults.longest_delay.is_zero() {
            return now;
        }
        let nanos = |delay: Duration| u64::try_from(delay.as_nanos()).unwrap_or(u64::MAX);
        let longest = nanos(faults.longest_delay);
        let delay = self.chance.between(nanos(faults.shortest_delay).min(longest), longest);
        let delay = Duration::from_nanos(delay);
        self.chance.note(log, Act::Delay(delay));
        now.checked_add(delay).unwrap_or(now)
    }

    /// Loses all but the first octets that are under way.
    fn keep(&mut self, length: usize) {
        self.under_way.keep(length);
        self.messages.clear();
    }
}
