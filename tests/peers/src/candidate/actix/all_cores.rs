//! `all_cores`: two workers on each arbiter.

use std::sync::Arc;

use actix::prelude::*;

use super::Arbiters;
use crate::candidate::THREADS;
use crate::meter::Sample;
use crate::suite::Plan;
use crate::work::HANDS;
use crate::work::arrival::{Arrival, Arrivals};

#[derive(Message)]
#[rtype(result = "()")]
struct Job;

struct Hand {
    number: usize,
    arrival: Arc<Arrival>,
}

impl Actor for Hand {
    type Context = Context<Self>;
}

impl Handler<Job> for Hand {
    type Result = ();

    fn handle(&mut self, _: Job, _: &mut Context<Self>) {
        self.arrival.work(self.number);
    }
}

pub async fn all_cores(plan: Plan, arbiters: Arbiters) -> Sample {
    let arrival = Arrival::new(plan);
    let hands: Vec<_> = (0..HANDS)
        .map(|number| {
            let arrival = Arc::clone(&arrival);
            let arbiter = &arbiters[number % THREADS];
            Hand::start_in_arbiter(arbiter, move |_| Hand { number, arrival })
        })
        .collect();
    let mut arrivals = Arrivals::of(plan, &arrival);
    while let Some(done) = arrivals.next().await {
        arrival.begin();
        for hand in &hands {
            hand.do_send(Job);
        }
        arrivals.found(done.await.expect("all are done"));
    }
    arrivals.sample()
}
