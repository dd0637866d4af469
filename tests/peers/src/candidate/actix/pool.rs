//! The pools: its own kind for work that keeps a thread busy, one queue for a thread per core.

use std::sync::Arc;

use actix::prelude::*;

use crate::candidate::THREADS;
use crate::meter::{Phases, Sample};
use crate::suite::Plan;
use crate::work::goal::Goal;
use crate::work::jobs::Jobs;
use crate::work::sum_below;
use crate::workload;

#[derive(Message)]
#[rtype(result = "()")]
struct Job(u64);

struct Hand {
    jobs: Jobs,
    goal: Arc<Goal>,
}

impl Actor for Hand {
    type Context = SyncContext<Self>;
}

impl Handler<Job> for Hand {
    type Result = ();

    fn handle(&mut self, Job(job): Job, _: &mut SyncContext<Self>) {
        self.jobs.work(job);
        self.goal.report(job);
    }
}

pub async fn pool(plan: Plan, job: workload::Job) -> Sample {
    let jobs = Jobs::new(job, plan.speed);
    let goal = Goal::new();
    let shared = Arc::clone(&goal);
    let hands = SyncArbiter::start(THREADS, move || Hand { jobs, goal: Arc::clone(&shared) });
    let mut phases = Phases::of(plan.operations);
    while let Some(count) = phases.next() {
        let sum = goal.expect(count);
        for job in 0..count {
            hands.do_send(Job(job));
        }
        assert_eq!(sum.await, Ok(sum_below(count)));
    }
    phases.sample()
}
