//! `ask`, `ask_main` and `ask_join`.

use nexosim::model::Model;
use nexosim::ports::{QuerySource, Requestor, UniRequestor};
use nexosim::simulation::Mailbox;
use serde::{Deserialize, Serialize};

use super::{bench, start};
use crate::meter::{Phases, Sample};
use crate::suite::Plan;
use crate::work::join::{Slow, TEN};
use crate::work::sum_below;

#[derive(Serialize, Deserialize)]
struct Echo;

#[Model]
impl Echo {
    async fn answer(&mut self, number: u64) -> u64 {
        number + 1
    }
}

#[derive(Serialize, Deserialize)]
struct Asker {
    echo: UniRequestor<u64, u64>,
}

#[Model]
impl Asker {
    /// Asks that many questions; the reply is the sum of the answers.
    async fn ask_all(&mut self, questions: u64) -> u64 {
        let mut sum = 0;
        for number in 0..questions {
            sum += self.echo.send(number).await;
        }
        sum
    }
}

/// Computes for 1 ms before it answers.
#[derive(Serialize, Deserialize)]
struct SlowEcho {
    #[serde(skip)]
    slow: Slow,
}

#[Model]
impl SlowEcho {
    async fn answer(&mut self, number: u64) -> u64 {
        self.slow.answer(number)
    }
}

/// Asks ten at once.
#[derive(Default, Serialize, Deserialize)]
struct Gatherer {
    ten: Requestor<u64, u64>,
}

#[Model]
impl Gatherer {
    /// That many times; the reply is the sum of the answers.
    async fn gather(&mut self, times: u64) -> u64 {
        let mut sum = 0;
        for number in 0..times {
            sum += self.ten.send(number).await.sum::<u64>();
        }
        sum
    }
}

pub fn between_models(plan: Plan) -> Sample {
    let (echo, inbox) = (Mailbox::new(), Mailbox::new());
    let asker = Asker { echo: UniRequestor::new(Echo::answer, &echo) };
    let mut bench = bench();
    let ask_all = QuerySource::new().connect(Asker::ask_all, &inbox).register(&mut bench);
    let bench = bench.add_model(asker, inbox, "asker").add_model(Echo, echo, "echo");
    let mut simulation = start(bench);
    let mut phases = Phases::of(plan.operations);
    while let Some(questions) = phases.next() {
        let sum = simulation.process_query(&ask_all, questions);
        assert_eq!(sum.ok(), Some(sum_below(questions) + questions));
    }
    phases.sample()
}

pub fn from_main(plan: Plan) -> Sample {
    let inbox = Mailbox::new();
    let mut bench = bench();
    let ask = QuerySource::new().connect(Echo::answer, &inbox).register(&mut bench);
    let mut simulation = start(bench.add_model(Echo, inbox, "echo"));
    let mut phases = Phases::of(plan.operations);
    while let Some(questions) = phases.next() {
        let mut sum = 0;
        for number in 0..questions {
            sum += simulation.process_query(&ask, number).expect("an answer");
        }
        assert_eq!(sum, sum_below(questions) + questions);
    }
    phases.sample()
}

pub fn ten_at_once(plan: Plan) -> Sample {
    let slow = Slow::new(plan.speed);
    let mut bench = bench();
    let mut gatherer = Gatherer::default();
    for number in 0..TEN {
        let inbox = Mailbox::new();
        gatherer.ten.connect(SlowEcho::answer, &inbox);
        bench = bench.add_model(SlowEcho { slow }, inbox, &format!("echo-{number}"));
    }
    let inbox = Mailbox::new();
    let gather = QuerySource::new().connect(Gatherer::gather, &inbox).register(&mut bench);
    let mut simulation = start(bench.add_model(gatherer, inbox, "gatherer"));
    let mut phases = Phases::of(plan.operations);
    while let Some(times) = phases.next() {
        let sum = simulation.process_query(&gather, times);
        assert_eq!(sum.ok(), Some(TEN as u64 * (sum_below(times) + times)));
    }
    phases.sample()
}
