//! `spawn` and `idle_memory`.

use std::sync::Arc;

use millhand::prelude::*;

use super::system;
use crate::meter::{Meter, Phases, Sample, resident_bytes};
use crate::suite::Plan;
use crate::work::goal::Goal;
use crate::work::{idle, sum_below};

#[derive(Message)]
#[message(local)]
struct Number(u64);

#[derive(Worker)]
#[worker(handles(Number))]
struct Idler(Arc<Goal>);

impl Handle<Number> for Idler {
    async fn handle(&mut self, Number(number): Number, _cx: &mut Context<Self>) {
        self.0.report(number);
    }
}

pub async fn spawn(plan: Plan) -> Sample {
    let system = system().await;
    let goal = Goal::new();
    let mut alive = Vec::new();
    let mut phases = Phases::of(plan.operations);
    while let Some(count) = phases.next() {
        start(&system, count, &goal, &mut alive).await;
    }
    phases.sample()
}

pub async fn idle_memory(plan: Plan) -> Sample {
    let system = system().await;
    let goal = Goal::new();
    let mut alive = Vec::with_capacity(plan.operations as usize);
    let before = resident_bytes();
    let meter = Meter::start();
    start(&system, plan.operations, &goal, &mut alive).await;
    let bytes = resident_bytes().saturating_sub(before) as f64;
    meter.stop_with(bytes / plan.operations as f64, plan.operations)
}

pub async fn idle_cpu(plan: Plan) -> Sample {
    let system = system().await;
    let goal = Goal::new();
    let mut alive = Vec::new();
    if !plan.control {
        start(&system, idle::IDLE, &goal, &mut alive).await;
    }
    idle::idle(plan).await
}

/// Starts that many workers, and waits until each has handled one message.
async fn start(system: &System, count: u64, goal: &Arc<Goal>, alive: &mut Vec<Address<Idler>>) {
    let sum = goal.expect(count);
    for number in 0..count {
        let goal = Arc::clone(goal);
        let name = format!("idler-{}", alive.len());
        let worker = system.worker(name, move || Idler(Arc::clone(&goal)));
        let worker = worker.start().await.expect("a worker");
        worker.tell(Number(number)).await.expect("it lives");
        alive.push(worker);
    }
    assert_eq!(sum.await, Ok(sum_below(count)));
}
