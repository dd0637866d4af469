//! What the suite `wire` measures: messages from one process to another one.

use Pattern::{DealerRouter, PushPull, ReqRep};
use Transport::{Ipc, Tcp};

use super::Unit;

/// One workload of two processes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wire {
    pub name: &'static str,
    pub pattern: Pattern,
    pub transport: Transport,
    /// Octets of a message's body.
    pub size: usize,
    /// Both processes with all of their threads on one core, the same for every candidate. A round trip is
    /// then what the code on both sides takes, without the time that it takes to wake another core.
    pub pinned: bool,
}

/// Who sends what to whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pattern {
    /// One pushes as fast as the other one pulls. Messages per second, counted by the one that pulls.
    PushPull,
    /// One asks, one question after the other, and the other one answers with the same body. Time of a
    /// round trip.
    ReqRep,
    /// The same between a DEALER that asks and a ROUTER that answers.
    DealerRouter,
}

/// How they are connected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transport {
    /// Over the loopback interface, the port chosen by the system.
    Tcp,
    /// A Unix socket in a temporary folder.
    Ipc,
}

/// What a small message has: its number and eight more octets.
const SMALL: usize = 16;

impl Wire {
    pub const ALL: [Self; 16] = [
        push_pull("push_pull_16_tcp", SMALL, Tcp),
        push_pull("push_pull_256_tcp", 256, Tcp),
        push_pull("push_pull_4096_tcp", 4096, Tcp),
        push_pull("push_pull_65536_tcp", 65536, Tcp),
        push_pull("push_pull_16_ipc", SMALL, Ipc),
        push_pull("push_pull_256_ipc", 256, Ipc),
        push_pull("push_pull_4096_ipc", 4096, Ipc),
        push_pull("push_pull_65536_ipc", 65536, Ipc),
        round_trip("req_rep_tcp", ReqRep, Tcp, false),
        round_trip("req_rep_tcp_pinned", ReqRep, Tcp, true),
        round_trip("req_rep_ipc", ReqRep, Ipc, false),
        round_trip("req_rep_ipc_pinned", ReqRep, Ipc, true),
        round_trip("dealer_router_tcp", DealerRouter, Tcp, false),
        round_trip("dealer_router_tcp_pinned", DealerRouter, Tcp, true),
        round_trip("dealer_router_ipc", DealerRouter, Ipc, false),
        round_trip("dealer_router_ipc_pinned", DealerRouter, Ipc, true),
    ];

    pub fn unit(self) -> Unit {
        match self.pattern {
            PushPull => Unit::PerSecond,
            ReqRep | DealerRouter => Unit::Ns,
        }
    }

    /// For a full measurement, and for a quick one.
    pub fn operations(self) -> (u64, u64) {
        match (self.pattern, self.size) {
            (ReqRep | DealerRouter, _) => (20_000, 500),
            (PushPull, ..4096) => (2_000_000, 20_000),
            (PushPull, 4096) => (400_000, 5_000),
            // Who bounds queues by nothing but a count of messages has them all in memory at the worst.
            (PushPull, _) => (30_000, 1_000),
        }
    }
}

const fn push_pull(name: &'static str, size: usize, transport: Transport) -> Wire {
    Wire { name, pattern: PushPull, transport, size, pinned: false }
}

const fn round_trip(
    name: &'static str,
    pattern: Pattern,
    transport: Transport,
    pinned: bool,
) -> Wire {
    Wire { name, pattern, transport, size: SMALL, pinned }
}
