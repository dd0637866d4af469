//! millhand, through its public API, set up as a user gets it by default.

mod all_cores;
mod ask;
mod crowd;
mod flooded;
mod overload;
mod pool;
mod relay;
mod restart;
mod skynet;
mod spawn;
mod tell;
mod timers;

use millhand::System;

use super::Run;
use super::runtime::{on_main, on_tokio};
use crate::workload::{Job, Producer, Timer, Workload};

pub fn runs(workload: Workload) -> Option<Run> {
    Some(match workload {
        Workload::Tell => |plan| on_tokio(tell::tell(plan)),
        Workload::TellBounded => |plan| on_tokio(tell::tell_bounded(plan)),
        Workload::FanIn => |plan| on_tokio(tell::fan_in(plan)),
        Workload::FanInBounded => |plan| on_tokio(tell::fan_in_bounded(plan)),
        Workload::Ask => |plan| on_tokio(ask::between_workers(plan)),
        Workload::AskOutside => |plan| on_tokio(ask::from_outside(plan)),
        Workload::AskMain => |plan| on_main(ask::from_outside(plan)),
        Workload::AskJoin => |plan| on_tokio(ask::ten_at_once(plan)),
        Workload::PingPong | Workload::Pairs | Workload::Ring1 | Workload::Ring100 => {
            |plan| on_tokio(relay::relay(plan))
        }
        Workload::Skynet => |plan| on_tokio(skynet::skynet(plan)),
        Workload::Pool(job, producer) => pool(job, producer),
        Workload::AllCores(Producer::Task) => |plan| on_tokio(all_cores::from_task(plan)),
        Workload::AllCores(Producer::Worker) => |plan| on_tokio(all_cores::from_worker(plan)),
        Workload::AllCores(Producer::Thread) => |plan| on_main(all_cores::from_thread(plan)),
        Workload::Spawn => |plan| on_tokio(spawn::spawn(plan)),
        Workload::IdleMemory => |plan| on_tokio(spawn::idle_memory(plan)),
        Workload::Restart => |plan| on_tokio(restart::restart(plan)),
        Workload::Overload => |plan| on_main(overload::overload(plan)),
        Workload::Flooded => |plan| on_main(flooded::flooded(plan)),
        Workload::Crowd => |plan| on_main(crowd::crowd(plan)),
        Workload::Timers(Timer::Own) => |plan| on_main(timers::own(plan)),
        Workload::Timers(Timer::Tokio) => |plan| on_main(timers::sleep(plan)),
        Workload::IdleCpu => |plan| on_main(spawn::idle_cpu(plan)),
        Workload::Wire(_) => return None,
    })
}

fn pool(job: Job, producer: Producer) -> Run {
    match (job, producer) {
        (Job::Short, Producer::Task) => |plan| on_tokio(pool::from_task(plan, Job::Short)),
        (Job::Short, Producer::Worker) => |plan| on_tokio(pool::from_worker(plan, Job::Short)),
        (Job::Short, Producer::Thread) => |plan| on_main(pool::from_thread(plan, Job::Short)),
        (Job::Medium, Producer::Task) => |plan| on_tokio(pool::from_task(plan, Job::Medium)),
        (Job::Medium, Producer::Worker) => |plan| on_tokio(pool::from_worker(plan, Job::Medium)),
        (Job::Medium, Producer::Thread) => |plan| on_main(pool::from_thread(plan, Job::Medium)),
        (Job::Uneven, Producer::Task) => |plan| on_tokio(pool::from_task(plan, Job::Uneven)),
        (Job::Uneven, Producer::Worker) => |plan| on_tokio(pool::from_worker(plan, Job::Uneven)),
        (Job::Uneven, Producer::Thread) => |plan| on_main(pool::from_thread(plan, Job::Uneven)),
    }
}

/// A system that ends with the process: stopping is not part of the measurement.
async fn system() -> System {
    let system = System::builder("peers").start().await.expect("a system");
    std::mem::forget(system.clone());
    system
}
