//! A worker's mailbox: where messages wait, and how many may.
//!
//! [`word`] is the scheduling word, [`queue`] the lock-free queue under it, [`ring`] the locked one that
//! `overflow = drop_oldest` needs, [`waiters`] the line of senders that wait for room.

pub(crate) mod word;

#[expect(unsafe_code, reason = "the lock-free queue; its contract heads the file")]
pub(crate) mod queue;

pub(crate) mod ring;

pub(crate) mod waiters;

use std::num::NonZeroU32;

use queue::{Pop, PushError, Queue, Right};
use ring::Ring;
use waiters::Waiters;
use word::Word;

use crate::actor::worker::Overflow;

/// The queue, whichever it is, and the line before it. The scheduling word is beside it, in the
/// worker's header, because drivers and wakers use it without knowing the message type.
pub(crate) struct Mailbox<T: Send + 'static> {
    lane: Lane<T>,
    pub(crate) waiters: Waiters,
}

/// Senders that are called when the mailbox is empty, however small it is.
const CALLED_AT_LEAST: usize = 16;

enum Lane<T: Send + 'static> {
    /// With its bound, if it has one, in messages.
    Queue(Option<NonZeroU32>, Queue<T>),
    Ring(Box<Ring<T>>),
}

impl<T: Send + 'static> Mailbox<T> {
    pub(crate) fn new(bound: Option<u32>, overflow: Overflow) -> Self {
        let lane = match (overflow, bound) {
            (Overflow::DropOldest, Some(bound)) => Lane::Ring(Box::new(Ring::new(bound as usize))),
            _ => Lane::Queue(bound.and_then(NonZeroU32::new), Queue::new()),
        };
        Self { lane, waiters: Waiters::new() }
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
        match &self.lane {
            Lane::Queue(bound, queue) => queue.push(word, bound.map(NonZeroU32::get), message),
            Lane::Ring(ring) => ring.push(word, message, displaced),
        }
    }

    #[inline(always)]
    pub(crate) fn pop(&self, word: &Word, right: &Right) -> Pop<T> {
        match &self.lane {
            Lane::Queue(_, queue) => queue.pop(word, right),
            Lane::Ring(ring) => ring.pop(),
        }
    }

    /// Shows producers the room that the last messages left, and calls that many waiting senders.
    pub(crate) fn publish(&self, right: &Right) {
        if let Lane::Queue(bound, queue) = &self.lane {
            let room = queue.publish(right);
            if bound.is_some() && room != 0 {
                self.waiters.make_room(room);
            }
        }
    }

    /// The same, and nothing is queued: all of the room is free. Who is called for it may not come, because
    /// whoever has his future in hand does not poll it, and then nobody would call the next. So if there is
    /// little room, a few more are called than there is room for.
    pub(crate) fn publish_all(&self, right: &Right) {
        if let Lane::Queue(bound, queue) = &self.lane {
            queue.publish(right);
            if let Some(bound) = bound {
                self.waiters.make_room((bound.get() as usize).max(CALLED_AT_LEAST));
            }
        }
    }

    pub(crate) fn is_empty(&self, word: &Word, right: &Right) -> bool {
        match &self.lane {
            Lane::Queue(_, queue) => queue.is_empty(word, right),
            Lane::Ring(ring) => ring.len() == 0,
        }
    }

    /// Gives up the right if nothing is queued and no signal has come; see [`Queue::park`].
    pub(crate) fn park(&self, word: &Word, right: &Right) -> bool {
        match &self.lane {
            Lane::Queue(_, queue) => queue.park(word, right),
            Lane::Ring(ring) => ring.park(word),
        }
    }

    /// Messages accepted so far, and messages waiting; exact when nothing moves.
    pub(crate) fn counts(&self, word: &Word) -> (u64, u64) {
        match &self.lane {
            Lane::Queue(_, queue) => queue.counts(word),
            Lane::Ring(ring) => (ring.received(), ring.len() as u64),
        }
    }
}

#[cfg(all(test, millhand_loom))]
mod models;
