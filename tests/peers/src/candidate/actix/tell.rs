//! `tell` and `fan_in`.

use actix::prelude::*;

use crate::meter::{Phases, Sample};
use crate::suite::Plan;
use crate::work::goal::{Goal, Tally};
use crate::work::{BOUND, PRODUCERS, sum_below};

#[derive(Message)]
#[rtype(result = "()")]
struct Number(u64);

struct Sink(Tally);

impl Actor for Sink {
    type Context = Context<Self>;

    fn started(&mut self, cx: &mut Context<Self>) {
        cx.set_mailbox_capacity(BOUND);
    }
}

impl Handler<Number> for Sink {
    type Result = ();

    fn handle(&mut self, Number(number): Number, _: &mut Context<Self>) {
        self.0.add(number);
    }
}

pub async fn tell(plan: Plan) -> Sample {
    let goal = Goal::new();
    let sink = Sink(Tally::new(&goal)).start();
    let mut phases = Phases::of(plan.operations);
    while let Some(n) = phases.next() {
        let sum = goal.expect(n);
        send_all(&sink, n);
        assert_eq!(sum.await, Ok(sum_below(n)));
    }
    phases.sample()
}

pub async fn tell_bounded(plan: Plan) -> Sample {
    let goal = Goal::new();
    let sink = Sink(Tally::new(&goal)).start();
    let mut phases = Phases::of(plan.operations);
    while let Some(n) = phases.next() {
        let sum = goal.expect(n);
        send_all_bounded(&sink, n).await;
        assert_eq!(sum.await, Ok(sum_below(n)));
    }
    phases.sample()
}

pub async fn fan_in(plan: Plan) -> Sample {
    let goal = Goal::new();
    let sink = Sink(Tally::new(&goal)).start();
    let mut phases = Phases::of(plan.operations);
    while let Some(n) = phases.next() {
        let sum = goal.expect(n);
        let each = n / PRODUCERS;
        for _ in 0..PRODUCERS {
            let sink = sink.clone();
            actix::spawn(async move { send_all(&sink, each) });
        }
        assert_eq!(sum.await, Ok(PRODUCERS * sum_below(each)));
    }
    phases.sample()
}

pub async fn fan_in_bounded(plan: Plan) -> Sample {
    let goal = Goal::new();
    let sink = Sink(Tally::new(&goal)).start();
    let mut phases = Phases::of(plan.operations);
    while let Some(n) = phases.next() {
        let sum = goal.expect(n);
        let each = n / PRODUCERS;
        for _ in 0..PRODUCERS {
            let sink = sink.clone();
            actix::spawn(async move { send_all_bounded(&sink, each).await });
        }
        assert_eq!(sum.await, Ok(PRODUCERS * sum_below(each)));
    }
    phases.sample()
}

/// Without regard to the capacity.
fn send_all(sink: &Addr<Sink>, count: u64) {
    for number in 0..count {
        sink.do_send(Number(number));
    }
}

async fn send_all_bounded(sink: &Addr<Sink>, count: u64) {
    for number in 0..count {
        let mut number = Number(number);
        loop {
            match sink.try_send(number) {
                Ok(()) => break,
                Err(SendError::Full(back)) => {
                    number = back;
                    tokio::task::yield_now().await;
                }
                Err(SendError::Closed(_)) => panic!("it lives"),
            }
        }
    }
}
