//! `timers` and `timers_sleep`.

use std::sync::Arc;

use millhand::prelude::*;

use super::system;
use crate::meter::Sample;
use crate::suite::Plan;
use crate::work::timers::{self, Timers, WAITERS};

#[derive(Message)]
#[message(local)]
struct Go;

/// Sends itself the next message.
#[derive(Worker)]
#[worker(handles(Go))]
struct Busy(Arc<Timers>);

impl Handle<Go> for Busy {
    async fn handle(&mut self, _: Go, cx: &mut Context<Self>) {
        self.0.work();
        cx.address().try_tell(Go).expect("there is room");
    }
}

#[derive(Message)]
#[message(local)]
struct Ring;

/// With its context's timers.
#[derive(Worker)]
#[worker(handles(Go, Ring))]
struct Waiter(timers::Waiter);

impl Handle<Go> for Waiter {
    async fn handle(&mut self, _: Go, cx: &mut Context<Self>) {
        if let Some(delay) = self.0.next() {
            cx.after(delay, Ring);
        }
    }
}

impl Handle<Ring> for Waiter {
    async fn handle(&mut self, _: Ring, cx: &mut Context<Self>) {
        self.0.rang();
        self.handle(Go, cx).await;
    }
}

/// With tokio's, in one handler.
#[derive(Worker)]
#[worker(handles(Go))]
struct Sleeper(timers::Waiter);

impl Handle<Go> for Sleeper {
    async fn handle(&mut self, _: Go, _cx: &mut Context<Self>) {
        while let Some(delay) = self.0.next() {
            tokio::time::sleep(delay).await;
            self.0.rang();
        }
    }
}

pub async fn own(plan: Plan) -> Sample {
    let (system, timers) = (system().await, Timers::new(plan));
    keep_busy(&system, &timers).await;
    for number in 0..WAITERS {
        let timers = Arc::clone(&timers);
        let waiter =
            system.worker(format!("waiter-{number}"), move || Waiter(timers.waiter(number)));
        let waiter = waiter.start().await.expect("a worker");
        waiter.tell(Go).await.expect("it lives");
    }
    timers.watch()
}

pub async fn sleep(plan: Plan) -> Sample {
    let (system, timers) = (system().await, Timers::new(plan));
    keep_busy(&system, &timers).await;
    for number in 0..WAITERS {
        let timers = Arc::clone(&timers);
        let sleeper =
            system.worker(format!("sleeper-{number}"), move || Sleeper(timers.waiter(number)));
        let sleeper = sleeper.start().await.expect("a worker");
        sleeper.tell(Go).await.expect("it lives");
    }
    timers.watch()
}

async fn keep_busy(system: &System, timers: &Arc<Timers>) {
    for number in 0..timers.busy() {
        let timers = Arc::clone(timers);
        let busy = system.worker(format!("busy-{number}"), move || Busy(Arc::clone(&timers)));
        let busy = busy.start().await.expect("a worker");
        busy.tell(Go).await.expect("it lives");
    }
}
