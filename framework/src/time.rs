//! Coarse time: deadlines in milliseconds, and the one timer that wakes for the earliest.

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::task::Waker;
use std::time::Duration;

use tokio::time::Instant;

use crate::runtime::Runtime;
use crate::sync::{Mutex, lock};

/// A deadline: milliseconds since the system started, modulo 2^32. Comparisons hold over 24 days, so
/// a longer timeout is treated as [`LONGEST`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Tick(NonZeroU32);

/// The longest timeout that a deadline can express.
pub(crate) const LONGEST: Duration = Duration::from_secs(24 * 24 * 3600);

impl Tick {
    fn new(millis: u64) -> Self {
        // One tick in 2^32 has no number of its own; its deadlines are a millisecond late.
        Self(NonZeroU32::new(millis as u32).unwrap_or(NonZeroU32::MIN))
    }

    pub(crate) fn has_passed(self, now: Self) -> bool {
        now.0.get().wrapping_sub(self.0.get()) as i32 >= 0
    }
}

/// The system's clock. It is tokio's, so a test that pauses tokio's time pauses the system's.
#[derive(Debug)]
pub(crate) struct Clock {
    epoch: Instant,
}

impl Clock {
    pub(crate) fn new() -> Self {
        Self { epoch: Instant::now() }
    }

    pub(crate) fn now(&self) -> Tick {
        Tick::new(self.epoch.elapsed().as_millis() as u64)
    }

    /// The tick at which a deadline has passed: rounded up, so that nobody gets less than asked for.
    pub(crate) fn tick_at(&self, instant: Instant) -> Tick {
        let elapsed = instant.saturating_duration_since(self.epoch);
        Tick::new(elapsed.as_micros().div_ceil(1000) as u64)
    }
}

/// A point in time that is not reached: what adding too long a delay amounts to.
const FAR: Duration = Duration::from_secs(30 * 365 * 24 * 3600);

/// `delay` from now, however long it is.
pub(crate) fn after(delay: Duration) -> Instant {
    Instant::now() + delay.min(FAR)
}

/// What to do when the time has come.
pub(crate) enum Alarm {
    Wake(Waker),
    Call(Box<dyn FnOnce() + Send>),
}

/// Names a set alarm, to cancel it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct AlarmKey {
    due: Instant,
    number: u64,
}

/// All alarms of a system. One tokio timer is armed, for the earliest.
pub(crate) struct Alarms {
    set: Mutex<Set>,
    /// Tells the timekeeper that the earliest alarm has changed.
    changed: tokio::sync::Notify,
    runtime: Runtime,
}

struct Set {
    next_number: u64,
    by_due: BTreeMap<AlarmKey, Alarm>,
    /// When the timekeeper wakes next. It may be too early, after a cancellation; never too late.
    armed: Option<Instant>,
    closed: bool,
}

impl Alarms {
    pub(crate) fn new(runtime: Runtime) -> Self {
        let set = Set { next_number: 0, by_due: BTreeMap::new(), armed: None, closed: false };
        Self { set: Mutex::new(set), changed: tokio::sync::Notify::new(), runtime }
    }

    /// Sets an alarm. After the system has ended, it goes off at once.
    pub(crate) fn set(&self, due: Instant, alarm: Alarm) -> AlarmKey {
        let mut set = lock(&self.set);
        let key = AlarmKey { due, number: set.next_number };
        set.next_number += 1;
        if set.closed {
            drop(set);
            alarm.go_off();
            return key;
        }
        set.by_due.insert(key, alarm);
        let too_late = set.armed.is_none_or(|armed| due < armed);
        if too_late {
            set.armed = Some(due);
        }
        drop(set);
        if too_late {
            self.changed.notify_one();
            self.runtime.announce();
        }
        key
    }

    pub(crate) fn cancel(&self, key: AlarmKey) {
        let cancelled = lock(&self.set).by_due.remove(&key);
        drop(cancelled);
    }

    /// No driver is left: whoever waits for time to pass must look again now.
    pub(crate) fn close(&self) {
        let all = {
            let mut set = lock(&self.set);
            set.closed = true;
            std::mem::take(&mut set.by_due)
        };
        all.into_values().for_each(Alarm::go_off);
        self.changed.notify_one();
    }

    /// When the timekeeper must wake; it is armed for that from now on.
    fn arm(&self) -> Option<Instant> {
        let mut set = lock(&self.set);
        set.armed = set.by_due.first_key_value().map(|(key, _)| key.due);
        set.armed
    }

    fn due(&self, now: Instant) -> Vec<Alarm> {
        let mut set = lock(&self.set);
        let later = set.by_due.split_off(&AlarmKey { due: now, number: u64::MAX });
        std::mem::replace(&mut set.by_due, later).into_values().collect()
    }

    fn is_closed(&self) -> bool {
        lock(&self.set).closed
    }
}

impl Alarm {
    fn go_off(self) {
        match self {
            Self::Wake(waker) => waker.wake(),
            Self::Call(call) => call(),
        }
    }
}

/// The task that sleeps until the earliest alarm.
pub(crate) async fn keep_time(alarms: Arc<Alarms>) {
    while !alarms.is_closed() {
        let changed = alarms.changed.notified();
        match alarms.arm() {
            None => changed.await,
            Some(due) => tokio::select! {
                biased;
                () = changed => {}
                () = tokio::time::sleep_until(due) => {
                    alarms.due(Instant::now()).into_iter().for_each(Alarm::go_off);
                }
            },
        }
    }
}
