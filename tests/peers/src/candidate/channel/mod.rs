//! Workers written by hand: a task and a channel each. The candidates differ in the channel, and one in the
//! executor too.

mod all_cores;
mod ask;
mod crowd;
mod flooded;
mod kinds;
mod overload;
mod pool;
mod relay;
mod skynet;
mod smol;
mod spawn;
mod tell;
mod timers;

use std::future::Future;

use super::Run;
use super::runtime::{on_main, on_tokio};
use crate::meter::Sample;
use crate::work::BOUND;
use crate::work::tree::CHILDREN;
use crate::workload::{Job, Producer, Suite, Timer, Workload};

/// Capacity for workers that never have much to do, where the channel must have a bound: kameo's default.
const SMALL: usize = 64;

/// A kind of channel, and what runs the tasks at its ends.
trait Channel: Sized + 'static {
    type Sender<T: Send + 'static>: Sender<T>;
    type Receiver<T: Send + 'static>: Receiver<T>;

    /// Without a bound, if it can be had.
    fn unbounded<T: Send + 'static>() -> Ends<Self, T> {
        unreachable!("has only bounded channels")
    }

    fn bounded<T: Send + 'static>(capacity: usize) -> Ends<Self, T>;

    /// What one would choose for a worker with a queue.
    fn deep<T: Send + 'static>() -> Ends<Self, T> {
        Self::bounded(BOUND)
    }

    /// What one would choose for one of many small workers.
    fn small<T: Send + 'static>() -> Ends<Self, T> {
        Self::bounded(SMALL)
    }

    /// What one would choose for one of very many workers that mostly wait.
    fn idle<T: Send + 'static>() -> Ends<Self, T> {
        Self::small()
    }

    /// What one would choose to collect from the children of a tree.
    fn of_children<T: Send + 'static>() -> Ends<Self, T> {
        Self::bounded(CHILDREN as usize)
    }

    /// For several workers that share what is sent to the senders in turn.
    fn shared<T: Send + 'static>(workers: usize) -> ManyEnds<Self, T> {
        (0..workers).map(|_| Self::deep::<T>()).unzip()
    }

    fn spawn(task: impl Future<Output = ()> + Send + 'static) {
        tokio::spawn(task);
    }

    /// The driver is a task.
    fn run(driver: impl Future<Output = Sample> + Send + 'static) -> Sample {
        on_tokio(driver)
    }

    /// The driver is what the main thread blocks on.
    fn run_on_main(driver: impl Future<Output = Sample>) -> Sample {
        on_main(driver)
    }
}

type Ends<C, T> = (<C as Channel>::Sender<T>, <C as Channel>::Receiver<T>);

type ManyEnds<C, T> = (Vec<<C as Channel>::Sender<T>>, Vec<<C as Channel>::Receiver<T>>);

trait Sender<T>: Clone + Send + Sync + 'static {
    /// Panics if nobody listens.
    fn send(&self, message: T) -> impl Future<Output = ()> + Send;

    /// Whether there was room.
    fn offer(&self, message: T) -> bool;
}

trait Receiver<T>: Send + 'static {
    fn receive(&mut self) -> impl Future<Output = Option<T>> + Send;
}

pub fn tokio_unbounded(workload: Workload) -> Option<Run> {
    match workload {
        Workload::TellBounded | Workload::FanInBounded | Workload::Overload => None,
        _ => any::<kinds::TokioUnbounded>(workload),
    }
}

/// The only one of them in the other suite: what is fair there is tokio.
pub fn tokio_bounded(workload: Workload) -> Option<Run> {
    match workload {
        Workload::Tell | Workload::FanIn => None,
        _ if workload.suite() == Suite::Fairness => fairness::<kinds::TokioBounded>(workload),
        _ => any::<kinds::TokioBounded>(workload),
    }
}

pub fn flume(workload: Workload) -> Option<Run> {
    any::<kinds::Flume>(workload)
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

pub fn async_executor(workload: Workload) -> Option<Run> {
    any::<smol::AsyncChannel>(workload)
}

fn any<C: Channel>(workload: Workload) -> Option<Run> {
    Some(match workload {
        Workload::Tell => |plan| C::run(tell::tell::<C>(plan, C::unbounded())),
        Workload::TellBounded => |plan| C::run(tell::tell::<C>(plan, C::bounded(BOUND))),
        Workload::FanIn => |plan| C::run(tell::fan_in::<C>(plan, C::unbounded())),
        Workload::FanInBounded => |plan| C::run(tell::fan_in::<C>(plan, C::bounded(BOUND))),
        Workload::Ask => |plan| C::run(ask::between_workers::<C>(plan)),
        Workload::AskOutside => |plan| C::run(ask::from_outside::<C>(plan)),
        Workload::AskMain => |plan| C::run_on_main(ask::from_outside::<C>(plan)),
        Workload::AskJoin => |plan| C::run(ask::ten_at_once::<C>(plan)),
        Workload::PingPong | Workload::Pairs | Workload::Ring1 | Workload::Ring100 => {
            |plan| C::run(relay::relay::<C>(plan))
        }
        Workload::Skynet => |plan| C::run(skynet::skynet::<C>(plan)),
        Workload::Pool(Job::Short, Producer::Task) => {
            |plan| C::run(pool::pool::<C>(plan, Job::Short))
        }
        Workload::Pool(Job::Medium, Producer::Task) => {
            |plan| C::run(pool::pool::<C>(plan, Job::Medium))
        }
        Workload::Pool(Job::Uneven, Producer::Task) => {
            |plan| C::run(pool::pool::<C>(plan, Job::Uneven))
        }
        Workload::AllCores(Producer::Task) => |plan| C::run(all_cores::all_cores::<C>(plan)),
        Workload::Spawn => |plan| C::run(spawn::spawn::<C>(plan)),
        Workload::IdleMemory => |plan| C::run(spawn::idle_memory::<C>(plan)),
        Workload::Overload => |plan| C::run_on_main(overload::overload::<C>(plan)),
        // A worker of this kind is a task already: a task that feeds a pool is a worker that does.
        Workload::Pool(_, Producer::Worker | Producer::Thread)
        | Workload::AllCores(Producer::Worker | Producer::Thread) => return None,
        // Whoever writes tasks by hand would have to write the supervisor too.
        Workload::Restart => return None,
        Workload::Flooded
        | Workload::Crowd
        | Workload::Timers(_)
        | Workload::IdleCpu
        | Workload::Wire(_) => return None,
    })
}

fn fairness<C: Channel>(workload: Workload) -> Option<Run> {
    Some(match workload {
        Workload::Flooded => |plan| C::run_on_main(flooded::flooded::<C>(plan)),
        Workload::Crowd => |plan| C::run_on_main(crowd::crowd::<C>(plan)),
        Workload::Timers(Timer::Own | Timer::Tokio) => {
            |plan| C::run_on_main(timers::timers::<C>(plan))
        }
        Workload::IdleCpu => |plan| C::run_on_main(spawn::idle_cpu::<C>(plan)),
        _ => return None,
    })
}
