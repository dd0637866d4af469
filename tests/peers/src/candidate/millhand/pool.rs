//! The pools: round-robin, the default.

use std::sync::Arc;
use std::thread;

use millhand::prelude::*;

use super::system;
use crate::meter::{Phases, Sample};
use crate::suite::Plan;
use crate::work::goal::Goal;
use crate::work::jobs::Jobs;
use crate::work::{HANDS, sum_below};
use crate::workload;

#[derive(Message)]
#[message(local)]
struct Job(u64);

#[derive(Worker)]
#[worker(handles(Job))]
struct Hand {
    jobs: Jobs,
    goal: Arc<Goal>,
}

impl Handle<Job> for Hand {
    async fn handle(&mut self, Job(job): Job, _cx: &mut Context<Self>) {
        self.jobs.work(job);
        self.goal.report(job);
    }
}

/// Tells the pool that many jobs.
#[derive(Message)]
#[message(local)]
struct Feed(u64);

#[derive(Worker)]
#[worker(handles(Feed))]
struct Feeder {
    hands: Pool<Hand>,
}

impl Handle<Feed> for Feeder {
    async fn handle(&mut self, Feed(count): Feed, _cx: &mut Context<Self>) {
        feed(&self.hands, count).await;
    }
}

pub async fn from_task(plan: Plan, job: workload::Job) -> Sample {
    let goal = Goal::new();
    let hands = hands(&system().await, plan, job, &goal).await;
    let mut phases = Phases::of(plan.operations);
    while let Some(count) = phases.next() {
        let sum = goal.expect(count);
        feed(&hands, count).await;
        assert_eq!(sum.await, Ok(sum_below(count)));
    }
    phases.sample()
}

pub async fn from_worker(plan: Plan, job: workload::Job) -> Sample {
    let goal = Goal::new();
    let system = system().await;
    let hands = hands(&system, plan, job, &goal).await;
    let feeder = system.worker("feeder", move || Feeder { hands: hands.clone() });
    let feeder = feeder.start().await.expect("a worker");
    let mut phases = Phases::of(plan.operations);
    while let Some(count) = phases.next() {
        let sum = goal.expect(count);
        feeder.tell(Feed(count)).await.expect("it lives");
        assert_eq!(sum.await, Ok(sum_below(count)));
    }
    phases.sample()
}

pub async fn from_thread(plan: Plan, job: workload::Job) -> Sample {
    let goal = Goal::new();
    let hands = hands(&system().await, plan, job, &goal).await;
    let mut phases = Phases::of(plan.operations);
    while let Some(count) = phases.next() {
        let sum = goal.expect(count);
        let hands = hands.clone();
        thread::spawn(move || {
            for job in 0..count {
                hands.tell_blocking(Job(job)).expect("it lives");
            }
        });
        assert_eq!(sum.await, Ok(sum_below(count)));
    }
    phases.sample()
}

async fn hands(system: &System, plan: Plan, job: workload::Job, goal: &Arc<Goal>) -> Pool<Hand> {
    let jobs = Jobs::new(job, plan.speed);
    let goal = Arc::clone(goal);
    let pool = system.pool("hands", HANDS, move || Hand { jobs, goal: Arc::clone(&goal) });
    pool.start().await.expect("a pool")
}

async fn feed(hands: &Pool<Hand>, count: u64) {
    for job in 0..count {
        hands.tell(Job(job)).await.expect("it lives");
    }
}
