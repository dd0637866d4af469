//! kameo: actors on tokio tasks.

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

use super::Run;
use super::runtime::{on_main, on_tokio};
use crate::workload::{Job, Producer, Timer, Workload};

pub fn runs(workload: Workload) -> Option<Run> {
    Some(match workload {
        Workload::Tell => |plan| on_tokio(tell::tell(plan, ::kameo::mailbox::unbounded())),
        Workload::TellBounded => |plan| on_tokio(tell::tell(plan, tell::bounded())),
        Workload::FanIn => |plan| on_tokio(tell::fan_in(plan, ::kameo::mailbox::unbounded())),
        Workload::FanInBounded => |plan| on_tokio(tell::fan_in(plan, tell::bounded())),
        Workload::Ask => |plan| on_tokio(ask::between_workers(plan)),
        Workload::AskOutside => |plan| on_tokio(ask::from_outside(plan)),
        Workload::AskMain => |plan| on_main(ask::from_outside(plan)),
        Workload::AskJoin => |plan| on_tokio(ask::ten_at_once(plan)),
        Workload::PingPong | Workload::Pairs | Workload::Ring1 | Workload::Ring100 => {
            |plan| on_tokio(relay::relay(plan))
        }
        Workload::Skynet => |plan| on_tokio(skynet::skynet(plan)),
        Workload::Pool(Job::Short, Producer::Task) => |plan| on_tokio(pool::pool(plan, Job::Short)),
        Workload::Pool(Job::Medium, Producer::Task) => {
            |plan| on_tokio(pool::pool(plan, Job::Medium))
        }
        Workload::Pool(Job::Uneven, Producer::Task) => {
            |plan| on_tokio(pool::pool(plan, Job::Uneven))
        }
        // Compared with the limit only.
        Workload::Pool(_, Producer::Worker | Producer::Thread)
        | Workload::AllCores(Producer::Worker | Producer::Thread) => return None,
        Workload::AllCores(Producer::Task) => |plan| on_tokio(all_cores::all_cores(plan)),
        Workload::Spawn => |plan| on_tokio(spawn::spawn(plan)),
        Workload::IdleMemory => |plan| on_tokio(spawn::idle_memory(plan)),
        Workload::Restart => |plan| on_tokio(restart::restart(plan)),
        Workload::Overload => |plan| on_main(overload::overload(plan)),
        Workload::Flooded => |plan| on_main(flooded::flooded(plan)),
        Workload::Crowd => |plan| on_main(crowd::crowd(plan)),
        // It has none.
        Workload::Timers(Timer::Own) => return None,
        Workload::Timers(Timer::Tokio) => |plan| on_main(timers::sleep(plan)),
        Workload::Wire(_) => return None,
        Workload::IdleCpu => |plan| on_main(spawn::idle_cpu(plan)),
    })
}
