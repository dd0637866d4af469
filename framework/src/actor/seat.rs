//! The seat: a lock that the running driver takes for next to nothing, and that a stranger can take
//! from it only while it is inside user code.
//!
//! A driver that runs a worker owns the worker's private side. While it is inside user code (a handler,
//! a hook, a constructor, a destructor) it does not touch that side, and may never come back. Then the
//! supervisor may *abandon* it: take the private side over for a successor. The driver that does come
//! back must notice before its next touch.
//!
//! | | driver, each time user code returns | stranger, once in a blue moon |
//! |---|---|---|
//! | 1 | phase ← LOOP | verdict ← ASKED |
//! | 2 | light fence | heavy fence |
//! | 3 | look at the verdict: OPEN → go on | look at the phase: LOOP → withdraw |
//! | 4 | else settle it: ASKED → OPEN, or find ABANDONED | else settle it: ASKED → ABANDONED |
//!
//! The fences make it impossible that both see the other's old value; if both see the new one, the
//! compare-and-swap of step 4 decides. (A biased lock, with the asymmetric fences of C++ P1202.)

use crate::sync::{AtomicU8, Ordering, fence_heavy, fence_light, ordering, weakened};

const LOOP: u8 = 0;
const USER: u8 = 1;

const OPEN: u8 = 0;
const ASKED: u8 = 1;
const ABANDONED: u8 = 2;

/// One lineage's seat. A seat that was abandoned stays so; the successor gets another.
#[derive(Debug)]
pub(crate) struct Seat {
    phase: AtomicU8,
    verdict: AtomicU8,
}

/// The seat was taken over: the caller owns nothing but what it brought along.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Abandoned;

impl Seat {
    pub(crate) fn new() -> Self {
        Self { phase: AtomicU8::new(LOOP), verdict: AtomicU8::new(OPEN) }
    }

    /// The driver is about to run user code.
    #[inline(always)]
    pub(crate) fn leave(&self) {
        // Ordering: Release pairs with the Acquire in `take_over`: all that the driver did to the
        // private side.
        self.phase.store(USER, ordering!("seat.leave", Release));
    }

    /// User code has returned, or unwound. Calling it twice is harmless.
    #[inline(always)]
    pub(crate) fn come_back(&self) -> Result<(), Abandoned> {
        // Ordering: the fence orders this store before the load; it pairs with the heavy fence.
        self.phase.store(LOOP, Ordering::Relaxed);
        if !weakened("seat.fence") {
            fence_light();
        }
        if self.verdict.load(Ordering::Relaxed) == OPEN { Ok(()) } else { self.come_back_slow() }
    }

    #[cold]
    fn come_back_slow(&self) -> Result<(), Abandoned> {
        // Ordering: Acquire on failure pairs with the Release in `take_over`.
        match self.verdict.compare_exchange(ASKED, OPEN, Ordering::AcqRel, Ordering::Acquire) {
            Ok(_) => Ok(()),
            Err(OPEN) => Ok(()),
            Err(_) => Err(Abandoned),
        }
    }

    /// Takes the private side over, if the driver is inside user code. `still_meant` is asked once the
    /// driver is known to be there, and says whether it is there for the incarnation that is meant.
    ///
    /// Callers take turns (by a lock).
    #[must_use]
    pub(crate) fn take_over(&self, still_meant: impl FnOnce() -> bool) -> bool {
        if self.verdict.load(Ordering::Relaxed) == ABANDONED {
            return false;
        }
        self.verdict.store(ASKED, Ordering::Relaxed);
        fence_heavy();
        // Ordering: Acquire pairs with the Release in `leave`.
        let meant = self.phase.load(Ordering::Acquire) == USER && still_meant();
        let settled = if meant { ABANDONED } else { OPEN };
        // Ordering: Release pairs with the Acquire in `come_back_slow`.
        let won = self
            .verdict
            .compare_exchange(ASKED, settled, Ordering::AcqRel, Ordering::Relaxed)
            .is_ok();
        won && meant
    }
}

#[cfg(all(test, millhand_loom))]
mod models;
