//! Workers that wait for timers, beside others that keep all threads busy.
//!
//! Ten waiters have a timer set at any time, of 2 to 12 ms. Four workers send themselves the next message
//! whenever they handle one, which takes 10 µs. A timer's lateness is what lies between the time at which
//! it is due and its handler.

use std::sync::Arc;
use std::time::Duration;

use super::spin::spin;
use super::times::Times;
use super::{HANDS, clock, mixed};
use crate::meter::{Meter, Sample, of_thousand};
use crate::suite::Plan;

/// Workers with timers.
pub const WAITERS: u64 = 10;

/// How long a message of a busy worker takes.
const JOB: Duration = Duration::from_micros(10);

#[derive(Debug)]
pub struct Timers {
    job: u64,
    control: bool,
    /// Of each waiter; those of the warm-up come first.
    warm_up: u64,
    timers: u64,
    lateness: Times,
}

/// What a worker with a timer knows.
#[derive(Debug)]
pub struct Waiter {
    timers: Arc<Timers>,
    number: u64,
    set: u64,
    due: u64,
}

impl Timers {
    pub fn new(plan: Plan) -> Arc<Self> {
        let timers = plan.operations / WAITERS;
        let lateness = Times::expect(timers * WAITERS);
        let job = plan.speed.turns(JOB);
        Arc::new(Self { job, control: plan.control, warm_up: timers / 10, timers, lateness })
    }

    /// How many workers are to be busy.
    pub fn busy(&self) -> usize {
        if self.control { 0 } else { HANDS }
    }

    /// A busy worker handles a message.
    pub fn work(&self) {
        spin(self.job);
    }

    pub fn waiter(self: &Arc<Self>, number: u64) -> Waiter {
        Waiter { timers: Arc::clone(self), number, set: 0, due: 0 }
    }

    /// Blocks until all timers have rung.
    pub fn watch(&self) -> Sample {
        let meter = Meter::start();
        let mut lateness = self.lateness.wait();
        lateness.sort_unstable();
        let sample = meter.stop_with(of_thousand(&lateness, 990), self.timers * WAITERS);
        let sample = sample.also("p50", of_thousand(&lateness, 500));
        sample.also("max", lateness.last().copied().unwrap_or_default() as f64)
    }
}

impl Waiter {
    /// What to set the next timer to; `None`: that was the last.
    pub fn next(&mut self) -> Option<Duration> {
        if self.set == self.timers.warm_up + self.timers.timers {
            return None;
        }
        let apart = mixed(self.number << 32 | self.set) % 10_000;
        let delay = Duration::from_micros(2_000 + apart);
        self.set += 1;
        self.due = clock::now() + delay.as_nanos() as u64;
        Some(delay)
    }

    /// The timer that was set last has rung.
    pub fn rang(&self) {
        let late = clock::now().checked_sub(self.due).expect("no timer rings early");
        if self.set > self.timers.warm_up {
            self.timers.lateness.add(late);
        }
    }
}
