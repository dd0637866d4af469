//! ractor: actors after Erlang's `gen_server`, on tokio tasks.

mod ask;
mod pool;
mod relay;
mod restart;
mod skynet;
mod spawn;
mod tell;

use ::ractor::{Actor, ActorRef};

use super::Run;
use super::runtime::{on_main, on_tokio};
use crate::workload::{Job, Producer, Workload};

pub fn runs(workload: Workload) -> Option<Run> {
    Some(match workload {
        Workload::Tell => |plan| on_tokio(tell::tell(plan)),
        Workload::FanIn => |plan| on_tokio(tell::fan_in(plan)),
        // It has no bounded mailboxes.
        Workload::TellBounded | Workload::FanInBounded | Workload::Overload => return None,
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
        Workload::Pool(_, Producer::Worker | Producer::Thread) => return None,
        Workload::Spawn => |plan| on_tokio(spawn::spawn(plan)),
        Workload::IdleMemory => |plan| on_tokio(spawn::idle_memory(plan)),
        Workload::Restart => |plan| on_tokio(restart::restart(plan)),
        // Not compared there.
        Workload::AllCores(_)
        | Workload::Flooded
        | Workload::Crowd
        | Workload::Timers(_)
        | Workload::IdleCpu
        | Workload::Wire(_) => return None,
    })
}

async fn start<A: Actor>(actor: A, arguments: A::Arguments) -> ActorRef<A::Msg> {
    let (address, _end) = A::spawn(None, actor, arguments).await.expect("an actor");
    address
}
