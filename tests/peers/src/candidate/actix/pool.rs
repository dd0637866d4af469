//! The pools: an actor per worker, each in turn, spread over both arbiters.

use std::sync::Arc;

use actix::prelude::*;

use super::Arbiters;
use crate::candidate::THREADS;
use crate::meter::{Phases, Sample};
use crate::suite::Plan;
use crate::work::goal::Goal;
use crate::work::jobs::Jobs;
use crate::work::{HANDS, sum_below};
use crate::workload;

#[derive(Message)]
#[rtype(result = "()")]
struct Job(u64);

struct Hand {
    jobs: Jobs,
    goal: Arc<Goal>,
}

impl Actor for Hand {
    type Context = Context<Self>;
}

impl Handler<Job> for Hand {
    type Result = ();

    fn handle(&mut self, Job(job): Job, _: &mut Context<Self>) {
        self.jobs.work(job);
        self.goal.report(job);
    }
}

pub async fn pool(plan: Plan, job: workload::Job, arbiters: Arbiters) -> Sample {
    let jobs = Jobs::new(job, plan.speed);
    let goal = Goal::new();
    let hands: Vec<_> = (0..HANDS)
        .map(|number| {
            let goal = Arc::clone(&goal);
            let arbiter = &arbiters[number % THREADS];
            Hand::start_in_arbiter(arbiter, move |_| Hand { jobs, goal })
        })
        .collect();
    let mut phases = Phases::of(plan.operations);
    while let Some(count) = phases.next() {
        let sum = goal.expect(count);
        for job in 0..count {
            hands[job as usize % HANDS].do_send(Job(job));
        }
        assert_eq!(sum.await, Ok(sum_below(count)));
    }
    phases.sample()
}
