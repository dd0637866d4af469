//! `all_cores`.

use std::sync::Arc;

use kameo::prelude::*;

use crate::meter::Sample;
use crate::suite::Plan;
use crate::work::HANDS;
use crate::work::arrival::{Arrival, Arrivals};

struct Job;

#[derive(Actor)]
struct Hand {
    number: usize,
    arrival: Arc<Arrival>,
}

impl Message<Job> for Hand {
    type Reply = ();

    async fn handle(&mut self, _: Job, _: &mut Context<Self, ()>) {
        self.arrival.work(self.number);
    }
}

pub async fn all_cores(plan: Plan) -> Sample {
    let arrival = Arrival::new(plan);
    let hands: Vec<_> = (0..HANDS)
        .map(|number| Hand::spawn(Hand { number, arrival: Arc::clone(&arrival) }))
        .collect();
    let mut arrivals = Arrivals::of(plan, &arrival);
    while let Some(done) = arrivals.next().await {
        arrival.begin();
        for hand in &hands {
            hand.tell(Job).await.expect("it lives");
        }
        arrivals.found(done.await.expect("all are done"));
    }
    arrivals.sample()
}
