//! Floods: tasks of the runtime that tell, and await nothing else.
//!
//! Nothing makes such a task return to the runtime, and behind it may wait the very driver that has what it
//! sends to be handled: the mailbox would grow until the memory is used up. So a `tell` waits now and then.
//!
//! ```text
//!   1,024 tells of the tasks of a thread without a driver between them: where are the drivers?
//!
//!   one runs on another thread ────────▶ wait behind what waits for this thread, every 128 tells
//!   none runs, one is awake or called ─▶ wait until one has come, or for the watchdog's next round
//!   all sleep, nothing waits ──────────▶ go on
//! ```
//!
//! The second wait leaves the thread to the runtime: it runs what waits for it, and if that is not the
//! driver, it takes tasks from other threads, from behind a handler that does not return among them. A task
//! that merely woke itself would keep it from that.
//!
//! With one thread the driver lets one of those that wait go on in each of its turns. If they woke themselves, the
//! runtime would poll some 60 tasks before the driver, and where that number divides, always the same one would be
//! the next.

use std::cell::Cell;
use std::collections::VecDeque;
use std::ptr;
use std::task::Waker;

use super::{Dispatcher, MESSAGES_PER_POLL_ALONE, on_driver_thread};
use crate::contain::contain;
use crate::runtime::Runtime;
use crate::sync::{AtomicUsize, Mutex, Ordering, fence, lock, weakened};

/// Messages that the tasks of a thread tell before they look whether they should give way. They fit into a core's
/// own cache.
const TELLS_BEFORE_GIVING_WAY: u32 = 1_024;

/// The same on a runtime of one thread: no more than the driver handles in one poll.
const TELLS_BEFORE_GIVING_WAY_ALONE: u32 = MESSAGES_PER_POLL_ALONE;

/// Messages that they tell between two waits while a driver runs on another thread.
const TELLS_BESIDE_A_DRIVER: u32 = 128;

/// How often one tell waits for a driver at most; each time may take a round of the watchdog.
const MOST_WAITS: u8 = 1;

/// The same for who is no task of the only thread, and goes behind what waits for that: the runtime polls some
/// 60 tasks before a driver that has yielded.
const MOST_WAITS_ALONE: u8 = 255;

thread_local! {
    /// Messages that tasks may still tell here before they look whether to give way. A driver that runs here
    /// sets it anew: however many tasks tell, they all wait for that.
    static TELLS_LEFT: Cell<u32> = const { Cell::new(0) };
}

/// The tasks that wait for a driver.
pub(super) struct Floods {
    waiting: Mutex<VecDeque<Waker>>,
    length: AtomicUsize,
}

impl Floods {
    pub(super) fn new() -> Self {
        Self { waiting: Mutex::new(VecDeque::new()), length: AtomicUsize::new(0) }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.length.load(Ordering::SeqCst) == 0
    }

    /// Afterwards the caller looks whether the watchdog sleeps, and whether the system has ended.
    fn wait(&self, waker: &Waker) {
        // A user's waker may do anything when it is cloned.
        let waker = waker.clone();
        let mut waiting = lock(&self.waiting);
        waiting.push_back(waker);
        self.length.store(waiting.len(), Ordering::SeqCst);
        drop(waiting);
        // Ordering: pairs with the fence of the watchdog that falls asleep, and with that of who ends the
        // system: they see this task, or the caller sees what they have said.
        if !weakened("flood.wait") {
            fence(Ordering::SeqCst);
        }
    }

    pub(super) fn shrink(&self) {
        lock(&self.waiting).shrink_to_fit();
    }

    /// Wakes all of them, one by one: the room for them is kept.
    pub(super) fn go_on(&self) {
        if self.is_empty() {
            return;
        }
        let many = lock(&self.waiting).len();
        (0..many).for_each(|_| self.next_goes_on());
    }

    fn next_goes_on(&self) {
        if self.is_empty() {
            return;
        }
        let mut waiting = lock(&self.waiting);
        let next = waiting.pop_front();
        self.length.store(waiting.len(), Ordering::SeqCst);
        drop(waiting);
        if let Some(waker) = next {
            contain(|| waker.wake());
        }
    }
}

/// Notes that a message is being told. True: so many have been that it should be looked whether to give way.
#[inline(always)]
pub(crate) fn note_tell() -> bool {
    match TELLS_LEFT.get().checked_sub(1) {
        Some(left) => {
            TELLS_LEFT.set(left);
            false
        }
        None => true,
    }
}

/// What is told meanwhile does not give way: this thread is none that drivers run on.
pub(super) fn exempt<R>(f: impl FnOnce() -> R) -> R {
    TELLS_LEFT.set(u32::MAX);
    let result = f();
    TELLS_LEFT.set(0);
    result
}

impl Dispatcher {
    /// Lets drivers go first, on behalf of a task that has told a lot. True: the task waits, and is woken. The
    /// tell that waits counts how often it has: nobody waits for ever, even if all drivers are stuck.
    #[cold]
    pub(crate) fn give_way(&self, gave_way: &mut u8, waker: &Waker) -> bool {
        if !self.should_give_way() {
            self.allow_tells();
            return false;
        }
        let runs = self.seats.iter().any(|seat| seat.is_running.load(Ordering::Relaxed));
        let undriven = self.is_alone() && !self.is_of_task(waker);
        if *gave_way >= if undriven { MOST_WAITS_ALONE } else { MOST_WAITS } {
            if runs {
                TELLS_LEFT.set(TELLS_BESIDE_A_DRIVER);
            }
            return false;
        }
        *gave_way += 1;
        if runs || undriven {
            // The runtime runs whatever waits for this thread, and then this task again.
            waker.wake_by_ref();
        } else {
            self.wait_for_driver(waker);
        }
        true
    }

    /// Whether the one who tells keeps a thread of the runtime from its drivers, and they have something to do.
    fn should_give_way(&self) -> bool {
        let keeps_a_thread =
            if self.is_alone() { self.was_driven_here() } else { Runtime::is_in_task() };
        keeps_a_thread
            && self.runtime.is_current()
            && !self.is_over()
            && !on_driver_thread()
            && self.drivers_have_work()
    }

    /// Whether it wakes a task of the runtime, as a driver's does. If not, the thread may be blocked until it is
    /// woken, or drive nothing else: then no driver comes.
    fn is_of_task(&self, waker: &Waker) -> bool {
        let mut drivers = self.seats.iter().filter_map(|seat| seat.waker.get());
        Runtime::is_in_task() && drivers.any(|driver| ptr::eq(driver.vtable(), waker.vtable()))
    }

    fn drivers_have_work(&self) -> bool {
        self.idle.any_awake() || !self.injector.is_empty()
    }

    fn wait_for_driver(&self, waker: &Waker) {
        self.floods.wait(waker);
        // If all drivers have fallen asleep meanwhile, the watchdog's round wakes it; the only driver wakes it
        // itself as it falls asleep.
        let missed = match self.is_alone() {
            true => !self.drivers_have_work(),
            false => {
                self.watchdog.stir();
                false
            }
        };
        if missed || self.is_over() {
            self.floods.go_on();
        }
    }

    /// A driver runs on this thread: the tasks here may tell on, and so may those that wait for one. With one
    /// thread that is the next in line, for the driver handles no more in a turn than one task may tell.
    pub(super) fn let_tasks_tell(&self) {
        self.allow_tells();
        match self.is_alone() {
            true => self.floods.next_goes_on(),
            false => self.floods.go_on(),
        }
    }

    /// The driver that runs here has fallen asleep. If it is the only one, nobody need wait for it.
    pub(super) fn note_asleep(&self) {
        if self.is_alone() {
            self.floods.go_on();
        }
    }

    /// The tasks of this thread may tell so many messages more.
    fn allow_tells(&self) {
        TELLS_LEFT.set(match self.is_alone() {
            true => TELLS_BEFORE_GIVING_WAY_ALONE,
            false => TELLS_BEFORE_GIVING_WAY,
        });
    }
}

#[cfg(all(test, millhand_loom))]
mod models;

#[cfg(all(test, not(millhand_loom)))]
mod tests {
    use std::future::poll_fn;
    use std::sync::Arc;
    use std::task::Poll;
    use std::time::Duration;

    use crate::actor::dispatcher::driver;
    use crate::runtime::Runtime;

    /// All drivers sleep when it begins to wait: no poll of one lets it go on.
    #[test]
    fn a_task_that_waits_for_a_driver_goes_on_when_none_comes() {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().unwrap();
        let dispatcher = {
            let runtime = Runtime::new(runtime.handle().clone());
            driver::start(runtime, Duration::from_secs(1), Duration::from_secs(1)).unwrap()
        };
        for _ in 0..3 {
            while !dispatcher.watchdog.is_asleep() {
                std::thread::yield_now();
            }
            let dispatcher = Arc::clone(&dispatcher);
            let mut waits = true;
            let task = runtime.spawn(poll_fn(move |cx| {
                if std::mem::take(&mut waits) {
                    dispatcher.wait_for_driver(cx.waker());
                    return Poll::Pending;
                }
                Poll::Ready(())
            }));
            runtime.block_on(task).unwrap();
        }
        dispatcher.end();
    }
}
