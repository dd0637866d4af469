//! All candidates, with a note on how each is set up.

use super::{
    Candidate, Kind, Runs, actix, bare, channel, erlang, kameo, millhand, nexosim, ractor, rayon,
    xtra,
};

/// Ours.
pub const OURS: &str = "millhand";

/// The limit of DESIGN's pools.
pub const TWO_THREADS: &str = "two threads";

pub const ALL: [Candidate; 17] = [
    Candidate {
        name: OURS,
        kind: Kind::Framework,
        note: "defaults: supervised by the system, mailbox of 1024 (`unbounded` in tell and fan_in), asks with the default deadline of 5 s; skynet: temporary workers",
        runs: Runs::Here(millhand::runs),
    },
    Candidate {
        name: "tokio-unbounded",
        kind: Kind::Channel,
        note: "tokio tasks, mpsc::unbounded_channel, oneshot for replies, no deadline on asks",
        runs: Runs::Here(channel::tokio_unbounded),
    },
    Candidate {
        name: "tokio-bounded",
        kind: Kind::Channel,
        note: "tokio tasks, mpsc::channel (1024; 64 in asks, relays, spawn, idle_memory; 10 in skynet), oneshot for replies, no deadline on asks",
        runs: Runs::Here(channel::tokio_bounded),
    },
    Candidate {
        name: "flume",
        kind: Kind::Channel,
        note: "tokio tasks, flume::unbounded (bounded 1024 in bounded rows), tokio oneshot for replies, no deadline on asks",
        runs: Runs::Here(channel::flume),
    },
    Candidate {
        name: "kanal",
        kind: Kind::Channel,
        note: "tokio tasks, kanal unbounded_async (bounded_async 1024 in bounded rows; one queue for all workers in pools), tokio oneshot for replies, no deadline on asks",
        runs: Runs::Here(channel::kanal),
    },
    Candidate {
        name: "tachyonix",
        kind: Kind::Channel,
        note: "tokio tasks, tachyonix (bounded only: 1024; 64 in asks, relays, spawn, idle_memory; 10 in skynet), tokio oneshot for replies, no deadline on asks",
        runs: Runs::Here(channel::tachyonix),
    },
    Candidate {
        name: "async-executor",
        kind: Kind::Channel,
        note: "StaticExecutor on two threads (ask_main: one of them the main thread), async-channel bounded (1024; 64 in asks and relays; 10 in skynet; unbounded in tell, fan_in, spawn, idle_memory), tokio oneshot for replies, no deadline on asks",
        runs: Runs::Here(channel::async_executor),
    },
    Candidate {
        name: "actix",
        kind: Kind::Framework,
        note: "two arbiters; both ends of a message on one, pairs, ring halves, skynet, ask_join, all_cores and crowd spread over both; pools: a SyncArbiter of two threads; ask_main all on the main thread; bounded = try_send, yield when full; flooded all on one arbiter",
        runs: Runs::Here(actix::runs),
    },
    Candidate {
        name: "ractor",
        kind: Kind::Framework,
        note: "without its span per message, no bounded mailboxes, unsupervised except in restart (its supervisor starts a new actor), no deadline on asks",
        runs: Runs::Here(ractor::runs),
    },
    Candidate {
        name: "kameo",
        kind: Kind::Framework,
        note: "without its tracing, default mailbox of 64 (unbounded in tell, fan_in and pools, 1024 in bounded rows), unsupervised except in restart, no deadline on asks",
        runs: Runs::Here(kameo::runs),
    },
    Candidate {
        name: "xtra",
        kind: Kind::Framework,
        note: "on tokio, unbounded mailboxes (1024 in bounded rows), tell = a detached send, unsupervised, no deadline on asks; its locks spin, so a busy machine slows it more than others",
        runs: Runs::Here(xtra::runs),
    },
    Candidate {
        name: "nexosim",
        kind: Kind::Framework,
        note: "simulation on two threads, models connected beforehand, one process_event to quiescence, mailboxes of 1024 (default of 16 in asks and relays); the producer is a model; ask_main = process_query; ask_join = one requestor of ten repliers",
        runs: Runs::Here(nexosim::runs),
    },
    Candidate {
        name: "erlang",
        kind: Kind::Framework,
        note: "Erlang/OTP with its JIT, two schedulers; asks by reference and reply without gen_server's deadline and monitor; jobs are calibrated loops of its own; message queue off heap in fan_in, hibernation in idle_memory",
        runs: Runs::Program(erlang::PROGRAM),
    },
    Candidate {
        name: "rayon",
        kind: Kind::Limit,
        note: "par_iter on two threads, over jobs that are known beforehand, and over the tree of skynet: no messages",
        runs: Runs::Here(rayon::runs),
    },
    Candidate {
        name: TWO_THREADS,
        kind: Kind::Limit,
        note: "two OS threads: pools share out the jobs beforehand; tell and fan_in: one writes to a ring of 1024 slots of 16 bytes, one reads; pairs and ring_100: one run queue each, rings of slots between the halves; all_cores: both parked; crowd: around and around, 128 messages a turn; overload: one that does jobs",
        runs: Runs::Here(bare::two_threads),
    },
    Candidate {
        name: "one thread",
        kind: Kind::Limit,
        note: "tell and fan_in: a ring of 1024 slots is written and then read by one thread, with one atomic claim per message and a call through a pointer; relays: a run queue, two atomic swaps per hop, a call through a pointer",
        runs: Runs::Here(bare::one_thread),
    },
    Candidate {
        name: "bare task",
        kind: Kind::Limit,
        note: "one allocation for a worker with room for one message, one tokio::spawn of a task that waits for it",
        runs: Runs::Here(bare::task),
    },
];
