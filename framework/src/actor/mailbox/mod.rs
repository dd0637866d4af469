//! A worker's mailbox: where messages wait, and how many may.
//!
//! [`word`] is the scheduling word, [`queue`] the lock-free queue under it, [`ring`] the locked one that
//! `overflow = drop_oldest` needs, [`waiters`] the line of senders that wait for room.

pub(crate) mod word;

#[expect(unsafe_code, reason = "the lock-free queue; its contract heads the file")]
pub(crate) mod queue;

pub(crate) mod ring;

pub(crate) mod waiters;

use std::marker::PhantomData;

use queue::{Pop, PushError, Queue, Right};
use ring::Ring;
use waiters::Waiters;
use word::Word;

use crate::actor::worker::{Overflow, Worker};

/// How many messages may wait, and what happens to one too many. Known to the compiler, so that senders need
/// not read it from memory that the consumer writes to.
pub(crate) trait Limits {
    const BOUND: Option<u32>;
    const OVERFLOW: Overflow;
}

impl<W: Worker> Limits for W {
    const BOUND: Option<u32> = W::POLICY.bound;
    const OVERFLOW: Overflow = W::POLICY.overflow;
}

/// The queue, whichever it is, and the line before it. The scheduling word is beside it, in the
/// worker's header, because drivers and wakers use it without knowing the message type.
#[repr(C)]
pub(crate) struct Mailbox<T: Send + 'static, L: Limits> {
    queue: Queue<T>,
    pub(crate) waiters: Waiters,
    /// Instead of the queue: with `overflow = drop_oldest`.
    ring: Option<Box<Ring<T>>>,
    limits: PhantomData<fn() -> L>,
}

/// Senders that are called when the mailbox is empty, however small it is.
const CALLED_AT_LEAST: usize = 16;

impl<T: Send + 'static, L: Limits> Mailbox<T, L> {
    pub(crate) fn new() -> Self {
        let ring = match (L::OVERFLOW, L::BOUND) {
            (Overflow::DropOldest, Some(bound)) => Some(Box::new(Ring::new(bound as usize))),
            _ => None,
        };
        Self { queue: Queue::new(), waiters: Waiters::new(), ring, limits: PhantomData }
    }

    #[inline(always)]
    fn ring(&self) -> Option<&Ring<T>> {
        match L::OVERFLOW {
            Overflow::DropOldest => self.ring.as_deref(),
            _ => None,
        }
    }

    /// Takes a message. `Ok(true)`: the worker was idle; the caller now owns the right, and must schedule.
    /// A message that had to make room (`drop_oldest`) goes to `displaced`, which keeps it until the right
    /// has been passed on: its drop is user code.
    #[inline(always)]
    pub(crate) fn push(
        &self,
        word: &Word,
        message: T,
        displaced: impl FnOnce(T),
    ) -> Result<bool, PushError<T>> {
        match self.ring() {
            None => self.queue.push(word, L::BOUND, message),
            Some(ring) => ring.push(word, message, displaced),
        }
    }

    #[inline(always)]
    pub(crate) fn pop(&self, word: &Word, right: &Right) -> Pop<T> {
        match self.ring() {
            None => self.queue.pop(word, right),
            Some(ring) => ring.pop(),
        }
    }

    /// Shows producers the room that the last messages left, and calls that many waiting senders. Whether any
    /// waited.
    pub(crate) fn publish(&self, right: &Right) -> bool {
        if self.ring().is_some() {
            return false;
        }
        let room = self.queue.publish(right);
        L::BOUND.is_some() && room != 0 && self.waiters.make_room(room)
    }

    /// The same, and nothing is queued: all of the room is free. Who is called for it may not come, because
    /// whoever has his future in hand does not poll it, and then nobody would call the next. So if there is
    /// little room, a few more are called than there is room for.
    pub(crate) fn publish_all(&self, right: &Right) {
        if self.ring().is_none() {
            self.queue.publish(right);
            if let Some(bound) = L::BOUND {
                self.waiters.make_room((bound as usize).max(CALLED_AT_LEAST));
            }
        }
    }

    pub(crate) fn is_empty(&self, word: &Word, right: &Right) -> bool {
        match self.ring() {
            None => self.queue.is_empty(word, right),
            Some(ring) => ring.len() == 0,
        }
    }

    /// Gives up the right if nothing is queued and no signal has come; see [`Queue::park`].
    pub(crate) fn park(&self, word: &Word, right: &Right) -> bool {
        match self.ring() {
            None => self.queue.park(word, right),
            Some(ring) => ring.park(word),
        }
    }

    /// Messages accepted so far, and messages waiting; exact when nothing moves.
    pub(crate) fn counts(&self, word: &Word) -> (u64, u64) {
        match self.ring() {
            None => self.queue.counts(word),
            Some(ring) => (ring.received(), ring.len() as u64),
        }
    }
}

#[cfg(all(test, millhand_loom))]
mod models;
