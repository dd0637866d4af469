//! `tell` and `fan_in`.

use xtra::prelude::*;

use crate::meter::{Phases, Sample};
use crate::suite::Plan;
use crate::work::goal::{Goal, Tally};
use crate::work::{PRODUCERS, sum_below};

#[derive(xtra::Actor)]
pub struct Sink(Tally);

struct Number(u64);

impl Handler<Number> for Sink {
    type Return = ();

    async fn handle(&mut self, Number(number): Number, _: &mut Context<Self>) {
        self.0.add(number);
    }
}

type Ends = (Address<Sink>, Mailbox<Sink>);

pub async fn tell(plan: Plan, ends: Ends) -> Sample {
    let goal = Goal::new();
    let sink = xtra::spawn_tokio(Sink(Tally::new(&goal)), ends);
    let mut phases = Phases::of(plan.operations);
    while let Some(n) = phases.next() {
        let sum = goal.expect(n);
        send_all(&sink, n).await;
        assert_eq!(sum.await, Ok(sum_below(n)));
    }
    phases.sample()
}

pub async fn fan_in(plan: Plan, ends: Ends) -> Sample {
    let goal = Goal::new();
    let sink = xtra::spawn_tokio(Sink(Tally::new(&goal)), ends);
    let mut phases = Phases::of(plan.operations);
    while let Some(n) = phases.next() {
        let sum = goal.expect(n);
        let each = n / PRODUCERS;
        for _ in 0..PRODUCERS {
            let sink = sink.clone();
            tokio::spawn(async move { send_all(&sink, each).await });
        }
        assert_eq!(sum.await, Ok(PRODUCERS * sum_below(each)));
    }
    phases.sample()
}

async fn send_all(sink: &Address<Sink>, count: u64) {
    for number in 0..count {
        let _reply = sink.send(Number(number)).detach().await.expect("it lives");
    }
}
