//! The pools: round-robin, the default.

use std::sync::Arc;

use millhand::prelude::*;

use super::system;
use crate::meter::{Phases, Sample};
use crate::suite::Plan;
use crate::work::goal::Goal;
use crate::work::jobs::Jobs;
use crate::work::{HANDS, sum_below};

#[derive(Message)]
#[message(local)]
struct Job(u64);

#[derive(Worker)]
#[worker(handles(Job))]
struct Hand {
    jobs: Jobs,
    goal: Arc<Goal>,
}

impl Handle<Job> for Hand {
    async fn handle(&mut self, Job(job): Job, _cx: &mut Context<Self>) {
        self.jobs.work(job);
        self.goal.report(job);
    }
}

pub async fn pool(plan: Plan) -> Sample {
    let system = system().await;
    let jobs = Jobs::of(plan);
    let goal = Goal::new();
    let shared = Arc::clone(&goal);
    let pool = system.pool("hands", HANDS, move || Hand { jobs, goal: Arc::clone(&shared) });
    let pool = pool.start().await.expect("a pool");
    let mut phases = Phases::of(plan.operations);
    while let Some(count) = phases.next() {
        let sum = goal.expect(count);
        for job in 0..count {
            pool.tell(Job(job)).await.expect("it lives");
        }
        assert_eq!(sum.await, Ok(sum_below(count)));
    }
    phases.sample()
}
