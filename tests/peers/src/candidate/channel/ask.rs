//! `ask`, `ask_outside` and `ask_join`.

use tokio::sync::oneshot;

use super::{Channel, Receiver, Sender};
use crate::meter::{Phases, Sample};
use crate::suite::Plan;
use crate::work::join::{Slow, TEN, join_ten};
use crate::work::sum_below;

struct Question {
    number: u64,
    reply: oneshot::Sender<u64>,
}

/// Asks that many questions, and tells the sum of the answers.
struct Round {
    questions: u64,
    done: oneshot::Sender<u64>,
}

pub async fn between_workers<C: Channel>(plan: Plan) -> Sample {
    let (to_echo, questions) = C::small();
    C::spawn(echo(questions));
    let (to_asker, mut rounds) = C::small::<Round>();
    C::spawn(async move {
        while let Some(round) = rounds.receive().await {
            let sum = ask_all(&to_echo, round.questions).await;
            round.done.send(sum).expect("the driver waits");
        }
    });
    let mut phases = Phases::of(plan.operations);
    while let Some(questions) = phases.next() {
        let (done, sum) = oneshot::channel();
        to_asker.send(Round { questions, done }).await;
        assert_eq!(sum.await, Ok(sum_below(questions) + questions));
    }
    phases.sample()
}

pub async fn from_outside<C: Channel>(plan: Plan) -> Sample {
    let (to_echo, questions) = C::small();
    C::spawn(echo(questions));
    let mut phases = Phases::of(plan.operations);
    while let Some(questions) = phases.next() {
        let sum = ask_all(&to_echo, questions).await;
        assert_eq!(sum, sum_below(questions) + questions);
    }
    phases.sample()
}

pub async fn ten_at_once<C: Channel>(plan: Plan) -> Sample {
    let slow = Slow::new(plan.speed);
    let workers: Vec<_> = (0..TEN)
        .map(|_| {
            let (to_worker, mut questions) = C::small::<Question>();
            C::spawn(async move {
                while let Some(question) = questions.receive().await {
                    let answer = slow.answer(question.number);
                    question.reply.send(answer).expect("the asker waits");
                }
            });
            to_worker
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

async fn echo(mut questions: impl Receiver<Question>) {
    while let Some(question) = questions.receive().await {
        let answer = question.number + 1;
        question.reply.send(answer).expect("the asker waits");
    }
}

async fn ask_all(to: &impl Sender<Question>, questions: u64) -> u64 {
    let mut sum = 0;
    for number in 0..questions {
        sum += ask(to, number).await;
    }
    sum
}

async fn ask(to: &impl Sender<Question>, number: u64) -> u64 {
    let (reply, answer) = oneshot::channel();
    to.send(Question { number, reply }).await;
    answer.await.expect("an answer")
}
