//! The pools: an actor per worker, each in turn.

use std::sync::Arc;

use xtra::prelude::*;

use crate::meter::{Phases, Sample};
use crate::suite::Plan;
use crate::work::goal::Goal;
use crate::work::jobs::Jobs;
use crate::work::{HANDS, sum_below};
use crate::workload;

struct Job(u64);

#[derive(xtra::Actor)]
struct Hand {
    jobs: Jobs,
    goal: Arc<Goal>,
}

impl Handler<Job> for Hand {
    type Return = ();

    async fn handle(&mut self, Job(job): Job, _: &mut Context<Self>) {
        self.jobs.work(job);
        self.goal.report(job);
    }
}

pub async fn pool(plan: Plan, job: workload::Job) -> Sample {
    let jobs = Jobs::new(job, plan.speed);
    let goal = Goal::new();
    let hands: Vec<_> = (0..HANDS)
        .map(|_| {
            let goal = Arc::clone(&goal);
            xtra::spawn_tokio(Hand { jobs, goal }, Mailbox::unbounded())
        })
        .collect();
    let mut phases = Phases::of(plan.operations);
    while let Some(count) = phases.next() {
        let sum = goal.expect(count);
        for job in 0..count {
            let hand = &hands[job as usize % HANDS];
            let _reply = hand.send(Job(job)).detach().await.expect("it lives");
        }
        assert_eq!(sum.await, Ok(sum_below(count)));
    }
    phases.sample()
}
