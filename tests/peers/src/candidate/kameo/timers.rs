//! `timers_sleep`: it has no timers of its own.

use std::sync::Arc;

use kameo::prelude::*;

use crate::meter::Sample;
use crate::suite::Plan;
use crate::work::timers::{self, Timers, WAITERS};

struct Go;

/// Sends itself the next message.
#[derive(Actor)]
struct Busy(Arc<Timers>);

impl Message<Go> for Busy {
    type Reply = ();

    async fn handle(&mut self, _: Go, cx: &mut Context<Self, ()>) {
        self.0.work();
        cx.actor_ref().tell(Go).try_send().expect("there is room");
    }
}

#[derive(Actor)]
struct Sleeper(timers::Waiter);

impl Message<Go> for Sleeper {
    type Reply = ();

    async fn handle(&mut self, _: Go, _: &mut Context<Self, ()>) {
        while let Some(delay) = self.0.next() {
            tokio::time::sleep(delay).await;
            self.0.rang();
        }
    }
}

pub async fn sleep(plan: Plan) -> Sample {
    let timers = Timers::new(plan);
    let mut alive = Vec::new();
    for _ in 0..timers.busy() {
        let busy = Busy::spawn(Busy(Arc::clone(&timers)));
        busy.tell(Go).await.expect("it lives");
        alive.push(busy);
    }
    let sleepers = (0..WAITERS).map(|number| Sleeper::spawn(Sleeper(timers.waiter(number))));
    for sleeper in sleepers.collect::<Vec<_>>() {
        sleeper.tell(Go).await.expect("it lives");
    }
    timers.watch()
}
