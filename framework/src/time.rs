//! Alarms, and the one timer that wakes for the earliest.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::task::Waker;
use std::time::Duration;

use tokio::time::Instant;

use crate::contain::contain;
use crate::runtime::Runtime;
use crate::sync::{Mutex, MutexGuard, lock};

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
    /// What moments count from.
    epoch: Instant,
}

/// A point in time as one number: nanoseconds since the alarms were made. `NEVER` is none.
pub(crate) type Moment = u64;

pub(crate) const NEVER: Moment = u64::MAX;

/// Marks the numbers of alarms that their owners name; the others are counted up from 0.
const OWNED: u64 = 1 << 63;

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
        let epoch = Instant::now();
        Self { set: Mutex::new(set), changed: tokio::sync::Notify::new(), runtime, epoch }
    }

    pub(crate) fn moment(&self, instant: Instant) -> Moment {
        let since = instant.saturating_duration_since(self.epoch).as_nanos();
        u64::try_from(since).unwrap_or(NEVER - 1)
    }

    /// Sets the one alarm of an owner, known by a number of its own; takes back its earlier one.
    pub(crate) fn set_for(&self, owner: usize, due: Moment, before: Moment, alarm: Alarm) {
        self.cancel_for(owner, before);
        self.insert(lock(&self.set), self.key_for(owner, due), alarm);
    }

    /// Takes the owner's alarm back, if it has one.
    pub(crate) fn cancel_for(&self, owner: usize, due: Moment) {
        if due != NEVER {
            self.cancel(self.key_for(owner, due));
        }
    }

    fn key_for(&self, owner: usize, due: Moment) -> AlarmKey {
        let due = self.epoch + Duration::from_nanos(due);
        AlarmKey { due, number: OWNED | owner as u64 }
    }

    /// Sets an alarm. After the system has ended, it goes off at once.
    pub(crate) fn set(&self, due: Instant, alarm: Alarm) -> AlarmKey {
        let mut set = lock(&self.set);
        let key = AlarmKey { due, number: set.next_number };
        set.next_number += 1;
        self.insert(set, key, alarm);
        key
    }

    fn insert(&self, mut set: MutexGuard<'_, Set>, key: AlarmKey, alarm: Alarm) {
        let due = key.due;
        if set.closed {
            drop(set);
            return alarm.go_off();
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

    /// The system has ended: whoever waits for a time is woken, and what was to be called is not.
    pub(crate) fn wake_all(&self) {
        let all = std::mem::take(&mut lock(&self.set).by_due);
        all.into_values().filter(Alarm::is_wake).for_each(Alarm::go_off);
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

    /// How many are set.
    #[cfg(all(test, not(millhand_loom)))]
    pub(crate) fn count(&self) -> usize {
        lock(&self.set).by_due.len()
    }
}

impl Alarm {
    pub(crate) fn call(call: impl FnOnce() + Send + 'static) -> Self {
        Self::Call(Box::new(call))
    }

    /// Whether it wakes somebody who can find out for himself what has happened.
    pub(crate) fn is_wake(&self) -> bool {
        matches!(self, Self::Wake(_))
    }

    /// A waker may be the user's; its panic must not keep the other alarms from going off.
    pub(crate) fn go_off(self) {
        contain(|| match self {
            Self::Wake(waker) => waker.wake(),
            Self::Call(call) => call(),
        });
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
