//! `tell` and `fan_in`.

use std::sync::Arc;

use millhand::Accepts;
use millhand::prelude::*;

use super::system;
use crate::meter::{Phases, Sample};
use crate::suite::Plan;
use crate::work::goal::{Goal, Tally};
use crate::work::{PRODUCERS, sum_below};

#[derive(Message)]
#[message(local)]
struct Number(u64);

#[derive(Worker)]
#[worker(handles(Number), unbounded)]
struct Unbounded(Tally);

impl Handle<Number> for Unbounded {
    async fn handle(&mut self, Number(number): Number, _cx: &mut Context<Self>) {
        self.0.add(number);
    }
}

/// With the default mailbox: 1024.
#[derive(Worker)]
#[worker(handles(Number))]
struct Bounded(Tally);

impl Handle<Number> for Bounded {
    async fn handle(&mut self, Number(number): Number, _cx: &mut Context<Self>) {
        self.0.add(number);
    }
}

pub async fn tell(plan: Plan) -> Sample {
    tell_to(plan, Unbounded).await
}

pub async fn tell_bounded(plan: Plan) -> Sample {
    tell_to(plan, Bounded).await
}

pub async fn fan_in(plan: Plan) -> Sample {
    fan_in_to(plan, Unbounded).await
}

pub async fn fan_in_bounded(plan: Plan) -> Sample {
    fan_in_to(plan, Bounded).await
}

async fn tell_to<W: Accepts<Number>>(plan: Plan, worker: fn(Tally) -> W) -> Sample {
    let system = system().await;
    let goal = Goal::new();
    let sink = sink(&system, worker, &goal).await;
    let mut phases = Phases::of(plan.operations);
    while let Some(n) = phases.next() {
        let sum = goal.expect(n);
        for number in 0..n {
            sink.tell(Number(number)).await.expect("it lives");
        }
        assert_eq!(sum.await, Ok(sum_below(n)));
    }
    phases.sample()
}

async fn fan_in_to<W: Accepts<Number>>(plan: Plan, worker: fn(Tally) -> W) -> Sample {
    let system = system().await;
    let goal = Goal::new();
    let sink = sink(&system, worker, &goal).await;
    let mut phases = Phases::of(plan.operations);
    while let Some(n) = phases.next() {
        let sum = goal.expect(n);
        let each = n / PRODUCERS;
        for _ in 0..PRODUCERS {
            let sink = sink.clone();
            tokio::spawn(async move {
                for number in 0..each {
                    sink.tell(Number(number)).await.expect("it lives");
                }
            });
        }
        assert_eq!(sum.await, Ok(PRODUCERS * sum_below(each)));
    }
    phases.sample()
}

async fn sink<W: Worker>(system: &System, worker: fn(Tally) -> W, goal: &Arc<Goal>) -> Address<W> {
    let goal = Arc::clone(goal);
    let sink = system.worker("sink", move || worker(Tally::new(&goal)));
    sink.start().await.expect("a worker")
}
