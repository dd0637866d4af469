//! xtra: a small actor framework, here on tokio.

mod ask;
mod pool;
mod relay;
mod skynet;
mod spawn;
mod tell;

use ::xtra::Mailbox;

use super::Run;
use super::runtime::{on_main, on_tokio};
use crate::work::BOUND;
use crate::workload::{Job, Producer, Workload};

pub fn runs(workload: Workload) -> Option<Run> {
    Some(match workload {
        Workload::Tell => |plan| on_tokio(tell::tell(plan, Mailbox::unbounded())),
        Workload::TellBounded => |plan| on_tokio(tell::tell(plan, Mailbox::bounded(BOUND))),
        Workload::FanIn => |plan| on_tokio(tell::fan_in(plan, Mailbox::unbounded())),
        Workload::FanInBounded => |plan| on_tokio(tell::fan_in(plan, Mailbox::bounded(BOUND))),
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
        // It has no supervision.
        Workload::Restart => return None,
        // A send that is given up may have been accepted nevertheless, so nobody knows what was rejected.
        Workload::Overload => return None,
        // Not compared there.
        Workload::AllCores(_)
        | Workload::Flooded
        | Workload::Crowd
        | Workload::Timers(_)
        | Workload::IdleCpu
        | Workload::Wire(_) => return None,
    })
}
