//! nexosim: a discrete-event simulator. Its models are actors, but all of them are known, and connected by
//! ports, before the simulation starts; nobody sends from outside while it runs. A phase is one event that
//! is processed until nothing is left to do.

mod ask;
mod pool;
mod relay;
mod tell;

use ::nexosim::simulation::{SimInit, Simulation};
use ::nexosim::time::MonotonicTime;

use super::{Run, THREADS};
use crate::workload::{Job, Producer, Workload};

pub fn runs(workload: Workload) -> Option<Run> {
    Some(match workload {
        Workload::TellBounded => tell::tell,
        Workload::FanInBounded => tell::fan_in,
        Workload::Ask => ask::between_models,
        Workload::AskMain => ask::from_main,
        Workload::AskJoin => ask::ten_at_once,
        Workload::PingPong | Workload::Pairs | Workload::Ring1 | Workload::Ring100 => relay::relay,
        // Its producer is always a model.
        Workload::Pool(Job::Short, Producer::Task | Producer::Worker) => {
            |plan| pool::pool(plan, Job::Short)
        }
        Workload::Pool(Job::Medium, Producer::Task | Producer::Worker) => {
            |plan| pool::pool(plan, Job::Medium)
        }
        Workload::Pool(Job::Uneven, Producer::Task | Producer::Worker) => {
            |plan| pool::pool(plan, Job::Uneven)
        }
        // All mailboxes have a bound.
        Workload::Tell | Workload::FanIn => return None,
        // Nobody is outside.
        Workload::AskOutside | Workload::Pool(_, Producer::Thread) | Workload::Overload => {
            return None;
        }
        // No model starts while it runs, and none restarts.
        Workload::Skynet | Workload::Spawn | Workload::IdleMemory | Workload::Restart => {
            return None;
        }
        // Not compared there.
        Workload::AllCores(_)
        | Workload::Flooded
        | Workload::Crowd
        | Workload::Timers(_)
        | Workload::IdleCpu
        | Workload::Wire(_) => return None,
    })
}

fn bench() -> SimInit {
    SimInit::with_num_threads(THREADS)
}

fn start(bench: SimInit) -> Simulation {
    bench.init(MonotonicTime::EPOCH).expect("a simulation")
}
