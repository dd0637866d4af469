//! A worker that is flooded, and a probe of another one.
//!
//! Two tasks send numbers to the first as fast as its mailbox of 1,024 takes them. Meanwhile an OS thread
//! sends the time to the second every half a millisecond or so, which finds how old it is.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use super::times::Times;
use super::{clock, mixed};
use crate::meter::{Meter, Sample, of_thousand};
use crate::suite::Plan;

/// Tasks that flood: one for each thread.
pub const FLOODERS: usize = crate::candidate::THREADS;

#[derive(Debug)]
pub struct Flood {
    control: bool,
    warm_up: u64,
    probes: u64,
    ages: Times,
    hits: AtomicU64,
}

impl Flood {
    pub fn new(plan: Plan) -> Arc<Self> {
        let (probes, warm_up) = (plan.operations, plan.operations / 10);
        let ages = Times::expect(warm_up + probes);
        Arc::new(Self { control: plan.control, warm_up, probes, ages, hits: AtomicU64::new(0) })
    }

    /// How many tasks are to flood the worker.
    pub fn flooders(&self) -> usize {
        if self.control { 0 } else { FLOODERS }
    }

    /// The flooded worker, which is the only one that does this, handles a message.
    pub fn hit(&self) {
        self.hits.store(self.hits.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
    }

    /// The other one handles a probe.
    pub fn probed(&self, sent: u64) {
        self.ages.add(clock::now() - sent);
    }

    /// Sends probes from this thread. `send` does not wait.
    pub fn probe(&self, mut send: impl FnMut(u64)) -> Sample {
        let mut measured = None;
        for number in 0..self.warm_up + self.probes {
            thread::sleep(Duration::from_micros(200 + mixed(number) % 600));
            if number == self.warm_up {
                measured = Some((Meter::start(), self.hits.load(Ordering::Relaxed)));
            }
            send(clock::now());
        }
        let mut ages = self.ages.wait().split_off(self.warm_up as usize);
        let (meter, hits) = measured.expect("a probe");
        let hits = self.hits.load(Ordering::Relaxed) - hits;
        assert!(self.control == (hits == 0), "{hits} messages in the flood");
        assert!(self.control || hits > 10 * self.probes, "{hits} messages are no flood");
        ages.sort_unstable();
        let sample = meter.stop_with(of_thousand(&ages, 999), self.probes);
        let sample = sample.also("p50", of_thousand(&ages, 500));
        let sample = sample.also("p99", of_thousand(&ages, 990));
        sample.also("max", ages.last().copied().unwrap_or_default() as f64)
    }
}
