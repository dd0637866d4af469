//! `ask`, `ask_outside`, `ask_main` and `ask_join`.

use ractor::{Actor, ActorProcessingErr, ActorRef, RpcReplyPort};

use super::start;
use crate::meter::{Phases, Sample};
use crate::suite::Plan;
use crate::work::join::{Slow, TEN, join_ten};
use crate::work::sum_below;

struct Question(u64, RpcReplyPort<u64>);

struct Echo;

impl Actor for Echo {
    type Msg = Question;
    type State = ();
    type Arguments = ();

    async fn pre_start(&self, _: ActorRef<Question>, _: ()) -> Result<(), ActorProcessingErr> {
        Ok(())
    }

    async fn handle(
        &self,
        _: ActorRef<Question>,
        Question(number, reply): Question,
        _: &mut (),
    ) -> Result<(), ActorProcessingErr> {
        Ok(reply.send(number + 1)?)
    }
}

/// Asks that many questions; the reply is the sum of the answers.
struct Round(u64, RpcReplyPort<u64>);

struct Asker;

impl Actor for Asker {
    type Msg = Round;
    type State = ActorRef<Question>;
    type Arguments = ActorRef<Question>;

    async fn pre_start(
        &self,
        _: ActorRef<Round>,
        echo: ActorRef<Question>,
    ) -> Result<ActorRef<Question>, ActorProcessingErr> {
        Ok(echo)
    }

    async fn handle(
        &self,
        _: ActorRef<Round>,
        Round(questions, reply): Round,
        echo: &mut ActorRef<Question>,
    ) -> Result<(), ActorProcessingErr> {
        Ok(reply.send(ask_all(echo, questions).await)?)
    }
}

/// Computes for 1 ms before it answers.
struct SlowEcho(Slow);

impl Actor for SlowEcho {
    type Msg = Question;
    type State = ();
    type Arguments = ();

    async fn pre_start(&self, _: ActorRef<Question>, _: ()) -> Result<(), ActorProcessingErr> {
        Ok(())
    }

    async fn handle(
        &self,
        _: ActorRef<Question>,
        Question(number, reply): Question,
        _: &mut (),
    ) -> Result<(), ActorProcessingErr> {
        Ok(reply.send(self.0.answer(number))?)
    }
}

pub async fn between_workers(plan: Plan) -> Sample {
    let asker = start(Asker, start(Echo, ()).await).await;
    let mut phases = Phases::of(plan.operations);
    while let Some(questions) = phases.next() {
        let answered = asker.call(|reply| Round(questions, reply), None).await;
        let sum = answered.expect("it lives").expect("a sum");
        assert_eq!(sum, sum_below(questions) + questions);
    }
    phases.sample()
}

pub async fn from_outside(plan: Plan) -> Sample {
    let echo = start(Echo, ()).await;
    let mut phases = Phases::of(plan.operations);
    while let Some(questions) = phases.next() {
        let sum = ask_all(&echo, questions).await;
        assert_eq!(sum, sum_below(questions) + questions);
    }
    phases.sample()
}

pub async fn ten_at_once(plan: Plan) -> Sample {
    let slow = Slow::new(plan.speed);
    let mut workers = Vec::new();
    for _ in 0..TEN {
        workers.push(start(SlowEcho(slow), ()).await);
    }
    let mut phases = Phases::of(plan.operations);
    while let Some(times) = phases.next() {
        for _ in 0..times {
            join_ten(|number| ask(&workers[number], number as u64)).await;
        }
    }
    phases.sample()
}

async fn ask_all(echo: &ActorRef<Question>, questions: u64) -> u64 {
    let mut sum = 0;
    for number in 0..questions {
        sum += ask(echo, number).await;
    }
    sum
}

async fn ask(to: &ActorRef<Question>, number: u64) -> u64 {
    let answered = to.call(|reply| Question(number, reply), None).await;
    answered.expect("it lives").expect("an answer")
}
