//! The dispatcher: runs whichever worker has something to do, on the threads of the hosting runtime.
//!
//! It knows no messages and no worker types, only [`Runnable`]s. There are as many [`driver`]s as the
//! runtime has worker threads; each is one long-lived task with a queue of its own. [`idle`] decides
//! who sleeps and who is woken, [`pace`] when a driver's slice of time is over, [`flood`] when a task that sends
//! lets drivers go first; [`watchdog`] watches for slices that last too long. An ask may pass by all of them
//! and run an idle worker in place: [`Dispatcher::run_in_place`].
//!
//! ```text
//!   outside            ┌────────────── driver 0 (a task of the runtime) ──────────────┐
//!   tell ──▶ injector ─▶ queue: ▢ ▢ ▢ ▢ ─▶ run one activation ─▶ again? to the back     │
//!                │     │ next: ▢ (what the running worker woke last)                   │
//!                │     └──────────▲────────────────────────────────────────────────────┘
//!                │                │ steals half
//!                └────▶  driver 1 (another task, on another thread)
//! ```

pub(crate) mod driver;

pub(crate) mod flood;

pub(crate) mod idle;

mod injector;

mod pace;

pub(crate) mod watchdog;

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr;
use std::sync::{Arc, OnceLock};
use std::task::Waker;
use std::time::Duration;

use driver::Local;
use flood::Floods;
use idle::Idle;
use injector::Injector;
use tokio::time::Instant;
use watchdog::{AppointmentKey, Watchdog};

use crate::actor::cell::{Cost, Ran, Runnable, RunnableSlot};
use crate::contain::drop_payload;
use crate::runtime::Runtime;
use crate::sync::{AtomicBool, AtomicU32, AtomicUsize, CachePadded, Mutex, Ordering, fence, lock};
use crate::time::{Alarm, AlarmKey, Alarms};

/// What all drivers of a system share.
pub(crate) struct Dispatcher {
    pub(crate) alarms: Arc<Alarms>,
    pub(crate) watchdog: Watchdog,
    /// Deadline of an ask that sets none.
    pub(crate) ask_timeout: Duration,
    /// How long a killed worker may take to return, before it is abandoned.
    pub(crate) kill_grace: Duration,
    /// Counts up about once a millisecond while any driver is awake.
    tick: CachePadded<AtomicU32>,
    /// Until this tick no driver is merely nudged.
    hasty_until: AtomicU32,
    injector: Injector,
    floods: Floods,
    idle: Idle,
    /// Each on its own lines of memory: its driver writes to it all the time.
    seats: Box<[Arc<CachePadded<DriverSeat>>]>,
    runtime: Runtime,
    /// The thread that polled the only driver last, by the address of something of its own.
    driven_on: AtomicUsize,
    /// Drivers that have not been dropped.
    alive: AtomicUsize,
    /// A driver was dropped before the system had ended, or the system has ended.
    over: AtomicBool,
    /// No driver is counted on any more: what becomes runnable is ended by whoever makes it so.
    down: AtomicBool,
    /// Paths of the workers whose abandoned handlers have not returned, and of those left at the end.
    abandoned: Mutex<Vec<String>>,
    /// What to do when the drivers are gone; it may be called twice.
    on_over: OnceLock<Box<dyn Fn() + Send + Sync>>,
}

/// The part of a driver that others reach.
struct DriverSeat {
    /// What the running worker woke last: it runs next, while its data is warm. Others take it when they
    /// find nothing else, and the watchdog when the driver is stuck.
    next: RunnableSlot,
    stealer: st3::fifo::Stealer<Runnable>,
    waker: OnceLock<Waker>,
    /// Counts activations, so that the watchdog sees whether the driver moves.
    activations: AtomicU32,
    /// Whether the driver has its thread, and moves. What is likely: nothing depends on it but the order.
    is_running: AtomicBool,
}

/// Names a wake that was asked for with [`Dispatcher::wake_at`].
pub(crate) enum WakeKey {
    Alarm(AlarmKey),
    Appointment(Option<AppointmentKey>),
}

/// What the watchdog saw in its last round.
struct Seen {
    /// By driver, how many activations it had run.
    activations: Vec<u32>,
    /// If something waited in the injector, how often something had been taken.
    waits_since: Option<u32>,
    /// What it takes away from drivers goes through here.
    stolen: st3::fifo::Worker<Runnable>,
}

impl Seen {
    fn nothing(drivers: usize) -> Self {
        Self {
            activations: vec![0; drivers],
            waits_since: None,
            stolen: st3::fifo::Worker::new(driver::QUEUE_CAPACITY),
        }
    }
}

/// Messages that one activation handles: long enough to amortise scheduling, short enough that a
/// flooded worker does not hold the others up. Where messages are slow, [`pace`] ends it earlier.
const MESSAGE_BUDGET: u32 = 128;

/// The same for a driver that has the runtime's only thread: there is no tick, since its order must not
/// depend on the machine's clock, so it gives way more often.
const MESSAGE_BUDGET_ALONE: u32 = 32;

/// Messages after which such a driver lets the runtime look at its timers and sockets. The runtime itself
/// looks after 61 polls of tasks.
const MESSAGES_PER_POLL_ALONE: u32 = 64;

/// An ask runs an idle worker in place if its messages are known to take less than this. Waking a parked
/// thread takes some 20 µs; what is run in place does not run beside its asker, though, so this is well
/// below.
const IN_PLACE_BELOW: Duration = Duration::from_micros(5);

/// About how far apart two ticks are.
pub(crate) const TICK: Duration = watchdog::ROUND;

/// Nanoseconds in place for which a task pays one unit of its cooperative budget, of which tokio gives it
/// 128.
const UNIT: u32 = 1_000;

/// For so many ticks after a task did not give way, other threads are woken for what tasks send.
const HASTE: u32 = 64;

/// Workers that run in place inside each other at most: each takes room on one thread's stack.
const NESTED: u32 = 8;

thread_local! {
    /// Workers that this thread runs outside of a driver's turn, one inside the other: in place for those
    /// who ask them, or to end them because their runtime is gone.
    static NESTING: Cell<u32> = const { Cell::new(0) };

    /// What has been run in place here and not been paid for yet, in nanoseconds.
    static UNPAID: Cell<u32> = const { Cell::new(0) };

    /// The dispatchers whose queues this thread is about to clear.
    static CLEARING: RefCell<Vec<*const Dispatcher>> = const { RefCell::new(Vec::new()) };

    /// The driver that is being polled on this thread.
    static CURRENT: RefCell<Option<Box<Local>>> = const { RefCell::new(None) };
}

impl Dispatcher {
    /// Queues a worker that has something to do.
    pub(crate) fn schedule(&self, runnable: Runnable) {
        let mut left = Some(runnable);
        // A thread that is ending has no driver any more; its work goes to the injector.
        let _ = CURRENT.try_with(|current| {
            if let Ok(current) = current.try_borrow()
                && let Some(local) = current.as_deref()
                && local.belongs_to(self)
                && let Some(runnable) = left.take()
            {
                local.schedule(runnable);
            }
        });
        if let Some(runnable) = left {
            self.inject(runnable);
        }
    }

    /// Whether this thread is inside the system's runtime.
    pub(crate) fn is_inside_runtime(&self) -> bool {
        self.runtime.is_current()
    }

    /// Sees to it that somebody outside is woken at a time. One who is not on the system's own runtime must
    /// not depend on it: it may be stuck, or nobody may be driving it just now.
    pub(crate) fn wake_at(&self, due: Instant, waker: Waker) -> WakeKey {
        if self.runtime.is_current() {
            WakeKey::Alarm(self.alarms.set(due, Alarm::Wake(waker)))
        } else {
            let delay = due.saturating_duration_since(Instant::now());
            let key = self.watchdog.appoint(delay, Alarm::Wake(waker.clone()));
            if self.is_over() {
                waker.wake();
            }
            WakeKey::Appointment(key)
        }
    }

    pub(crate) fn cancel_wake(&self, key: WakeKey) {
        match key {
            WakeKey::Alarm(key) => self.alarms.cancel(key),
            WakeKey::Appointment(key) => {
                key.into_iter().for_each(|key| self.watchdog.cancel(key));
            }
        }
    }

    /// Whether it is better to run a worker's message here than to queue it. With one thread always: there
    /// is none that could run it meanwhile, and the order must not depend on a clock.
    #[inline]
    pub(crate) fn is_quick(&self, cost: &Cost) -> bool {
        cost.is_below(IN_PLACE_BELOW) || !self.runtime.has_several_threads()
    }

    /// Runs one message of a worker on this thread, now, and queues it for the rest. Or only queues it: if
    /// this thread is not one of the runtime's, if too many are being run on it already, or if the
    /// running task should give way; it cannot while each ask is answered at once.
    pub(crate) fn run_in_place(&self, runnable: Runnable, cost: &Cost) {
        if NESTING.get() >= NESTED || !self.is_this_thread_ours() || !self.may_go_on(cost) {
            return self.schedule(runnable);
        }
        if let Ran::Again(runnable) = run_nested(runnable) {
            self.schedule(runnable);
        }
    }

    /// Takes its cost from the running task's cooperative budget.
    fn may_go_on(&self, cost: &Cost) -> bool {
        // Whatever a clock says must not decide the order of things on a runtime of one thread.
        let cost = if self.runtime.has_several_threads() { cost.nanos() } else { UNIT };
        let unpaid = UNPAID.get().saturating_add(cost);
        if unpaid < UNIT {
            UNPAID.set(unpaid);
            return Runtime::has_budget();
        }
        UNPAID.set(0);
        Runtime::spend_budget()
    }

    /// Whether handlers may run here: they expect to be inside the system's runtime.
    fn is_this_thread_ours(&self) -> bool {
        let driving = CURRENT.try_with(|current| {
            let current = current.try_borrow();
            current.is_ok_and(|c| c.as_deref().is_some_and(|local| local.belongs_to(self)))
        });
        // A runtime of one thread can be current on others: those for blocking code.
        driving == Ok(true)
            || self.runtime.is_current()
                && (self.runtime.has_several_threads() || self.was_driven_here())
    }

    fn note_driven_here(&self) {
        if self.is_alone() {
            self.driven_on.store(this_thread(), Ordering::Relaxed);
        }
    }

    /// Whether this thread was the last that polled the only driver.
    fn was_driven_here(&self) -> bool {
        self.driven_on.load(Ordering::Relaxed) == this_thread()
    }

    fn inject(&self, runnable: Runnable) {
        let is_only_one = self.injector.push(runnable);
        // If the queues have been cleared for the last time, this one must be cleared again. The injector's
        // lock orders the two: either they saw the push, or this sees that there are no drivers.
        if self.is_down() {
            return self.clear_queues();
        }
        if is_only_one && Runtime::is_in_task() && !self.is_hasty() {
            self.nudge_one();
        } else {
            self.wake_one();
        }
    }

    /// Wakes a sleeping driver on this thread, where it runs when the running task gives way: no thread has to
    /// be woken, and the data is warm. If the task does not give way, the watchdog calls another driver.
    ///
    /// The driver is not counted as searching, since it is no use to whoever else adds work meanwhile.
    fn nudge_one(&self) {
        let Some(driver) = self.idle.nudge_one() else {
            return;
        };
        self.watchdog.stir();
        if let Some(waker) = self.seats[driver].waker.get() {
            waker.wake_by_ref();
        }
    }

    /// Whether a task has lately kept what it had sent from being handled.
    fn is_hasty(&self) -> bool {
        self.hasty_until.load(Ordering::Relaxed).wrapping_sub(self.tick()).cast_signed() > 0
    }

    /// Wakes a sleeping driver for new work, unless one is already looking for it.
    fn wake_one(&self) {
        if let Some(driver) = self.idle.call_one() {
            self.watchdog.stir();
            self.wake_driver(driver);
        }
    }

    fn wake_driver(&self, driver: usize) {
        let Some(waker) = self.seats[driver].waker.get() else {
            return;
        };
        waker.wake_by_ref();
        self.runtime.announce();
    }

    /// Messages that one activation handles before the worker goes to the back of the queue.
    #[inline(always)]
    pub(crate) fn message_budget(&self) -> u32 {
        if self.is_alone() { MESSAGE_BUDGET_ALONE } else { MESSAGE_BUDGET }
    }

    pub(crate) fn tick(&self) -> u32 {
        self.tick.0.load(Ordering::Relaxed)
    }

    pub(crate) fn is_over(&self) -> bool {
        self.over.load(Ordering::Acquire)
    }

    fn is_down(&self) -> bool {
        self.down.load(Ordering::Acquire)
    }

    /// The system has ended: the drivers finish.
    pub(crate) fn end(&self) {
        self.over.store(true, Ordering::Release);
        // Whoever still waits learns it now.
        self.alarms.wake_all();
        // Ordering: pairs with the fence in `Floods::wait`.
        fence(Ordering::SeqCst);
        self.floods.go_on();
        self.watchdog.end();
        for seat in &self.seats {
            if let Some(waker) = seat.waker.get() {
                waker.wake_by_ref();
            }
        }
    }

    /// One of the drivers has been dropped: the system has ended, or its runtime is being dropped.
    fn driver_gone(self: &Arc<Self>) {
        if !self.over.swap(true, Ordering::AcqRel) {
            // The others follow, unless one is stuck. Then the rest must not wait for it.
            let this = Arc::downgrade(self);
            self.watchdog.appoint(
                self.kill_grace,
                Alarm::call(move || {
                    if let Some(this) = this.upgrade() {
                        this.go_down();
                    }
                }),
            );
        }
        fence(Ordering::SeqCst);
        self.floods.go_on();
        if self.alive.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.watchdog.end();
            self.go_down();
        } else if self.is_down() {
            // The rest went down without this one, which has just put its own queue into the injector.
            self.clear_queues();
        }
    }

    /// Ends whatever is left of the system, without its drivers. What it calls is user code.
    pub(crate) fn go_down(&self) {
        // Ordering: Release pairs with the Acquire in `is_down`, through the injector's lock.
        self.down.store(true, Ordering::Release);
        self.before_clearing(|| self.alarms.close());
        if let Some(on_over) = self.on_over.get() {
            on_over();
        }
        self.clear_queues();
    }

    /// A worker's handler did not return in time.
    pub(crate) fn note_abandoned(&self, path: &str) {
        lock(&self.abandoned).push(path.to_owned());
    }

    /// It has returned after all.
    pub(crate) fn note_returned(&self, path: &str) {
        let mut abandoned = lock(&self.abandoned);
        if let Some(at) = abandoned.iter().position(|other| other == path) {
            abandoned.remove(at);
        }
    }

    /// Paths of the workers for which that was noted, in order, each once.
    pub(crate) fn abandoned(&self) -> Vec<String> {
        let mut paths = Vec::new();
        for path in lock(&self.abandoned).iter() {
            if !paths.contains(path) {
                paths.push(path.clone());
            }
        }
        paths
    }

    /// Called once, when the last driver is gone.
    pub(crate) fn when_over(&self, call: impl Fn() + Send + Sync + 'static) {
        let _ = self.on_over.set(Box::new(call));
    }

    /// Ends, on this thread, the workers that are left in the queues of drivers that are gone.
    pub(crate) fn clear_queues(&self) {
        let already =
            CLEARING.try_with(|clearing| clearing.borrow().contains(&ptr::from_ref(self)));
        if already == Ok(true) {
            // The end of one worker has woken another: it has its turn further out on this stack.
            return;
        }
        self.before_clearing(|| while self.clear_queues_once() {});
    }

    /// The same, if nobody else will run them.
    pub(crate) fn clear_queues_if_down(&self) {
        if self.is_down() {
            self.clear_queues();
        }
    }

    /// Does something that may wake workers. They stay in the queues, which the caller then clears: a chain
    /// of workers that wait for each other would use up the stack otherwise.
    pub(crate) fn before_clearing(&self, act: impl FnOnce()) {
        struct Until;

        impl Drop for Until {
            fn drop(&mut self) {
                let _ = CLEARING.try_with(|clearing| clearing.borrow_mut().pop());
            }
        }

        let entered = CLEARING.try_with(|clearing| clearing.borrow_mut().push(self));
        let _until = entered.is_ok().then_some(Until);
        act();
    }

    /// False: there was nothing.
    fn clear_queues_once(&self) -> bool {
        let mut left = self.injector.pop_all();
        left.extend(self.seats.iter().filter_map(|seat| seat.next.take()));
        let stolen = st3::fifo::Worker::new(driver::QUEUE_CAPACITY);
        for seat in &self.seats {
            seat.take_queued(&stolen, |runnable| left.push(runnable));
        }
        !left.is_empty()
    }

    /// Whether its driver has the runtime's only thread: then it goes by numbers of messages, and by no clock.
    #[inline]
    fn is_alone(&self) -> bool {
        self.seats.len() == 1
    }

    /// Whether all drivers sleep and nothing and nobody waits for them.
    fn is_idle(&self) -> bool {
        self.idle.all_asleep() && self.injector.is_empty() && self.floods.is_empty()
    }

    /// Nothing has happened for a while: gives back the room that a burst has taken.
    fn shrink(&self) {
        self.injector.shrink();
        self.floods.shrink();
    }

    /// The watchdog's round: takes work away from a driver that has not moved since the last one.
    fn rescue(&self, seen: &mut Seen) {
        self.tick.0.fetch_add(1, Ordering::Relaxed);
        for (index, seat) in self.seats.iter().enumerate() {
            let activations = seat.activations.load(Ordering::Relaxed);
            if std::mem::replace(&mut seen.activations[index], activations) == activations {
                seat.is_running.store(false, Ordering::Relaxed);
                seat.next.take().into_iter().for_each(|runnable| self.inject(runnable));
                seat.take_queued(&seen.stolen, |runnable| self.inject(runnable));
            }
        }
        let waits_since = self.injector.waits_since();
        if waits_since.is_some() && waits_since == seen.waits_since {
            // Whoever was to give way to it has not, and may not the next time.
            self.hasty_until.store(self.tick().wrapping_add(HASTE), Ordering::Relaxed);
            if let Some(driver) = self.idle.call_any() {
                self.wake_driver(driver);
            }
        }
        seen.waits_since = waits_since;
        self.floods.go_on();
    }
}

impl DriverSeat {
    /// Takes everything out of the driver's queue, as another thread, through an empty queue of its own.
    fn take_queued(&self, through: &st3::fifo::Worker<Runnable>, with: impl FnMut(Runnable)) {
        let _ = self.stealer.steal(through, |length| length);
        std::iter::from_fn(|| through.pop()).for_each(with);
    }
}

/// A number that no other living thread has.
fn this_thread() -> usize {
    NESTING.with(|nesting| ptr::from_ref(nesting).addr())
}

/// A waker of the hosting runtime was woken on this thread: the driver should yield to it soon.
pub(crate) fn note_foreign_wake() {
    note_foreign_wake_if(|_| true);
}

/// Senders were called for room in a mailbox that more is in. If the driver has the only thread they come before
/// more room is made: those who are called then would be in their way.
pub(crate) fn note_called_senders() {
    note_foreign_wake_if(Local::is_alone);
}

fn note_foreign_wake_if(it_counts: fn(&Local) -> bool) {
    let _ = CURRENT.try_with(|current| {
        if let Ok(current) = current.try_borrow()
            && let Some(local) = current.as_deref()
            && it_counts(local)
        {
            local.note_foreign_wake();
        }
    });
}

/// Whether such a wake has happened since the driver last yielded.
pub(crate) fn foreign_wake_pending() -> bool {
    CURRENT
        .try_with(|current| {
            current
                .try_borrow()
                .is_ok_and(|current| current.as_deref().is_some_and(Local::foreign_wake_pending))
        })
        .unwrap_or(false)
}

/// Runs one message on a thread that may not be a driver's.
pub(crate) fn run_nested(runnable: Runnable) -> Ran {
    let nested = NESTING.get();
    NESTING.set(nested + 1);
    // As in the driver: user code is caught where it runs, this is for the rest.
    let ran = catch_unwind(AssertUnwindSafe(|| runnable.run(&mut 1)));
    NESTING.set(nested);
    ran.unwrap_or_else(lost)
}

/// A panic that is none of a handler's has ended an activation, and its worker with it.
fn lost(payload: Box<dyn Any + Send>) -> Ran {
    drop_payload(payload);
    Ran::Gone
}

/// Whether this thread runs a worker's code outside of a blocking worker: blocking here would block
/// other workers, or whoever drops the runtime.
pub(crate) fn on_driver_thread() -> bool {
    if NESTING.get() > 0 {
        return true;
    }
    CURRENT
        .try_with(|current| current.try_borrow().map_or(true, |current| current.is_some()))
        .unwrap_or(false)
}
