//! The slot that carries one reply from a worker to whoever asked.
//!
//! Two parties share a slot: the asker holds a [`Reply`], the message's envelope holds a [`ReplyTo`].
//! Either may go first, on any thread. Slots are pooled, so an ask allocates nothing in steady state.
//!
//! ```text
//!  state:  31 … 8      4          3             2           1       0
//!        ┌─────────┬─────────┬──────────────┬────────────┬──────┬─────────┐
//!        │ failure │ EXPIRED │ ANSWERER_GONE│ ASKER_GONE │ DONE │ WAITING │
//!        └─────────┴─────────┴──────────────┴────────────┴──────┴─────────┘
//! ```
//!
//! | bit | set by | means |
//! |---|---|---|
//! | WAITING | asker | `waker` holds the asker's waker; cleared by the asker alone, to change it |
//! | DONE | answerer | the outcome is there: a failure code, or 0 and `value` |
//! | failure | answerer with DONE; asker once it has taken `value` | not 0: there is no `value` (any more) |
//! | ASKER_GONE | asker, last touch | the asker wants no answer any more |
//! | EXPIRED | asker, with ASKER_GONE | its deadline has passed: a message not yet handled need not be |
//! | ANSWERER_GONE | answerer, last touch | the answerer is through with the slot |
//!
//! # Contract
//!
//! - `value` belongs to the answerer until DONE, then to the asker; what the asker did not take, the
//!   last one out drops. It is initialised exactly while DONE is set and the failure is 0.
//! - `waker` belongs to the asker while WAITING and DONE are clear; from DONE on it belongs to the
//!   answerer, if WAITING was set.
//! - Whoever finds the other's GONE bit, before or while setting its own, is alone and frees the slot.

use std::any::TypeId;
use std::mem::{self, ManuallyDrop, MaybeUninit};
use std::ptr::NonNull;
use std::task::{Context, Poll, Waker};

use crate::actor::{cell, dispatcher};
use crate::contain::contain;
use crate::pool;
use crate::sync::{AtomicU32, Ordering, UnsafeCell, ordering};

const WAITING: u32 = 1;
const DONE: u32 = 1 << 1;
const ASKER_GONE: u32 = 1 << 2;
const ANSWERER_GONE: u32 = 1 << 3;
const EXPIRED: u32 = 1 << 4;
const FAILURE_SHIFT: u32 = 8;

/// Why an accepted ask got no reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
pub(crate) enum Failure {
    /// The worker crashed while it handled the message.
    Restarted = 1,
    /// The worker, or its system, has stopped.
    Stopped = 2,
    /// The mailbox's overflow policy threw the message away.
    Dropped = 3,
    /// The deadline passed before the worker came to the message.
    Expired = 4,
}

impl Failure {
    fn from_state(state: u32) -> Option<Self> {
        match state >> FAILURE_SHIFT {
            0 => None,
            1 => Some(Self::Restarted),
            2 => Some(Self::Stopped),
            3 => Some(Self::Dropped),
            _ => Some(Self::Expired),
        }
    }
}

/// The part of a slot that does not depend on the reply's type.
struct Header {
    state: AtomicU32,
    waker: UnsafeCell<Option<Waker>>,
    /// The reply's type, so that an answer of another type is refused.
    reply_type: TypeId,
    /// Frees the slot as what it is.
    free: unsafe fn(NonNull<Header>),
}

/// A slot. `header` comes first, so a pointer to one is a pointer to the other.
#[repr(C)]
struct Slot<R> {
    header: Header,
    value: UnsafeCell<MaybeUninit<R>>,
}

/// The asker's half.
#[derive(Debug)]
pub(crate) struct Reply<R: Send + 'static> {
    slot: NonNull<Slot<R>>,
}

/// The answerer's half. Dropping it without an answer fails the ask: its worker crashed.
#[derive(Debug)]
pub(crate) struct ReplyTo {
    slot: NonNull<Header>,
}

// SAFETY: the halves move between threads freely; `value` (sent once, `R: Send`) and `waker` change
// owner only through `state`, as the contract says.
unsafe impl<R: Send + 'static> Send for Reply<R> {}
// SAFETY: a shared `Reply` offers nothing.
unsafe impl<R: Send + 'static> Sync for Reply<R> {}
// SAFETY: as for `Reply`; the type is erased, but a slot is made only for `R: Send`.
unsafe impl Send for ReplyTo {}
// SAFETY: a shared `ReplyTo` offers nothing.
unsafe impl Sync for ReplyTo {}

/// A fresh slot's two halves.
pub(crate) fn slot<R: Send + 'static>() -> (Reply<R>, ReplyTo) {
    let slot = match pool::take::<Slot<R>>() {
        Some(mut slot) => {
            slot.header.state = AtomicU32::new(0);
            slot
        }
        None => Box::new(Slot {
            header: Header {
                state: AtomicU32::new(0),
                waker: UnsafeCell::new(None),
                reply_type: TypeId::of::<R>(),
                free: free::<R>,
            },
            value: UnsafeCell::new(MaybeUninit::uninit()),
        }),
    };
    let slot = NonNull::from(Box::leak(slot));
    (Reply { slot }, ReplyTo { slot: slot.cast() })
}

/// # Safety
///
/// Both parties are gone, and `slot` is a `Slot<R>` that came out of [`slot`].
unsafe fn free<R: Send + 'static>(slot: NonNull<Header>) {
    // SAFETY: the caller is the last one here.
    let slot = unsafe { Box::from_raw(slot.cast::<Slot<R>>().as_ptr()) };
    let state = slot.header.state.load(Ordering::Relaxed);
    if state & DONE != 0 && Failure::from_state(state).is_none() {
        // SAFETY: DONE without a failure: the value is there and nobody took it.
        slot.value.with_mut(|value| unsafe { (*value).assume_init_drop() });
    }
    // SAFETY: the last one here.
    let waker = slot.header.waker.with_mut(|waker| unsafe { (*waker).take() });
    // Its drop is whose task it was.
    contain(|| drop(waker));
    pool::put(slot);
}

impl Header {
    /// The last touch of one party; the second one frees the slot.
    ///
    /// # Safety
    ///
    /// `slot` is alive, and the caller's half (`own`) is not used again.
    unsafe fn leave(slot: NonNull<Self>, own: u32) {
        // SAFETY: alive until both halves have left.
        let (state, free) = unsafe { (&slot.as_ref().state, slot.as_ref().free) };
        // Ordering: Release hands everything done here to the one that frees; Acquire receives it. Who
        // sees that the other has left is alone, and need not say that it leaves too.
        if state.load(ordering!("reply.leave", Acquire)) & (ASKER_GONE | ANSWERER_GONE) != 0
            || state.fetch_or(own, ordering!("reply.leave", AcqRel)) & (ASKER_GONE | ANSWERER_GONE)
                != 0
        {
            // SAFETY: the other half has left before, and this was the caller's last touch.
            unsafe { free(slot) };
        }
    }
}

impl<R: Send + 'static> Reply<R> {
    fn header(&self) -> &Header {
        // SAFETY: the slot lives until both halves are gone.
        unsafe { &self.slot.as_ref().header }
    }

    /// Takes the outcome if it is there; otherwise remembers the waker.
    ///
    /// After `Ready`, it must not be polled again.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<R, Failure>> {
        let header = self.header();
        // Ordering: Acquire pairs with the Release in `finish`.
        let mut state = header.state.load(Ordering::Acquire);
        if state & (DONE | WAITING) == WAITING {
            // SAFETY: only the asker writes the waker while DONE is clear, and reading is shared.
            let same = header.waker.with(|waker| unsafe {
                (*waker).as_ref().is_some_and(|waker| waker.will_wake(cx.waker()))
            });
            if same {
                return Poll::Pending;
            }
            // Ordering: Acquire as above.
            state = header.state.fetch_and(!WAITING, Ordering::AcqRel);
        }
        if state & DONE == 0 {
            // SAFETY: WAITING and DONE are clear, so the waker is the asker's. If DONE comes now, the
            // answerer does not look at the waker.
            let old =
                header.waker.with_mut(|waker| unsafe { (*waker).replace(cx.waker().clone()) });
            // Ordering: Release hands the waker to the Acquire in `finish`; Acquire as above.
            state = header.state.fetch_or(WAITING, ordering!("reply.waiting", AcqRel));
            drop(old);
        }
        if state & DONE == 0 {
            return Poll::Pending;
        }
        Poll::Ready(match Failure::from_state(state) {
            Some(failure) => Err(failure),
            // SAFETY: DONE without a failure: the value is there and the asker's. `taken` below sees to
            // it that nobody reads it again.
            None => Ok(unsafe { self.take_value(state) }),
        })
    }

    /// # Safety
    ///
    /// DONE was seen without a failure, and the value was not taken before.
    unsafe fn take_value(&mut self, state: u32) -> R {
        // SAFETY: the caller's promise.
        let value = unsafe { self.slot.as_ref() }
            .value
            .with(|value| unsafe { (*value).assume_init_read() });
        // From here on the slot reads as failed, so the asker's drop does not drop the value again.
        // Ordering: Relaxed; only the asker and, after its `leave`, the last one out read it.
        let taken = (Failure::Expired as u32) << FAILURE_SHIFT;
        if state & ANSWERER_GONE != 0 {
            self.header().state.store(state | taken, Ordering::Relaxed);
        } else {
            self.header().state.fetch_or(taken, Ordering::Relaxed);
        }
        value
    }
}

impl<R: Send + 'static> Reply<R> {
    /// The deadline has passed: a message that still waits in its mailbox need not be handled.
    pub(crate) fn expire(self) {
        let this = ManuallyDrop::new(self);
        // SAFETY: alive, and the asker's half ends here.
        unsafe { Header::leave(this.slot.cast(), ASKER_GONE | EXPIRED) };
    }
}

impl<R: Send + 'static> Drop for Reply<R> {
    fn drop(&mut self) {
        // SAFETY: alive, and the asker's half ends here.
        unsafe { Header::leave(self.slot.cast(), ASKER_GONE) };
    }
}

impl ReplyTo {
    /// Whether the asker's deadline has passed, and it has noticed.
    #[inline(always)]
    pub(crate) fn has_expired(&self) -> bool {
        // SAFETY: alive until both halves have left.
        let header = unsafe { self.slot.as_ref() };
        // Ordering: Relaxed; an asker that has only just given up is nothing new.
        header.state.load(Ordering::Relaxed) & EXPIRED != 0
    }

    /// Gives the asker its reply. A reply of a type that the slot was not made for fails the ask.
    pub(crate) fn answer<R: Send + 'static>(self, reply: R) {
        // SAFETY: alive until both halves have left.
        if unsafe { self.slot.as_ref() }.reply_type != TypeId::of::<R>() {
            debug_assert!(false, "a slot was answered with a type that it was not made for");
            return;
        }
        // SAFETY: the slot was made for `R` (just checked), and lives until both halves have left.
        let slot = unsafe { self.slot.cast::<Slot<R>>().as_ref() };
        // SAFETY: the value is the answerer's until DONE.
        slot.value.with_mut(|value| unsafe { (*value).write(reply) });
        // Nobody waits yet, as when the worker runs inside its asker's poll: all is said in one step.
        // Ordering: Release publishes `value`, and is this half's last touch, as in `leave`.
        let said = slot.header.state.compare_exchange(
            0,
            DONE | ANSWERER_GONE,
            ordering!("reply.done", Release),
            Ordering::Relaxed,
        );
        match said {
            Ok(_) => mem::forget(self),
            Err(_) => self.finish(0),
        }
    }

    /// Tells the asker that there will be no reply.
    pub(crate) fn fail(self, failure: Failure) {
        self.finish(failure as u32);
    }

    fn finish(&self, failure: u32) {
        // SAFETY: alive until both halves have left; `self` is dropped after this.
        let header = unsafe { self.slot.as_ref() };
        // Ordering: Release publishes `value` to the asker's Acquire in `poll`; Acquire receives the
        // waker from the asker's Release there.
        let done = DONE | failure << FAILURE_SHIFT;
        let before = header.state.fetch_or(done, ordering!("reply.done", AcqRel));
        if before & (WAITING | ASKER_GONE) == WAITING {
            // SAFETY: WAITING was set when DONE came, so the waker is there and the answerer's. It is
            // only read: the last one out drops it.
            header.waker.with(|waker| unsafe {
                if let Some(waker) = &*waker {
                    contain(|| waker.wake_by_ref());
                    note_if_foreign(waker);
                }
            });
        }
    }
}

/// A task of the hosting runtime was woken: its thread's driver should make way.
fn note_if_foreign(waker: &Waker) {
    if !cfg!(millhand_loom) && !cell::is_worker_waker(waker) {
        dispatcher::note_foreign_wake();
    }
}

impl Drop for ReplyTo {
    fn drop(&mut self) {
        // SAFETY: alive until both halves have left.
        let state = unsafe { self.slot.as_ref() }.state.load(Ordering::Relaxed);
        if state & DONE == 0 {
            self.finish(Failure::Restarted as u32);
        }
        // SAFETY: alive, and the answerer's half ends here.
        unsafe { Header::leave(self.slot, ANSWERER_GONE) };
    }
}

#[cfg(all(test, millhand_loom))]
mod models;
