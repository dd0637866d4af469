//! Who is measured, and how each is set up.
//!
//! Every candidate does the same work from [`crate::work`], in the files that its rivals have too:
//! `tell` (also fan-in), `ask`, `relay` (pairs and rings), `pool`, `spawn` (also memory), `restart`.

mod actix;
mod bare;
mod channel;
mod kameo;
mod millhand;

use std::future::Future;

use crate::meter::Sample;
use crate::suite::Plan;
use crate::workload::Workload;

/// Worker threads of everything: the machine that the targets were set on has two cores.
pub const THREADS: usize = 2;

/// Runs one workload in this process.
pub type Run = fn(Plan) -> Sample;

/// One rival, or ourselves.
#[derive(Clone, Copy)]
pub struct Candidate {
    pub name: &'static str,
    pub kind: Kind,
    /// How it is set up.
    pub note: &'static str,
    runs: fn(Workload) -> Option<Run>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Tasks and channels, as one would write them by hand.
    Channel,
    Framework,
    /// What the machine can do; no rival.
    Limit,
}

/// Ours.
pub const OURS: &str = "millhand";

pub const ALL: [Candidate; 8] = [
    Candidate {
        name: OURS,
        kind: Kind::Framework,
        note: "defaults: supervised by the system, mailbox of 1024 (`unbounded` in tell and fan_in), asks with the default deadline of 5 s",
        runs: millhand::runs,
    },
    Candidate {
        name: "tokio-unbounded",
        kind: Kind::Channel,
        note: "tokio tasks, mpsc::unbounded_channel, oneshot for replies, no deadline on asks",
        runs: channel::tokio_unbounded,
    },
    Candidate {
        name: "tokio-bounded",
        kind: Kind::Channel,
        note: "tokio tasks, mpsc::channel (1024; 64 in asks, relays, spawn, idle_memory), oneshot for replies, no deadline on asks",
        runs: channel::tokio_bounded,
    },
    Candidate {
        name: "kanal",
        kind: Kind::Channel,
        note: "tokio tasks, kanal unbounded_async (bounded_async 1024 in bounded rows), tokio oneshot for replies, no deadline on asks",
        runs: channel::kanal,
    },
    Candidate {
        name: "tachyonix",
        kind: Kind::Channel,
        note: "tokio tasks, tachyonix (bounded only: 1024; 64 in asks, relays, spawn, idle_memory), tokio oneshot for replies, no deadline on asks",
        runs: channel::tachyonix,
    },
    Candidate {
        name: "actix",
        kind: Kind::Framework,
        note: "two arbiters; both ends of a message on one, pools, pairs, ring halves and ask_join spread over both; bounded = try_send, yield when full",
        runs: actix::runs,
    },
    Candidate {
        name: "kameo",
        kind: Kind::Framework,
        note: "default mailbox of 64 (unbounded in tell, fan_in and pools, 1024 in bounded rows), unsupervised except in restart, no deadline on asks",
        runs: kameo::runs,
    },
    Candidate {
        name: "two threads",
        kind: Kind::Limit,
        note: "two OS threads that share out the jobs beforehand",
        runs: bare::runs,
    },
];

impl Candidate {
    pub fn named(name: &str) -> Result<Self, String> {
        let found = ALL.into_iter().find(|candidate| candidate.name == name);
        found.ok_or_else(|| format!("no candidate `{name}`"))
    }

    /// How it runs the workload, if it can express it.
    pub fn runs(&self, workload: Workload) -> Option<Run> {
        (self.runs)(workload)
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

/// Runs the driver as a spawned task of a multi-threaded runtime; the main thread only blocks.
fn on_tokio<F>(driver: F) -> Sample
where
    F: Future<Output = Sample> + Send + 'static,
{
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(THREADS)
        .enable_all()
        .build()
        .expect("a runtime");
    let sample = runtime.block_on(runtime.spawn(driver)).expect("the driver");
    // The measurement is over, and the process ends with it: stopping is not part of it.
    std::mem::forget(runtime);
    sample
}
