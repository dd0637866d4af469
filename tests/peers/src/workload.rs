//! What is measured: each workload's name, unit, number of operations, and target.

/// One row family of the report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Workload {
    /// One tokio task sends numbers to one worker, without a bound.
    Tell,
    /// The same through a mailbox of 1,024.
    TellBounded,
    /// Eight tokio tasks send to one worker, without a bound.
    FanIn,
    /// The same through a mailbox of 1,024.
    FanInBounded,
    /// A worker asks another one, one question after the other.
    Ask,
    /// A spawned tokio task asks a worker, one question after the other.
    AskOutside,
    /// A spawned tokio task asks ten workers in one `join!`; each computes for 1 ms.
    AskJoin,
    /// Two workers, one token.
    PingPong,
    /// 1,000 such pairs.
    Pairs,
    /// 1,000 workers in a ring, one token.
    Ring1,
    /// 1,000 workers in a ring, 100 tokens.
    Ring100,
    /// A tokio task feeds four workers with jobs of 300 ns.
    Pool300ns,
    /// The same with jobs of 1 µs.
    Pool1us,
    /// The same with jobs of 300 ns, of which 1 % are 100 times as long.
    PoolUneven,
    /// A tokio task starts workers one after the other, and sends each its first message.
    Spawn,
    /// Resident memory of a worker that has handled one message.
    IdleMemory,
    /// From a fruitful crash to the first message handled by the successor, 99th percentile.
    Restart,
}

/// DESIGN section 8.
#[derive(Debug, Clone, Copy)]
pub enum Target {
    /// At most this multiple of the best other candidate, and of the best other framework if one is named.
    OfBest(f64, Option<f64>),
    /// At least this share of the limit's throughput.
    OfLimit(f64),
    /// At most this, in the workload's unit.
    Within(f64),
}

impl Workload {
    pub const ALL: [Self; 17] = [
        Self::Tell,
        Self::TellBounded,
        Self::FanIn,
        Self::FanInBounded,
        Self::Ask,
        Self::AskOutside,
        Self::AskJoin,
        Self::PingPong,
        Self::Pairs,
        Self::Ring1,
        Self::Ring100,
        Self::Pool300ns,
        Self::Pool1us,
        Self::PoolUneven,
        Self::Spawn,
        Self::IdleMemory,
        Self::Restart,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Self::Tell => "tell",
            Self::TellBounded => "tell_bounded",
            Self::FanIn => "fan_in",
            Self::FanInBounded => "fan_in_bounded",
            Self::Ask => "ask",
            Self::AskOutside => "ask_outside",
            Self::AskJoin => "ask_join",
            Self::PingPong => "ping_pong",
            Self::Pairs => "pairs",
            Self::Ring1 => "ring_1",
            Self::Ring100 => "ring_100",
            Self::Pool300ns => "pool_300ns",
            Self::Pool1us => "pool_1us",
            Self::PoolUneven => "pool_uneven",
            Self::Spawn => "spawn",
            Self::IdleMemory => "idle_memory",
            Self::Restart => "restart",
        }
    }

    pub fn named(name: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|workload| workload.name() == name);
        found.ok_or_else(|| {
            let all: Vec<_> = Self::ALL.into_iter().map(Self::name).collect();
            format!("no workload `{name}`; there are {}", all.join(", "))
        })
    }

    /// Enough for 0.1 to 2 s. Each tenth of it is also divisible by the workload's tokens and nodes.
    pub fn operations(self) -> u64 {
        match self {
            Self::Tell | Self::FanIn => 3_200_000,
            Self::TellBounded | Self::FanInBounded => 4_800_000,
            Self::Ask | Self::AskOutside => 1_000_000,
            Self::AskJoin => 80,
            Self::PingPong | Self::Ring1 => 2_000_000,
            Self::Pairs | Self::Ring100 => 5_000_000,
            Self::Pool300ns => 2_000_000,
            Self::Pool1us | Self::PoolUneven => 1_000_000,
            Self::Spawn | Self::IdleMemory => 100_000,
            Self::Restart => 2_000,
        }
    }

    /// What the value counts, per operation.
    pub fn unit(self) -> &'static str {
        match self {
            Self::IdleMemory => "bytes",
            _ => "ns",
        }
    }

    pub fn target(self) -> Target {
        match self {
            Self::Tell => Target::OfBest(0.5, Some(0.15)),
            Self::TellBounded
            | Self::FanIn
            | Self::FanInBounded
            | Self::Pairs
            | Self::Ring1
            | Self::Ring100
            // DESIGN names no ping-pong; it is a ring of two.
            | Self::PingPong => Target::OfBest(0.5, None),
            Self::Ask | Self::AskOutside => Target::OfBest(0.35, None),
            // "All cores": what two bare threads take, and a tenth for the dispatch.
            Self::AskJoin => Target::OfLimit(0.9),
            Self::Pool300ns => Target::OfLimit(0.92),
            Self::Pool1us | Self::PoolUneven => Target::OfLimit(0.96),
            Self::Spawn => Target::OfBest(0.4, None),
            Self::IdleMemory => Target::Within(400.0),
            Self::Restart => Target::Within(1_000_000.0),
        }
    }
}
