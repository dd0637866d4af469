//! The limits: only the work that cannot be avoided, by bare threads or a bare task.

mod all_cores;
mod crowd;
mod halves;
mod pool;
mod relay;
mod ring;
mod spawn;
mod tell;

use super::Run;
use crate::workload::{Job, Workload};

pub fn two_threads(workload: Workload) -> Option<Run> {
    Some(match workload {
        Workload::Tell | Workload::TellBounded => tell::across,
        Workload::FanIn | Workload::FanInBounded => tell::fan_in_across,
        Workload::Pairs => relay::two_threads,
        Workload::Ring100 => halves::two_threads,
        Workload::Pool(Job::Short, _) => |plan| pool::pool(plan, Job::Short),
        Workload::Pool(Job::Medium, _) => |plan| pool::pool(plan, Job::Medium),
        Workload::Pool(Job::Uneven, _) => |plan| pool::pool(plan, Job::Uneven),
        Workload::AllCores(_) => all_cores::all_cores,
        Workload::AskJoin => pool::join,
        Workload::Overload => pool::station,
        Workload::Crowd => crowd::crowd,
        _ => return None,
    })
}

pub fn one_thread(workload: Workload) -> Option<Run> {
    Some(match workload {
        Workload::Tell | Workload::TellBounded => tell::in_turns,
        Workload::FanIn | Workload::FanInBounded => tell::fan_in_in_turns,
        Workload::PingPong | Workload::Pairs | Workload::Ring1 | Workload::Ring100 => {
            relay::one_thread
        }
        _ => return None,
    })
}

pub fn task(workload: Workload) -> Option<Run> {
    Some(match workload {
        Workload::Spawn => spawn::spawn,
        Workload::IdleMemory => spawn::idle_memory,
        _ => return None,
    })
}
