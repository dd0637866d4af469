//! What millhand is to reach: DESIGN section 8, and what fairness asks for.

use super::wire::{Pattern, Wire};
use super::{Job, Workload};
use crate::candidate::{RAW_TOKIO, TWO_THREADS};

#[derive(Debug, Clone, Copy)]
pub enum Target {
    /// At most this multiple of the best other candidate, and of the best other framework if one is named.
    OfBest(f64, Option<f64>),
    /// At least this share of the throughput of this limit.
    OfLimit(f64, &'static str),
    /// The same, and more than any other candidate.
    OfLimitAndBest(f64, &'static str),
    /// At most this, in the workload's unit.
    Within(f64),
    /// At least this share of its own throughput without overload.
    OfPeak(f64),
    /// At most so much more than its own control.
    OverControl(f64),
    /// At most this multiple of the mean of the same measurement.
    OfMean(f64),
    /// Only compared.
    None,
}

pub fn of(workload: Workload) -> Target {
    match workload {
        Workload::Tell => Target::OfBest(0.5, Some(0.15)),
        Workload::TellBounded
        | Workload::FanIn
        | Workload::FanInBounded
        | Workload::Pairs
        | Workload::Ring1
        | Workload::Ring100
        // DESIGN names no ping-pong; it is a ring of two.
        | Workload::PingPong => Target::OfBest(0.5, None),
        Workload::Ask | Workload::AskOutside => Target::OfBest(0.35, None),
        // "1 µs is the floor that holds in any case".
        Workload::AskMain => Target::Within(1_000.0),
        // "All cores": what two bare threads take, and a tenth for the dispatch.
        Workload::AskJoin => Target::OfLimit(0.9, TWO_THREADS),
        Workload::Pool(Job::Short, _) => Target::OfLimit(0.92, TWO_THREADS),
        Workload::Pool(Job::Medium | Job::Uneven, _) => Target::OfLimit(0.96, TWO_THREADS),
        Workload::Spawn => Target::OfBest(0.4, None),
        Workload::IdleMemory => Target::Within(400.0),
        Workload::Restart => Target::Within(1_000_000.0),
        Workload::Overload => Target::OfPeak(0.9),
        Workload::AllCores(_) => Target::Within(1_000_000.0),
        Workload::Flooded => Target::OverControl(200_000.0),
        Workload::Crowd => Target::OfMean(10.0),
        Workload::Timers(_) => Target::Within(2_000_000.0),
        // 0.1 % of one core.
        Workload::IdleCpu => Target::Within(1_000_000.0),
        Workload::Wire(wire) => of_wire(wire),
        Workload::Skynet => Target::None,
    }
}

fn of_wire(wire: Wire) -> Target {
    match (wire.pattern, wire.pinned) {
        (Pattern::PushPull, _) if wire.size <= 4096 => Target::OfLimitAndBest(0.6, RAW_TOKIO),
        (Pattern::PushPull, _) => Target::OfLimitAndBest(0.9, RAW_TOKIO),
        // "Pinned round trip <= 1.15 x raw tokio's".
        (Pattern::ReqRep | Pattern::DealerRouter, true) => Target::OfLimit(1.0 / 1.15, RAW_TOKIO),
        (Pattern::ReqRep | Pattern::DealerRouter, false) => Target::None,
    }
}
