//! The pools: a channel per worker, each in turn.

use std::sync::Arc;

use super::{Channel, Receiver, Sender};
use crate::meter::{Phases, Sample};
use crate::suite::Plan;
use crate::work::goal::Goal;
use crate::work::jobs::Jobs;
use crate::work::{HANDS, sum_below};

pub async fn pool<C: Channel>(plan: Plan) -> Sample {
    let jobs = Jobs::of(plan);
    let goal = Goal::new();
    let hands: Vec<_> = (0..HANDS)
        .map(|_| {
            let (to_hand, mut inbox) = C::deep::<u64>();
            let goal = Arc::clone(&goal);
            tokio::spawn(async move {
                while let Some(job) = inbox.receive().await {
                    jobs.work(job);
                    goal.report(job);
                }
            });
            to_hand
        })
        .collect();
    let mut phases = Phases::of(plan.operations);
    while let Some(count) = phases.next() {
        let sum = goal.expect(count);
        for job in 0..count {
            hands[job as usize % HANDS].send(job).await;
        }
        assert_eq!(sum.await, Ok(sum_below(count)));
    }
    phases.sample()
}
