//! 1,000 workers that always have something to do.
//!
//! Each sends itself the next message whenever it handles one, which takes 1 µs. A *turn* is what it handles
//! before another one runs on its thread; a *wait* is what lies between two turns. A worker that is starved
//! has its wait counted when all others have ended, and it gets its turn at last.

use std::cell::Cell;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use super::clock;
use super::spin::spin;
use crate::meter::{Meter, Sample};
use crate::suite::Plan;

/// Workers.
pub const CROWD: u64 = 1_000;

/// How long a message takes.
const JOB: Duration = Duration::from_micros(1);

#[derive(Debug)]
pub struct Crowd {
    job: u64,
    /// How long to go on, in nanoseconds.
    time: u64,
    /// When the waits begin to count, and when all is over.
    warm: AtomicU64,
    over: AtomicU64,
    gathered: Mutex<Gathered>,
    all: Condvar,
}

#[derive(Debug, Default)]
struct Gathered {
    members: u64,
    waits: Waits,
}

#[derive(Debug, Default, Clone, Copy)]
struct Waits {
    count: u64,
    sum: u64,
    longest: u64,
    handled: u64,
}

/// What one worker knows.
#[derive(Debug)]
pub struct Member {
    crowd: Arc<Crowd>,
    /// From 1 on.
    number: u64,
    ended: u64,
    waits: Waits,
}

thread_local! {
    /// Who ran last on this thread.
    static LAST: Cell<u64> = const { Cell::new(0) };
}

impl Crowd {
    pub fn new(plan: Plan) -> Arc<Self> {
        Arc::new(Self {
            job: plan.speed.turns(JOB),
            time: plan.operations * 1_000_000,
            warm: AtomicU64::new(u64::MAX),
            over: AtomicU64::new(u64::MAX),
            gathered: Mutex::default(),
            all: Condvar::new(),
        })
    }

    pub fn member(self: &Arc<Self>, number: u64) -> Member {
        let waits = Waits::default();
        Member { crowd: Arc::clone(self), number: number + 1, ended: clock::now(), waits }
    }

    /// All of them have something to do. Blocks until all of them have ended.
    pub fn watch(&self) -> Sample {
        let warm = clock::now() + self.time / 10;
        self.warm.store(warm, Ordering::Relaxed);
        self.over.store(warm + self.time, Ordering::Relaxed);
        let meter = Meter::start();
        let gathered = self.gathered.lock().unwrap();
        let is_missing = |gathered: &mut Gathered| gathered.members < CROWD;
        let waits = self.all.wait_while(gathered, is_missing).unwrap().waits;
        assert!(waits.handled >= CROWD && waits.count > 0, "everybody had a turn");
        let sample = meter.stop_with(waits.longest as f64, waits.handled);
        sample.also("mean", waits.sum as f64 / waits.count as f64)
    }

    fn gather(&self, waits: Waits) {
        let mut gathered = self.gathered.lock().unwrap();
        gathered.members += 1;
        gathered.waits.count += waits.count;
        gathered.waits.sum += waits.sum;
        gathered.waits.handled += waits.handled;
        gathered.waits.longest = gathered.waits.longest.max(waits.longest);
        if gathered.members == CROWD {
            self.all.notify_one();
        }
    }
}

impl Member {
    /// Handles one message. Whether it is to send itself the next one.
    pub fn work(&mut self) -> bool {
        let now = clock::now();
        let same_turn = LAST.replace(self.number) == self.number;
        if !same_turn && now >= self.crowd.warm.load(Ordering::Relaxed) {
            let wait = now - self.ended;
            self.waits.count += 1;
            self.waits.sum += wait;
            self.waits.longest = self.waits.longest.max(wait);
        }
        spin(self.crowd.job);
        self.waits.handled += 1;
        self.ended = clock::now();
        let goes_on = self.ended < self.crowd.over.load(Ordering::Relaxed);
        if !goes_on {
            self.crowd.gather(self.waits);
        }
        goes_on
    }
}
