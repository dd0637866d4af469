//! The limit: two OS threads and nothing between them.

use std::thread;

use super::{Run, THREADS};
use crate::meter::{Phases, Sample};
use crate::suite::Plan;
use crate::work::goal::Goal;
use crate::work::jobs::Jobs;
use crate::work::join::{Slow, TEN};
use crate::work::sum_below;
use crate::workload::Workload;

pub fn runs(workload: Workload) -> Option<Run> {
    Some(match workload {
        Workload::Pool300ns | Workload::Pool1us | Workload::PoolUneven => pool,
        Workload::AskJoin => join,
        _ => return None,
    })
}

fn pool(plan: Plan) -> Sample {
    let jobs = Jobs::of(plan);
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

fn join(plan: Plan) -> Sample {
    let slow = Slow::new(plan.speed);
    let mut phases = Phases::of(plan.operations);
    while let Some(times) = phases.next() {
        for _ in 0..times {
            thread::scope(|scope| {
                for _ in 0..THREADS {
                    scope.spawn(|| {
                        for number in 0..(TEN / THREADS) as u64 {
                            assert_eq!(slow.answer(number), number + 1);
                        }
                    });
                }
            });
        }
    }
    phases.sample()
}
