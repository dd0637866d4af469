//! `all_cores`: four workers, and who brings them work.

use std::sync::Arc;

use millhand::prelude::*;

use super::system;
use crate::meter::Sample;
use crate::suite::Plan;
use crate::work::HANDS;
use crate::work::arrival::{Arrival, Arrivals};

#[derive(Message)]
#[message(local)]
struct Job;

#[derive(Worker)]
#[worker(handles(Job))]
struct Hand {
    number: usize,
    arrival: Arc<Arrival>,
}

impl Handle<Job> for Hand {
    async fn handle(&mut self, _: Job, _cx: &mut Context<Self>) {
        self.arrival.work(self.number);
    }
}

/// Brings all of them work.
#[derive(Message)]
#[message(local)]
struct Bring;

#[derive(Worker)]
#[worker(handles(Bring))]
struct Bringer {
    arrival: Arc<Arrival>,
    hands: Vec<Address<Hand>>,
}

impl Handle<Bring> for Bringer {
    async fn handle(&mut self, _: Bring, _cx: &mut Context<Self>) {
        bring(&self.arrival, &self.hands).await;
    }
}

pub async fn from_task(plan: Plan) -> Sample {
    let arrival = Arrival::new(plan);
    let hands = hands(&system().await, &arrival).await;
    let mut arrivals = Arrivals::of(plan, &arrival);
    while let Some(done) = arrivals.next().await {
        bring(&arrival, &hands).await;
        arrivals.found(done.await.expect("all are done"));
    }
    arrivals.sample()
}

pub async fn from_worker(plan: Plan) -> Sample {
    let arrival = Arrival::new(plan);
    let system = system().await;
    let hands = hands(&system, &arrival).await;
    let shared = Arc::clone(&arrival);
    let bringer = system
        .worker("bringer", move || Bringer { arrival: Arc::clone(&shared), hands: hands.clone() });
    let bringer = bringer.start().await.expect("a worker");
    let mut arrivals = Arrivals::of(plan, &arrival);
    while let Some(done) = arrivals.next().await {
        bringer.tell(Bring).await.expect("it lives");
        arrivals.found(done.await.expect("all are done"));
    }
    arrivals.sample()
}

/// On the main thread, which is none of the runtime's.
pub async fn from_thread(plan: Plan) -> Sample {
    let arrival = Arrival::new(plan);
    let hands = hands(&system().await, &arrival).await;
    let mut arrivals = Arrivals::of(plan, &arrival);
    while let Some(done) = arrivals.next().await {
        arrival.begin();
        for hand in &hands {
            hand.try_tell(Job).expect("there is room");
        }
        arrivals.found(done.await.expect("all are done"));
    }
    arrivals.sample()
}

async fn hands(system: &System, arrival: &Arc<Arrival>) -> Vec<Address<Hand>> {
    let mut hands = Vec::new();
    for number in 0..HANDS {
        let arrival = Arc::clone(arrival);
        let hand = system.worker(format!("hand-{number}"), move || Hand {
            number,
            arrival: Arc::clone(&arrival),
        });
        hands.push(hand.start().await.expect("a worker"));
    }
    hands
}

async fn bring(arrival: &Arrival, hands: &[Address<Hand>]) {
    arrival.begin();
    for hand in hands {
        hand.tell(Job).await.expect("it lives");
    }
}
