//! actix: actors on single-threaded event loops.

mod all_cores;
mod ask;
mod crowd;
mod flooded;
mod overload;
mod pool;
mod relay;
mod skynet;
mod spawn;
mod tell;

use std::future::Future;

use ::actix::{Arbiter, ArbiterHandle, System};

use super::{Run, THREADS};
use crate::meter::Sample;
use crate::workload::{Job, Producer, Workload};

/// The event loops that the main thread does not block.
type Arbiters = [ArbiterHandle; THREADS];

pub fn runs(workload: Workload) -> Option<Run> {
    Some(match workload {
        Workload::Tell => |plan| on_arbiters(|_| tell::tell(plan)),
        Workload::TellBounded => |plan| on_arbiters(|_| tell::tell_bounded(plan)),
        Workload::FanIn => |plan| on_arbiters(|_| tell::fan_in(plan)),
        Workload::FanInBounded => |plan| on_arbiters(|_| tell::fan_in_bounded(plan)),
        Workload::Ask => |plan| on_arbiters(|_| ask::between_workers(plan)),
        Workload::AskOutside => |plan| on_arbiters(|_| ask::from_outside(plan)),
        Workload::AskMain => |plan| System::new().block_on(ask::from_outside(plan)),
        Workload::AskJoin => |plan| on_arbiters(|arbiters| ask::ten_at_once(plan, arbiters)),
        Workload::PingPong | Workload::Pairs | Workload::Ring1 | Workload::Ring100 => {
            |plan| on_arbiters(|arbiters| relay::relay(plan, arbiters))
        }
        Workload::Skynet => |plan| on_arbiters(|arbiters| skynet::skynet(plan, arbiters)),
        Workload::Pool(Job::Short, Producer::Task) => {
            |plan| System::new().block_on(pool::pool(plan, Job::Short))
        }
        Workload::Pool(Job::Medium, Producer::Task) => {
            |plan| System::new().block_on(pool::pool(plan, Job::Medium))
        }
        Workload::Pool(Job::Uneven, Producer::Task) => {
            |plan| System::new().block_on(pool::pool(plan, Job::Uneven))
        }
        // Compared with the limit only.
        Workload::Pool(_, Producer::Worker | Producer::Thread)
        | Workload::AllCores(Producer::Worker | Producer::Thread) => return None,
        Workload::AllCores(Producer::Task) => {
            |plan| on_arbiters(|arbiters| all_cores::all_cores(plan, arbiters))
        }
        Workload::Spawn => |plan| on_arbiters(|_| spawn::spawn(plan)),
        Workload::IdleMemory => |plan| on_arbiters(|_| spawn::idle_memory(plan)),
        // Its supervisor restarts actors that stop; a panic ends the whole arbiter.
        Workload::Restart => return None,
        Workload::Overload => |plan| beside_arbiters(|[one, _]| overload::overload(plan, one)),
        Workload::Flooded => |plan| beside_arbiters(|[one, _]| flooded::flooded(plan, one)),
        Workload::Crowd => |plan| beside_arbiters(|both| crowd::crowd(plan, both)),
        // An actor that always has a message never gives way: nothing would ring beside it.
        Workload::Timers(_) => return None,
        Workload::Wire(_) => return None,
        Workload::IdleCpu => |plan| on_arbiters(|_| spawn::idle_cpu(plan)),
    })
}

/// Runs the driver as a task of the first arbiter; the main thread only blocks.
fn on_arbiters<F>(driver: impl FnOnce(Arbiters) -> F) -> Sample
where
    F: Future<Output = Sample> + Send + 'static,
{
    let _system = System::new();
    let arbiters = arbiters();
    let (done, sample) = std::sync::mpsc::channel();
    let driver = driver(arbiters.clone());
    arbiters[0].spawn(async move {
        done.send(driver.await).expect("the main thread waits");
    });
    sample.recv().expect("the driver ends")
}

/// Runs the driver on the main thread, with the arbiters beside it.
fn beside_arbiters(driver: impl FnOnce(&Arbiters) -> Sample) -> Sample {
    let _system = System::new();
    driver(&arbiters())
}

fn arbiters() -> Arbiters {
    [Arbiter::new(), Arbiter::new()].map(|arbiter| arbiter.handle())
}
