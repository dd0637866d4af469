//! `ask`, `ask_outside` and `ask_join`.

use actix::prelude::*;

use super::Arbiters;
use crate::candidate::THREADS;
use crate::meter::{Phases, Sample};
use crate::suite::Plan;
use crate::work::join::{Slow, TEN, join_ten};
use crate::work::sum_below;

#[derive(Message)]
#[rtype(result = "u64")]
struct Question(u64);

struct Echo;

impl Actor for Echo {
    type Context = Context<Self>;
}

impl Handler<Question> for Echo {
    type Result = u64;

    fn handle(&mut self, Question(number): Question, _: &mut Context<Self>) -> u64 {
        number + 1
    }
}

/// Asks that many questions; the reply is the sum of the answers.
#[derive(Message)]
#[rtype(result = "u64")]
struct Round(u64);

struct Asker {
    echo: Addr<Echo>,
}

impl Actor for Asker {
    type Context = Context<Self>;
}

impl Handler<Round> for Asker {
    type Result = ResponseFuture<u64>;

    fn handle(&mut self, Round(questions): Round, _: &mut Context<Self>) -> Self::Result {
        let echo = self.echo.clone();
        Box::pin(async move { ask_all(&echo, questions).await })
    }
}

/// Computes for 1 ms before it answers.
struct SlowEcho(Slow);

impl Actor for SlowEcho {
    type Context = Context<Self>;
}

impl Handler<Question> for SlowEcho {
    type Result = u64;

    fn handle(&mut self, Question(number): Question, _: &mut Context<Self>) -> u64 {
        self.0.answer(number)
    }
}

pub async fn between_workers(plan: Plan) -> Sample {
    let echo = Echo.start();
    let asker = Asker { echo }.start();
    let mut phases = Phases::of(plan.operations);
    while let Some(questions) = phases.next() {
        let sum = asker.send(Round(questions)).await.expect("a sum");
        assert_eq!(sum, sum_below(questions) + questions);
    }
    phases.sample()
}

pub async fn from_outside(plan: Plan) -> Sample {
    let echo = Echo.start();
    let mut phases = Phases::of(plan.operations);
    while let Some(questions) = phases.next() {
        let sum = ask_all(&echo, questions).await;
        assert_eq!(sum, sum_below(questions) + questions);
    }
    phases.sample()
}

pub async fn ten_at_once(plan: Plan, arbiters: Arbiters) -> Sample {
    let slow = Slow::new(plan.speed);
    let workers: Vec<_> = (0..TEN)
        .map(|number| {
            let arbiter = &arbiters[number % THREADS];
            SlowEcho::start_in_arbiter(arbiter, move |_| SlowEcho(slow))
        })
        .collect();
    let mut phases = Phases::of(plan.operations);
    while let Some(times) = phases.next() {
        for _ in 0..times {
            join_ten(|number| ask(&workers[number], number as u64)).await;
        }
    }
    phases.sample()
}

async fn ask_all(echo: &Addr<Echo>, questions: u64) -> u64 {
    let mut sum = 0;
    for number in 0..questions {
        sum += echo.send(Question(number)).await.expect("an answer");
    }
    sum
}

async fn ask(to: &Addr<SlowEcho>, number: u64) -> u64 {
    to.send(Question(number)).await.expect("an answer")
}
