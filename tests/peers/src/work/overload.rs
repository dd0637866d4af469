//! A worker that is offered ten times what it can do.
//!
//! An OS thread offers jobs of 10 µs to a worker with a mailbox of 1,024. First it waits a job's time
//! whenever one is rejected: that is the worker's peak. Then it offers one every microsecond, whatever
//! becomes of it. All accepted jobs, and no others, must have been done in the end.

use std::hint;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use super::spin::spin;
use crate::meter::{Meter, Pressure, Sample, resident_bytes};
use crate::suite::Plan;

/// How long a job takes.
pub const JOB: Duration = Duration::from_micros(10);

/// Jobs that are offered while the worker does one.
const TIMES: u32 = 10;

/// More than a mailbox can need: whoever takes more has no bound.
const MOST_BYTES: u64 = 64 << 20;

/// What the worker does, and has done.
#[derive(Debug)]
pub struct Station {
    turns: u64,
    done: AtomicU64,
    sum: AtomicU64,
}

/// What the thread has offered.
#[derive(Debug, Default)]
struct Offered {
    count: u64,
    accepted: u64,
    sum: u64,
}

impl Station {
    pub fn new(plan: Plan) -> Arc<Self> {
        let turns = plan.speed.turns(JOB);
        Arc::new(Self { turns, done: AtomicU64::new(0), sum: AtomicU64::new(0) })
    }

    /// The only worker does a job.
    pub fn work(&self, job: u64) {
        spin(self.turns);
        self.sum.store(self.sum.load(Ordering::Relaxed) + job, Ordering::Relaxed);
        self.done.store(self.done.load(Ordering::Relaxed) + 1, Ordering::Release);
    }

    fn await_all(&self, offered: &Offered) {
        while self.done.load(Ordering::Acquire) < offered.accepted {
            hint::spin_loop();
        }
        assert_eq!(self.sum.load(Ordering::Relaxed), offered.sum, "the accepted, and no others");
    }
}

impl Offered {
    fn offer(&mut self, accepts: &mut impl FnMut(u64) -> bool) -> bool {
        let job = self.count;
        self.count += 1;
        let accepted = accepts(job);
        if accepted {
            self.accepted += 1;
            self.sum += job;
        }
        accepted
    }
}

/// Offers on this thread. `accepts` says whether the mailbox took the job, and does not wait for room.
pub fn overload(plan: Plan, station: &Station, mut accepts: impl FnMut(u64) -> bool) -> Sample {
    let mut offered = Offered::default();
    at_peak(plan.operations / 10, station, &mut offered, &mut accepts);
    let peak = at_peak(plan.operations, station, &mut offered, &mut accepts);

    let before = (offered.count, offered.accepted);
    let memory = resident_bytes();
    let meter = Meter::start();
    let start = Instant::now();
    let count = plan.operations * u64::from(TIMES);
    for number in 0..count {
        let due = start + JOB / TIMES * number as u32;
        while Instant::now() < due {
            hint::spin_loop();
        }
        offered.offer(&mut accepts);
    }
    let offering = start.elapsed();
    let bytes = resident_bytes().saturating_sub(memory);
    station.await_all(&offered);
    let accepted = offered.accepted - before.1;
    let goodput = accepted as f64 / start.elapsed().as_secs_f64();
    assert_eq!(offered.count - before.0, count);
    assert!(bytes < MOST_BYTES, "{bytes} bytes more: that is no bound");
    let pressure = Pressure {
        peak,
        offered: count as f64 / offering.as_secs_f64() / peak,
        rejected: (count - accepted) as f64 / count as f64,
        bytes: bytes as f64,
    };
    Sample { pressure: Some(pressure), ..meter.stop_with(goodput, accepted) }
}

/// Jobs done per second when as many are offered as there is room for.
fn at_peak(
    count: u64,
    station: &Station,
    offered: &mut Offered,
    accepts: &mut impl FnMut(u64) -> bool,
) -> f64 {
    let start = Instant::now();
    for _ in 0..count {
        while !offered.offer(accepts) {
            let again = Instant::now() + JOB;
            while Instant::now() < again {
                hint::spin_loop();
            }
        }
    }
    station.await_all(offered);
    count as f64 / start.elapsed().as_secs_f64()
}
