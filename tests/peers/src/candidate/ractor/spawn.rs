//! `spawn` and `idle_memory`.

use std::sync::Arc;

use ractor::{Actor, ActorProcessingErr, ActorRef};

use super::start as start_actor;
use crate::meter::{Meter, Phases, Sample, resident_bytes};
use crate::suite::Plan;
use crate::work::goal::Goal;
use crate::work::sum_below;

struct Number(u64);

struct Idler(Arc<Goal>);

impl Actor for Idler {
    type Msg = Number;
    type State = ();
    type Arguments = ();

    async fn pre_start(&self, _: ActorRef<Number>, _: ()) -> Result<(), ActorProcessingErr> {
        Ok(())
    }

    async fn handle(
        &self,
        _: ActorRef<Number>,
        Number(number): Number,
        _: &mut (),
    ) -> Result<(), ActorProcessingErr> {
        self.0.report(number);
        Ok(())
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

/// Starts that many actors, and waits until each has handled one message.
async fn start(count: u64, goal: &Arc<Goal>, alive: &mut Vec<ActorRef<Number>>) {
    let sum = goal.expect(count);
    for number in 0..count {
        let worker = start_actor(Idler(Arc::clone(goal)), ()).await;
        worker.cast(Number(number)).expect("it lives");
        alive.push(worker);
    }
    assert_eq!(sum.await, Ok(sum_below(count)));
}
