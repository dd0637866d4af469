//! The writing end of a lane: batches out, octets on.
//!
//! Whoever holds the pen writes: a sender for a moment, or the connection's task. Two never write at once,
//! and neither waits for the other: a sender that finds the pen taken leaves its message in the lane, and
//! calls the task.
//!
//! A message that was cut short by the end of a connection is written again, whole, to the next one; what
//! was written whole is not. So a message is lost or arrives, once.

use std::io::{self, ErrorKind, IoSlice};
use std::sync::{Mutex, MutexGuard, PoisonError, TryLockError};
use std::task::{Context, Poll, ready};

use bytes::BytesMut;

use super::batch::{Batch, MOST_PARTS};
use super::outgoing::{LaneId, Outgoing};
use crate::net::transport::Writer;
use crate::net::wire::curve::{MESSAGE_OVERHEAD, Sealer};
use crate::net::wire::frame::{Flags, Header};

/// Writes batches of one lane.
pub(crate) struct Pen(Mutex<Inner>);

struct Inner {
    line: Option<Box<dyn Writer>>,
    sealer: Option<Sealer>,
    /// What is being written.
    batch: Batch,
    /// Where in it the writing began; not 0 after a message that was cut short.
    start: usize,
    /// With a sealer: the frames from there on, sealed.
    sealed: BytesMut,
    /// How many octets are written: of the batch, or of what is sealed.
    written: usize,
    /// Writing has failed; reading may go on for a while.
    failed: bool,
    /// Something was written to this connection.
    has_written: bool,
}

/// How far a write has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Written {
    /// The lane is empty.
    All,
    /// The connection takes no more for now; or there is more than a sender should write.
    Some,
    /// Somebody else is writing, and may not see the newest message.
    Busy,
    /// There is no connection, or it takes no more for good.
    Failed,
}

impl Pen {
    /// A pen without a connection.
    pub(crate) fn new() -> Pen {
        Pen(Mutex::new(Inner {
            line: None,
            sealer: None,
            batch: Batch::default(),
            start: 0,
            sealed: BytesMut::new(),
            written: 0,
            failed: false,
            has_written: false,
        }))
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes to this connection from now on, in boxes if there is a sealer, and beginning with the message
    /// that was cut short.
    pub(crate) fn take_up(&self, line: Box<dyn Writer>, sealer: Option<Sealer>) {
        let mut inner = self.lock();
        inner.start = inner.resume();
        inner.line = Some(line);
        inner.sealer = sealer;
        inner.failed = false;
        inner.has_written = false;
        inner.begin();
    }

    /// Writes no more to its connection.
    pub(crate) fn lay_down(&self) {
        let line = self.lock().line.take();
        drop(line);
    }

    /// A sender writes what is in the lane, if it can at once.
    pub(crate) fn write(&self, outgoing: &Outgoing, lane: LaneId) -> Written {
        match self.0.try_lock() {
            Ok(mut inner) => inner.write(outgoing, lane, false),
            Err(TryLockError::Poisoned(inner)) => inner.into_inner().write(outgoing, lane, false),
            Err(TryLockError::WouldBlock) => Written::Busy,
        }
    }

    /// The connection's task writes all that is in the lane. An error: it takes no more for good.
    pub(crate) fn poll_write(
        &self,
        outgoing: &Outgoing,
        lane: LaneId,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), ()>> {
        let mut inner = self.lock();
        loop {
            match inner.write(outgoing, lane, true) {
                Written::All => return Poll::Ready(Ok(())),
                Written::Failed => return Poll::Ready(Err(())),
                Written::Some | Written::Busy => {}
            }
            let Some(line) = &mut inner.line else { return Poll::Ready(Err(())) };
            // It uses up the task's budget, so that a lane that is filled as fast as it is written keeps no
            // thread.
            if ready!(line.poll_writable(cx)).is_err() {
                inner.failed = true;
                return Poll::Ready(Err(()));
            }
        }
    }

    /// Whether anything was written to this connection. If not, nothing can be on its way.
    pub(crate) fn has_written(&self) -> bool {
        self.lock().has_written
    }

    /// Says that nothing more will be written.
    pub(crate) fn poll_shutdown(&self, cx: &mut Context<'_>) -> Poll<()> {
        let mut inner = self.lock();
        match &mut inner.line {
            // Whether it was heard does not matter: nothing more is said.
            Some(line) => line.poll_shutdown(cx).map(drop),
            None => Poll::Ready(()),
        }
    }
}

impl Inner {
    /// Where the message starts that the last connection did not take whole.
    fn resume(&self) -> usize {
        if self.sealer.is_none() {
            return self.batch.message_at(self.written, plain_size);
        }
        // What comes before `start` was not sealed for that connection, but would take this much.
        let before = self.batch.size_until(self.start, sealed_size);
        self.batch.message_at(before + self.written, sealed_size)
    }

    /// Begins to write the batch, from `start` on.
    fn begin(&mut self) {
        self.sealed.clear();
        match &mut self.sealer {
            None => self.written = self.start,
            Some(sealer) => {
                self.written = 0;
                // It fails when 2^64 frames have been sealed.
                self.failed |= self.batch.seal(self.start, sealer, &mut self.sealed).is_err();
            }
        }
    }

    fn is_written(&self) -> bool {
        match self.sealer {
            None => self.written == self.batch.size(),
            Some(_) => self.written == self.sealed.len(),
        }
    }

    fn write(&mut self, outgoing: &Outgoing, lane: LaneId, is_task: bool) -> Written {
        /// What a sender writes before it goes on with its own work.
        const MOST_OF_SENDER: usize = 4;
        /// What the connection's task writes before it asks whether others are to run.
        const MOST_OF_TASK: usize = 1;
        let most = if is_task { MOST_OF_TASK } else { MOST_OF_SENDER };
        let mut batches = 0;
        loop {
            if self.failed || self.line.is_none() {
                return Written::Failed;
            }
            if self.is_written() {
                let messages = self.batch.messages();
                let mut spare = std::mem::take(&mut self.batch);
                spare.clear();
                self.start = 0;
                match outgoing.next(lane, messages, spare, is_task) {
                    Some(batch) => self.batch = batch,
                    None => {
                        self.begin();
                        return Written::All;
                    }
                }
                self.begin();
                batches += 1;
                if batches > most {
                    return Written::Some;
                }
                continue;
            }
            let tried = match self.sealer {
                None => self.try_write(),
                Some(_) => self.try_write_sealed(),
            };
            match tried {
                Ok(octets) if octets > 0 => {
                    self.written += octets;
                    self.has_written = true;
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Written::Some,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                _ => self.failed = true,
            }
        }
    }
}

impl Inner {
    fn try_write(&mut self) -> io::Result<usize> {
        let Some(line) = &mut self.line else { return Err(ErrorKind::NotConnected.into()) };
        if let Some(octets) = self.batch.as_slice() {
            return line.try_write(&[IoSlice::new(&octets[self.written..])]);
        }
        let mut parts = [IoSlice::new(&[]); MOST_PARTS];
        let count = self.batch.parts(self.written, &mut parts);
        line.try_write(&parts[..count])
    }

    fn try_write_sealed(&mut self) -> io::Result<usize> {
        let Some(line) = &mut self.line else { return Err(ErrorKind::NotConnected.into()) };
        line.try_write(&[IoSlice::new(&self.sealed[self.written..])])
    }
}

fn plain_size(header: Header) -> usize {
    header.size() + header.length as usize
}

fn sealed_size(header: Header) -> usize {
    let length = header.length + MESSAGE_OVERHEAD as u64;
    plain_size(Header { flags: Flags::message(false), length })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::net::multipart::Multipart;
    use crate::sync::{AtomicUsize, Ordering};

    /// A line that takes everything, and whose lane is given a message whenever it does.
    struct Endless {
        outgoing: Arc<Outgoing>,
        lane: LaneId,
        writes: Arc<AtomicUsize>,
    }

    /// The test fails after so many writes, rather than going on for ever.
    const MOST_WRITES: usize = 100_000;

    impl Writer for Endless {
        fn try_write(&mut self, parts: &[IoSlice<'_>]) -> io::Result<usize> {
            if self.writes.fetch_add(1, Ordering::Relaxed) < MOST_WRITES {
                // The pen is held, so that it is left in the lane.
                self.outgoing.send_to(self.lane, &Multipart::from("more")).unwrap();
            }
            Ok(parts.iter().map(|part| part.len()).sum())
        }

        fn poll_writable(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
            ready!(tokio::task::coop::poll_proceed(cx)).made_progress();
            Poll::Ready(Ok(()))
        }

        fn poll_shutdown(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }
    }

    /// A connection's task once wrote for as long as its lane was filled, and its thread ran nothing else.
    #[tokio::test]
    async fn a_lane_that_is_filled_while_it_is_written_keeps_no_thread() {
        let outgoing = Arc::new(Outgoing::new(1000, false));
        let pen = Arc::new(Pen::new());
        let lane = outgoing.open(pen.clone());
        let writes = Arc::new(AtomicUsize::new(0));
        let line = Endless { outgoing: outgoing.clone(), lane, writes: writes.clone() };
        pen.take_up(Box::new(line), None);
        outgoing.send_to(lane, &Multipart::from("first")).unwrap();
        let once = std::future::poll_fn(|cx| Poll::Ready(pen.poll_write(&outgoing, lane, cx)));
        assert!(once.await.is_pending(), "after {} writes", writes.load(Ordering::Relaxed));
    }

    /// A line that takes as many octets as it is allowed.
    struct Allowed(Arc<AtomicUsize>);

    impl Writer for Allowed {
        fn try_write(&mut self, parts: &[IoSlice<'_>]) -> io::Result<usize> {
            let octets = parts.iter().map(|part| part.len()).sum::<usize>();
            let taken = octets.min(self.0.load(Ordering::Relaxed));
            self.0.fetch_sub(taken, Ordering::Relaxed);
            if taken == 0 { Err(ErrorKind::WouldBlock.into()) } else { Ok(taken) }
        }

        fn poll_writable(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Pending
        }

        fn poll_shutdown(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }
    }

    /// With `conflate`, the message that was being written when the next one came was counted off twice: a
    /// socket that was closed while its connection was down did not wait for the newest to be sent.
    #[test]
    fn the_newest_message_waits_until_it_is_written() {
        let outgoing = Outgoing::new(1000, true);
        let pen = Arc::new(Pen::new());
        let lane = outgoing.open(pen.clone());
        let allowed = Arc::new(AtomicUsize::new(3));
        pen.take_up(Box::new(Allowed(allowed.clone())), None);
        outgoing.send_to(lane, &Multipart::from("first")).unwrap();
        assert_eq!(pen.write(&outgoing, lane), Written::Some);
        outgoing.send_to(lane, &Multipart::from("dropped")).unwrap();
        outgoing.send_to(lane, &Multipart::from("newest")).unwrap();
        allowed.store(5, Ordering::Relaxed);
        assert_eq!(pen.write(&outgoing, lane), Written::Some);
        assert!(outgoing.waits(lane), "the newest is in the pen");
        allowed.store(100, Ordering::Relaxed);
        assert_eq!(pen.write(&outgoing, lane), Written::All);
        assert!(!outgoing.waits(lane));
        assert_eq!(allowed.load(Ordering::Relaxed), 100 - "..newest".len() + 1);
    }
}
