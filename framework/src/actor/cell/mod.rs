//! The cell: everything a logical worker is, and the rules by which drivers, senders, wakers and
//! supervisors touch it.
//!
//! ```text
//!  Address ─┐          ┌───────────────────────── Core<W> ──────────────────────────┐
//!  Waker  ──┼─ Arc ──▶ │ header: word, orders, turn, vtable │ mailbox │ counts │ seat │
//!  Runnable ┘          │ private:  Life { place, incarnation: state and context }    │
//!                      └─────────────────────────────────────────────────────────────┘
//! ```
//!
//! This file has all that needs trust; [`activation`], what happens between the first message and the last,
//! and [`end`], what happens then, are plain code on top of it.
//!
//! # Contract
//!
//! - `private` belongs to whoever owns the *right* (see [`word`](super::mailbox::word)), as long as its
//!   [`Seat`] says so; a [`Desk`] stands for both. A [`Runnable`] is the right, with one strong count of
//!   the cell. While the right lies in the word, so does the count: it was leaked when the worker was
//!   made.
//! - User code runs only inside [`Desk::away`]. Before it runs, the driver moves what it needs (the life)
//!   out of `private` into its own frame. If the seat was taken over meanwhile, that is all it still
//!   owns; it drops it and touches nothing else.
//! - A handler's future borrows the incarnation by raw pointer, so that the state outlives a panic that
//!   unwinds the future. The future is dropped before the incarnation, always; while it is in its
//!   [`Place`], nobody else borrows the incarnation.
//! - A place's `kind` is set exactly while there is a future of that kind in its memory. The future is
//!   polled and dropped only through `&mut Place`.
//! - A waker names a *turn*, the handler invocation it was made for, by a number modulo 16. A waker of
//!   an earlier turn does nothing; one of 16 turns ago may cause a poll too many, which futures allow.

mod activation;
mod cost;
mod end;
mod quietly;
mod seldom;

use std::alloc::{self, Layout};
use std::cell::Cell;
use std::future::Future;
use std::marker::PhantomData;
use std::mem::ManuallyDrop;
use std::ops::{Deref, DerefMut};
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::ptr::{self, NonNull};
use std::sync::{Arc, OnceLock, Weak};
use std::task::{self, Poll, RawWaker, RawWakerVTable, Waker};

pub(crate) use cost::Cost;
pub(in crate::actor) use quietly::discard_quietly;
use quietly::drop_quietly;
use seldom::Seldom;
use tokio::time::Instant;

use crate::actor::context::Context;
use crate::actor::dispatcher::{self, Dispatcher};
use crate::actor::exit::ExitReason;
use crate::actor::mailbox::Mailbox;
use crate::actor::mailbox::queue::Right;
use crate::actor::mailbox::word::Word;
use crate::actor::orders::{Order, Orders};
use crate::actor::reply::ReplyTo;
use crate::actor::seat::{Abandoned, Seat};
use crate::actor::supervisor::SupervisorCore;
use crate::actor::worker::{BoxError, EnvelopeOf, Host, Worker};
use crate::observe::counters::{Counters, Counts, Mishaps};
use crate::sync::{
    AtomicBool, AtomicPtr, AtomicU32, AtomicU64, AtomicUsize, Ordering, UnsafeCell, lock,
};
use crate::time::{Alarm, NEVER};

/// What a worker comes from: its place in the tree, and what makes each incarnation. One piece of memory.
pub(crate) struct Origin<F: ?Sized> {
    /// Path in the supervision tree: `"pipeline/hashers/3"`.
    pub(crate) path: Box<str>,
    pub(crate) constructor: F,
}

/// How a worker is made: called for every incarnation.
pub(crate) type Constructor<W> = dyn Fn() -> Result<W, BoxError> + Send + Sync;

/// What a cell, or a supervisor, tells its own supervisor.
pub(crate) trait Parent: Send + Sync {
    /// `started` has returned.
    fn child_started(&self, child: usize);
    /// An incarnation ended; `fruitful` if it had handled a message.
    fn child_exited(&self, child: usize, reason: ExitReason, fruitful: bool);
    /// The mailbox is closed and empty; the worker ended for good.
    fn child_gone(&self, child: usize);
}

/// The generation of a worker's first incarnation.
pub(crate) const FIRST_GENERATION: u32 = 1;

/// Not the number of any child.
const NOBODYS: usize = usize::MAX;

/// A logical worker. What its driver writes for every message lies together; senders write to the two ends.
#[repr(C, align(16))]
pub(crate) struct Core<W: Worker> {
    pub(crate) header: Header,
    private: UnsafeCell<Private<W>>,
    pub(crate) counts: Counts,
    origin: Box<Origin<Constructor<W>>>,
    pub(crate) mailbox: Mailbox<EnvelopeOf<W>, W>,
}

// SAFETY: `private` is touched only by the owner of the right (contract above), and what is in it moves
// between threads only as `Send` values: `W`, its messages, its futures. Everything else is `Sync`.
unsafe impl<W: Worker> Send for Core<W> {}
// SAFETY: as above.
unsafe impl<W: Worker> Sync for Core<W> {}

/// What only the owner of the right touches.
struct Private<W: Worker> {
    /// The incarnation, while no driver has it in its frame.
    life: Option<Life<W>>,
    /// A message is being handled.
    in_hand: bool,
    /// The mailbox is closed; the worker ends when it is empty.
    draining: bool,
    /// The message in hand has ended this many incarnations.
    crashes: u32,
    /// Who asked for the message in hand.
    asker: Option<ReplyTo>,
    /// What a worker that handles messages again needs, once it has handled one (`on_crash = retry`).
    again: Option<Box<Again<W>>>,
    /// This incarnation has handled a message.
    fruitful: bool,
}

/// Messages that are to be handled again if, or because, their handler has crashed.
struct Again<W: Worker> {
    /// A copy of the message in hand, for the successor.
    copy: Option<W::Inbox>,
    /// A message that ended an incarnation and is to be handled first.
    retry: Option<EnvelopeOf<W>>,
}

impl<W: Worker> Private<W> {
    fn again(&mut self) -> &mut Again<W> {
        self.again.get_or_insert_with(|| Box::new(Again { copy: None, retry: None }))
    }

    fn take_copy(&mut self) -> Option<W::Inbox> {
        self.again.as_mut()?.copy.take()
    }

    fn take_retry(&mut self) -> Option<EnvelopeOf<W>> {
        self.again.as_mut()?.retry.take()
    }

    fn has_retry(&self) -> bool {
        self.again.as_ref().is_some_and(|again| again.retry.is_some())
    }
}

/// The right to touch a worker's private side, from a seat that may be taken over while user code runs.
struct Desk<'a> {
    seat: &'a Seat,
    right: Right,
}

impl<'a> Desk<'a> {
    /// # Safety
    ///
    /// The caller owns the right of the worker that the seat belongs to, and uses this only for that
    /// worker, until it gives the right up or has been told that it was abandoned.
    unsafe fn assume(seat: &'a Seat) -> Self {
        // SAFETY: the caller's promise.
        Self { seat, right: unsafe { Right::assume() } }
    }

    /// Runs user code. After an `Err` the caller owns nothing of the worker any more.
    #[inline(always)]
    fn away<T>(&mut self, user_code: impl FnOnce() -> T) -> Result<T, Abandoned> {
        self.seat.leave();
        let result = user_code();
        match self.seat.come_back() {
            Ok(()) => Ok(result),
            Err(Abandoned) => {
                drop_quietly(result);
                Err(Abandoned)
            }
        }
    }

    /// User code has unwound out of `away`.
    fn come_back(&mut self) -> Result<(), Abandoned> {
        self.seat.come_back()
    }
}

impl<W: Worker> Core<W> {
    const VTABLE: VTable = VTable {
        // SAFETY (of the callers' promises): `header` is the first field of a `Core<W>` in an `Arc`.
        run: |header, messages| {
            // SAFETY: the caller gives up a `Runnable`, whose strong count keeps the cell alive until
            // the activation passes it on, or until `release` below.
            let ran = unsafe { header.cast::<Self>().as_ref().run(messages) };
            if matches!(ran, Ran::Gone) {
                // SAFETY: the strong count of the `Runnable`.
                unsafe { Arc::decrement_strong_count(header.cast::<Self>().as_ptr()) };
            }
            ran
        },
        // SAFETY: alive, by the caller's promise.
        retain: |header| unsafe {
            Arc::increment_strong_count(header.cast::<Self>().as_ptr());
        },
        // SAFETY: one strong count, by the caller's promise.
        release: |header| unsafe {
            Arc::decrement_strong_count(header.cast::<Self>().as_ptr());
        },
        blocking: W::POLICY.blocking,
        in_place: !W::POLICY.blocking && !W::POLICY.queued,
    };

    /// A worker without an incarnation; it takes messages, and runs when it is ordered to start.
    pub(crate) fn new(
        origin: Box<Origin<Constructor<W>>>,
        parent: &Arc<SupervisorCore>,
    ) -> Arc<Self> {
        const { assert!(align_of::<Self>() >= TURNS) };
        let core = Arc::new(Self {
            header: Header {
                word: Word::held(),
                this: AtomicPtr::new(ptr::null_mut()),
                vtable: const { &Self::VTABLE },
                woken_by: AtomicU64::new(NEVER),
                child: AtomicUsize::new(NOBODYS),
                generation: AtomicU32::new(FIRST_GENERATION),
                construction: Cost::unknown(),
                seldom: OnceLock::new(),
                parent: Arc::clone(parent),
                seat: AtomicPtr::new(ptr::null_mut()),
                turn: AtomicU32::new(0),
                cost: Cost::unknown(),
                orders: Orders::none(),
                waker_cloned: AtomicBool::new(false),
                was_up: AtomicBool::new(false),
                first_seat: Seat::new(),
            },
            private: UnsafeCell::new(Private {
                life: None,
                in_hand: false,
                draining: false,
                crashes: 0,
                asker: None,
                again: None,
                fruitful: false,
            }),
            counts: Counts::default(),
            origin,
            mailbox: Mailbox::new(),
        });
        core.header.seat.store((&raw const core.header.first_seat).cast_mut(), Ordering::Relaxed);
        // The strong count that goes with the right, which the word holds from now on.
        let this = Arc::into_raw(Arc::clone(&core));
        core.header.this.store(this.cast_mut().cast(), Ordering::Relaxed);
        core
    }

    /// # Safety
    ///
    /// The caller owns the right, and gives it up.
    unsafe fn run(&self, messages: &mut u32) -> Ran {
        // Ordering: Acquire pairs with the Release in `abandon`. The seat in office changes only while
        // a driver that sat on the old one is inside user code.
        let seat = self.header.seat.load(Ordering::Acquire);
        // SAFETY: seats live as long as the cell; the right is the caller's.
        let mut desk = unsafe { Desk::assume(&*seat) };
        self.activate(&mut desk, messages)
    }

    pub(crate) fn generation(&self) -> u32 {
        // Ordering: Acquire pairs with the Release in `advance_generation`.
        self.header.generation.load(Ordering::Acquire)
    }

    pub(crate) fn path(&self) -> &str {
        &self.origin.path
    }

    /// How long its constructor keeps a thread busy; whoever starts it may know it already.
    pub(crate) fn construction(&self) -> &Cost {
        &self.header.construction
    }

    #[cold]
    fn seldom(&self) -> &Seldom {
        self.header.seldom.get_or_init(|| Box::new(Seldom::new()))
    }

    /// Where to count what does not happen to most workers.
    pub(crate) fn mishaps(&self) -> &Mishaps {
        &self.seldom().mishaps
    }

    fn advance_generation(&self) {
        let next = self.header.generation.load(Ordering::Relaxed).wrapping_add(1);
        self.header.generation.store(next, Ordering::Release);
    }

    /// It is its supervisor's child of this number.
    pub(crate) fn adopted(&self, child: usize) {
        // Ordering: Relaxed; the word orders it before the first activation.
        self.header.child.store(child, Ordering::Relaxed);
    }

    /// Whether its first incarnation has come up.
    pub(crate) fn was_up(&self) -> bool {
        // Ordering: Acquire pairs with the Release in `report_started`.
        self.header.was_up.load(Ordering::Acquire)
    }

    pub(crate) fn counters(&self) -> Counters {
        let (received, waiting) = self.mailbox.counts(&self.header.word);
        let mishaps = self.header.seldom.get().map(|seldom| &seldom.mishaps);
        self.counts.read(received, waiting, mishaps)
    }

    pub(crate) fn weak(&self) -> Weak<Self> {
        Arc::downgrade(&self.to_arc())
    }

    fn to_arc(&self) -> Arc<Self> {
        let this: *const Self = self.header.this.load(Ordering::Relaxed).cast_const().cast();
        // SAFETY: `this` came out of `Arc::into_raw`; cells live in an `Arc` only, so a reference to one
        // that is not being dropped means that there is a strong count.
        unsafe {
            Arc::increment_strong_count(this);
            Arc::from_raw(this)
        }
    }

    /// The private side. No user code may run while it is borrowed.
    #[inline(always)]
    fn private<'a>(&'a self, _desk: &'a mut Desk<'_>) -> &'a mut Private<W> {
        // SAFETY: there is one desk for each right, and `private` borrows it; see `Desk::assume`.
        self.private.with_mut(|private| unsafe { &mut *private })
    }

    /// The right goes on to a queue: the desk is not used again.
    fn again(&self, _desk: &mut Desk<'_>) -> Ran {
        // SAFETY: whoever has the desk owns the right, and passes it on here.
        Ran::Again(unsafe { Runnable::granted(&self.header) })
    }

    /// The runtime is gone: ends the worker for good, on this thread, unless the right lies in a queue,
    /// where whoever clears the queues finds it.
    pub(crate) fn extinguish_here(&self) {
        self.header.orders.give(Order::Kill);
        self.header.orders.give(Order::Retire);
        if self.header.word.signal() {
            // SAFETY: the word has just granted the right.
            drop(unsafe { Runnable::granted(&self.header) });
        } else {
            // It runs, on a thread that the runtime cannot take back, or waits in a queue.
            self.abandon(self.generation());
        }
    }

    /// Takes everything away from a driver that is stuck in the user code of this generation. True: it
    /// was; the supervisor has been told, and the successor is on its way.
    ///
    /// Only a worker that was killed, and has not been started again since, can be abandoned.
    pub(crate) fn abandon(&self, generation: u32) -> bool {
        if !self.header.orders.has(Order::Kill) {
            return false;
        }
        let next: *const Seat = {
            let mut later = lock(&self.seldom().later_seats);
            let seat = self.header.seat.load(Ordering::Relaxed);
            // SAFETY: seats live as long as the cell.
            let seat = unsafe { &*seat };
            if !seat.take_over(|| self.generation() == generation) {
                return false;
            }
            later.push(Box::new(Seat::new()));
            let next = later.last().map_or(ptr::null(), |seat| &raw const **seat);
            // Ordering: Release pairs with the Acquire in `run`.
            self.header.seat.store(next.cast_mut(), Ordering::Release);
            next
        };
        // The life is in the stuck driver's frame, and belongs to it.
        // SAFETY: from here on the right is this thread's, and seats live as long as the cell.
        let mut desk = unsafe { Desk::assume(&*next) };
        self.private(&mut desk).fruitful = false;
        self.mishaps().abandoned();
        self.header.dispatcher().note_abandoned(self.path());
        self.settle_message_in_hand(&mut desk, &ExitReason::Abandoned);
        self.report_exit(&ExitReason::Abandoned, false);
        // The stuck frame keeps its strong count; the right needs one of its own.
        // SAFETY: alive, and `this` is the cell's address.
        let runnable = unsafe {
            let runnable = Runnable::granted(&self.header);
            (Self::VTABLE.retain)(runnable.header);
            runnable
        };
        self.header.dispatcher().schedule(runnable);
        true
    }
}

/// An incarnation, and the future of its handler or hook while one is suspended: owns an allocation that
/// has both.
struct Life<W: Worker>(NonNull<Whole<W>>);

struct Whole<W: Worker> {
    stage: Stage<W>,
    incarnation: Incarnation<W>,
}

/// The part of a life that no future borrows; a life is used as this.
struct Stage<W: Worker> {
    place: Place<W>,
    /// `started` has returned.
    is_up: bool,
    /// Timers are being handled.
    timers_first: bool,
    /// A message goes before the timers that have come due meanwhile.
    message_first: bool,
}

struct Incarnation<W: Worker> {
    state: W,
    context: Context<W>,
}

// SAFETY: a life belongs to the owner of the right, or to the frame that the right was taken from; both
// may be on any thread. State, context and futures are `Send`.
unsafe impl<W: Worker> Send for Life<W> {}

impl<W: Worker> Deref for Life<W> {
    type Target = Stage<W>;

    #[inline(always)]
    fn deref(&self) -> &Stage<W> {
        // SAFETY: alive until `self` is dropped; what a future may borrow is beside it.
        unsafe { &(*self.0.as_ptr()).stage }
    }
}

impl<W: Worker> DerefMut for Life<W> {
    #[inline(always)]
    fn deref_mut(&mut self) -> &mut Stage<W> {
        // SAFETY: as above.
        unsafe { &mut (*self.0.as_ptr()).stage }
    }
}

impl<W: Worker> Life<W> {
    fn new(state: W, context: Context<W>) -> Self {
        let stage =
            Stage { place: Place::new(), is_up: false, timers_first: false, message_first: false };
        let whole = Box::new(Whole { stage, incarnation: Incarnation { state, context } });
        Self(NonNull::from(Box::leak(whole)))
    }

    /// State and context, while no future borrows them.
    #[inline(always)]
    fn incarnation(&mut self) -> &mut Incarnation<W> {
        assert!(!self.place.is_taken(), "a future borrows the incarnation");
        // SAFETY: alive until `self` is dropped, and the place is free.
        unsafe { &mut (*self.0.as_ptr()).incarnation }
    }

    /// State and context, for a future that is to be put into the place.
    ///
    /// # Safety
    ///
    /// The place is free, the future goes nowhere else, and what is returned is used for nothing else.
    #[inline(always)]
    unsafe fn lend<'a>(&mut self) -> &'a mut Incarnation<W> {
        // SAFETY: alive until `self` is dropped, which clears the place first; nobody else borrows it.
        unsafe { &mut (*self.0.as_ptr()).incarnation }
    }

    /// Begins to handle a message. Pending: the handler is suspended.
    #[inline(always)]
    fn handle(&mut self, inbox: W::Inbox, cx: &mut task::Context<'_>) -> Poll<W::Outcome> {
        debug_assert!(!self.place.is_taken());
        // SAFETY: nothing is suspended between two messages; see `lend`.
        unsafe {
            let Incarnation { state, context } = self.lend();
            state.dispatch(inbox, context, Hosting { place: &mut self.place, cx })
        }
    }

    /// Begins the hook that goes before the first message. Pending: it is suspended.
    fn start(&mut self, cx: &mut task::Context<'_>) -> Poll<Result<(), ExitReason>> {
        assert!(!self.place.is_taken(), "a future borrows the incarnation");
        // SAFETY: the place is free; see `lend`.
        unsafe {
            let Incarnation { state, context } = self.lend();
            // The error is the user's: it is read and dropped where that may go wrong.
            let hook = async { state.started(context).await.map_err(|e| ExitReason::failed(&*e)) };
            self.place.start(|| hook, cx)
        }
    }

    /// Drops the suspended future, if there is one. User code may panic here as anywhere.
    fn clear(&mut self) {
        struct ClearOnDrop<'a, W: Worker>(&'a mut Place<W>);

        impl<W: Worker> Drop for ClearOnDrop<'_, W> {
            fn drop(&mut self) {
                self.0.clear();
            }
        }

        drop_quietly(AssertUnwindSafe(ClearOnDrop(&mut self.place)));
    }
}

impl<W: Worker> Drop for Life<W> {
    fn drop(&mut self) {
        self.clear();
        // SAFETY: leaked by `new`, and no longer borrowed.
        drop_quietly(unsafe { Box::from_raw(self.0.as_ptr()) });
    }
}

/// Bytes of an ordinary place. A larger future gets memory of its own size, which its worker then keeps.
const ORDINARY: usize = 1024;

/// What all places are aligned to; that of a line of memory.
const ALIGN: usize = 64;

/// Pieces of ordinary memory that a thread keeps. A handler that is suspended takes one away, and brings it
/// back, perhaps to another thread, when it is done.
const STOCK: usize = 4;

thread_local! {
    static STOCKED: [Cell<Option<Ordinary>>; STOCK] = const { [const { Cell::new(None) }; STOCK] };
}

/// A piece of ordinary memory, empty or in use by one future.
struct Ordinary(NonNull<u8>);

/// A piece of memory for a future that needs more.
struct Large {
    at: NonNull<u8>,
    layout: Layout,
}

// SAFETY: memory belongs to whoever holds it, on any thread; what is in it is `Place`'s business.
unsafe impl Send for Ordinary {}
// SAFETY: as above.
unsafe impl Send for Large {}

/// What a future in a place came to.
enum Done<W: Worker> {
    Started(Result<(), ExitReason>),
    Handled(W::Outcome),
}

/// How to poll and drop the future in a place, and in which of its memories it is.
struct Kind<W: Worker> {
    is_ordinary: bool,
    /// # Safety
    ///
    /// The pointer is to a future of this kind, pinned and not done.
    poll: unsafe fn(NonNull<u8>, &mut task::Context<'_>) -> Poll<Done<W>>,
    /// # Safety
    ///
    /// The pointer is to a future of this kind, which is not used again.
    drop: unsafe fn(NonNull<u8>),
}

struct Place<W: Worker> {
    ordinary: Option<Ordinary>,
    /// Boxed, since few need it.
    large: Option<Box<Large>>,
    kind: Option<&'static Kind<W>>,
}

/// A place that is about to get a handler's future.
struct Hosting<'a, 'c, W: Worker> {
    place: &'a mut Place<W>,
    cx: &'a mut task::Context<'c>,
}

impl<'l, W: Worker> Host<'l, W::Outcome> for Hosting<'_, '_, W> {
    #[inline(always)]
    fn begin<F: Future + Send + 'l>(
        self,
        make: impl FnOnce() -> F,
        outcome: impl Fn(F::Output) -> W::Outcome + Copy + Send + 'static,
    ) -> Poll<W::Outcome> {
        // SAFETY: what the future borrows is the incarnation; see `Life::handle`, which alone makes this.
        unsafe { self.place.handle(|| Named { future: make(), outcome }, self.cx) }
    }
}

/// A handler's future, with what makes its reply an outcome.
struct Named<F, O> {
    future: F,
    outcome: O,
}

impl<F: Future, O: Fn(F::Output) -> T, T> Future for Named<F, O> {
    type Output = T;

    #[inline(always)]
    fn poll(self: Pin<&mut Self>, cx: &mut task::Context<'_>) -> Poll<T> {
        // SAFETY: `future` is pinned as part of this, and is not moved; `outcome` is not pinned.
        let (future, outcome) = unsafe {
            let this = self.get_unchecked_mut();
            (Pin::new_unchecked(&mut this.future), &this.outcome)
        };
        future.poll(cx).map(outcome)
    }
}

/// Makes the kind for a future type that has no name.
struct KindOf<W, F>(PhantomData<(W, F)>);

impl<W: Worker, F: Future<Output = W::Outcome>> KindOf<W, F> {
    const HANDLER: Kind<W> = Kind {
        is_ordinary: Ordinary::fits(Layout::new::<F>()),
        // SAFETY: the caller's promise.
        poll: |at, cx| unsafe { poll_at::<F>(at, cx) }.map(Done::Handled),
        // SAFETY: the caller's promise.
        drop: |at| unsafe { at.cast::<F>().drop_in_place() },
    };
}

impl<W: Worker, F: Future<Output = Result<(), ExitReason>>> KindOf<W, F> {
    const HOOK: Kind<W> = Kind {
        is_ordinary: Ordinary::fits(Layout::new::<F>()),
        // SAFETY: the caller's promise.
        poll: |at, cx| unsafe { poll_at::<F>(at, cx) }.map(Done::Started),
        // SAFETY: the caller's promise.
        drop: |at| unsafe { at.cast::<F>().drop_in_place() },
    };
}

/// # Safety
///
/// `at` points to a pinned `F` that is not done.
unsafe fn poll_at<F: Future>(at: NonNull<u8>, cx: &mut task::Context<'_>) -> Poll<F::Output> {
    // SAFETY: the caller's promise.
    unsafe { Pin::new_unchecked(at.cast::<F>().as_mut()) }.poll(cx)
}

impl<W: Worker> Place<W> {
    fn new() -> Self {
        Self { ordinary: None, large: None, kind: None }
    }

    /// Whether a future is suspended here.
    fn is_taken(&self) -> bool {
        self.kind.is_some()
    }

    /// Makes a handler's future here and polls it once. If it is suspended, it stays.
    ///
    /// # Safety
    ///
    /// What the future borrows outlives its stay here.
    #[inline(always)]
    unsafe fn handle<F: Future<Output = W::Outcome> + Send>(
        &mut self,
        make: impl FnOnce() -> F,
        cx: &mut task::Context<'_>,
    ) -> Poll<W::Outcome> {
        // SAFETY: the caller's promise; and `HANDLER` is the kind of `F`.
        unsafe { self.begin(make, &KindOf::<W, F>::HANDLER, cx) }
    }

    /// The same for the hook that goes before the first message.
    ///
    /// # Safety
    ///
    /// As for `handle`.
    unsafe fn start<F: Future<Output = Result<(), ExitReason>> + Send>(
        &mut self,
        make: impl FnOnce() -> F,
        cx: &mut task::Context<'_>,
    ) -> Poll<Result<(), ExitReason>> {
        // SAFETY: the caller's promise; and `HOOK` is the kind of `F`.
        unsafe { self.begin(make, &KindOf::<W, F>::HOOK, cx) }
    }

    /// # Safety
    ///
    /// As for `handle`; `kind` is that of `F`.
    #[inline(always)]
    unsafe fn begin<F: Future>(
        &mut self,
        make: impl FnOnce() -> F,
        kind: &'static Kind<W>,
        cx: &mut task::Context<'_>,
    ) -> Poll<F::Output> {
        // Memory is never allocated for nothing; an async block is never that small.
        const { assert!(size_of::<F>() != 0) };
        debug_assert!(self.kind.is_none());
        let layout = Layout::new::<F>();
        let at = match Ordinary::fits(layout) {
            true => self.ordinary.get_or_insert_with(Ordinary::allocate).0,
            false => self.large_for(layout),
        };
        // SAFETY: the memory is large enough for an `F` and holds nothing.
        unsafe { at.cast::<F>().write(make()) };
        self.kind = Some(kind);
        // SAFETY: just made, and it stays where it is until it is dropped.
        let polled = unsafe { poll_at::<F>(at, cx) };
        if polled.is_ready() {
            self.kind = None;
            // SAFETY: it is done, and nobody uses it again.
            unsafe { at.cast::<F>().drop_in_place() };
        }
        polled
    }

    /// Polls the suspended future on.
    fn poll(&mut self, cx: &mut task::Context<'_>) -> Poll<Done<W>> {
        let Some((at, kind)) = self.suspended() else { unreachable!("there is no future to poll") };
        // SAFETY: a future of this kind is here, suspended.
        let polled = unsafe { (kind.poll)(at, cx) };
        if polled.is_ready() {
            self.clear();
        }
        polled
    }

    /// Drops the future, if there is one.
    fn clear(&mut self) {
        if let Some((at, kind)) = self.suspended() {
            self.kind = None;
            // SAFETY: a future of this kind is here, and `kind` says no longer so.
            unsafe { (kind.drop)(at) };
        }
    }

    /// Where the future is, if there is one.
    fn suspended(&self) -> Option<(NonNull<u8>, &'static Kind<W>)> {
        let kind = self.kind?;
        let at = match kind.is_ordinary {
            true => self.ordinary.as_ref()?.0,
            false => self.large.as_ref()?.at,
        };
        Some((at, kind))
    }

    /// Takes memory from the thread's stock.
    #[inline(always)]
    fn borrow(&mut self) {
        if self.ordinary.is_none() {
            self.ordinary = STOCKED.try_with(|stock| stock[0].take()).ok().flatten();
            if self.ordinary.is_none() {
                self.borrow_slow();
            }
        }
    }

    #[cold]
    fn borrow_slow(&mut self) {
        let stocked = STOCKED.try_with(|stock| stock.iter().find_map(Cell::take));
        self.ordinary = stocked.ok().flatten();
    }

    /// Gives it back, if no future is suspended in it. Large memory stays.
    #[inline(always)]
    fn give_back(&mut self) {
        if self.kind.is_some_and(|kind| kind.is_ordinary) {
            return;
        }
        if let Some(memory) = self.ordinary.take() {
            let _ = STOCKED.try_with(|stock| {
                if let Some(displaced) = stock[0].replace(Some(memory)) {
                    stock_slow(displaced, &stock[1..]);
                }
            });
        }
    }

    #[cold]
    fn large_for(&mut self, layout: Layout) -> NonNull<u8> {
        match &self.large {
            Some(memory) if memory.fits(layout) => memory.at,
            _ => self.large.insert(Box::new(Large::allocate(layout))).at,
        }
    }
}

/// What finds no room is freed.
#[cold]
fn stock_slow(memory: Ordinary, stock: &[Cell<Option<Ordinary>>]) {
    let mut memory = Some(memory);
    for shelf in stock {
        memory = shelf.replace(memory);
        if memory.is_none() {
            return;
        }
    }
}

impl<W: Worker> Drop for Place<W> {
    /// The next worker that starts here needs memory as well.
    fn drop(&mut self) {
        self.clear();
        self.give_back();
    }
}

impl Ordinary {
    const LAYOUT: Layout = match Layout::from_size_align(ORDINARY, ALIGN) {
        Ok(layout) => layout,
        Err(_) => panic!("a layout"),
    };

    #[inline(always)]
    const fn fits(layout: Layout) -> bool {
        layout.size() <= ORDINARY && layout.align() <= ALIGN
    }

    #[cold]
    fn allocate() -> Self {
        Self(allocate(Self::LAYOUT))
    }
}

impl Drop for Ordinary {
    fn drop(&mut self) {
        // SAFETY: allocated with this layout, and nobody else has it.
        unsafe { alloc::dealloc(self.0.as_ptr(), Self::LAYOUT) };
    }
}

impl Large {
    fn fits(&self, layout: Layout) -> bool {
        layout.size() <= self.layout.size() && layout.align() <= self.layout.align()
    }

    fn allocate(layout: Layout) -> Self {
        Self { at: allocate(layout), layout }
    }
}

impl Drop for Large {
    fn drop(&mut self) {
        // SAFETY: allocated with this layout, and nobody else has it.
        unsafe { alloc::dealloc(self.at.as_ptr(), self.layout) };
    }
}

fn allocate(layout: Layout) -> NonNull<u8> {
    // SAFETY: of an ordinary size, or for a future that is larger than that or aligned to more.
    let at = unsafe { alloc::alloc(layout) };
    NonNull::new(at).unwrap_or_else(|| alloc::handle_alloc_error(layout))
}

impl<W: Worker> std::fmt::Debug for Place<W> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Place").field("taken", &self.is_taken()).finish()
    }
}

const _: () = assert!(align_of::<u128>() <= ALIGN);

/// Turns a waker can tell apart; the cell's alignment leaves this many low bits of its address.
const TURNS: usize = 16;

/// The part of a cell that does not depend on the worker's type.
///
/// Senders write `word` for every message, and the driver, which reads what comes after it for every message,
/// should not wait for them. What is seldom touched lies between the two: a line of memory's worth, so that
/// it keeps them apart wherever a line begins.
#[repr(C)]
pub(crate) struct Header {
    pub(crate) word: Word,
    vtable: &'static VTable,
    /// When an alarm will wake the worker at the latest; `NEVER` if none is set.
    woken_by: AtomicU64,
    /// Which of its supervisor's children it is; `NOBODYS` until it is one.
    child: AtomicUsize,
    /// Counts incarnations; changes when one ends.
    generation: AtomicU32,
    construction: Cost,
    seldom: OnceLock<Box<Seldom>>,
    /// What a message costs this worker's driver.
    cost: Cost,
    /// `started` has returned, once at least.
    was_up: AtomicBool,
    /// The address that `Arc::into_raw` gave, good for the whole allocation.
    this: AtomicPtr<Header>,
    parent: Arc<SupervisorCore>,
    /// The seat of the lineage in office: `first_seat`, or the last of those in `seldom`.
    seat: AtomicPtr<Seat>,
    /// Number of the current turn. It advances only past a handler of which a waker was cloned.
    turn: AtomicU32,
    pub(crate) orders: Orders,
    /// A waker of the current turn was cloned.
    waker_cloned: AtomicBool,
    first_seat: Seat,
}

#[cfg(all(target_pointer_width = "64", not(millhand_loom)))]
const _: () = assert!(std::mem::offset_of!(Header, this) >= 64);

struct VTable {
    /// # Safety
    ///
    /// The caller gives up a `Runnable` of this cell.
    run: unsafe fn(NonNull<Header>, &mut u32) -> Ran,
    /// # Safety
    ///
    /// The cell is alive.
    retain: unsafe fn(NonNull<Header>),
    /// # Safety
    ///
    /// The caller gives up one strong count.
    release: unsafe fn(NonNull<Header>),
    /// Whether activations run on blocking threads.
    blocking: bool,
    /// Whether an ask may run it in the asker's own turn.
    in_place: bool,
}

/// What became of an activation.
#[derive(Debug)]
pub(crate) enum Ran {
    /// The worker waits for a message, a wake or a signal.
    Parked,
    /// It has more to do; put it at the back of a queue.
    Again(Runnable),
    /// It ended for good, or it was abandoned and the driver's frame was all that was left.
    Gone,
}

/// The right to run a worker, and one strong count of its cell.
#[derive(Debug)]
pub(crate) struct Runnable {
    header: NonNull<Header>,
}

// SAFETY: a cell is `Send + Sync` (below), and the right may be used on any thread.
unsafe impl Send for Runnable {}

impl Runnable {
    /// Takes possession after the word has granted the right.
    ///
    /// # Safety
    ///
    /// The caller has just been granted the right by `header.word`.
    unsafe fn granted(header: &Header) -> Self {
        // Ordering: Relaxed; `this` is set before the cell is shared.
        let this = header.this.load(Ordering::Relaxed);
        // SAFETY: set to a non-null address when the cell was made.
        Self { header: unsafe { NonNull::new_unchecked(this) } }
    }

    /// Whether this belongs on a blocking thread.
    pub(crate) fn is_blocking(&self) -> bool {
        // SAFETY: the strong count keeps the cell alive.
        unsafe { self.header.as_ref() }.vtable.blocking
    }

    /// Runs one activation, of at most so many messages; what it did not use is left.
    #[inline]
    pub(crate) fn run(self, messages: &mut u32) -> Ran {
        let header = ManuallyDrop::new(self).header;
        // SAFETY: `self` was a `Runnable`, and is given up here.
        unsafe { (header.as_ref().vtable.run)(header, messages) }
    }
}

impl Drop for Runnable {
    /// Nobody will run it: its runtime is going away. The worker ends here, so that whoever waits for it
    /// learns that it has.
    fn drop(&mut self) {
        let mut again = Some(Self { header: self.header });
        while let Some(runnable) = again.map(ManuallyDrop::new) {
            // SAFETY: the strong count keeps the cell alive.
            let orders = unsafe { &runnable.header.as_ref().orders };
            orders.give(Order::Kill);
            orders.give(Order::Retire);
            again = match dispatcher::run_nested(ManuallyDrop::into_inner(runnable)) {
                Ran::Again(runnable) => Some(runnable),
                Ran::Parked | Ran::Gone => None,
            };
        }
    }
}

/// A place for one runnable, shared between a driver and those who may rescue it.
#[derive(Debug)]
pub(crate) struct RunnableSlot(AtomicPtr<Header>);

impl RunnableSlot {
    pub(crate) fn new() -> Self {
        Self(AtomicPtr::new(ptr::null_mut()))
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.load(Ordering::Relaxed).is_null()
    }

    /// Puts one in, and gives back the one that was there. Only its driver calls this.
    #[inline]
    pub(crate) fn replace(&self, runnable: Runnable) -> Option<Runnable> {
        let new = ManuallyDrop::new(runnable).header.as_ptr();
        if self.is_empty() {
            // Others only take, so it is still empty.
            // Ordering: Release pairs with the swap that takes it.
            self.0.store(new, Ordering::Release);
            return None;
        }
        self.exchange(new)
    }

    #[inline]
    pub(crate) fn take(&self) -> Option<Runnable> {
        if self.is_empty() { None } else { self.exchange(ptr::null_mut()) }
    }

    fn exchange(&self, new: *mut Header) -> Option<Runnable> {
        // Ordering: AcqRel hands the runnable over, with all that its last holder did.
        let old = self.0.swap(new, Ordering::AcqRel);
        NonNull::new(old).map(|header| Runnable { header })
    }
}

impl Drop for RunnableSlot {
    fn drop(&mut self) {
        drop(self.take());
    }
}

impl Header {
    #[inline(always)]
    pub(crate) fn dispatcher(&self) -> &Arc<Dispatcher> {
        self.parent.dispatcher()
    }

    /// Schedules the worker if the word has granted the right.
    pub(crate) fn schedule_if(&self, granted: bool) {
        if granted {
            // SAFETY: the word has just granted the right.
            let runnable = unsafe { Runnable::granted(self) };
            self.dispatcher().schedule(runnable);
        }
    }

    /// Runs the worker right here for one message, if the word has granted the right and that is the
    /// quickest way to its reply: waking another thread costs more than a short handler. Else schedules it.
    #[inline]
    pub(crate) fn run_in_place_if(&self, granted: bool) {
        if !granted {
            return;
        }
        // SAFETY: the word has just granted the right.
        let runnable = unsafe { Runnable::granted(self) };
        if self.vtable.in_place && self.dispatcher().is_quick(&self.cost) {
            let began = self.dispatcher().tick();
            self.dispatcher().run_in_place(runnable, &self.cost);
            if self.dispatcher().tick().wrapping_sub(began) > 1 {
                // More than a millisecond: it was not as quick as it seemed.
                self.cost.sample(dispatcher::TICK);
            }
        } else {
            self.dispatcher().schedule(runnable);
        }
    }

    /// The worker has ended: nobody waits for its alarm.
    fn cancel_alarm(&self) {
        let due = self.woken_by.swap(NEVER, Ordering::Relaxed);
        self.dispatcher().alarms.cancel_for(self.this.load(Ordering::Relaxed).addr(), due);
    }

    /// Gives an order. The right, if there is one, is to be run or scheduled, or the order is not seen.
    #[must_use]
    pub(crate) fn order_in_hand(&self, order: Order) -> Option<Runnable> {
        self.orders.give(order);
        // SAFETY: the word has just granted the right.
        self.word.signal().then(|| unsafe { Runnable::granted(self) })
    }

    /// Gives an order, and makes sure that it is seen.
    pub(crate) fn order(&self, order: Order) {
        self.orders.give(order);
        self.schedule_if(self.word.signal());
    }

    /// A waker for the current turn, without a strong count of its own: for use during an activation.
    #[inline(always)]
    fn borrowed_waker(&self) -> ManuallyDrop<Waker> {
        let this = self.this.load(Ordering::Relaxed);
        let turn = self.turn.load(Ordering::Relaxed) as usize % TURNS;
        let data = this.map_addr(|address| address | turn).cast_const().cast();
        // SAFETY: the vtable fits the data. An activation holds a strong count for longer than this is
        // borrowed; a clone takes one of its own.
        ManuallyDrop::new(unsafe { Waker::new(data, &WAKER) })
    }
}

/// Splits a waker's data into cell and turn.
fn header_of(data: *const ()) -> (NonNull<Header>, usize) {
    let turn = data.addr() % TURNS;
    let header = data.map_addr(|address| address - turn).cast_mut().cast();
    // SAFETY: `borrowed_waker` made it from a cell's address.
    (unsafe { NonNull::new_unchecked(header) }, turn)
}

static WAKER: RawWakerVTable = RawWakerVTable::new(
    |data| {
        let (header, _) = header_of(data);
        // SAFETY: a waker holds a strong count, or is borrowed from an activation, which does.
        unsafe {
            let cell = header.as_ref();
            if !cell.waker_cloned.load(Ordering::Relaxed) {
                // Ordering: Relaxed. The first clone of a turn is made by its handler, on this thread.
                cell.waker_cloned.store(true, Ordering::Relaxed);
            }
            (cell.vtable.retain)(header);
        }
        RawWaker::new(data, &WAKER)
    },
    |data| {
        wake(data);
        let (header, _) = header_of(data);
        // SAFETY: the waker's strong count is given up.
        unsafe { (header.as_ref().vtable.release)(header) };
    },
    wake,
    |data| {
        let (header, _) = header_of(data);
        // SAFETY: the waker's strong count is given up.
        unsafe { (header.as_ref().vtable.release)(header) };
    },
);

fn wake(data: *const ()) {
    let (header, turn) = header_of(data);
    // SAFETY: a waker holds a strong count, or is borrowed from an activation, which does.
    let header = unsafe { header.as_ref() };
    // Ordering: Relaxed. A waker that reads an old turn has been left behind by a handler that ended
    // meanwhile, or was handed to this thread together with everything its own turn did.
    if header.turn.load(Ordering::Relaxed) as usize % TURNS == turn {
        header.schedule_if(header.word.wake());
    }
}

/// Sees to it that the worker of this waker is woken at `due`, or before. False: it is no worker's.
///
/// The alarm is the worker's, not the handler's, and stays when the handler does not need it any more: a
/// worker that asks again and again, each time with the same timeout, sets one alarm per timeout, not
/// one per ask. What it costs is a poll too many, which futures allow.
pub(crate) fn wake_worker_by(waker: &Waker, due: Instant) -> bool {
    if !is_worker_waker(waker) {
        return false;
    }
    let (header, _) = header_of(waker.data());
    // SAFETY: a waker holds a strong count, or is borrowed from an activation, which does.
    let cell = unsafe { header.as_ref() };
    let alarms = &cell.dispatcher().alarms;
    let due = alarms.moment(due);
    // Ordering: Relaxed. Only the worker's driver lowers it; the alarm raises it before it wakes, so that
    // the poll that follows sets the next one.
    let before = cell.woken_by.load(Ordering::Relaxed);
    if due < before {
        cell.woken_by.store(due, Ordering::Relaxed);
        // SAFETY: alive; the waker made here gives the count back.
        unsafe { (cell.vtable.retain)(header) };
        // SAFETY: the vtable fits the data, and the strong count is the new waker's.
        let waker = unsafe { Waker::new(header.as_ptr().cast_const().cast(), &ALARM) };
        alarms.set_for(header.addr().get(), due, before, Alarm::Wake(waker));
    }
    true
}

/// Wakes a worker whichever turn it is in, because an alarm went off.
static ALARM: RawWakerVTable = RawWakerVTable::new(
    |data| {
        let header = cell_of_alarm(data);
        // SAFETY: the waker holds a strong count.
        unsafe { (header.as_ref().vtable.retain)(header) };
        RawWaker::new(data, &ALARM)
    },
    |data| {
        ring(data);
        drop_alarm(data);
    },
    ring,
    drop_alarm,
);

fn cell_of_alarm(data: *const ()) -> NonNull<Header> {
    // SAFETY: `wake_worker_by` made it from a cell's address.
    unsafe { NonNull::new_unchecked(data.cast_mut().cast()) }
}

fn ring(data: *const ()) {
    // SAFETY: the waker holds a strong count.
    let header = unsafe { cell_of_alarm(data).as_ref() };
    // Ordering: Relaxed; `ring` writes the word, which orders it before the next activation.
    header.woken_by.store(NEVER, Ordering::Relaxed);
    header.schedule_if(header.word.ring());
}

fn drop_alarm(data: *const ()) {
    let header = cell_of_alarm(data);
    // SAFETY: the waker's strong count is given up.
    unsafe { (header.as_ref().vtable.release)(header) };
}

/// Whether a waker belongs to a worker rather than to a task of the hosting runtime.
pub(crate) fn is_worker_waker(waker: &Waker) -> bool {
    ptr::eq(waker.vtable(), &raw const WAKER)
}
