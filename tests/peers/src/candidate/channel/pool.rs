//! The pools: each worker in turn, or all from one queue.

use std::sync::Arc;

use super::{Channel, Receiver, Sender};
use crate::meter::{Phases, Sample};
use crate::suite::Plan;
use crate::work::goal::Goal;
use crate::work::jobs::Jobs;
use crate::work::{HANDS, sum_below};
use crate::workload::Job;

pub async fn pool<C: Channel>(plan: Plan, job: Job) -> Sample {
    let jobs = Jobs::new(job, plan.speed);
    let goal = Goal::new();
    let (to_hands, inboxes) = C::shared::<u64>(HANDS);
    for mut inbox in inboxes {
        let goal = Arc::clone(&goal);
        C::spawn(async move {
            while let Some(job) = inbox.receive().await {
                jobs.work(job);
                goal.report(job);
            }
        });
    }
    let mut phases = Phases::of(plan.operations);
    while let Some(count) = phases.next() {
        let sum = goal.expect(count);
        for job in 0..count {
            to_hands[job as usize % to_hands.len()].send(job).await;
        }
        assert_eq!(sum.await, Ok(sum_below(count)));
    }
    phases.sample()
}
