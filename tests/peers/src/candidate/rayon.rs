//! rayon: what can be had when all is known beforehand, and nothing needs a message.

use ::rayon::prelude::*;
use ::rayon::{ThreadPool, ThreadPoolBuilder};

use super::{Run, THREADS};
use crate::meter::{Phases, Sample};
use crate::suite::Plan;
use crate::work::goal::Goal;
use crate::work::jobs::Jobs;
use crate::work::sum_below;
use crate::work::tree::{Branch, CHILDREN};
use crate::workload::{Job, Producer, Workload};

pub fn runs(workload: Workload) -> Option<Run> {
    Some(match workload {
        Workload::Pool(Job::Short, Producer::Task) => |plan| pool(plan, Job::Short),
        Workload::Pool(Job::Medium, Producer::Task) => |plan| pool(plan, Job::Medium),
        Workload::Pool(Job::Uneven, Producer::Task) => |plan| pool(plan, Job::Uneven),
        Workload::Skynet => skynet,
        _ => return None,
    })
}

fn pool(plan: Plan, job: Job) -> Sample {
    let jobs = Jobs::new(job, plan.speed);
    let threads = threads();
    let mut phases = Phases::of(plan.operations);
    while let Some(count) = phases.next() {
        let goal = Goal::new();
        let mut sum = goal.expect(count);
        threads.install(|| {
            (0..count).into_par_iter().for_each(|job| {
                jobs.work(job);
                goal.report(job);
            });
        });
        assert_eq!(sum.try_recv(), Ok(sum_below(count)));
    }
    phases.sample()
}

fn skynet(plan: Plan) -> Sample {
    let threads = threads();
    let mut phases = Phases::of(plan.operations);
    while let Some(nodes) = phases.next() {
        let root = Branch::root(nodes);
        assert_eq!(threads.install(|| sum(root)), root.expected_sum());
    }
    phases.sample()
}

fn sum(branch: Branch) -> u64 {
    match branch.leaf() {
        Some(number) => number,
        None => (0..CHILDREN).into_par_iter().map(|child| sum(branch.child(child))).sum(),
    }
}

fn threads() -> ThreadPool {
    ThreadPoolBuilder::new().num_threads(THREADS).build().expect("a thread pool")
}
