//! Which drivers sleep, and who wakes one: the protocol that keeps work from waiting beside a sleeper.
//!
//! ```text
//!   31          16 15           0
//!  ┌──────────────┬──────────────┐
//!  │ awake        │ searching    │   counts of drivers; `searching` are awake and have found nothing yet
//!  └──────────────┴──────────────┘
//! ```
//!
//! - Who adds work wakes a driver, unless one is searching: that one will find it, or wake another.
//! - A driver is *made* searching by its waker, which counts it before the wake goes out. What polls a
//!   sleeping driver for another reason, a *nudge* among them, changes no count; a driver that is polled
//!   so looks into the injector and gets up if it finds something.
//! - The last searcher that falls asleep looks at all queues once more after it has lain down. That look
//!   pairs with the waker's look at `searching` after its push; both stand behind a `SeqCst` fence, so
//!   one of them sees the other.
//! - Every driver that falls asleep looks into the injector once more: the searcher that it left the
//!   looking to may have found something that keeps it, and work from outside is in nobody's queue.
//!
//! The protocol is that of tokio's multi-thread scheduler (`runtime/scheduler/multi_thread/idle.rs`) and
//! of Go's scheduler before it.

use crate::sync::{AtomicUsize, Mutex, Ordering, fence, lock, weakened};

const AWAKE: usize = 1 << 16;
const SEARCHING_MASK: usize = AWAKE - 1;

/// At most this many drivers: the counts have 16 bits each.
pub(crate) const MOST_DRIVERS: usize = SEARCHING_MASK;

#[derive(Debug)]
pub(crate) struct Idle {
    drivers: usize,
    counts: AtomicUsize,
    sleepers: Mutex<Sleepers>,
}

#[derive(Debug)]
struct Sleepers {
    /// Drivers that sleep and have not been called.
    asleep: Vec<usize>,
    /// By driver: called, and counted as searching, since it fell asleep.
    called: Vec<bool>,
    /// By driver: nudged since it fell asleep. It may have to wait for the task that nudged it, so it is not
    /// called before it has been polled.
    nudged: Vec<bool>,
}

impl Idle {
    /// All drivers begin awake.
    pub(crate) fn new(drivers: usize) -> Self {
        let sleepers = Sleepers {
            asleep: Vec::with_capacity(drivers),
            called: vec![false; drivers],
            nudged: vec![false; drivers],
        };
        Self { drivers, counts: AtomicUsize::new(drivers * AWAKE), sleepers: Mutex::new(sleepers) }
    }

    /// Work was added: the driver to wake for it, if one should be. It is counted as searching.
    pub(crate) fn call_one(&self) -> Option<usize> {
        self.call(|asleep, nudged| asleep.iter().rposition(|&driver| !nudged[driver]))
    }

    /// The same, and it may be one that was nudged, if that has led to nothing.
    pub(crate) fn call_any(&self) -> Option<usize> {
        self.call(|asleep, nudged| {
            let not_nudged = asleep.iter().rposition(|&driver| !nudged[driver]);
            not_nudged.or(asleep.len().checked_sub(1))
        })
    }

    fn call(&self, choose: impl Fn(&[usize], &[bool]) -> Option<usize>) -> Option<usize> {
        if !self.should_call_after_push() {
            return None;
        }
        let mut sleepers = lock(&self.sleepers);
        if !self.should_call() {
            return None;
        }
        let Sleepers { asleep, called, nudged } = &mut *sleepers;
        let at = choose(asleep, nudged)?;
        let driver = asleep.swap_remove(at);
        called[driver] = true;
        self.counts.fetch_add(AWAKE + 1, Ordering::SeqCst);
        Some(driver)
    }

    /// Work was added to the injector: the driver to nudge for it, if one should be. It is not counted: what
    /// it is needed for is that it looks into the injector when it is polled, which all do.
    pub(crate) fn nudge_one(&self) -> Option<usize> {
        if !self.should_call_after_push() {
            return None;
        }
        let Sleepers { asleep, nudged, .. } = &mut *lock(&self.sleepers);
        let driver = *asleep.iter().rfind(|&&driver| !nudged[driver])?;
        nudged[driver] = true;
        Some(driver)
    }

    fn should_call_after_push(&self) -> bool {
        // Ordering: pairs with the fence in `fall_asleep`: the push before this fence, or
        // that driver's look at the queues, sees the other.
        if !weakened("idle.call") {
            fence(Ordering::SeqCst);
        }
        self.should_call()
    }

    fn should_call(&self) -> bool {
        let counts = self.counts.load(Ordering::SeqCst);
        counts & SEARCHING_MASK == 0 && counts / AWAKE < self.drivers
    }

    /// Whether any driver is awake: it runs, or waits for the runtime to run it.
    pub(crate) fn any_awake(&self) -> bool {
        self.counts.load(Ordering::Relaxed) >= AWAKE
    }

    /// An awake driver wants to search the others' queues. Half the drivers at most do so at once.
    pub(crate) fn begin_search(&self) -> bool {
        let counts = self.counts.load(Ordering::SeqCst);
        if 2 * (counts & SEARCHING_MASK) >= self.drivers {
            return false;
        }
        self.counts.fetch_add(1, Ordering::SeqCst);
        true
    }

    /// It has found something. True: it was the last searcher, and should call another.
    #[must_use]
    pub(crate) fn end_search(&self) -> bool {
        self.counts.fetch_sub(1, Ordering::SeqCst) & SEARCHING_MASK == 1
    }

    /// The driver lies down. True: it was the last searcher, and must look at all queues once more.
    #[must_use]
    pub(crate) fn fall_asleep(&self, driver: usize, searching: bool) -> bool {
        let mut sleepers = lock(&self.sleepers);
        let before = self.counts.fetch_sub(AWAKE + usize::from(searching), Ordering::SeqCst);
        sleepers.called[driver] = false;
        sleepers.nudged[driver] = false;
        sleepers.asleep.push(driver);
        drop(sleepers);
        // Ordering: pairs with the fence in `call_one`; the caller looks at the queues after it.
        if !weakened("idle.asleep") {
            fence(Ordering::SeqCst);
        }
        searching && before & SEARCHING_MASK == 1
    }

    /// A sleeping driver was polled. True: it was called, and is awake and searching.
    pub(crate) fn was_called(&self, driver: usize) -> bool {
        let mut sleepers = lock(&self.sleepers);
        sleepers.nudged[driver] = false;
        std::mem::take(&mut sleepers.called[driver])
    }

    /// A sleeping driver has found work by itself. Returns whether it is searching: it is if somebody
    /// called it meanwhile.
    pub(crate) fn get_up(&self, driver: usize) -> bool {
        let mut sleepers = lock(&self.sleepers);
        if let Some(at) = sleepers.asleep.iter().position(|&other| other == driver) {
            sleepers.asleep.swap_remove(at);
            self.counts.fetch_add(AWAKE, Ordering::SeqCst);
            false
        } else {
            std::mem::take(&mut sleepers.called[driver])
        }
    }

    pub(crate) fn none_asleep(&self) -> bool {
        self.counts.load(Ordering::SeqCst) / AWAKE == self.drivers
    }

    pub(crate) fn all_asleep(&self) -> bool {
        self.counts.load(Ordering::SeqCst) / AWAKE == 0
    }
}

#[cfg(all(test, millhand_loom))]
mod models;
