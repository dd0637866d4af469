//! Workers written by hand: a tokio task and a channel each. The candidates differ in the channel.

mod ask;
mod kinds;
mod pool;
mod relay;
mod spawn;
mod tell;

use std::future::Future;

use super::{Run, on_tokio};
use crate::work::BOUND;
use crate::workload::Workload;

/// Capacity for workers that never have much to do, where the channel must have a bound: kameo's default.
const SMALL: usize = 64;

/// A kind of channel.
trait Channel: 'static {
    type Sender<T: Send + 'static>: Sender<T>;
    type Receiver<T: Send + 'static>: Receiver<T>;

    /// Without a bound, if it can be had.
    fn unbounded<T: Send + 'static>() -> (Self::Sender<T>, Self::Receiver<T>) {
        unreachable!("has only bounded channels")
    }

    fn bounded<T: Send + 'static>(capacity: usize) -> (Self::Sender<T>, Self::Receiver<T>);

    /// What one would choose for a worker with a queue.
    fn deep<T: Send + 'static>() -> (Self::Sender<T>, Self::Receiver<T>) {
        Self::bounded(BOUND)
    }

    /// What one would choose for one of many small workers.
    fn small<T: Send + 'static>() -> (Self::Sender<T>, Self::Receiver<T>) {
        Self::bounded(SMALL)
    }
}

trait Sender<T>: Clone + Send + Sync + 'static {
    /// Panics if nobody listens.
    fn send(&self, message: T) -> impl Future<Output = ()> + Send;
}

trait Receiver<T>: Send + 'static {
    fn receive(&mut self) -> impl Future<Output = Option<T>> + Send;
}

pub fn tokio_unbounded(workload: Workload) -> Option<Run> {
    match workload {
        Workload::TellBounded | Workload::FanInBounded => None,
        _ => any::<kinds::TokioUnbounded>(workload),
    }
}

pub fn tokio_bounded(workload: Workload) -> Option<Run> {
    match workload {
        Workload::Tell | Workload::FanIn => None,
        _ => any::<kinds::TokioBounded>(workload),
    }
}

pub fn kanal(workload: Workload) -> Option<Run> {
    any::<kinds::Kanal>(workload)
}

pub fn tachyonix(workload: Workload) -> Option<Run> {
    match workload {
        Workload::Tell | Workload::FanIn => None,
        _ => any::<kinds::Tachyonix>(workload),
    }
}

fn any<C: Channel>(workload: Workload) -> Option<Run> {
    Some(match workload {
        Workload::Tell => |plan| on_tokio(tell::tell::<C>(plan, C::unbounded())),
        Workload::TellBounded => |plan| on_tokio(tell::tell::<C>(plan, C::bounded(BOUND))),
        Workload::FanIn => |plan| on_tokio(tell::fan_in::<C>(plan, C::unbounded())),
        Workload::FanInBounded => |plan| on_tokio(tell::fan_in::<C>(plan, C::bounded(BOUND))),
        Workload::Ask => |plan| on_tokio(ask::between_workers::<C>(plan)),
        Workload::AskOutside => |plan| on_tokio(ask::from_outside::<C>(plan)),
        Workload::AskJoin => |plan| on_tokio(ask::ten_at_once::<C>(plan)),
        Workload::PingPong | Workload::Pairs | Workload::Ring1 | Workload::Ring100 => {
            |plan| on_tokio(relay::relay::<C>(plan))
        }
        Workload::Pool300ns | Workload::Pool1us | Workload::PoolUneven => {
            |plan| on_tokio(pool::pool::<C>(plan))
        }
        Workload::Spawn => |plan| on_tokio(spawn::spawn::<C>(plan)),
        Workload::IdleMemory => |plan| on_tokio(spawn::idle_memory::<C>(plan)),
        // Whoever writes tasks by hand would have to write the supervisor too.
        Workload::Restart => return None,
    })
}
