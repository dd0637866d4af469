//! Who is measured on the wire, and how each is set up.
//!
//! Each candidate is one file with one function, which plays any [`Part`](crate::work::wire::Part) with the
//! calls that the library's documentation gives for it, and one entry in [`ALL`]. Bodies come from a
//! [`Source`](crate::work::wire::Source) as a slice, so every candidate copies each of them once to have a
//! message.

mod libzmq;
mod millhand;
mod monocoque;
mod omq;
mod raw_tokio;
mod runtime;
mod rzmq;
mod zeromq;

use super::{Candidate, Kind, Runs};
use crate::work::wire::Side;
use crate::workload::wire::{Pattern, Wire};

/// The limit of DESIGN's wire.
pub const RAW_TOKIO: &str = "raw_tokio";

pub const ALL: [Candidate; 9] = [
    Candidate {
        name: "millhand",
        kind: Kind::Framework,
        note: "all options default, the loop a task of a current-thread runtime in each process; `send` and `recv` of one message at a time",
        runs: Runs::Pair(Pair { side: millhand::side, can: all }),
    },
    Candidate {
        name: RAW_TOKIO,
        kind: Kind::Limit,
        note: "no protocol: a length of 4 octets before each body; a current-thread runtime in each process, TCP_NODELAY; push: bodies are encoded into one buffer, which is written from 64 KiB on; pull: reads of up to 256 KiB, bodies are slices of them",
        runs: Runs::Pair(Pair { side: raw_tokio::side, can: all }),
    },
    Candidate {
        name: "libzmq",
        kind: Kind::Framework,
        note: "libzmq 4.3.4 of Debian through the binding `zmq` 0.9.2 (0.10 can only build its own), all defaults: one I/O thread, high-water marks of 1000; the main thread sends and receives, into one message that is used again",
        runs: Runs::Pair(Pair { side: libzmq::side, can: all }),
    },
    Candidate {
        name: "zeromq",
        kind: Kind::Framework,
        note: "zmq.rs 0.7.0, all defaults, the loop a task of a multi-thread runtime of two threads, as in its own benchmarks",
        runs: Runs::Pair(Pair { side: zeromq::side, can: all }),
    },
    Candidate {
        name: "rzmq",
        kind: Kind::Framework,
        note: "rzmq 0.5.28, the loop a task of a multi-thread runtime of two threads, no io_uring; push: batches of 256 messages (2 of 64 KiB) or 1 MiB, as its guide advises; else defaults",
        runs: Runs::Pair(Pair { side: rzmq::side, can: all }),
    },
    Candidate {
        name: "omq-tokio",
        kind: Kind::Framework,
        note: "omq-tokio 0.33.0, its default context of one I/O thread, blocking sockets on the main thread, pull in batches by `recv_many_into`; all options default, with which its ipc sockets poll for a while before they wait for an answer",
        runs: Runs::Pair(Pair { side: omq::own_thread, can: all }),
    },
    Candidate {
        name: "omq-tokio-current",
        kind: Kind::Framework,
        note: "omq-tokio 0.33.0 on the caller's current-thread runtime; push by `try_send`, and `send` when that is full, pull in batches by `recv_many_into`, as in its own benchmarks; round trips over tcp by its exclusive sockets, which know neither ipc nor PUSH and PULL; all options default",
        runs: Runs::Pair(Pair { side: omq::current_thread, can: all }),
    },
    Candidate {
        name: "monocoque-rs",
        kind: Kind::Framework,
        note: "monocoque-rs 0.4.2 on its tokio backend (a current-thread runtime), eager by default: a write per message; `send_one`, `recv_into` and `try_recv_into`",
        runs: Runs::Pair(Pair { side: monocoque::eager, can: all }),
    },
    Candidate {
        name: "monocoque-rs-coalescing",
        kind: Kind::Framework,
        note: "the same with its opt-in write coalescing (64 KiB), flushed after the last message; push and pull only: its REQ has no flush, and with one message at a time there is nothing to coalesce",
        runs: Runs::Pair(Pair { side: monocoque::coalescing, can: push_pull }),
    },
];

/// A candidate of two processes.
#[derive(Clone, Copy)]
pub struct Pair {
    /// Plays one part, and tells the harness.
    pub side: fn(Side),
    pub can: fn(Wire) -> bool,
}

fn all(_: Wire) -> bool {
    true
}

fn push_pull(wire: Wire) -> bool {
    wire.pattern == Pattern::PushPull
}
