//! The cell: everything a logical worker is, and the rules by which drivers, senders, wakers and
//! supervisors touch it.
//!
//! ```text
//!  Address ─┐          ┌───────────────────────── Core<W> ──────────────────────────┐
//!  Waker  ──┼─ Arc ──▶ │ header: word, orders, turn, vtable │ mailbox │ counts │ seat │
//!  Runnable ┘          │ private:  run loop ─▶ Incarnation { state, context }        │
//!                      └─────────────────────────────────────────────────────────────┘
//! ```
//!
//! # Contract
//!
//! - `private` belongs to whoever owns the *right* (see [`word`](super::mailbox::word)), as long as its
//!   [`Seat`] says so. A [`Runnable`] is that right, with one strong count of the cell. While the right
//!   lies in the word, so does the count: it was leaked when the worker was made.
//! - User code runs only between `seat.leave()` and `seat.come_back()`. Before it runs, the driver moves
//!   what it needs (the run loop, the incarnation) out of `private` into its own frame. If the seat was
//!   taken over meanwhile, that is all it still owns; it drops it and touches nothing else.
//! - The run loop's future borrows the incarnation by raw pointer, so that the state outlives a panic
//!   that unwinds the future. The future is dropped before the incarnation, always.
//! - A waker names a *turn*, the handler invocation it was made for, by a number modulo 64. A waker of
//!   an earlier turn does nothing; one of 64 turns ago may cause a poll too many, which futures allow.

use std::any::Any;
use std::future::{Future, poll_fn};
use std::mem::{self, ManuallyDrop};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::ptr::{self, NonNull};
use std::sync::{Arc, Weak};
use std::task::{self, Poll, RawWaker, RawWakerVTable, Waker};

use tokio::time::Instant;

use crate::actor::context::Context;
use crate::actor::dispatcher::{self, Dispatcher};
use crate::actor::envelope::Envelope;
use crate::actor::exit::ExitReason;
use crate::actor::mailbox::Mailbox;
use crate::actor::mailbox::queue::{Pop, Right};
use crate::actor::mailbox::word::Word;
use crate::actor::orders::{Order, Orders};
use crate::actor::reply::{Failure, ReplyTo};
use crate::actor::seat::{Abandoned, Seat};
use crate::actor::worker::{Asker, BoxError, EnvelopeOf, OnCrash, Worker};
use crate::observe::counters::Counts;
use crate::observe::events;
use crate::sync::{
    AtomicBool, AtomicPtr, AtomicU32, CachePadded, Mutex, Ordering, UnsafeCell, lock,
};
use crate::time::Tick;

/// What a restart costs of an activation's budget of messages, so that a worker that keeps crashing yields as well.
const RESTART_COST: u32 = 16;

/// Turns a waker can tell apart; the cell's alignment leaves this many low bits of its address.
const TURNS: usize = 64;

/// The part of a cell that does not depend on the worker's type.
#[repr(C, align(64))]
pub(crate) struct Header {
    /// On a line of memory of its own: senders write it for every message, and the driver, which reads
    /// the rest for every message, should not wait for them.
    pub(crate) word: CachePadded<Word>,
    pub(crate) orders: Orders,
    /// Number of the current turn. It advances only past a handler of which a waker was cloned, so that
    /// messages whose handlers do not wait leave this line of memory to the senders.
    turn: AtomicU32,
    /// A waker of the current turn was cloned.
    waker_cloned: AtomicBool,
    /// Whether activations run on blocking threads.
    blocking: bool,
    vtable: &'static VTable,
    /// The address that `Arc::into_raw` gave, good for the whole allocation.
    this: AtomicPtr<Header>,
    pub(crate) dispatcher: Arc<Dispatcher>,
}

struct VTable {
    /// # Safety
    ///
    /// The caller gives up a `Runnable` of this cell.
    run: unsafe fn(NonNull<Header>) -> Ran,
    /// # Safety
    ///
    /// The cell is alive.
    retain: unsafe fn(NonNull<Header>),
    /// # Safety
    ///
    /// The caller gives up one strong count.
    release: unsafe fn(NonNull<Header>),
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
        unsafe { self.header.as_ref() }.blocking
    }

    /// Runs one activation.
    #[inline]
    pub(crate) fn run(self) -> Ran {
        let header = ManuallyDrop::new(self).header;
        // SAFETY: `self` was a `Runnable`, and is given up here.
        unsafe { (header.as_ref().vtable.run)(header) }
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
            again = match ManuallyDrop::into_inner(runnable).run() {
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

    /// Puts one in, and gives back the one that was there.
    #[inline]
    pub(crate) fn replace(&self, runnable: Runnable) -> Option<Runnable> {
        self.exchange(ManuallyDrop::new(runnable).header.as_ptr())
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
    /// Schedules the worker if the word has granted the right.
    pub(crate) fn schedule_if(&self, granted: bool) {
        if granted {
            // SAFETY: the word has just granted the right.
            let runnable = unsafe { Runnable::granted(self) };
            self.dispatcher.schedule(runnable);
        }
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

/// Whether a waker belongs to a worker rather than to a task of the hosting runtime.
pub(crate) fn is_worker_waker(waker: &Waker) -> bool {
    ptr::eq(waker.vtable(), &raw const WAKER)
}

/// How a worker is made: called for every incarnation.
pub(crate) type Constructor<W> = Box<dyn Fn() -> Result<W, BoxError> + Send + Sync>;

/// What a cell, or a supervisor, tells its own supervisor.
pub(crate) trait Parent: Send + Sync {
    /// `started` has returned.
    fn child_started(&self, child: usize);
    /// An incarnation ended; `fruitful` if it had handled a message.
    fn child_exited(&self, child: usize, reason: ExitReason, fruitful: bool);
    /// The mailbox is closed and empty; the worker ended for good.
    fn child_gone(&self, child: usize);
}

/// A logical worker.
#[repr(C)]
pub(crate) struct Core<W: Worker> {
    pub(crate) header: Header,
    pub(crate) mailbox: Mailbox<EnvelopeOf<W>>,
    pub(crate) counts: Counts,
    /// Path in the supervision tree: `"pipeline/hashers/3"`.
    pub(crate) path: Arc<str>,
    constructor: Constructor<W>,
    parent: Arc<dyn Parent>,
    child: usize,
    /// Counts incarnations; changes when one ends.
    generation: AtomicU32,
    /// Whether there is an incarnation, for those who look from outside.
    alive: AtomicBool,
    /// The seat of the lineage in office: `first_seat`, or the last of `later_seats`.
    seat: AtomicPtr<Seat>,
    first_seat: Seat,
    /// One more for every abandonment. The lock also makes takers-over take turns.
    #[expect(clippy::vec_box, reason = "the seats must not move: drivers point at them")]
    later_seats: Mutex<Vec<Box<Seat>>>,
    private: UnsafeCell<Private<W>>,
}

// SAFETY: `private` is touched only by the owner of the right (contract above), and what is in it moves
// between threads only as `Send` values: `W`, its messages, the run loop. Everything else is `Sync`.
unsafe impl<W: Worker> Send for Core<W> {}
// SAFETY: as above.
unsafe impl<W: Worker> Sync for Core<W> {}

/// What only the owner of the right touches.
struct Private<W: Worker> {
    run: Option<RunLoop>,
    incarnation: Option<NonNull<Incarnation<W>>>,
    /// A message is being handled.
    in_hand: bool,
    /// Who asked for the message in hand, and until when it is of use.
    asker: Option<ReplyTo>,
    deadline: Option<Tick>,
    /// A copy of the message in hand, for the successor (`on_crash = retry`).
    copy: Option<W::Inbox>,
    /// The message in hand has ended this many incarnations.
    crashes: u32,
    /// A message that ended an incarnation and is to be handled again first.
    retry: Option<EnvelopeOf<W>>,
    /// Why the run loop returned `Pending`.
    step: Step,
    budget: u32,
    /// The watchdog's tick when this activation began: another one means that its time is up.
    tick: u32,
    /// Messages that this incarnation has handled.
    handled: u64,
    /// The mailbox is closed; the worker ends when it is empty.
    draining: bool,
}

type RunLoop = Pin<Box<dyn Future<Output = ExitReason> + Send>>;

/// One life of a worker.
pub(crate) struct Incarnation<W: Worker> {
    state: W,
    context: Context<W>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    /// A handler or hook is suspended.
    Suspended,
    /// The mailbox is empty.
    Empty,
    /// A sender is in the middle of a send.
    Busy,
    /// The budget is used up.
    Yielded,
}

impl<W: Worker> Core<W> {
    const VTABLE: VTable = VTable {
        // SAFETY (of the callers' promises): `header` is the first field of a `Core<W>` in an `Arc`.
        run: |header| {
            // SAFETY: the caller gives up a `Runnable`, whose strong count keeps the cell alive until
            // `activate` passes it on or `release` below.
            let ran = unsafe { header.cast::<Self>().as_ref() }.activate();
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
    };

    /// A worker without an incarnation; it takes messages, and runs when it is ordered to start.
    pub(crate) fn new(
        path: Arc<str>,
        constructor: Constructor<W>,
        parent: Arc<dyn Parent>,
        child: usize,
        dispatcher: Arc<Dispatcher>,
    ) -> Arc<Self> {
        let policy = W::POLICY;
        let core = Arc::new(Self {
            header: Header {
                word: CachePadded(Word::held()),
                orders: Orders::none(),
                turn: AtomicU32::new(0),
                waker_cloned: AtomicBool::new(false),
                blocking: policy.blocking,
                vtable: const { &Self::VTABLE },
                this: AtomicPtr::new(ptr::null_mut()),
                dispatcher,
            },
            mailbox: Mailbox::new(policy.bound, policy.overflow),
            counts: Counts::default(),
            path,
            constructor,
            parent,
            child,
            generation: AtomicU32::new(1),
            alive: AtomicBool::new(false),
            seat: AtomicPtr::new(ptr::null_mut()),
            first_seat: Seat::new(),
            later_seats: Mutex::new(Vec::new()),
            private: UnsafeCell::new(Private {
                run: None,
                incarnation: None,
                in_hand: false,
                asker: None,
                deadline: None,
                copy: None,
                crashes: 0,
                retry: None,
                step: Step::Suspended,
                budget: 0,
                tick: 0,
                handled: 0,
                draining: false,
            }),
        });
        core.seat.store((&raw const core.first_seat).cast_mut(), Ordering::Relaxed);
        // The strong count that goes with the right, which the word holds from now on.
        let this = Arc::into_raw(Arc::clone(&core));
        core.header.this.store(this.cast_mut().cast(), Ordering::Relaxed);
        core
    }

    pub(crate) fn generation(&self) -> u32 {
        // Ordering: Acquire pairs with the Release in `advance_generation`.
        self.generation.load(Ordering::Acquire)
    }

    pub(crate) fn is_alive(&self) -> bool {
        self.alive.load(Ordering::Relaxed)
    }

    fn advance_generation(&self) {
        self.alive.store(false, Ordering::Relaxed);
        let next = self.generation.load(Ordering::Relaxed).wrapping_add(1);
        self.generation.store(next, Ordering::Release);
    }

    /// Wakers of earlier turns go stale. Only the owner of the right calls it.
    #[inline(always)]
    fn next_turn(&self) {
        if !self.header.waker_cloned.load(Ordering::Relaxed) {
            return;
        }
        self.header.waker_cloned.store(false, Ordering::Relaxed);
        let turn = self.header.turn.load(Ordering::Relaxed).wrapping_add(1);
        self.header.turn.store(turn, Ordering::Relaxed);
    }

    /// A short look at the private side.
    ///
    /// # Safety
    ///
    /// The caller owns the right, has come back to its seat, and `f` runs no user code.
    #[inline(always)]
    unsafe fn private<R>(&self, f: impl FnOnce(&mut Private<W>) -> R) -> R {
        // SAFETY: the caller's promise makes this the only access.
        self.private.with_mut(|private| f(unsafe { &mut *private }))
    }

    /// One activation: polls the run loop until there is nothing to do or the budget is used up.
    fn activate(&self) -> Ran {
        // Ordering: Acquire pairs with the Release in `abandon`. The seat in office changes only while
        // a driver that sat on the old one is inside user code.
        let seat = self.seat.load(Ordering::Acquire);
        // SAFETY: seats live as long as the cell.
        let seat = unsafe { &*seat };
        // SAFETY: this driver owns the right; here and below, after user code it goes on only if
        // `come_back` says so.
        unsafe {
            self.private(|private| {
                private.budget = self.header.dispatcher.message_budget();
                private.tick = self.header.dispatcher.tick();
            });
        }
        match self.activate_on(seat) {
            Ok(ran) => ran,
            Err(Abandoned) => Ran::Gone,
        }
    }

    fn activate_on(&self, seat: &Seat) -> Result<Ran, Abandoned> {
        loop {
            // SAFETY: as `activate` says.
            let run = unsafe { self.private(|private| private.run.take()) };
            let Some(run) = run else {
                match self.between_lives(seat)? {
                    Some(ran) => return Ok(ran),
                    None => continue,
                }
            };
            if self.header.orders.has(Order::Kill) {
                self.end(seat, Some(run), ExitReason::Killed)?;
                continue;
            }
            // The run loop is in this frame while it is polled: if the seat is taken over, it is ours.
            let mut run = run;
            let incarnation = self.incarnation();
            // SAFETY: as `activate` says.
            unsafe { self.private(|private| private.step = Step::Suspended) };
            // Only user code awaits anything that wakes, and it gets a waker of its own turn.
            let mut task = task::Context::from_waker(Waker::noop());
            let polled = catch_unwind(AssertUnwindSafe(|| run.as_mut().poll(&mut task)));
            if let Err(Abandoned) = seat.come_back() {
                drop_quietly(polled);
                bury(run, incarnation);
                return Err(Abandoned);
            }
            let reason = match polled {
                Ok(Poll::Ready(reason)) => reason,
                Err(payload) => {
                    let reason = ExitReason::panicked(&*payload);
                    seat.leave();
                    drop_quietly(payload);
                    seat.come_back()?;
                    reason
                }
                Ok(Poll::Pending) => {
                    // SAFETY: as `activate` says.
                    let step = unsafe {
                        self.private(|private| {
                            private.run = Some(run);
                            private.step
                        })
                    };
                    // SAFETY: this driver owns the right, and returns at once after parking.
                    let right = unsafe { Right::assume() };
                    self.mailbox.publish(&right);
                    let parked = match step {
                        Step::Yielded | Step::Busy => return Ok(self.again()),
                        Step::Empty => self.mailbox.park(&self.header.word, &right),
                        Step::Suspended => self.header.word.hold(),
                    };
                    if parked {
                        return Ok(Ran::Parked);
                    }
                    continue;
                }
            };
            self.end(seat, Some(run), reason)?;
        }
    }

    /// The right goes on to a queue.
    fn again(&self) -> Ran {
        // SAFETY: this driver owns the right, and passes it on here.
        Ran::Again(unsafe { Runnable::granted(&self.header) })
    }

    fn incarnation(&self) -> Option<NonNull<Incarnation<W>>> {
        // SAFETY: called by the owner of the right.
        unsafe { self.private(|private| private.incarnation) }
    }

    /// There is no incarnation: starts one, ends for good, or waits for an order. `None`: go on.
    fn between_lives(&self, seat: &Seat) -> Result<Option<Ran>, Abandoned> {
        if self.header.orders.has(Order::Retire) {
            return self.retire(seat).map(Some);
        }
        if !self.header.orders.take(Order::Start) {
            return Ok(self.header.word.hold().then_some(Ran::Parked));
        }
        self.alive.store(true, Ordering::Relaxed);
        seat.leave();
        let made = catch_unwind(AssertUnwindSafe(|| {
            (self.constructor)().map_err(|error| ExitReason::failed(&*error))
        }));
        if let Err(Abandoned) = seat.come_back() {
            drop_quietly(made);
            return Err(Abandoned);
        }
        let reason = match made {
            Ok(Ok(state)) => {
                self.next_turn();
                let context = Context::new(self.to_arc(), self.generation());
                let incarnation =
                    NonNull::from(Box::leak(Box::new(Incarnation { state, context })));
                let run = Box::pin(live(Life { core: NonNull::from(self), incarnation }));
                // SAFETY: back on the seat.
                unsafe {
                    self.private(|private| {
                        private.run = Some(run);
                        private.incarnation = Some(incarnation);
                        private.handled = 0;
                        private.budget = private.budget.saturating_sub(RESTART_COST);
                    });
                };
                return Ok(None);
            }
            Ok(Err(reason)) => reason,
            Err(payload) => {
                let reason = ExitReason::panicked(&*payload);
                seat.leave();
                drop_quietly(payload);
                seat.come_back()?;
                reason
            }
        };
        self.end(seat, None, reason)?;
        Ok(None)
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

    /// An incarnation has ended, or could not begin: clears up and tells the supervisor.
    fn end(&self, seat: &Seat, run: Option<RunLoop>, reason: ExitReason) -> Result<(), Abandoned> {
        // SAFETY: the caller owns the right and is on its seat.
        let incarnation = unsafe { self.private(|private| private.incarnation.take()) };
        seat.leave();
        // The future first: it borrows the incarnation.
        drop_quietly(run);
        if let Some(incarnation) = incarnation {
            // SAFETY: leaked by `between_lives`, taken out of `private` once, no longer borrowed.
            let mut incarnation = unsafe { Box::from_raw(incarnation.as_ptr()) };
            let told = catch_unwind(AssertUnwindSafe(|| incarnation.state.stopped(&reason)));
            if let Err(payload) = told {
                events::stopped_hook_panicked(&self.path, &ExitReason::panicked(&*payload));
                drop_quietly(payload);
            }
            drop_quietly(incarnation);
        }
        seat.come_back()?;
        // SAFETY: back on the seat, with the right.
        self.mailbox.publish(&unsafe { Right::assume() });
        // SAFETY: back on the seat.
        let fruitful = unsafe { self.private(|private| mem::take(&mut private.handled) > 0) };
        self.settle_message_in_hand(&reason);
        self.report_exit(&reason, fruitful);
        Ok(())
    }

    /// The message that was being handled: kept for the successor, or lost.
    fn settle_message_in_hand(&self, reason: &ExitReason) {
        // SAFETY: called by the owner of the right.
        let in_hand = unsafe { self.private(|private| mem::take(&mut private.in_hand)) };
        if !in_hand {
            return;
        }
        // SAFETY: as above.
        let (asker, copy, crashes, draining) = unsafe {
            self.private(|private| {
                private.crashes += 1;
                (private.asker.take(), private.copy.take(), private.crashes, private.draining)
            })
        };
        let again = match W::POLICY.on_crash {
            OnCrash::Lose => None,
            OnCrash::Retry(limit) if crashes <= limit => copy,
            OnCrash::Retry(_) => {
                drop_quietly(copy);
                None
            }
        };
        if let Some(inbox) = again {
            self.counts.retried();
            // SAFETY: as above.
            unsafe {
                self.private(|private| {
                    let deadline = private.deadline.take();
                    let envelope = Envelope { reply: asker, deadline, ..Envelope::tell(inbox) };
                    private.retry = Some(envelope);
                });
            }
            return;
        }
        self.counts.lost();
        quietly(|| events::message_lost(&self.path, crashes, reason));
        // SAFETY: as above.
        unsafe { self.private(|private| private.crashes = 0) };
        if let Some(asker) = asker {
            let orders = &self.header.orders;
            let last = draining || orders.has(Order::Drain) || orders.has(Order::Retire);
            let crashed = matches!(reason, ExitReason::Panicked(_));
            asker.fail(if last && !crashed { Failure::Stopped } else { Failure::Restarted });
        }
    }

    /// The generation is over: from here on nothing of it may act, and the supervisor decides.
    fn report_exit(&self, reason: &ExitReason, fruitful: bool) {
        self.advance_generation();
        quietly(|| events::worker_exited(&self.path, reason, fruitful));
        self.parent.child_exited(self.child, reason.clone(), fruitful);
    }

    /// Ends the worker for good: refuses new messages, gives up those that wait.
    fn retire(&self, seat: &Seat) -> Result<Ran, Abandoned> {
        self.header.word.close();
        self.mailbox.waiters.call_all();
        // SAFETY: the owner of the right; retired at most once more after `Busy`.
        let retry = unsafe { self.private(|private| private.retry.take()) };
        if let Some(envelope) = retry {
            self.give_up(seat, envelope)?;
        }
        // SAFETY: this driver owns the right, until the word is stopped below.
        let right = unsafe { Right::assume() };
        loop {
            match self.mailbox.pop(&self.header.word, &right) {
                Pop::Message(envelope) => self.give_up(seat, envelope)?,
                Pop::Busy => return Ok(self.again()),
                Pop::Empty => break,
            }
        }
        self.mailbox.publish(&right);
        self.header.word.stop();
        self.parent.child_gone(self.child);
        Ok(Ran::Gone)
    }

    fn give_up(&self, seat: &Seat, envelope: EnvelopeOf<W>) -> Result<(), Abandoned> {
        self.counts.dropped(1);
        seat.leave();
        discard_quietly(envelope, Failure::Stopped);
        seat.come_back()
    }

    pub(crate) fn counters(&self) -> crate::observe::counters::Counters {
        let (received, waiting) = self.mailbox.counts(&self.header.word);
        self.counts.read(received, waiting)
    }

    pub(crate) fn weak(&self) -> Weak<Self> {
        Arc::downgrade(&self.to_arc())
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
        {
            let mut seats = lock(&self.later_seats);
            let seat = self.seat.load(Ordering::Relaxed);
            // SAFETY: seats live as long as the cell.
            let seat = unsafe { &*seat };
            if !seat.take_over(|| self.generation() == generation) {
                return false;
            }
            seats.push(Box::new(Seat::new()));
            let next: *const Seat = seats.last().map_or(ptr::null(), |seat| &raw const **seat);
            // Ordering: Release pairs with the Acquire in `activate`.
            self.seat.store(next.cast_mut(), Ordering::Release);
        }
        // From here on the right is this thread's. The run loop is in the stuck driver's frame; the
        // incarnation belongs to that frame too.
        // SAFETY: this thread owns the right.
        unsafe {
            self.private(|private| {
                private.incarnation = None;
                private.handled = 0;
            });
        }
        self.counts.abandoned();
        self.header.dispatcher.note_abandoned(&self.path);
        self.settle_message_in_hand(&ExitReason::Abandoned);
        self.report_exit(&ExitReason::Abandoned, false);
        // The stuck frame keeps its strong count; the right needs one of its own.
        // SAFETY: alive, and `this` is the cell's address.
        let runnable = unsafe {
            let runnable = Runnable::granted(&self.header);
            (Self::VTABLE.retain)(runnable.header);
            runnable
        };
        self.header.dispatcher.schedule(runnable);
        true
    }
}

impl<W: Worker> Drop for Core<W> {
    /// The last reference is gone. A worker that its runtime left behind still has its life in it.
    fn drop(&mut self) {
        self.private.with_mut(|private| {
            // SAFETY: `&mut self`.
            let private = unsafe { &mut *private };
            drop_quietly(private.run.take());
            if let Some(incarnation) = private.incarnation.take() {
                // SAFETY: leaked by `between_lives`; the future that borrowed it is gone.
                drop_quietly(unsafe { Box::from_raw(incarnation.as_ptr()) });
            }
        });
    }
}

/// The seat was taken over while this frame ran user code: the life is the frame's, and ends here.
#[cold]
fn bury<W: Worker>(run: RunLoop, incarnation: Option<NonNull<Incarnation<W>>>) {
    drop_quietly(run);
    if let Some(incarnation) = incarnation {
        // SAFETY: leaked by `between_lives`; the taker-over left it to this frame, and the future that
        // borrowed it is gone.
        drop_quietly(unsafe { Box::from_raw(incarnation.as_ptr()) });
    }
}

/// Does something that may call the user's code, such as a subscriber or a `Display`; a panic ends here.
fn quietly(f: impl FnOnce()) {
    drop_quietly(catch_unwind(AssertUnwindSafe(f)));
}

/// Drops something of the user's; a panic in it ends here.
fn drop_quietly<T>(value: T) {
    if let Err(payload) = catch_unwind(AssertUnwindSafe(|| drop(value))) {
        let reason = ExitReason::panicked(&*payload);
        drop(catch_unwind(AssertUnwindSafe(|| events::drop_panicked(&reason))));
        // A payload whose own drop panics as well is leaked.
        if let Err(again) = catch_unwind(AssertUnwindSafe(|| drop(payload))) {
            mem::forget::<Box<dyn Any + Send>>(again);
        }
    }
}

fn discard_quietly<I>(envelope: Envelope<I>, failure: Failure) {
    drop_quietly(AssertUnwindSafe(DiscardOnDrop(Some(envelope), failure)));

    struct DiscardOnDrop<I>(Option<Envelope<I>>, Failure);

    impl<I> Drop for DiscardOnDrop<I> {
        fn drop(&mut self) {
            if let Some(envelope) = self.0.take() {
                envelope.discard(self.1);
            }
        }
    }
}

/// What the run loop knows: the cell it belongs to and the life it lives.
struct Life<W: Worker> {
    core: NonNull<Core<W>>,
    incarnation: NonNull<Incarnation<W>>,
}

// SAFETY: the run loop is polled and dropped only by the owner of the right, or by the frame that the
// right was taken from; both may be on any thread. `W` and its context are `Send`.
unsafe impl<W: Worker> Send for Life<W> {}
// SAFETY: a shared `Life` is used by the run loop's own pieces only, all in one poll.
unsafe impl<W: Worker> Sync for Life<W> {}

impl<W: Worker> Life<W> {
    fn core(&self) -> &Core<W> {
        // SAFETY: whoever polls the run loop holds a strong count of the cell.
        unsafe { self.core.as_ref() }
    }

    fn seat(&self) -> &Seat {
        // SAFETY: seats live as long as the cell. A frame whose seat was taken over is not polled on.
        unsafe { &*self.core().seat.load(Ordering::Relaxed) }
    }

    /// A short look at the private side; see `Core::private`.
    #[inline(always)]
    fn private<R>(&self, f: impl FnOnce(&mut Private<W>) -> R) -> R {
        // SAFETY: the run loop is polled by the owner of the right, and between awaits it is on the
        // seat: `user` does not let it go on otherwise.
        unsafe { self.core().private(f) }
    }

    /// Between awaits, the run loop owns the right.
    #[inline(always)]
    fn right(&self) -> Right {
        // SAFETY: the run loop is polled by the owner of the right, and shows it to its own mailbox.
        unsafe { Right::assume() }
    }

    /// Runs user code with the seat free to be taken over. If it was taken, this never returns: the
    /// future stays suspended until the frame that holds it drops it.
    ///
    /// The future is pinned by the caller, where it was made: moving it costs more than most handlers.
    async fn user<F: Future>(&self, mut future: Pin<&mut F>) -> F::Output {
        let seat = self.seat();
        poll_fn(|_| {
            let waker = self.core().header.borrowed_waker();
            seat.leave();
            let polled = future.as_mut().poll(&mut task::Context::from_waker(&waker));
            match seat.come_back() {
                Ok(()) => polled,
                Err(Abandoned) => Poll::Pending,
            }
        })
        .await
    }

    /// Leaves the run loop once, for the given reason.
    async fn pause(&self, step: Step) {
        let mut paused = false;
        poll_fn(|_| {
            if mem::replace(&mut paused, true) {
                return Poll::Ready(());
            }
            self.private(|private| private.step = step);
            Poll::Pending
        })
        .await;
    }

    /// The state and the context, for one piece of user code at a time.
    ///
    /// # Safety
    ///
    /// No other borrow from an earlier call is alive.
    #[expect(clippy::mut_from_ref, reason = "the incarnation is the run loop's alone")]
    unsafe fn incarnation(&self) -> (&mut W, &mut Context<W>) {
        // SAFETY: the incarnation outlives the run loop, which alone borrows it (contract).
        let incarnation = unsafe { &mut *self.incarnation.as_ptr() };
        (&mut incarnation.state, &mut incarnation.context)
    }
}

/// The run loop: one incarnation, from `started` to its end.
async fn live<W: Worker>(life: Life<W>) -> ExitReason {
    // SAFETY: the only borrow.
    let (state, context) = unsafe { life.incarnation() };
    let started = async {
        // The error is the user's: it is read and dropped here, where that may go wrong.
        state.started(context).await.map_err(|error| ExitReason::failed(&*error))
    };
    if let Err(reason) = life.user(pin!(started)).await {
        return reason;
    }
    let core = life.core();
    core.parent.child_started(core.child);
    // SAFETY: the borrow above has ended with the hook.
    if unsafe { life.incarnation() }.1.wants_to_stop() {
        return ExitReason::Normal;
    }
    let mut timers_until = None;
    let mut message_first = false;
    loop {
        if core.header.orders.any() {
            if core.header.orders.take(Order::Halt) {
                return ExitReason::Shutdown;
            }
            if core.header.orders.take(Order::Drain) {
                core.header.word.close();
                core.mailbox.waiters.call_all();
                life.private(|private| private.draining = true);
            }
            if core.header.orders.has(Order::Kill) {
                return ExitReason::Killed;
            }
        }
        let tick = core.header.dispatcher.tick();
        if life.private(|private| private.budget == 0 || private.tick != tick) {
            life.pause(Step::Yielded).await;
            continue;
        }
        // The timers that are due now go first; then a message, before those that have come due meanwhile,
        // so that timers which are always due do not shut the mailbox out.
        if timers_until.is_none()
            && !mem::take(&mut message_first)
            && core.header.orders.take(Order::Timer)
        {
            timers_until = Some(Instant::now());
        }
        if let Some(until) = timers_until {
            // SAFETY: no other borrow is alive.
            let (_, context) = unsafe { life.incarnation() };
            let seat = life.seat();
            seat.leave();
            let due = context.due_timer(until);
            if let Err(Abandoned) = seat.come_back() {
                drop_quietly(due);
                // As in `user`.
                std::future::pending::<()>().await;
                continue;
            }
            if let Some(inbox) = due {
                if handle(&life, Envelope::tell(inbox)).await {
                    return ExitReason::Normal;
                }
                continue;
            }
            timers_until = None;
            message_first = true;
        }
        let next = match life.private(|private| private.retry.take()) {
            Some(envelope) => Pop::Message(envelope),
            None => core.mailbox.pop(&core.header.word, &life.right()),
        };
        match next {
            Pop::Message(envelope) => {
                if handle(&life, envelope).await {
                    return ExitReason::Normal;
                }
            }
            Pop::Empty if life.private(|private| private.draining) => return ExitReason::Shutdown,
            Pop::Empty if core.header.orders.has(Order::Timer) => {}
            Pop::Empty => life.pause(Step::Empty).await,
            Pop::Busy => life.pause(Step::Busy).await,
        }
    }
}

/// Handles one message. True: the worker wants to stop.
async fn handle<W: Worker>(life: &Life<W>, envelope: EnvelopeOf<W>) -> bool {
    let core = life.core();
    if let Some(deadline) = envelope.deadline
        && deadline.has_passed(core.header.dispatcher.clock.now())
    {
        core.counts.dropped(1);
        life.user(pin!(async move { discard_quietly(envelope, Failure::Expired) })).await;
        return false;
    }
    let Envelope { reply, deadline, inbox, .. } = envelope;
    let asked = reply.is_some();
    if W::POLICY.blocking {
        // It may take long, and whoever waits for room should not wait for it.
        core.mailbox.publish(&life.right());
    }
    let attempt = life.private(|private| {
        private.in_hand = true;
        private.asker = reply;
        private.deadline = deadline;
        private.budget -= 1;
        private.crashes + 1
    });
    if let OnCrash::Retry(_) = W::POLICY.on_crash {
        // The same seat before and after: once it is taken over, `seat()` is the successor's.
        let seat = life.seat();
        seat.leave();
        let copy = W::copy_for_retry(&inbox);
        if let Err(Abandoned) = seat.come_back() {
            // As in `user`.
            std::future::pending::<()>().await;
        }
        life.private(|private| private.copy = copy);
    }
    core.next_turn();
    // SAFETY: no other borrow is alive.
    let (state, context) = unsafe { life.incarnation() };
    context.set_attempt(attempt);
    let outcome = life.user(pin!(state.dispatch(inbox, context))).await;
    // Handled, whatever happens to the reply from here on.
    let (reply, copy) = life.private(|private| {
        private.in_hand = false;
        private.crashes = 0;
        private.handled += 1;
        (private.asker.take(), private.copy.take())
    });
    // Copies, and replies that nobody wants, are dropped here: that is user code too.
    let seat = life.seat();
    seat.leave();
    W::settle(outcome, Asker { reply, counts: &core.counts });
    drop_quietly(copy);
    if let Err(Abandoned) = seat.come_back() {
        // As in `user`.
        std::future::pending::<()>().await;
    }
    if asked && dispatcher::foreign_wake_pending() {
        // A task of the hosting runtime waits on this very thread: let it run soon.
        life.private(|private| private.budget = 0);
    }
    // SAFETY: no other borrow is alive.
    let (_, context) = unsafe { life.incarnation() };
    context.wants_to_stop()
}
