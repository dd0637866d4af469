//! `tell` and `fan_in`.

use ractor::{Actor, ActorProcessingErr, ActorRef};

use super::start;
use crate::meter::{Phases, Sample};
use crate::suite::Plan;
use crate::work::goal::{Goal, Tally};
use crate::work::{PRODUCERS, sum_below};

struct Sink;

struct Number(u64);

impl Actor for Sink {
    type Msg = Number;
    type State = Tally;
    type Arguments = Tally;

    async fn pre_start(
        &self,
        _: ActorRef<Number>,
        tally: Tally,
    ) -> Result<Tally, ActorProcessingErr> {
        Ok(tally)
    }

    async fn handle(
        &self,
        _: ActorRef<Number>,
        Number(number): Number,
        tally: &mut Tally,
    ) -> Result<(), ActorProcessingErr> {
        tally.add(number);
        Ok(())
    }
}

pub async fn tell(plan: Plan) -> Sample {
    let goal = Goal::new();
    let sink = start(Sink, Tally::new(&goal)).await;
    let mut phases = Phases::of(plan.operations);
    while let Some(n) = phases.next() {
        let sum = goal.expect(n);
        cast_all(&sink, n);
        assert_eq!(sum.await, Ok(sum_below(n)));
    }
    phases.sample()
}

pub async fn fan_in(plan: Plan) -> Sample {
    let goal = Goal::new();
    let sink = start(Sink, Tally::new(&goal)).await;
    let mut phases = Phases::of(plan.operations);
    while let Some(n) = phases.next() {
        let sum = goal.expect(n);
        let each = n / PRODUCERS;
        for _ in 0..PRODUCERS {
            let sink = sink.clone();
            tokio::spawn(async move { cast_all(&sink, each) });
        }
        assert_eq!(sum.await, Ok(PRODUCERS * sum_below(each)));
    }
    phases.sample()
}

fn cast_all(sink: &ActorRef<Number>, count: u64) {
    for number in 0..count {
        sink.cast(Number(number)).expect("it lives");
    }
}
