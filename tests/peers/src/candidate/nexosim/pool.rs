//! The pools: a model per worker, each in turn.

use std::sync::Arc;

use nexosim::model::Model;
use nexosim::ports::{EventSource, Output};
use nexosim::simulation::Mailbox;
use serde::{Deserialize, Serialize};

use super::{bench, start};
use crate::meter::{Phases, Sample};
use crate::suite::Plan;
use crate::work::goal::Goal;
use crate::work::jobs::Jobs;
use crate::work::{BOUND, HANDS, sum_below};
use crate::workload;

#[derive(Serialize, Deserialize)]
struct Hand {
    #[serde(skip)]
    jobs: Jobs,
    #[serde(skip)]
    goal: Arc<Goal>,
}

#[Model]
impl Hand {
    fn work(&mut self, job: u64) {
        self.jobs.work(job);
        self.goal.report(job);
    }
}

#[derive(Default, Serialize, Deserialize)]
struct Feeder {
    hands: Vec<Output<u64>>,
}

#[Model]
impl Feeder {
    async fn feed(&mut self, count: u64) {
        for job in 0..count {
            self.hands[job as usize % HANDS].send(job).await;
        }
    }
}

pub fn pool(plan: Plan, job: workload::Job) -> Sample {
    let jobs = Jobs::new(job, plan.speed);
    let goal = Goal::new();
    let mut bench = bench();
    let mut feeder = Feeder::default();
    for number in 0..HANDS {
        let inbox = Mailbox::with_capacity(BOUND);
        let mut hand = Output::new();
        hand.connect(Hand::work, &inbox);
        feeder.hands.push(hand);
        let hand = Hand { jobs, goal: Arc::clone(&goal) };
        bench = bench.add_model(hand, inbox, &format!("hand-{number}"));
    }
    let inbox = Mailbox::new();
    let feed = EventSource::new().connect(Feeder::feed, &inbox).register(&mut bench);
    let mut simulation = start(bench.add_model(feeder, inbox, "feeder"));
    let mut phases = Phases::of(plan.operations);
    while let Some(count) = phases.next() {
        let mut sum = goal.expect(count);
        simulation.process_event(&feed, count).expect("it goes on");
        assert_eq!(sum.try_recv(), Ok(sum_below(count)));
    }
    phases.sample()
}
