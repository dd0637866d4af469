//! The scheduling word: one 64-bit integer that is a mailbox's tail and the worker's scheduling state.
//!
//! ```text
//!  63      48 47                         8 7      3  2  1 0
//! ┌──────────┬────────────────────────────┬────────┬───┬─────┐
//! │   lap    │ tail block address, which  │ offset │ C │phase│
//! │ 16 bits  │ is a multiple of 256       │ 5 bits │ 1 │ 2   │
//! └──────────┴────────────────────────────┴────────┴───┴─────┘
//!   position = lap × BLOCK_SLOTS + offset : messages ever claimed, modulo 2^16 laps
//!   C        = CLOSED: no further message is accepted
//! ```
//!
//! Holding everything in one word makes a send one compare-and-swap: it claims a slot, learns which
//! block the slot is in, and takes the right to schedule, or fails and changes nothing.
//!
//! # The table
//!
//! The *right* is the permission to poll the worker. Whoever moves the word out of IDLE or HELD owns
//! it, and must hand it to a driver's queue; whoever moves it into IDLE or HELD gives it up and never
//! touches the worker's private side again.
//!
//! | state | phase | who has the right | send | signal | wake | the driver that runs it |
//! |---|---|---|---|---|---|---|
//! | idle | IDLE | the word | → RUNNING, takes the right | → RUNNING, takes the right | nothing | – |
//! | held: suspended in a handler, or without an incarnation | HELD | the word | claims a slot only | → RUNNING, takes the right | → RUNNING, takes the right | – |
//! | queued, or running | RUNNING | the queue, or the driver | claims a slot only | → SIGNALLED | → SIGNALLED | park: → IDLE if empty; hold: → HELD |
//! | running and woken | SIGNALLED | the queue, or the driver | claims a slot only | writes the same | writes the same | park and hold fail and go → RUNNING |
//! | stopped | SIGNALLED + CLOSED, for ever | nobody | refused | nothing | nothing | – |
//!
//! A *signal* says that the control lane has something; a *wake* comes from a waker that a handler
//! left somewhere; a *knock* is a send to a worker whose messages wait in a locked ring, and leaves the
//! claiming of slots out. A wake that finds the worker idle belongs to a handler that has ended: it does
//! nothing.

use crate::sync::{AtomicU64, Ordering, ordering, weakened};

/// Slots in one block of the mailbox. Two under loom, so that every model crosses block boundaries;
/// otherwise a compromise: an idle-to-busy worker touches one block, a flood amortises its allocation.
pub(crate) const BLOCK_SLOTS: usize = if cfg!(millhand_loom) { 2 } else { 16 };

/// Blocks are aligned to this, which frees the low bits of their addresses: as many as the rest needs.
pub(crate) const BLOCK_ALIGN: usize = 256;

/// What the address says while the only message since an empty spell is the one in the front slot. No
/// block is there: the first page of memory is never given out.
pub(crate) const FRONT: usize = BLOCK_ALIGN;

const PHASE_BITS: u32 = 2;
const OFFSET_SHIFT: u32 = 3;
const OFFSET_BITS: u32 = 5;
const LAP_SHIFT: u32 = 48;
const LAP_BITS: u32 = 64 - LAP_SHIFT;

const PHASE_MASK: u64 = (1 << PHASE_BITS) - 1;
const CLOSED: u64 = 1 << PHASE_BITS;
const OFFSET_MASK: u64 = (1 << OFFSET_BITS) - 1;
const ADDRESS_MASK: u64 = (1 << LAP_SHIFT) - BLOCK_ALIGN as u64;

/// Positions wrap at this many messages.
pub(crate) const POSITIONS: u64 = (1 << LAP_BITS) * BLOCK_SLOTS as u64;

/// The largest bound a mailbox can have: half the positions, so that "how many are queued" is never
/// ambiguous. 262,144.
pub(crate) const MAX_BOUND: u32 = 1 << 18;

const _: () = assert!(BLOCK_SLOTS < 1 << OFFSET_BITS);
const _: () = assert!(BLOCK_ALIGN == 1 << (OFFSET_SHIFT + OFFSET_BITS));
#[cfg(not(millhand_loom))]
const _: () = assert!(MAX_BOUND as u64 * 2 <= POSITIONS);

/// The phase half of the table above.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Phase {
    Idle = 0,
    Held = 1,
    Running = 2,
    Signalled = 3,
}

/// One value of the word, taken apart by methods.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct State(u64);

impl State {
    pub(crate) fn phase(self) -> Phase {
        match self.0 & PHASE_MASK {
            0 => Phase::Idle,
            1 => Phase::Held,
            2 => Phase::Running,
            _ => Phase::Signalled,
        }
    }

    #[inline(always)]
    pub(crate) fn is_idle(self) -> bool {
        self.0 & PHASE_MASK == Phase::Idle as u64
    }

    pub(crate) fn is_closed(self) -> bool {
        self.0 & CLOSED != 0
    }

    /// Address of the tail block, or [`FRONT`]; 0 since the mailbox was empty.
    pub(crate) fn address(self) -> usize {
        (self.0 & ADDRESS_MASK) as usize
    }

    /// Whether the tail is a block with a slot to claim.
    pub(crate) fn has_slot(self) -> bool {
        self.address() != FRONT && self.address() != 0 && self.offset() < BLOCK_SLOTS
    }

    /// Slots of the tail block that are claimed, `0..=BLOCK_SLOTS`.
    pub(crate) fn offset(self) -> usize {
        ((self.0 >> OFFSET_SHIFT) & OFFSET_MASK) as usize
    }

    fn lap(self) -> u64 {
        self.0 >> LAP_SHIFT
    }

    /// Whether the next block begins the positions anew.
    pub(crate) fn ends_the_last_lap(self) -> bool {
        const WHICH: u64 = OFFSET_MASK << OFFSET_SHIFT | u64::MAX << LAP_SHIFT;
        self.0 & WHICH == (BLOCK_SLOTS as u64) << OFFSET_SHIFT | u64::MAX << LAP_SHIFT
    }

    /// Messages ever claimed, modulo [`POSITIONS`].
    pub(crate) fn position(self) -> u64 {
        (self.lap() * BLOCK_SLOTS as u64 + self.offset() as u64) % POSITIONS
    }

    pub(crate) fn with_phase(self, phase: Phase) -> Self {
        Self(self.0 & !PHASE_MASK | phase as u64)
    }

    pub(crate) fn closed(self) -> Self {
        Self(self.0 | CLOSED)
    }

    /// The same, with one more slot of the tail block claimed.
    pub(crate) fn next_slot(self) -> Self {
        debug_assert!(self.offset() < BLOCK_SLOTS);
        Self(self.0 + (1 << OFFSET_SHIFT))
    }

    /// Of a word without a block: the same, with the front slot claimed.
    #[inline(always)]
    pub(crate) fn at_front(self) -> Self {
        debug_assert_eq!(self.address(), 0);
        const FIRST: u64 = 1 << OFFSET_SHIFT;
        // In a full block's place it is the first of the next lap; the last lap runs over the word's end.
        let step = match self.offset() == BLOCK_SLOTS {
            true => (1 << LAP_SHIFT) - (BLOCK_SLOTS as u64) * FIRST + FIRST,
            false => FIRST,
        };
        Self(self.0.wrapping_add(step) | FRONT as u64)
    }

    /// The same, with another tail block and offset; a full block's successor begins the next lap.
    pub(crate) fn with_block(self, address: usize, offset: usize) -> Self {
        debug_assert_eq!(address % BLOCK_ALIGN, 0);
        debug_assert!(address >> LAP_SHIFT == 0);
        let lap = if self.offset() == BLOCK_SLOTS && offset < BLOCK_SLOTS {
            (self.lap() + 1) & ((1 << LAP_BITS) - 1)
        } else {
            self.lap()
        };
        Self(
            self.0 & (PHASE_MASK | CLOSED)
                | (offset as u64) << OFFSET_SHIFT
                | address as u64
                | lap << LAP_SHIFT,
        )
    }

    /// The same, without a block: what a parked mailbox looks like.
    pub(crate) fn without_block(self) -> Self {
        Self(self.0 & !ADDRESS_MASK)
    }
}

/// The word itself.
#[derive(Debug)]
pub(crate) struct Word(AtomicU64);

impl Word {
    /// A new worker is held: it has no incarnation yet, messages queue up, only a signal runs it.
    pub(crate) fn held() -> Self {
        Self(AtomicU64::new(Phase::Held as u64))
    }

    /// Ordering: `Acquire` pairs with every compare-and-swap below (all `AcqRel`), so that whoever
    /// sees a block's address also sees the block's header.
    #[inline]
    pub(crate) fn load(&self) -> State {
        State(self.0.load(Ordering::Acquire))
    }

    /// Ordering: `AcqRel`. Release publishes what the mover did before (a prepared block; the run
    /// loop's private state when it parks); acquire receives the same from the mover before it.
    #[inline]
    pub(crate) fn swap_if(&self, current: State, new: State) -> Result<(), State> {
        let success = ordering!("word", AcqRel);
        self.0
            .compare_exchange_weak(current.0, new.0, success, Ordering::Acquire)
            .map(drop)
            .map_err(State)
    }

    /// Tells the worker that its control lane has something. True: the caller now owns the right.
    #[must_use]
    pub(crate) fn signal(&self) -> bool {
        self.claim(|phase| match phase {
            Phase::Idle | Phase::Held => Some(Phase::Running),
            Phase::Running | Phase::Signalled => Some(Phase::Signalled),
        })
    }

    /// Tells a suspended handler to go on. True: the caller now owns the right.
    #[must_use]
    pub(crate) fn wake(&self) -> bool {
        self.claim(|phase| match phase {
            Phase::Held => Some(Phase::Running),
            Phase::Running | Phase::Signalled => Some(Phase::Signalled),
            Phase::Idle => None,
        })
    }

    /// As `wake`, for a waker that belongs to no handler: what was done before it is seen by whoever takes
    /// the right next, also if the worker is idle.
    #[must_use]
    pub(crate) fn ring(&self) -> bool {
        self.claim(|phase| match phase {
            Phase::Idle => Some(Phase::Idle),
            Phase::Held => Some(Phase::Running),
            Phase::Running | Phase::Signalled => Some(Phase::Signalled),
        })
    }

    /// Tells the worker that its locked ring has a message. True: the caller now owns the right.
    #[must_use]
    pub(crate) fn knock(&self) -> bool {
        self.claim(|phase| match phase {
            Phase::Idle => Some(Phase::Running),
            Phase::Running if weakened("ring.knock") => None,
            Phase::Running | Phase::Signalled => Some(Phase::Signalled),
            Phase::Held => None,
        })
    }

    /// Ordering: a second signal writes too, though it changes nothing. Its release is what makes the
    /// order, or the event that woke a handler, visible to the driver that consumes the first one;
    /// without it a driver could consume the signal, miss the order, and hold.
    fn claim(&self, next: impl Fn(Phase) -> Option<Phase>) -> bool {
        let mut current = self.load();
        loop {
            let Some(phase) = next(current.phase()) else { return false };
            if phase == current.phase() && weakened("word.again") {
                return false;
            }
            match self.swap_if(current, current.with_phase(phase)) {
                Ok(()) => return phase == Phase::Running,
                Err(actual) => current = actual,
            }
        }
    }

    /// The running driver gives up the right until a signal or a wake. False: one has come already;
    /// it is consumed, and the driver goes on.
    #[must_use]
    pub(crate) fn hold(&self) -> bool {
        let mut current = self.load();
        loop {
            let (next, held) = match current.phase() {
                Phase::Running => (Phase::Held, true),
                Phase::Signalled => (Phase::Running, false),
                Phase::Idle | Phase::Held => unreachable!("only the holder of the right holds"),
            };
            match self.swap_if(current, current.with_phase(next)) {
                Ok(()) => return held,
                Err(actual) => current = actual,
            }
        }
    }

    /// Refuses all further messages; returns the state with the final tail.
    pub(crate) fn close(&self) -> State {
        let mut current = self.load();
        loop {
            match self.swap_if(current, current.closed()) {
                Ok(()) => return current.closed(),
                Err(actual) => current = actual,
            }
        }
    }

    /// The running driver ends the worker for good: nobody will ever own the right again.
    pub(crate) fn stop(&self) {
        let mut current = self.load();
        loop {
            match self.swap_if(current, current.closed().with_phase(Phase::Signalled)) {
                Ok(()) => return,
                Err(actual) => current = actual,
            }
        }
    }
}

/// How long a producer that has met another one keeps away, in turns of the processor's pause: some
/// microseconds at most.
const AWAY: u32 = 128;

/// Leaves the word to the producer that was quicker. Its line of memory is on that core now: that one sends a
/// hundred messages in the time in which two that take it from each other send ten.
#[cold]
pub(super) fn back_off() {
    if !cfg!(millhand_loom) {
        (0..AWAY).for_each(|_| std::hint::spin_loop());
    }
}
