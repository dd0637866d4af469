//! Senders that wait for room in a full mailbox, first come, first served.

use std::collections::VecDeque;
use std::task::Waker;

use crate::sync::{AtomicUsize, Mutex, Ordering, fence, lock, weakened};

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
    waiting: AtomicUsize,
    line: Mutex<Line>,
}

#[derive(Debug, Default)]
struct Line {
    next_ticket: u64,
    senders: VecDeque<(u64, Waker)>,
}

/// A place in the line. Given back with [`Waiters::leave`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ticket(u64);

impl Waiters {
    pub(crate) fn new() -> Self {
        Self { waiting: AtomicUsize::new(0), line: Mutex::new(Line::default()) }
    }

    /// Whether anybody waits: a newcomer then joins the line instead of overtaking it.
    pub(crate) fn any(&self) -> bool {
        self.waiting.load(Ordering::Relaxed) != 0
    }

    /// Joins at the end, or renews the waker of the place already held. After this the sender must try
    /// once more before it sleeps.
    pub(crate) fn join(&self, ticket: &mut Option<Ticket>, waker: &Waker) {
        {
            let mut line = lock(&self.line);
            let held =
                ticket.and_then(|Ticket(id)| line.senders.iter_mut().find(|place| place.0 == id));
            match held {
                Some(place) => place.1.clone_from(waker),
                None => {
                    let id = line.next_ticket;
                    line.next_ticket += 1;
                    line.senders.push_back((id, waker.clone()));
                    *ticket = Some(Ticket(id));
                }
            }
            // Ordering: Relaxed; the fence below orders it.
            self.waiting.store(line.senders.len(), Ordering::Relaxed);
        }
        // Ordering: pairs with the fence in `make_room`.
        if !weakened("waiters") {
            fence(Ordering::SeqCst);
        }
    }

    /// Leaves the line, with or without having sent. If the place was called meanwhile, the call goes to
    /// the next in line: a sender that has sent may have used room that was free before.
    pub(crate) fn leave(&self, ticket: &mut Option<Ticket>) {
        let Some(Ticket(id)) = ticket.take() else { return };
        let next = {
            let mut line = lock(&self.line);
            let place = line.senders.iter().position(|place| place.0 == id);
            let next = match place {
                Some(at) => {
                    line.senders.remove(at);
                    None
                }
                None if weakened("waiters.pass_on") => None,
                None => line.senders.pop_front(),
            };
            self.waiting.store(line.senders.len(), Ordering::Relaxed);
            next
        };
        if let Some((_, waker)) = next {
            waker.wake();
        }
    }

    /// The consumer has published a head that frees `room` places: calls that many senders.
    #[inline]
    pub(crate) fn make_room(&self, room: usize) {
        // Ordering: pairs with the fence in `join`.
        if !weakened("waiters") {
            fence(Ordering::SeqCst);
        }
        if self.waiting.load(Ordering::Relaxed) != 0 {
            self.call_slow(room);
        }
    }

    /// The mailbox is closed: everybody learns it.
    pub(crate) fn call_all(&self) {
        self.call_slow(usize::MAX);
    }

    #[cold]
    fn call_slow(&self, room: usize) {
        let called: Vec<_> = {
            let mut line = lock(&self.line);
            let count = room.min(line.senders.len());
            let called = line.senders.drain(..count).collect();
            self.waiting.store(line.senders.len(), Ordering::Relaxed);
            called
        };
        for (_, waker) in called {
            waker.wake();
        }
    }
}
