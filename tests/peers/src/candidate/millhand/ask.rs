//! `ask`, `ask_outside` and `ask_join`.

use millhand::prelude::*;

use super::system;
use crate::meter::{Phases, Sample};
use crate::suite::Plan;
use crate::work::join::{Slow, TEN, join_ten};
use crate::work::sum_below;

#[derive(Message)]
#[message(local, reply = u64)]
struct Question(u64);

#[derive(Worker)]
#[worker(handles(Question))]
struct Echo;

impl Handle<Question> for Echo {
    async fn handle(&mut self, Question(number): Question, _cx: &mut Context<Self>) -> u64 {
        number + 1
    }
}

/// Asks that many questions; the reply is the sum of the answers.
#[derive(Message)]
#[message(local, reply = u64)]
struct Round(u64);

#[derive(Worker)]
#[worker(handles(Round))]
struct Asker {
    echo: Address<Echo>,
}

impl Handle<Round> for Asker {
    async fn handle(&mut self, Round(questions): Round, _cx: &mut Context<Self>) -> u64 {
        ask_all(&self.echo, questions).await
    }
}

/// Computes for 1 ms before it answers.
#[derive(Worker)]
#[worker(handles(Question))]
struct SlowEcho(Slow);

impl Handle<Question> for SlowEcho {
    async fn handle(&mut self, Question(number): Question, _cx: &mut Context<Self>) -> u64 {
        self.0.answer(number)
    }
}

pub async fn between_workers(plan: Plan) -> Sample {
    let system = system().await;
    let echo = system.worker("echo", || Echo).start().await.expect("a worker");
    let asker = system.worker("asker", move || Asker { echo: echo.clone() });
    let asker = asker.start().await.expect("a worker");
    let mut phases = Phases::of(plan.operations);
    while let Some(questions) = phases.next() {
        // The questions have the default deadline; the round of a million has none.
        let sum = asker.ask(Round(questions)).no_timeout().await.expect("a sum");
        assert_eq!(sum, sum_below(questions) + questions);
    }
    phases.sample()
}

pub async fn from_outside(plan: Plan) -> Sample {
    let system = system().await;
    let echo = system.worker("echo", || Echo).start().await.expect("a worker");
    let mut phases = Phases::of(plan.operations);
    while let Some(questions) = phases.next() {
        let sum = ask_all(&echo, questions).await;
        assert_eq!(sum, sum_below(questions) + questions);
    }
    phases.sample()
}

pub async fn ten_at_once(plan: Plan) -> Sample {
    let system = system().await;
    let slow = Slow::new(plan.speed);
    let mut workers = Vec::new();
    for number in 0..TEN {
        let worker = system.worker(format!("echo-{number}"), move || SlowEcho(slow));
        workers.push(worker.start().await.expect("a worker"));
    }
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
        sum += echo.ask(Question(number)).await.expect("an answer");
    }
    sum
}

async fn ask(to: &Address<SlowEcho>, number: u64) -> u64 {
    to.ask(Question(number)).await.expect("an answer")
}
