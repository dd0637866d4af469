//! Senders that wait for room in a full mailbox, in the order in which they came.
//!
//! A call is not a reservation: between the call and the sender's next attempt, one that found the line
//! empty may take the room. The called sender then stands where it stood before.
//!
//! A runtime may poll first whom it was told of last, and that one may take all the room, each time anew. So when
//! the first in line has come in vain again and again, those who are called together are woken in the other order.

use std::collections::VecDeque;
use std::task::Waker;

use crate::contain::contain;
use crate::sync::{AtomicU32, Mutex, Ordering, fence, lock, weakened};

/// So often the first in line comes in vain before another order is tried.
const MOST_IN_VAIN: u32 = 4;

/// The line of waiting senders. Empty in the common case, which costs the consumer one fence and one
/// load per batch.
#[derive(Debug)]
pub(crate) struct Waiters {
    /// How many wait; also the flag of a Dekker pair with the queue's published head:
    ///
    /// | sender | consumer |
    /// |---|---|
    /// | joins the line (count) | publishes the head |
    /// | fence | fence |
    /// | looks at the head again | looks at the count |
    ///
    /// At least one of them sees the other, so no sender sleeps beside free room.
    waiting: AtomicU32,
    /// Most mailboxes never have one.
    line: Mutex<Option<Box<Line>>>,
}

#[derive(Debug, Default)]
struct Line {
    next_ticket: u64,
    senders: VecDeque<(u64, Waker)>,
    /// The first of those who were called together the last time, and how often it has come in vain.
    first_called: Option<u64>,
    in_vain: u32,
    /// They are woken from the last to the first.
    last_first: bool,
}

/// A place in the line. Given back with [`Waiters::leave`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ticket(u64);

/// Whether a sender in the line may try.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Turn {
    /// Others stand before it.
    NotYet,
    /// It is the first in line.
    First,
    /// It was called: room was made for it.
    Called,
}

impl Waiters {
    pub(crate) fn new() -> Self {
        Self { waiting: AtomicU32::new(0), line: Mutex::new(None) }
    }

    /// Whether anybody waits: a newcomer then joins the line instead of overtaking it.
    pub(crate) fn any(&self) -> bool {
        self.waiting.load(Ordering::Relaxed) != 0
    }

    /// Joins at the end, or renews the waker of the place already held. Unless the turn is `NotYet`, the
    /// sender must try to send before it sleeps.
    ///
    /// A sender that is called has left the line, and has no claim on the room: if it is slow to come,
    /// the next are called when the mailbox is empty. If it then finds no room, its old place is before
    /// all who came later.
    #[must_use]
    pub(crate) fn join(&self, ticket: &mut Option<Ticket>, waker: &Waker) -> Turn {
        // Wakers are somebody else's code: they are cloned before, and dropped after, the lock is held.
        let waker = waker.clone();
        let (turn, old) = {
            let mut line = lock(&self.line);
            let line = line.get_or_insert_default();
            let (called, old) = match *ticket {
                None => {
                    let id = line.take_ticket(ticket);
                    line.senders.push_back((id, waker));
                    (false, None)
                }
                Some(Ticket(id)) => match line.place_of(id) {
                    Ok(at) => (false, Some(std::mem::replace(&mut line.senders[at].1, waker))),
                    Err(at) => {
                        line.senders.insert(at, (id, waker));
                        (true, None)
                    }
                },
            };
            let first = line.senders.front().is_some_and(|place| *ticket == Some(Ticket(place.0)));
            // Ordering: Relaxed; the fence below orders it.
            self.waiting.store(line.len(), Ordering::Relaxed);
            let turn = match (called, first) {
                (true, _) => Turn::Called,
                (false, true) => Turn::First,
                (false, false) => Turn::NotYet,
            };
            (turn, old)
        };
        contain(|| drop(old));
        // Ordering: pairs with the fence in `make_room`.
        if !weakened("waiters") {
            fence(Ordering::SeqCst);
        }
        turn
    }

    /// Leaves the line, with or without having sent. `sent` is the turn in which it sent, if it did.
    ///
    /// The next is called if a call came for this sender that it has no use for; and if this sender found
    /// room without a call, for there may be more of it.
    pub(crate) fn leave(&self, ticket: &mut Option<Ticket>, sent: Option<Turn>) {
        let Some(Ticket(id)) = ticket.take() else { return };
        let (own, next) = {
            let mut line = lock(&self.line);
            let line = line.get_or_insert_default();
            let place = line.place_of(id).ok();
            let own = place.and_then(|at| line.senders.remove(at));
            let next = match own {
                Some(_) if sent != Some(Turn::First) => None,
                _ if weakened("waiters.pass_on") => None,
                _ => line.call(),
            };
            self.waiting.store(line.len(), Ordering::Relaxed);
            (own, next)
        };
        contain(|| drop(own));
        if let Some(waker) = next {
            contain(|| waker.wake());
        }
    }

    /// The consumer has published a head that frees `room` places: calls that many senders. Whether any waited.
    #[inline]
    pub(crate) fn make_room(&self, room: usize) -> bool {
        // Ordering: pairs with the fence in `join`.
        if !weakened("waiters") {
            fence(Ordering::SeqCst);
        }
        let any = self.any();
        if any {
            self.call_slow(room);
        }
        any
    }

    /// The mailbox is closed: everybody learns it.
    pub(crate) fn call_all(&self) {
        self.call_slow(usize::MAX);
    }

    #[cold]
    fn call_slow(&self, room: usize) {
        let called: Vec<_> = {
            let mut line = lock(&self.line);
            let Some(line) = line.as_deref_mut() else { return };
            let called = line.call_together(room);
            self.waiting.store(line.len(), Ordering::Relaxed);
            called
        };
        for waker in called {
            contain(|| waker.wake());
        }
    }
}

impl Line {
    fn take_ticket(&mut self, ticket: &mut Option<Ticket>) -> u64 {
        let id = self.next_ticket;
        self.next_ticket += 1;
        *ticket = Some(Ticket(id));
        id
    }

    fn len(&self) -> u32 {
        u32::try_from(self.senders.len()).unwrap_or(u32::MAX)
    }

    /// Where a ticket stands, or would stand: they are in order.
    fn place_of(&self, id: u64) -> Result<usize, usize> {
        self.senders.binary_search_by_key(&id, |place| place.0)
    }

    /// Takes the first sender out; the caller wakes it.
    fn call(&mut self) -> Option<Waker> {
        self.senders.pop_front().map(|(_, waker)| waker)
    }

    /// The same for as many as there is room for, in the order in which they are to be woken.
    fn call_together(&mut self, room: usize) -> Vec<Waker> {
        let first = self.senders.front().map(|place| place.0);
        if first != self.first_called {
            self.first_called = first;
            self.in_vain = 0;
        } else if first.is_some() {
            self.in_vain += 1;
            self.last_first ^= self.in_vain.is_multiple_of(MOST_IN_VAIN);
        }
        let count = room.min(self.senders.len());
        let mut called: Vec<_> = self.senders.drain(..count).map(|(_, waker)| waker).collect();
        if self.last_first {
            called.reverse();
        }
        called
    }
}

#[cfg(all(test, not(millhand_loom)))]
mod tests {
    use super::*;

    /// Called together, and each finds that others took the room: they stand as they stood before.
    #[test]
    fn senders_that_were_called_in_vain_keep_their_order() {
        let waiters = Waiters::new();
        let mut tickets = [None; 4];
        let turns = |waiters: &Waiters, tickets: &mut [Option<Ticket>; 4]| {
            tickets.each_mut().map(|ticket| waiters.join(ticket, Waker::noop()))
        };
        let came = turns(&waiters, &mut tickets);
        assert_eq!(came, [Turn::First, Turn::NotYet, Turn::NotYet, Turn::NotYet]);
        assert!(waiters.make_room(3));
        assert_eq!(turns(&waiters, &mut tickets)[..3], [Turn::Called; 3]);
        let line = lock(&waiters.line);
        let line: Vec<_> =
            line.iter().flat_map(|line| &line.senders).map(|place| place.0).collect();
        assert_eq!(line, [0, 1, 2, 3]);
    }
}
