//! `ask`, `ask_outside`, `ask_main` and `ask_join`.

use xtra::prelude::*;

use crate::meter::{Phases, Sample};
use crate::suite::Plan;
use crate::work::join::{Slow, TEN, join_ten};
use crate::work::sum_below;

struct Question(u64);

#[derive(xtra::Actor)]
struct Echo;

impl Handler<Question> for Echo {
    type Return = u64;

    async fn handle(&mut self, Question(number): Question, _: &mut Context<Self>) -> u64 {
        number + 1
    }
}

/// Asks that many questions; the reply is the sum of the answers.
struct Round(u64);

#[derive(xtra::Actor)]
struct Asker {
    echo: Address<Echo>,
}

impl Handler<Round> for Asker {
    type Return = u64;

    async fn handle(&mut self, Round(questions): Round, _: &mut Context<Self>) -> u64 {
        ask_all(&self.echo, questions).await
    }
}

/// Computes for 1 ms before it answers.
#[derive(xtra::Actor)]
struct SlowEcho(Slow);

impl Handler<Question> for SlowEcho {
    type Return = u64;

    async fn handle(&mut self, Question(number): Question, _: &mut Context<Self>) -> u64 {
        self.0.answer(number)
    }
}

pub async fn between_workers(plan: Plan) -> Sample {
    let echo = xtra::spawn_tokio(Echo, Mailbox::unbounded());
    let asker = xtra::spawn_tokio(Asker { echo }, Mailbox::unbounded());
    let mut phases = Phases::of(plan.operations);
    while let Some(questions) = phases.next() {
        let sum = asker.send(Round(questions)).await.expect("a sum");
        assert_eq!(sum, sum_below(questions) + questions);
    }
    phases.sample()
}

pub async fn from_outside(plan: Plan) -> Sample {
    let echo = xtra::spawn_tokio(Echo, Mailbox::unbounded());
    let mut phases = Phases::of(plan.operations);
    while let Some(questions) = phases.next() {
        let sum = ask_all(&echo, questions).await;
        assert_eq!(sum, sum_below(questions) + questions);
    }
    phases.sample()
}

pub async fn ten_at_once(plan: Plan) -> Sample {
    let slow = Slow::new(plan.speed);
    let workers: Vec<_> =
        (0..TEN).map(|_| xtra::spawn_tokio(SlowEcho(slow), Mailbox::unbounded())).collect();
    let mut phases = Phases::of(plan.operations);
    while let Some(times) = phases.next() {
        for _ in 0..times {
            join_ten(|number| ask(&workers[number], number as u64)).await;
        }
    }
    phases.sample()
}

async fn ask_all(echo: &Address<Echo>, questions: u64) -> u64 {
    let mut sum = 0;
    for number in 0..questions {
        sum += echo.send(Question(number)).await.expect("an answer");
    }
    sum
}

async fn ask(to: &Address<SlowEcho>, number: u64) -> u64 {
    to.send(Question(number)).await.expect("an answer")
}
