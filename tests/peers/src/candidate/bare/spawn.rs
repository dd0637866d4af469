//! `spawn` and `idle_memory`: one allocation for the worker, which has room for one message, and one task of
//! tokio that waits for it.

use std::future::poll_fn;
use std::sync::{Arc, Mutex};
use std::task::{Poll, Waker};

use crate::candidate::runtime::on_tokio;
use crate::meter::{Meter, Phases, Sample, resident_bytes};
use crate::suite::Plan;
use crate::work::goal::Goal;
use crate::work::sum_below;

struct Worker {
    goal: Arc<Goal>,
    inbox: Mutex<Inbox>,
}

#[derive(Default)]
struct Inbox {
    number: Option<u64>,
    waiting: Option<Waker>,
}

impl Worker {
    fn send(&self, number: u64) {
        let waiting = {
            let mut inbox = self.inbox.lock().unwrap();
            inbox.number = Some(number);
            inbox.waiting.take()
        };
        if let Some(waiting) = waiting {
            waiting.wake();
        }
    }

    async fn receive(&self) -> u64 {
        poll_fn(|cx| {
            let mut inbox = self.inbox.lock().unwrap();
            if let Some(number) = inbox.number.take() {
                return Poll::Ready(number);
            }
            inbox.waiting = Some(cx.waker().clone());
            Poll::Pending
        })
        .await
    }
}

pub fn spawn(plan: Plan) -> Sample {
    on_tokio(async move {
        let goal = Goal::new();
        let mut alive = Vec::new();
        let mut phases = Phases::of(plan.operations);
        while let Some(count) = phases.next() {
            start(count, &goal, &mut alive).await;
        }
        phases.sample()
    })
}

pub fn idle_memory(plan: Plan) -> Sample {
    on_tokio(async move {
        let goal = Goal::new();
        let mut alive = Vec::with_capacity(plan.operations as usize);
        let before = resident_bytes();
        let meter = Meter::start();
        start(plan.operations, &goal, &mut alive).await;
        let bytes = resident_bytes().saturating_sub(before) as f64;
        meter.stop_with(bytes / plan.operations as f64, plan.operations)
    })
}

/// Starts that many workers, and waits until each has handled one message.
async fn start(count: u64, goal: &Arc<Goal>, alive: &mut Vec<Arc<Worker>>) {
    let sum = goal.expect(count);
    for number in 0..count {
        let worker = Arc::new(Worker { goal: Arc::clone(goal), inbox: Mutex::default() });
        let shared = Arc::clone(&worker);
        tokio::spawn(async move {
            loop {
                shared.goal.report(shared.receive().await);
            }
        });
        worker.send(number);
        alive.push(worker);
    }
    assert_eq!(sum.await, Ok(sum_below(count)));
}
