//! The control lane: what a supervisor, a timer or a shutdown wants of a worker. Orders never queue
//! behind messages; they are bits, so giving one twice is giving it once, and none can be lost.

use crate::sync::{AtomicU8, Ordering};

/// One order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Order {
    /// Begin a new incarnation. Takes back Halt, Drain and Kill that the last one did not live to see.
    Start = 1,
    /// End the incarnation after the message in hand; the mailbox stays open for the next one.
    Halt = 1 << 1,
    /// Close the mailbox, handle what is in it, then end.
    Drain = 1 << 2,
    /// Drop the handler where it is suspended. Stands until the next Start.
    Kill = 1 << 3,
    /// Without an incarnation: close the mailbox, give up what is in it, end for good.
    Retire = 1 << 4,
    /// One of the worker's timers is due.
    Timer = 1 << 5,
}

/// The orders that have been given and not yet taken.
#[derive(Debug)]
pub(crate) struct Orders(AtomicU8);

impl Orders {
    pub(crate) fn none() -> Self {
        Self(AtomicU8::new(0))
    }

    /// Whether there is anything to look at. One load, on the path of every message.
    #[inline(always)]
    pub(crate) fn any(&self) -> bool {
        self.0.load(Ordering::Relaxed) != 0
    }

    pub(crate) fn has(&self, order: Order) -> bool {
        // Ordering: Acquire pairs with the Release in `give`.
        self.0.load(Ordering::Acquire) & order as u8 != 0
    }

    /// Takes one order, if it has been given.
    pub(crate) fn take(&self, order: Order) -> bool {
        self.has(order) && self.0.fetch_and(!(order as u8), Ordering::AcqRel) & order as u8 != 0
    }

    /// Adds one order. The giver must then signal the scheduling word.
    pub(crate) fn give(&self, order: Order) {
        if order == Order::Start {
            let stale = Order::Halt as u8 | Order::Drain as u8 | Order::Kill as u8;
            // Only the supervisor gives or takes back these, one decision at a time.
            self.0.fetch_and(!stale, Ordering::Relaxed);
        }
        self.0.fetch_or(order as u8, Ordering::Release);
    }
}
