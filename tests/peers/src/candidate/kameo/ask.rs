//! `ask`, `ask_outside` and `ask_join`.

use kameo::prelude::*;

use crate::meter::{Phases, Sample};
use crate::suite::Plan;
use crate::work::join::{Slow, TEN, join_ten};
use crate::work::sum_below;

struct Question(u64);

#[derive(Actor)]
struct Echo;

impl Message<Question> for Echo {
    type Reply = u64;

    async fn handle(&mut self, Question(number): Question, _: &mut Context<Self, u64>) -> u64 {
        number + 1
    }
}

/// Asks that many questions; the reply is the sum of the answers.
struct Round(u64);

#[derive(Actor)]
struct Asker {
    echo: ActorRef<Echo>,
}

impl Message<Round> for Asker {
    type Reply = u64;

    async fn handle(&mut self, Round(questions): Round, _: &mut Context<Self, u64>) -> u64 {
        ask_all(&self.echo, questions).await
    }
}

/// Computes for 1 ms before it answers.
#[derive(Actor)]
struct SlowEcho(Slow);

impl Message<Question> for SlowEcho {
    type Reply = u64;

    async fn handle(&mut self, Question(number): Question, _: &mut Context<Self, u64>) -> u64 {
        self.0.answer(number)
    }
}

pub async fn between_workers(plan: Plan) -> Sample {
    let asker = Asker::spawn(Asker { echo: Echo::spawn(Echo) });
    let mut phases = Phases::of(plan.operations);
    while let Some(questions) = phases.next() {
        let sum = asker.ask(Round(questions)).await.expect("a sum");
        assert_eq!(sum, sum_below(questions) + questions);
    }
    phases.sample()
}

pub async fn from_outside(plan: Plan) -> Sample {
    let echo = Echo::spawn(Echo);
    let mut phases = Phases::of(plan.operations);
    while let Some(questions) = phases.next() {
        let sum = ask_all(&echo, questions).await;
        assert_eq!(sum, sum_below(questions) + questions);
    }
    phases.sample()
}

pub async fn ten_at_once(plan: Plan) -> Sample {
    let slow = Slow::new(plan.speed);
    let workers: Vec<_> = (0..TEN).map(|_| SlowEcho::spawn(SlowEcho(slow))).collect();
    let mut phases = Phases::of(plan.operations);
    while let Some(times) = phases.next() {
        for _ in 0..times {
            join_ten(|number| ask(&workers[number], number as u64)).await;
        }
    }
    phases.sample()
}

async fn ask_all(echo: &ActorRef<Echo>, questions: u64) -> u64 {
    let mut sum = 0;
    for number in 0..questions {
        sum += echo.ask(Question(number)).await.expect("an answer");
    }
    sum
}

async fn ask(to: &ActorRef<SlowEcho>, number: u64) -> u64 {
    to.ask(Question(number)).await.expect("an answer")
}
