//! `tell` and `fan_in`.

use kameo::mailbox::{self, MailboxReceiver, MailboxSender};
use kameo::prelude::*;

use crate::meter::{Phases, Sample};
use crate::suite::Plan;
use crate::work::goal::{Goal, Tally};
use crate::work::{BOUND, PRODUCERS, sum_below};

#[derive(Actor)]
pub struct Sink(Tally);

pub struct Number(u64);

impl Message<Number> for Sink {
    type Reply = ();

    async fn handle(&mut self, Number(number): Number, _: &mut Context<Self, ()>) {
        self.0.add(number);
    }
}

type Mailbox = (MailboxSender<Sink>, MailboxReceiver<Sink>);

pub fn bounded() -> Mailbox {
    mailbox::bounded(BOUND)
}

pub async fn tell(plan: Plan, mailbox: Mailbox) -> Sample {
    let goal = Goal::new();
    let sink = Sink::spawn_with_mailbox(Sink(Tally::new(&goal)), mailbox);
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

pub async fn fan_in(plan: Plan, mailbox: Mailbox) -> Sample {
    let goal = Goal::new();
    let sink = Sink::spawn_with_mailbox(Sink(Tally::new(&goal)), mailbox);
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
