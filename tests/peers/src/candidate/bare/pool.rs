//! `pool`, `ask_join` and `overload`: threads and nothing between them.

use std::sync::Barrier;
use std::thread;
use std::time::Instant;

use crate::candidate::THREADS;
use crate::meter::{Meter, Phases, Sample};
use crate::suite::Plan;
use crate::work::goal::Goal;
use crate::work::jobs::Jobs;
use crate::work::join::{Slow, TEN};
use crate::work::overload::Station;
use crate::work::sum_below;
use crate::workload::Job;

pub fn pool(plan: Plan, job: Job) -> Sample {
    let jobs = Jobs::new(job, plan.speed);
    let mut phases = Phases::of(plan.operations);
    while let Some(count) = phases.next() {
        let goal = Goal::new();
        let mut sum = goal.expect(count);
        thread::scope(|scope| {
            for first in 0..THREADS as u64 {
                let goal = &goal;
                scope.spawn(move || {
                    for job in (first..count).step_by(THREADS) {
                        jobs.work(job);
                        goal.report(job);
                    }
                });
            }
        });
        assert_eq!(sum.try_recv(), Ok(sum_below(count)));
    }
    phases.sample()
}

/// The threads start each ten together.
pub fn join(plan: Plan) -> Sample {
    let slow = Slow::new(plan.speed);
    let mut phases = Phases::of(plan.operations);
    while let Some(times) = phases.next() {
        let together = Barrier::new(THREADS);
        thread::scope(|scope| {
            for _ in 0..THREADS {
                scope.spawn(|| {
                    for _ in 0..times {
                        together.wait();
                        for number in 0..(TEN / THREADS) as u64 {
                            assert_eq!(slow.answer(number), number + 1);
                        }
                    }
                });
            }
        });
    }
    phases.sample()
}

/// What a worker could do if nothing were between it and its jobs.
pub fn station(plan: Plan) -> Sample {
    let station = Station::new(plan);
    let meter = Meter::start();
    let start = Instant::now();
    for job in 0..plan.operations {
        station.work(job);
    }
    let rate = plan.operations as f64 / start.elapsed().as_secs_f64();
    meter.stop_with(rate, plan.operations)
}
