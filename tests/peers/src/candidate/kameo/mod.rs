//! kameo: actors on tokio tasks.

mod ask;
mod pool;
mod relay;
mod restart;
mod spawn;
mod tell;

use super::{Run, on_tokio};
use crate::workload::Workload;

pub fn runs(workload: Workload) -> Option<Run> {
    Some(match workload {
        Workload::Tell => |plan| on_tokio(tell::tell(plan, ::kameo::mailbox::unbounded())),
        Workload::TellBounded => |plan| on_tokio(tell::tell(plan, tell::bounded())),
        Workload::FanIn => |plan| on_tokio(tell::fan_in(plan, ::kameo::mailbox::unbounded())),
        Workload::FanInBounded => |plan| on_tokio(tell::fan_in(plan, tell::bounded())),
        Workload::Ask => |plan| on_tokio(ask::between_workers(plan)),
        Workload::AskOutside => |plan| on_tokio(ask::from_outside(plan)),
        Workload::AskJoin => |plan| on_tokio(ask::ten_at_once(plan)),
        Workload::PingPong | Workload::Pairs | Workload::Ring1 | Workload::Ring100 => {
            |plan| on_tokio(relay::relay(plan))
        }
        Workload::Pool300ns | Workload::Pool1us | Workload::PoolUneven => {
            |plan| on_tokio(pool::pool(plan))
        }
        Workload::Spawn => |plan| on_tokio(spawn::spawn(plan)),
        Workload::IdleMemory => |plan| on_tokio(spawn::idle_memory(plan)),
        Workload::Restart => |plan| on_tokio(restart::restart(plan)),
    })
}
