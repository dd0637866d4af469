//! The pools: an actor per worker, each in turn.

use std::sync::Arc;

use ractor::{Actor, ActorProcessingErr, ActorRef};

use super::start;
use crate::meter::{Phases, Sample};
use crate::suite::Plan;
use crate::work::goal::Goal;
use crate::work::jobs::Jobs;
use crate::work::{HANDS, sum_below};
use crate::workload;

struct Job(u64);

struct Hand {
    jobs: Jobs,
    goal: Arc<Goal>,
}

impl Actor for Hand {
    type Msg = Job;
    type State = ();
    type Arguments = ();

    async fn pre_start(&self, _: ActorRef<Job>, _: ()) -> Result<(), ActorProcessingErr> {
        Ok(())
    }

    async fn handle(
        &self,
        _: ActorRef<Job>,
        Job(job): Job,
        _: &mut (),
    ) -> Result<(), ActorProcessingErr> {
        self.jobs.work(job);
        self.goal.report(job);
        Ok(())
    }
}

pub async fn pool(plan: Plan, job: workload::Job) -> Sample {
    let jobs = Jobs::new(job, plan.speed);
    let goal = Goal::new();
    let mut hands = Vec::new();
    for _ in 0..HANDS {
        hands.push(start(Hand { jobs, goal: Arc::clone(&goal) }, ()).await);
    }
    let mut phases = Phases::of(plan.operations);
    while let Some(count) = phases.next() {
        let sum = goal.expect(count);
        for job in 0..count {
            hands[job as usize % HANDS].cast(Job(job)).expect("it lives");
        }
        assert_eq!(sum.await, Ok(sum_below(count)));
    }
    phases.sample()
}
