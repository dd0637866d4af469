//! `spawn` and `idle_memory`.

use std::sync::Arc;

use super::{Channel, Receiver, Sender};
use crate::meter::{Meter, Phases, Sample, resident_bytes};
use crate::suite::Plan;
use crate::work::goal::Goal;
use crate::work::{idle, sum_below};

pub async fn spawn<C: Channel>(plan: Plan) -> Sample {
    let goal = Goal::new();
    let mut alive = Vec::new();
    let mut phases = Phases::of(plan.operations);
    while let Some(count) = phases.next() {
        start::<C>(count, &goal, &mut alive).await;
    }
    phases.sample()
}

pub async fn idle_memory<C: Channel>(plan: Plan) -> Sample {
    let goal = Goal::new();
    let mut alive = Vec::with_capacity(plan.operations as usize);
    let before = resident_bytes();
    let meter = Meter::start();
    start::<C>(plan.operations, &goal, &mut alive).await;
    let bytes = resident_bytes().saturating_sub(before) as f64;
    meter.stop_with(bytes / plan.operations as f64, plan.operations)
}

pub async fn idle_cpu<C: Channel>(plan: Plan) -> Sample {
    let goal = Goal::new();
    let mut alive = Vec::new();
    if !plan.control {
        start::<C>(idle::IDLE, &goal, &mut alive).await;
    }
    idle::idle(plan).await
}

/// Starts that many workers, and waits until each has handled one message.
async fn start<C: Channel>(count: u64, goal: &Arc<Goal>, alive: &mut Vec<C::Sender<u64>>) {
    let sum = goal.expect(count);
    for number in 0..count {
        let (to_worker, mut inbox) = C::idle::<u64>();
        let goal = Arc::clone(goal);
        C::spawn(async move {
            while let Some(number) = inbox.receive().await {
                goal.report(number);
            }
        });
        to_worker.send(number).await;
        alive.push(to_worker);
    }
    assert_eq!(sum.await, Ok(sum_below(count)));
}
