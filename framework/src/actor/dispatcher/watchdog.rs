//! The watchdog: a thread of the system's own, which sees what a stuck driver cannot.
//!
//! While any of several drivers is awake it makes a round about once a millisecond: it advances the tick that
//! ends time slices, takes queued work away from a driver that does not move, and lets tasks go on that wait for
//! one ([`super::flood`]). It keeps the appointments that must be kept even when every thread of the runtime is
//! stuck: the kill grace, and the deadline of a shutdown. While all drivers sleep, and no appointment is set, it
//! sleeps too.
//!
//! It goes by the machine's clock, not by the runtime's, which may be paused: a handler that does not
//! return uses up real time.

use std::collections::BTreeMap;
use std::sync::{OnceLock, Weak};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

use super::{Dispatcher, Seen};
use crate::pool;
use crate::sync::{AtomicBool, Mutex, Ordering, fence, lock};
use crate::time::Alarm;

/// One round. Long against an activation, short against what a person or a timer notices.
pub(super) const ROUND: Duration = Duration::from_millis(1);

/// Rounds with all drivers asleep before the watchdog sleeps too: a system that works in bursts then
/// does not pay for waking it each time.
const IDLE_ROUNDS: u32 = 20;

pub(crate) struct Watchdog {
    thread: OnceLock<Thread>,
    asleep: AtomicBool,
    ended: AtomicBool,
    appointments: Mutex<Appointments>,
}

#[derive(Default)]
struct Appointments {
    next_number: u64,
    by_due: BTreeMap<(Instant, u64), Alarm>,
}

/// Names an appointment, to cancel it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct AppointmentKey(Instant, u64);

impl Watchdog {
    pub(super) fn new() -> Self {
        Self {
            thread: OnceLock::new(),
            asleep: AtomicBool::new(false),
            ended: AtomicBool::new(false),
            appointments: Mutex::new(Appointments::default()),
        }
    }

    pub(super) fn start(
        &self,
        dispatcher: Weak<Dispatcher>,
        drivers: usize,
    ) -> std::io::Result<()> {
        let handle = thread::Builder::new()
            .name("millhand-watchdog".into())
            .spawn(move || watch(&dispatcher, drivers))?;
        self.thread.get_or_init(|| handle.thread().clone());
        Ok(())
    }

    /// Goes off after `delay` of real time, on the watchdog's thread. What is called must not block.
    ///
    /// A delay too long for the clock is one that is not kept; nor is one after the end.
    pub(crate) fn appoint(&self, delay: Duration, alarm: Alarm) -> Option<AppointmentKey> {
        let due = Instant::now().checked_add(delay)?;
        let mut appointments = lock(&self.appointments);
        if self.ended.load(Ordering::Acquire) {
            return None;
        }
        let number = appointments.next_number;
        appointments.next_number += 1;
        appointments.by_due.insert((due, number), alarm);
        drop(appointments);
        self.unpark();
        Some(AppointmentKey(due, number))
    }

    pub(crate) fn cancel(&self, AppointmentKey(due, number): AppointmentKey) {
        let cancelled = lock(&self.appointments).by_due.remove(&(due, number));
        drop(cancelled);
    }

    #[cfg(all(test, not(millhand_loom)))]
    pub(super) fn is_asleep(&self) -> bool {
        self.asleep.load(Ordering::SeqCst)
    }

    /// How many appointments it has.
    #[cfg(all(test, not(millhand_loom)))]
    pub(crate) fn count(&self) -> usize {
        lock(&self.appointments).by_due.len()
    }

    /// A driver wakes up.
    pub(super) fn stir(&self) {
        // A look first: while the watchdog is awake this costs no write.
        if self.asleep.load(Ordering::SeqCst) && self.asleep.swap(false, Ordering::SeqCst) {
            self.unpark();
        }
    }

    pub(super) fn end(&self) {
        {
            // Under the lock: an appointment is either seen by the thread's last round, or refused.
            let _appointments = lock(&self.appointments);
            self.ended.store(true, Ordering::Release);
        }
        self.unpark();
    }

    fn unpark(&self) {
        if let Some(thread) = self.thread.get() {
            thread.unpark();
        }
    }

    /// Takes out what is due, or everything; and when the next one is.
    fn due(&self, now: Option<Instant>) -> (BTreeMap<(Instant, u64), Alarm>, Option<Instant>) {
        let mut appointments = lock(&self.appointments);
        let later = match now {
            Some(now) => appointments.by_due.split_off(&(now, u64::MAX)),
            None => BTreeMap::new(),
        };
        let next = later.first_key_value().map(|((due, _), _)| *due);
        (std::mem::replace(&mut appointments.by_due, later), next)
    }
}

impl Drop for Watchdog {
    /// The thread holds the dispatcher only during a round; it finds it gone and ends.
    fn drop(&mut self) {
        self.unpark();
    }
}

fn watch(dispatcher: &Weak<Dispatcher>, drivers: usize) {
    let mut seen = Seen::nothing(drivers);
    let mut idle_rounds = 0;
    loop {
        // Held only during a round, so that the system can be dropped.
        let Some(system) = dispatcher.upgrade() else {
            return;
        };
        let watchdog = &system.watchdog;
        // At the end, those who wait for a time are woken; what was to be done is not.
        let ended = watchdog.ended.load(Ordering::Acquire);
        let (due, next) = watchdog.due(if ended { None } else { Some(Instant::now()) });
        for alarm in due.into_values().filter(|alarm| !ended || alarm.is_wake()) {
            alarm.go_off();
        }
        if ended {
            return;
        }
        if drivers == 1 {
            // One driver runs in an order of its own, which the machine's clock must not disturb.
            let pause = next.map(|next| next.saturating_duration_since(Instant::now()));
            drop(system);
            sleep(pause);
            continue;
        }
        idle_rounds = if system.is_idle() { idle_rounds + 1 } else { 0 };
        let pause = if idle_rounds < IDLE_ROUNDS {
            system.rescue(&mut seen);
            Some(ROUND)
        } else {
            pool::empty_depot();
            system.shrink();
            watchdog.asleep.store(true, Ordering::SeqCst);
            fence(Ordering::SeqCst);
            // Between the look and the store a driver may have woken up, or a task begun to wait for one, and
            // seen no sleeper to stir.
            if system.is_idle() {
                next.map(|next| next.saturating_duration_since(Instant::now()))
            } else {
                idle_rounds = 0;
                Some(ROUND)
            }
        };
        drop(system);
        sleep(pause);
    }
}

fn sleep(pause: Option<Duration>) {
    match pause {
        Some(pause) => thread::park_timeout(pause),
        None => thread::park(),
    }
}
