//! `restart`: a worker that crashes after it has handled messages.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use millhand::prelude::*;

use super::system;
use crate::meter::{Meter, Sample, p99};
use crate::suite::Plan;
use crate::work::{clock, crash};

/// The reply is the time at which it is handled, and how many this incarnation has handled before.
#[derive(Message)]
#[message(local, reply = (u64, u64))]
struct Touch;

#[derive(Message)]
#[message(local)]
struct Crash;

#[derive(Worker)]
#[worker(handles(Touch, Crash))]
struct Fragile {
    handled: u64,
    crashed: Arc<AtomicU64>,
}

impl Handle<Touch> for Fragile {
    async fn handle(&mut self, _: Touch, _cx: &mut Context<Self>) -> (u64, u64) {
        self.handled += 1;
        (clock::now(), self.handled - 1)
    }
}

impl Handle<Crash> for Fragile {
    async fn handle(&mut self, _: Crash, _cx: &mut Context<Self>) {
        self.crashed.store(clock::now(), Ordering::Relaxed);
        panic!("on purpose");
    }
}

pub async fn restart(plan: Plan) -> Sample {
    crash::silence();
    let system = system().await;
    let crashed = Arc::new(AtomicU64::new(0));
    let shared = Arc::clone(&crashed);
    let worker =
        system.worker("fragile", move || Fragile { handled: 0, crashed: Arc::clone(&shared) });
    let worker = worker.start().await.expect("a worker");
    worker.ask(Touch).await.expect("it lives");
    let mut gaps = Vec::new();
    let meter = Meter::start();
    for _ in 0..plan.operations {
        worker.tell(Crash).await.expect("it lives");
        let (touched, before) = worker.ask(Touch).await.expect("a successor");
        assert_eq!(before, 0, "a new incarnation answered");
        gaps.push(touched - crashed.load(Ordering::Relaxed));
    }
    meter.stop_with(p99(gaps), plan.operations)
}
