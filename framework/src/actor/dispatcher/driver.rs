//! A driver: one long-lived task of the hosting runtime that runs activations.
//!
//! Being a task is what lets handlers use the runtime's timers, sockets and `spawn`, and its paused
//! time. It also means that a driver must give the thread back: it yields when the runtime's
//! cooperative budget is used up, when its slice of time is over, when it has woken a task of the runtime,
//! and after a fixed number of activations.

use std::cell::{Cell, RefCell};
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use tokio::runtime::Handle;

use super::{CURRENT, Dispatcher, DriverSeat, MESSAGE_BUDGET, MESSAGES_PER_POLL_ALONE, flood};
use crate::actor::cell::{Ran, Runnable, RunnableSlot};
use crate::actor::dispatcher::flood::Floods;
use crate::actor::dispatcher::idle::{Idle, MOST_DRIVERS};
use crate::actor::dispatcher::injector::Injector;
use crate::actor::dispatcher::pace::Pace;
use crate::actor::dispatcher::watchdog::Watchdog;
use crate::contain::contain;
use crate::runtime::Runtime;
use crate::sync::{AtomicBool, AtomicU32, AtomicUsize, CachePadded, Mutex, Ordering};
use crate::time::Alarms;

/// Capacity of a driver's queue; what does not fit goes to the injector, half a queue at a time.
pub(super) const QUEUE_CAPACITY: usize = 256;

/// How often in a row the worker that was woken last runs next, ahead of the queue. Two workers that
/// keep waking each other would otherwise shut out the rest.
const NEXT_STREAK: u32 = 16;

/// A driver looks into the injector at least this often (in activations), so that outside work is not
/// shut out by local work. A prime, to stay out of step with everything else.
const INJECTOR_INTERVAL: u32 = 61;

/// Activations after which a driver yields to the runtime in any case.
const ACTIVATIONS_PER_POLL: u32 = 256;

/// The same for a driver that has the runtime's only thread.
const ACTIVATIONS_PER_POLL_ALONE: u32 = 32;

/// Polls without work after a slice of time, while all drivers are busy. The runtime looks at its timers
/// and sockets once in 61 polls of tasks (tokio's `event_interval`); at a millisecond each, that would be
/// seldom.
const EMPTY_POLLS: u32 = 60;

/// No longer than this, if what the runtime polls meanwhile takes its time.
const EMPTY_FOR: Duration = Duration::from_micros(100);

/// Starts one driver per worker thread of the runtime.
pub(crate) fn start(
    runtime: Runtime,
    ask_timeout: Duration,
    kill_grace: Duration,
) -> std::io::Result<Arc<Dispatcher>> {
    let drivers = runtime.threads().clamp(1, MOST_DRIVERS);
    let queues: Vec<_> = (0..drivers).map(|_| st3::fifo::Worker::new(QUEUE_CAPACITY)).collect();
    let dispatcher = Arc::new(Dispatcher {
        alarms: Arc::new(Alarms::new(runtime.clone())),
        watchdog: Watchdog::new(),
        ask_timeout,
        kill_grace,
        tick: CachePadded(AtomicU32::new(0)),
        hasty_until: AtomicU32::new(0),
        injector: Injector::new(),
        floods: Floods::new(),
        idle: Idle::new(drivers),
        seats: queues
            .iter()
            .map(|queue| {
                Arc::new(CachePadded(DriverSeat {
                    next: RunnableSlot::new(),
                    stealer: queue.stealer(),
                    waker: std::sync::OnceLock::new(),
                    activations: AtomicU32::new(0),
                    is_running: AtomicBool::new(false),
                }))
            })
            .collect(),
        runtime: runtime.clone(),
        driven_on: AtomicUsize::new(0),
        alive: AtomicUsize::new(drivers),
        over: AtomicBool::new(false),
        down: AtomicBool::new(false),
        abandoned: Mutex::new(Vec::new()),
        on_over: std::sync::OnceLock::new(),
    });
    dispatcher.watchdog.start(Arc::downgrade(&dispatcher), drivers)?;
    for (index, queue) in queues.into_iter().enumerate() {
        runtime.handle().spawn(Driver {
            local: Some(Box::new(Local {
                dispatcher: Arc::clone(&dispatcher),
                seat: Arc::clone(&dispatcher.seats[index]),
                message_budget: dispatcher.message_budget(),
                index,
                queue,
                pace: Pace::new(),
                foreign_wake: Cell::new(false),
                asleep: Cell::new(false),
                streak: Cell::new(0),
                empty_polls: Cell::new(0),
                empty_since: Cell::new(Instant::now()),
            })),
        });
    }
    runtime.handle().spawn(crate::time::keep_time(Arc::clone(&dispatcher.alarms)));
    Ok(dispatcher)
}

/// The driver's own side, reached through [`CURRENT`] while it is being polled.
pub(super) struct Local {
    dispatcher: Arc<Dispatcher>,
    seat: Arc<CachePadded<DriverSeat>>,
    message_budget: u32,
    index: usize,
    queue: st3::fifo::Worker<Runnable>,
    pace: Pace,
    foreign_wake: Cell<bool>,
    asleep: Cell<bool>,
    /// Times in a row that `next` went ahead of the queue.
    streak: Cell<u32>,
    /// How many polls are to be left without work, and since when they are.
    empty_polls: Cell<u32>,
    empty_since: Cell<Instant>,
}

/// The task.
struct Driver {
    /// Here between polls, in [`CURRENT`] during one.
    local: Option<Box<Local>>,
}

impl Future for Driver {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        CURRENT.with(|current| {
            // A driver that is polled inside another one's handler (a runtime inside a runtime) leaves
            // the outer one in place and runs without; its sends take the long way.
            let Ok(mut slot) = current.try_borrow_mut() else {
                return self.local.as_deref().map_or(Poll::Ready(()), |local| local.poll(cx));
            };
            let Some(local) = self.local.take() else {
                return Poll::Ready(());
            };
            let outer = slot.replace(local);
            drop(slot);
            let _until = Until { current, driver: &mut self, outer };
            current.borrow().as_deref().map_or(Poll::Ready(()), |local| {
                // Ordering: Relaxed; who looks wants to know what is likely.
                local.seat().is_running.store(true, Ordering::Relaxed);
                local.poll(cx)
            })
        })
    }
}

/// Puts a driver's own side back, also when the poll ends in a panic.
struct Until<'a> {
    current: &'a RefCell<Option<Box<Local>>>,
    driver: &'a mut Driver,
    outer: Option<Box<Local>>,
}

impl Drop for Until<'_> {
    fn drop(&mut self) {
        self.driver.local = std::mem::replace(&mut *self.current.borrow_mut(), self.outer.take());
        if let Some(local) = &self.driver.local {
            local.seat().is_running.store(false, Ordering::Relaxed);
        }
    }
}

impl Drop for Driver {
    /// The system has ended, or the runtime drops its tasks.
    fn drop(&mut self) {
        if let Some(local) = self.local.take() {
            let dispatcher = Arc::clone(&local.dispatcher);
            // What is still queued here must be reachable for the clearing up.
            dispatcher.injector.push_all(std::iter::from_fn(|| local.queue.pop()));
            drop(local);
            dispatcher.driver_gone();
        }
    }
}

impl Local {
    pub(super) fn belongs_to(&self, dispatcher: &Dispatcher) -> bool {
        std::ptr::eq(Arc::as_ptr(&self.dispatcher), dispatcher)
    }

    fn seat(&self) -> &DriverSeat {
        &self.seat
    }

    /// A worker became runnable during an activation here: it runs next, and the one that was to run
    /// next goes to the queue, where others can take it.
    #[inline]
    pub(super) fn schedule(&self, runnable: Runnable) {
        if let Some(displaced) = self.seat().next.replace(runnable) {
            self.push_back(displaced);
            self.dispatcher.wake_one();
        }
    }

    fn push_back(&self, runnable: Runnable) {
        if let Err(runnable) = self.queue.push(runnable) {
            self.overflow_slow(runnable);
        }
    }

    #[cold]
    fn overflow_slow(&self, runnable: Runnable) {
        match self.queue.drain(|length| length / 2) {
            Ok(half) => self.dispatcher.injector.push_all(half.chain(std::iter::once(runnable))),
            // Somebody is stealing: there will be room, but not for this one now.
            Err(_) => {
                self.dispatcher.injector.push(runnable);
            }
        }
    }

    pub(super) fn is_alone(&self) -> bool {
        self.dispatcher.is_alone()
    }

    pub(super) fn note_foreign_wake(&self) {
        self.foreign_wake.set(true);
    }

    pub(super) fn foreign_wake_pending(&self) -> bool {
        self.foreign_wake.get()
    }

    fn poll(&self, cx: &mut Context<'_>) -> Poll<()> {
        let waker = self.seat().waker.get_or_init(|| cx.waker().clone());
        debug_assert!(waker.will_wake(cx.waker()));
        let dispatcher = &*self.dispatcher;
        dispatcher.note_driven_here();
        let mut searching = false;
        let mut first = None;
        if self.asleep.get() {
            searching = dispatcher.idle.was_called(self.index);
            if !searching && !dispatcher.is_over() {
                // Nudged, or polled by the runtime for reasons of its own.
                first = self.take_injected();
                if first.is_none() {
                    return Poll::Pending;
                }
                searching = dispatcher.idle.get_up(self.index);
            }
            self.asleep.set(false);
        }
        self.foreign_wake.set(false);
        let empty = self.empty_polls.get();
        if empty != 0 && !dispatcher.is_over() && self.empty_since.get().elapsed() < EMPTY_FOR {
            self.empty_polls.set(empty - 1);
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        self.empty_polls.set(0);
        dispatcher.let_tasks_tell();
        let tick = dispatcher.tick();
        let alone = dispatcher.is_alone();
        let most = if alone { ACTIVATIONS_PER_POLL_ALONE } else { ACTIVATIONS_PER_POLL };
        let mut activations = 0;
        if !alone {
            self.pace.begin();
        }
        let mut left = if alone { MESSAGES_PER_POLL_ALONE } else { u32::MAX };
        // What comes from outside goes first once in a poll, however busy the workers here keep each other.
        first = first.or_else(|| self.take_injected());
        loop {
            if dispatcher.is_over() {
                return Poll::Ready(());
            }
            let mut found = first.take().or_else(|| self.next());
            if found.is_none() {
                found = self.search(&mut searching);
            }
            if found.is_none() {
                let must_look = dispatcher.idle.fall_asleep(self.index, searching);
                self.asleep.set(true);
                if must_look {
                    found = self.look_everywhere();
                } else {
                    // Whoever searched may have got stuck meanwhile; what comes from outside has nobody
                    // else to look for it.
                    found = self.take_injected();
                }
                if found.is_none() {
                    dispatcher.note_asleep();
                    return Poll::Pending;
                }
                searching = dispatcher.idle.get_up(self.index);
                self.asleep.set(false);
                dispatcher.watchdog.stir();
            }
            let Some(runnable) = found else { continue };
            if std::mem::take(&mut searching) && dispatcher.idle.end_search() {
                // There may be more where that came from.
                dispatcher.wake_one();
            }
            let ran_long = self.run(runnable, &mut left);
            activations += 1;
            if left == 0 {
                // The runtime looks at its timers and sockets, and at what yielded, before this goes on.
                // (A task that merely wakes itself is polled some 60 times first.) Only with one thread: a
                // task that yields so belongs to its thread until then, and other threads cannot take it
                // from a thread that another handler is stuck on.
                return pin!(tokio::task::yield_now()).poll(cx);
            }
            let slice_is_over = ran_long || dispatcher.tick() != tick;
            if self.foreign_wake.get()
                || activations == most
                || slice_is_over
                || !tokio::task::coop::has_budget_remaining()
            {
                if slice_is_over && dispatcher.idle.none_asleep() {
                    self.empty_polls.set(EMPTY_POLLS);
                    self.empty_since.set(Instant::now());
                }
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
        }
    }

    /// One activation. Whether the driver's slice of time is over.
    fn run(&self, runnable: Runnable, left: &mut u32) -> bool {
        let seat = self.seat();
        let count = seat.activations.load(Ordering::Relaxed).wrapping_add(1);
        seat.activations.store(count, Ordering::Relaxed);
        if runnable.is_blocking() {
            // The runtime panics if it cannot have its first blocking thread; the worker is ended then.
            let handle = self.dispatcher.runtime.handle();
            contain(|| drop(handle.spawn_blocking(move || run_blocking(runnable))));
            return false;
        }
        let alone = self.dispatcher.is_alone();
        let most = if alone { *left } else { self.pace.left() };
        let budget = self.message_budget.min(most);
        let mut messages = budget;
        // User code is caught where it runs; this is for the rest, such as a waker that panics. The worker
        // is lost then, the driver is not.
        let ran = catch_unwind(AssertUnwindSafe(|| runnable.run(&mut messages)))
            .unwrap_or_else(super::lost);
        let handled = budget - messages;
        if let Ran::Again(runnable) = ran {
            self.run_again(runnable);
        }
        if alone {
            *left -= handled;
            return false;
        }
        self.pace.note(handled)
    }

    /// A worker's activation is over and it has more to do: it goes to the back, behind all others.
    fn run_again(&self, runnable: Runnable) {
        let injector = &self.dispatcher.injector;
        let others_wait = !injector.is_empty();
        let others = others_wait || !self.seat.next.is_empty() || !self.queue.is_empty();
        if others_wait {
            injector.push(runnable);
        } else {
            self.push_back(runnable);
        }
        if others {
            self.dispatcher.wake_one();
        }
    }

    /// The next worker of this driver.
    fn next(&self) -> Option<Runnable> {
        let activations = self.seat().activations.load(Ordering::Relaxed);
        if activations % INJECTOR_INTERVAL == INJECTOR_INTERVAL - 1
            && let Some(runnable) = self.take_injected()
        {
            return Some(runnable);
        }
        let streak = self.streak.get();
        if streak < NEXT_STREAK
            && let Some(runnable) = self.seat().next.take()
        {
            self.streak.set(streak + 1);
            return Some(runnable);
        }
        self.streak.set(0);
        self.queue.pop().or_else(|| self.seat().next.take())
    }

    /// Takes a share of the injected work: one to run, the rest into the queue.
    fn take_injected(&self) -> Option<Runnable> {
        let dispatcher = &self.dispatcher;
        let room = self.queue.spare_capacity().min(QUEUE_CAPACITY / 2);
        let mut more = false;
        let first = dispatcher.injector.pop_share(dispatcher.seats.len(), room, |runnable| {
            more = true;
            self.queue.push(runnable)
        });
        if more {
            dispatcher.wake_one();
        }
        first
    }

    /// Looks elsewhere: the injector, then, as a searcher, the other drivers' queues.
    fn search(&self, searching: &mut bool) -> Option<Runnable> {
        if let Some(runnable) = self.take_injected() {
            return Some(runnable);
        }
        if !*searching {
            *searching = self.dispatcher.idle.begin_search();
            if !*searching {
                return None;
            }
        }
        self.look_everywhere()
    }

    fn look_everywhere(&self) -> Option<Runnable> {
        let seats = &self.dispatcher.seats;
        // Another victim first each time, without a random number.
        let start = self.seat().activations.load(Ordering::Relaxed) as usize;
        for step in 0..seats.len() {
            let victim = (start + step) % seats.len();
            if victim == self.index {
                continue;
            }
            if let Ok((runnable, _)) =
                seats[victim].stealer.steal_and_pop(&self.queue, |length| length - length / 2)
            {
                return Some(runnable);
            }
        }
        self.take_injected().or_else(|| {
            // The last resort: what another driver would run next, once it has finished what it runs.
            seats.iter().find_map(|seat| seat.next.take())
        })
    }
}

/// Runs a `blocking` worker where blocking is allowed: one activation, then others that wait for such a
/// thread have their turn.
fn run_blocking(runnable: Runnable) {
    let mut messages = MESSAGE_BUDGET;
    if let Ran::Again(again) = flood::exempt(|| runnable.run(&mut messages)) {
        drop(Handle::current().spawn_blocking(move || run_blocking(again)));
    }
}
