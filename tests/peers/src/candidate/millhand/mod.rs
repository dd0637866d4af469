//! millhand, through its public API, set up as a user gets it by default.

mod ask;
mod pool;
mod relay;
mod restart;
mod spawn;
mod tell;

use millhand::System;

use super::{Run, on_tokio};
use crate::workload::Workload;

pub fn runs(workload: Workload) -> Option<Run> {
    Some(match workload {
        Workload::Tell => |plan| on_tokio(tell::tell(plan)),
        Workload::TellBounded => |plan| on_tokio(tell::tell_bounded(plan)),
        Workload::FanIn => |plan| on_tokio(tell::fan_in(plan)),
        Workload::FanInBounded => |plan| on_tokio(tell::fan_in_bounded(plan)),
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

/// A system that ends with the process: stopping is not part of the measurement.
async fn system() -> System {
    let system = System::builder("peers").start().await.expect("a system");
    std::mem::forget(system.clone());
    system
}
