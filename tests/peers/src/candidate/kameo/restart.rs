//! `restart`: an actor that crashes after it has handled messages.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use kameo::error::Infallible;
use kameo::prelude::*;

use crate::meter::{Meter, Sample, p99};
use crate::suite::Plan;
use crate::work::{clock, crash};

/// The reply is the time at which it is handled, and how many this incarnation has handled before.
struct Touch;

struct Crash;

#[derive(Actor)]
struct Supervisor;

struct Fragile {
    handled: u64,
    crashed: Arc<AtomicU64>,
}

impl Actor for Fragile {
    type Args = Arc<AtomicU64>;
    type Error = Infallible;

    async fn on_start(crashed: Self::Args, _: ActorRef<Self>) -> Result<Self, Infallible> {
        Ok(Self { handled: 0, crashed })
    }
}

impl Message<Touch> for Fragile {
    type Reply = Result<(u64, u64), Infallible>;

    async fn handle(&mut self, _: Touch, _: &mut Context<Self, Self::Reply>) -> Self::Reply {
        self.handled += 1;
        Ok((clock::now(), self.handled - 1))
    }
}

impl Message<Crash> for Fragile {
    type Reply = ();

    async fn handle(&mut self, _: Crash, _: &mut Context<Self, ()>) {
        self.crashed.store(clock::now(), Ordering::Relaxed);
        panic!("on purpose");
    }
}

pub async fn restart(plan: Plan) -> Sample {
    crash::silence();
    let supervisor = Supervisor::spawn(Supervisor);
    let crashed = Arc::new(AtomicU64::new(0));
    // Its default would give up after five crashes.
    let worker = Fragile::supervise(&supervisor, Arc::clone(&crashed))
        .restart_limit(u32::MAX, Duration::from_secs(1))
        .spawn()
        .await;
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
