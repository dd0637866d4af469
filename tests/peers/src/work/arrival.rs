//! Work that arrives at four idle workers, and the cores that take it up.
//!
//! Each job is 1 ms of work in pieces of half a microsecond. Before each piece its worker notes on which
//! core it is; once the workers with a job are on as many cores as there are threads, all cores run one.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use nix::sched::sched_getcpu;

use super::goal::Goal;
use super::pause::pause;
use super::spin::spin;
use super::{HANDS, clock, sum_below};
use crate::candidate::THREADS;
use crate::meter::{Meter, Sample, of_thousand};
use crate::suite::Plan;

/// Pieces in a job.
const PIECES: u64 = 2_000;

const PIECE: Duration = Duration::from_nanos(500);

/// How long all are idle before the next time, in turn: some go to deeper sleep after a while.
const IDLE: [Duration; 3] =
    [Duration::from_millis(1), Duration::from_millis(3), Duration::from_millis(30)];

#[derive(Debug)]
pub struct Arrival {
    piece: u64,
    cores: usize,
    goal: Arc<Goal>,
    /// The core of each worker that has a job, plus one.
    places: [AtomicUsize; HANDS],
    arrived: AtomicU64,
    /// When all cores ran one; 0: not yet.
    all: AtomicU64,
}

/// The times of one measurement.
pub struct Arrivals {
    arrival: Arc<Arrival>,
    times: u64,
    warm_up: u64,
    found: Vec<u64>,
    meter: Option<Meter>,
}

impl Arrival {
    pub fn new(plan: Plan) -> Arc<Self> {
        let cores = thread::available_parallelism().map_or(1, std::num::NonZero::get);
        Arc::new(Self {
            piece: plan.speed.turns(PIECE),
            cores: cores.min(THREADS),
            goal: Goal::new(),
            places: Default::default(),
            arrived: AtomicU64::new(0),
            all: AtomicU64::new(0),
        })
    }

    /// Whoever brings the work calls this right before the first send.
    pub fn begin(&self) {
        self.arrived.store(clock::now(), Ordering::Relaxed);
    }

    /// A worker does its job.
    pub fn work(&self, hand: usize) {
        for _ in 0..PIECES {
            self.look(hand);
            spin(self.piece);
        }
        self.places[hand].store(0, Ordering::Relaxed);
        self.goal.report(hand as u64);
    }

    fn look(&self, hand: usize) {
        self.places[hand].store(1 + sched_getcpu().expect("Linux"), Ordering::Relaxed);
        if self.all.load(Ordering::Relaxed) == 0 && self.busy_cores() >= self.cores {
            // Whoever comes second sees the same a little later.
            self.all.store(clock::now(), Ordering::Relaxed);
        }
    }

    fn busy_cores(&self) -> usize {
        let mut cores = self.places.each_ref().map(|place| place.load(Ordering::Relaxed));
        cores.sort_unstable();
        cores.chunk_by(|one, other| one == other).filter(|same| same[0] != 0).count()
    }
}

impl Arrivals {
    pub fn of(plan: Plan, arrival: &Arc<Arrival>) -> Self {
        let warm_up = plan.operations / 10;
        let arrival = Arc::clone(arrival);
        Self { arrival, times: plan.operations, warm_up, found: Vec::new(), meter: None }
    }

    /// Waits until all has been idle for a while. What it returns gets the sum of the workers' numbers;
    /// `None`: the measurement is over.
    pub async fn next(&mut self) -> Option<tokio::sync::oneshot::Receiver<u64>> {
        let done = self.found.len() as u64;
        if done == self.warm_up + self.times {
            return None;
        }
        pause(IDLE[done as usize % IDLE.len()]).await;
        if done == self.warm_up {
            self.meter = Some(Meter::start());
        }
        self.arrival.all.store(0, Ordering::Relaxed);
        Some(self.arrival.goal.expect(HANDS as u64))
    }

    /// All jobs are done. If they never ran on all cores at once, that is how long it took.
    pub fn found(&mut self, sum: u64) {
        assert_eq!(sum, sum_below(HANDS as u64), "each did its job");
        let all = match self.arrival.all.load(Ordering::Relaxed) {
            0 => clock::now(),
            all => all,
        };
        self.found.push(all - self.arrival.arrived.load(Ordering::Relaxed));
    }

    pub fn sample(mut self) -> Sample {
        let mut found = self.found.split_off(self.warm_up as usize);
        found.sort_unstable();
        let meter = self.meter.expect("it has begun");
        let sample = meter.stop_with(of_thousand(&found, 990), self.times);
        let sample = sample.also("p50", of_thousand(&found, 500));
        let sample = sample.also("p90", of_thousand(&found, 900));
        sample.also("max", found.last().copied().unwrap_or_default() as f64)
    }
}
