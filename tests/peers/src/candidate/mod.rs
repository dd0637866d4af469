//! Who is measured, and how each is set up.
//!
//! Every candidate does the same work from [`crate::work`], in the files that its rivals have too: `tell`
//! (also fan-in), `ask`, `relay` (pairs and rings), `skynet`, `pool`, `all_cores`, `spawn` (also memory and
//! idling), `restart`, `overload`, `flooded`, `crowd`, `timers`. Those of the suite `wire` are others, in
//! [`wire`].

mod actix;
mod bare;
mod channel;
mod erlang;
mod kameo;
mod millhand;
mod nexosim;
mod ractor;
mod rayon;
mod roster;
mod runtime;
mod wire;
mod xtra;

use std::fmt;
use std::process::Command;

use crate::meter::Sample;
use crate::suite::Plan;
use crate::workload::{Suite, Workload};

pub use roster::{OURS, TWO_THREADS};
pub use wire::{Pair, RAW_TOKIO};

/// Worker threads of everything: the machine that the targets were set on has two cores.
pub const THREADS: usize = 2;

/// One rival, or ourselves.
#[derive(Clone, Copy)]
pub struct Candidate {
    pub name: &'static str,
    pub kind: Kind,
    /// How it is set up.
    pub note: &'static str,
    pub runs: Runs,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Tasks and channels, as one would write them by hand.
    Channel,
    Framework,
    /// What the machine can do; no rival.
    Limit,
}

/// Where it runs, and what it can express.
#[derive(Clone, Copy)]
pub enum Runs {
    /// In a process of this binary.
    Here(fn(Workload) -> Option<Run>),
    /// In another program, which prints a [`Sample`] as JSON.
    Program(Program),
    /// In two processes of this binary.
    Pair(Pair),
}

/// Runs one workload in this process.
pub type Run = fn(Plan) -> Sample;

#[derive(Clone, Copy)]
pub struct Program {
    /// What is missing on this machine.
    pub absent: fn() -> Option<&'static str>,
    pub can: fn(Workload) -> bool,
    pub command: fn(Plan) -> Result<Command, String>,
}

impl Candidate {
    pub fn all(suite: Suite) -> &'static [Self] {
        match suite {
            Suite::Actors | Suite::Fairness => &roster::ALL,
            Suite::Wire => &wire::ALL,
        }
    }

    /// One of that suite.
    pub fn named(name: &str, suite: Suite) -> Result<Self, String> {
        let all = Self::all(suite);
        all.iter().copied().find(|candidate| candidate.name == name).ok_or_else(|| {
            let all: Vec<_> = all.iter().map(|candidate| candidate.name).collect();
            format!("no candidate `{name}` in {}; there are {}", suite.name(), all.join(", "))
        })
    }

    /// Whether it can express the workload.
    pub fn can(&self, workload: Workload) -> bool {
        match self.runs {
            Runs::Here(runs) => runs(workload).is_some(),
            Runs::Program(program) => (program.can)(workload),
            Runs::Pair(pair) => matches!(workload, Workload::Wire(wire) if (pair.can)(wire)),
        }
    }

    /// Why it cannot be measured on this machine.
    pub fn absent(&self) -> Option<&'static str> {
        match self.runs {
            Runs::Here(_) | Runs::Pair(_) => None,
            Runs::Program(program) => (program.absent)(),
        }
    }
}

impl PartialEq for Candidate {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl fmt::Debug for Candidate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

impl Kind {
    pub fn name(self) -> &'static str {
        match self {
            Self::Channel => "channel",
            Self::Framework => "framework",
            Self::Limit => "limit",
        }
    }
}
