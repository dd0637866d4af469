//! `spawn` and `idle_memory`.

use std::sync::Arc;

use kameo::prelude::*;

use crate::meter::{Meter, Phases, Sample, resident_bytes};
use crate::suite::Plan;
use crate::work::goal::Goal;
use crate::work::{idle, sum_below};

struct Number(u64);

#[derive(Actor)]
struct Idler(Arc<Goal>);

impl Message<Number> for Idler {
    type Reply = ();

    async fn handle(&mut self, Number(number): Number, _: &mut Context<Self, ()>) {
        self.0.report(number);
    }
}

pub async fn spawn(plan: Plan) -> Sample {
    let goal = Goal::new();
    let mut alive = Vec::new();
    let mut phases = Phases::of(plan.operations);
    while let Some(count) = phases.next() {
        start(count, &goal, &mut alive).await;
    }
    phases.sample()
}

pub async fn idle_memory(plan: Plan) -> Sample {
    let goal = Goal::new();
    let mut alive = Vec::with_capacity(plan.operations as usize);
    let before = resident_bytes();
    let meter = Meter::start();
    start(plan.operations, &goal, &mut alive).await;
    let bytes = resident_bytes().saturating_sub(before) as f64;
    meter.stop_with(bytes / plan.operations as f64, plan.operations)
}

pub async fn idle_cpu(plan: Plan) -> Sample {
    let goal = Goal::new();
    let mut alive = Vec::new();
    if !plan.control {
        start(idle::IDLE, &goal, &mut alive).await;
    }
    idle::idle(plan).await
}

/// Starts that many actors, and waits until each has handled one message.
async fn start(count: u64, goal: &Arc<Goal>, alive: &mut Vec<ActorRef<Idler>>) {
    let sum = goal.expect(count);
    for number in 0..count {
        let worker = Idler::spawn(Idler(Arc::clone(goal)));
        worker.tell(Number(number)).await.expect("it lives");
        alive.push(worker);
    }
    assert_eq!(sum.await, Ok(sum_below(count)));
}
