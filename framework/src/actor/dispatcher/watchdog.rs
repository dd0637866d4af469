//! The watchdog: a thread of the system's own, which sees what a stuck driver cannot.
//!
//! While any of several drivers is awake it makes a round about once a millisecond: it advances the tick that ends
//! time slices, and takes queued work away from a driver that does not move. It keeps the appointments
//! that must be kept even when every thread of the runtime is stuck: the kill grace, and the deadline of
//! a shutdown. While all drivers sleep, and no appointment is set, it sleeps too.
//!
//! It goes by the machine's clock, not by the runtime's, which may be paused: a handler that does not
//! return uses up real time.

use std::collections::BTreeMap;
use std::sync::{OnceLock, Weak};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

use super::Dispatcher;
use crate::sync::{AtomicBool, Mutex, Ordering, lock};

/// One round. Long against an activation, short against what a person or a timer notices.
const ROUND: Duration = Duration::from_millis(1);

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
    by_due: BTreeMap<(Instant, u64), Keep>,
}

/// What is to be done when the time has come.
type Keep = Box<dyn FnOnce() + Send>;

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

    /// Calls `keep` after `delay` of real time, on the watchdog's thread. It must not block.
    ///
    /// A delay too long for the clock is one that is not kept.
    pub(crate) fn appoint(
        &self,
        delay: Duration,
        keep: impl FnOnce() + Send + 'static,
    ) -> Option<AppointmentKey> {
        let due = Instant::now().checked_add(delay)?;
        let mut appointments = lock(&self.appointments);
        let number = appointments.next_number;
        appointments.next_number += 1;
        appointments.by_due.insert((due, number), Box::new(keep));
        drop(appointments);
        self.unpark();
        Some(AppointmentKey(due, number))
    }

    pub(crate) fn cancel(&self, AppointmentKey(due, number): AppointmentKey) {
        let cancelled = lock(&self.appointments).by_due.remove(&(due, number));
        drop(cancelled);
    }

    /// A driver wakes up.
    pub(super) fn stir(&self) {
        // A look first: while the watchdog is awake this costs no write.
        if self.asleep.load(Ordering::SeqCst) && self.asleep.swap(false, Ordering::SeqCst) {
            self.unpark();
        }
    }

    pub(super) fn end(&self) {
        self.ended.store(true, Ordering::Release);
        self.unpark();
    }

    fn unpark(&self) {
        if let Some(thread) = self.thread.get() {
            thread.unpark();
        }
    }

    /// Takes out what is due; and when the next one is.
    fn due(&self, now: Instant) -> (BTreeMap<(Instant, u64), Keep>, Option<Instant>) {
        let mut appointments = lock(&self.appointments);
        let later = appointments.by_due.split_off(&(now, u64::MAX));
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
    let mut seen = vec![0; drivers];
    let mut idle_rounds = 0;
    loop {
        // Held only during a round, so that the system can be dropped.
        let Some(system) = dispatcher.upgrade() else {
            return;
        };
        let watchdog = &system.watchdog;
        let (due, next) = watchdog.due(Instant::now());
        for keep in due.into_values() {
            keep();
        }
        if watchdog.ended.load(Ordering::Acquire) {
            return;
        }
        if drivers == 1 {
            // One driver runs in an order of its own, which the machine's clock must not disturb.
            let pause = next.map(|next| next.saturating_duration_since(Instant::now()));
            drop(system);
            sleep(pause);
            continue;
        }
        idle_rounds = if system.idle.all_asleep() { idle_rounds + 1 } else { 0 };
        let pause = if idle_rounds < IDLE_ROUNDS {
            system.rescue(&mut seen);
            Some(ROUND)
        } else {
            watchdog.asleep.store(true, Ordering::SeqCst);
            // Between the look and the store a driver may have woken up and seen no sleeper to stir.
            if system.idle.all_asleep() {
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
