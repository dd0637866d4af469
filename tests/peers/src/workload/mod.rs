//! What is measured: each workload's name, unit, and number of operations.

pub mod target;

use target::Target;

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
    /// The future of the runtime's `block_on` does: no thread of the runtime runs it.
    AskMain,
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
    /// A worker starts ten, each of which starts ten, down to 10^5 that send their number up; each that
    /// has its ten sums sends theirs. Per worker.
    Skynet,
    /// Four workers are fed with jobs.
    Pool(Job, Producer),
    /// A tokio task starts workers one after the other, and sends each its first message.
    Spawn,
    /// Resident memory of a worker that has handled one message.
    IdleMemory,
    /// From a fruitful crash to the first message handled by the successor, 99th percentile.
    Restart,
    /// Ten times as many jobs are offered to a bounded mailbox as its worker can do.
    Overload,
}

/// What the workers of a pool do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Job {
    /// 300 ns.
    Short,
    /// 1 µs.
    Medium,
    /// 300 ns, of which 1 % are 100 times as long.
    Uneven,
}

/// Who feeds a pool.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Producer {
    /// A tokio task, or what the candidate has in place of it.
    Task,
    Worker,
    /// An OS thread outside the runtime.
    Thread,
}

/// How much is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Size {
    /// Enough for a figure: 0.1 to 2 s.
    Full,
    /// Enough to see that it runs, and that its result is right.
    Quick,
}

/// What a value counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Nanoseconds per operation.
    Ns,
    /// Bytes per worker.
    Bytes,
    /// Jobs done per second.
    PerSecond,
}

impl Workload {
    pub const ALL: [Self; 26] = [
        Self::Tell,
        Self::TellBounded,
        Self::FanIn,
        Self::FanInBounded,
        Self::Ask,
        Self::AskOutside,
        Self::AskMain,
        Self::AskJoin,
        Self::PingPong,
        Self::Pairs,
        Self::Ring1,
        Self::Ring100,
        Self::Skynet,
        Self::Pool(Job::Short, Producer::Task),
        Self::Pool(Job::Short, Producer::Worker),
        Self::Pool(Job::Short, Producer::Thread),
        Self::Pool(Job::Medium, Producer::Task),
        Self::Pool(Job::Medium, Producer::Worker),
        Self::Pool(Job::Medium, Producer::Thread),
        Self::Pool(Job::Uneven, Producer::Task),
        Self::Pool(Job::Uneven, Producer::Worker),
        Self::Pool(Job::Uneven, Producer::Thread),
        Self::Spawn,
        Self::IdleMemory,
        Self::Restart,
        Self::Overload,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Self::Tell => "tell",
            Self::TellBounded => "tell_bounded",
            Self::FanIn => "fan_in",
            Self::FanInBounded => "fan_in_bounded",
            Self::Ask => "ask",
            Self::AskOutside => "ask_outside",
            Self::AskMain => "ask_main",
            Self::AskJoin => "ask_join",
            Self::PingPong => "ping_pong",
            Self::Pairs => "pairs",
            Self::Ring1 => "ring_1",
            Self::Ring100 => "ring_100",
            Self::Skynet => "skynet",
            Self::Pool(Job::Short, Producer::Task) => "pool_300ns",
            Self::Pool(Job::Short, Producer::Worker) => "pool_300ns_from_worker",
            Self::Pool(Job::Short, Producer::Thread) => "pool_300ns_from_thread",
            Self::Pool(Job::Medium, Producer::Task) => "pool_1us",
            Self::Pool(Job::Medium, Producer::Worker) => "pool_1us_from_worker",
            Self::Pool(Job::Medium, Producer::Thread) => "pool_1us_from_thread",
            Self::Pool(Job::Uneven, Producer::Task) => "pool_uneven",
            Self::Pool(Job::Uneven, Producer::Worker) => "pool_uneven_from_worker",
            Self::Pool(Job::Uneven, Producer::Thread) => "pool_uneven_from_thread",
            Self::Spawn => "spawn",
            Self::IdleMemory => "idle_memory",
            Self::Restart => "restart",
            Self::Overload => "overload",
        }
    }

    pub fn named(name: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|workload| workload.name() == name);
        found.ok_or_else(|| {
            let all: Vec<_> = Self::ALL.into_iter().map(Self::name).collect();
            format!("no workload `{name}`; there are {}", all.join(", "))
        })
    }

    /// A tenth of them is the warm-up; it too is divisible by the workload's tokens and nodes.
    pub fn operations(self, size: Size) -> u64 {
        let (full, quick) = match self {
            Self::Tell | Self::FanIn => (3_200_000, 80_000),
            Self::TellBounded | Self::FanInBounded => (4_800_000, 80_000),
            Self::Ask | Self::AskOutside => (1_000_000, 10_000),
            // Most candidates wake a thread for each.
            Self::AskMain => (40_000, 1_000),
            Self::AskJoin => (80, 10),
            Self::PingPong | Self::Ring1 => (2_000_000, 20_000),
            Self::Pairs => (5_000_000, 100_000),
            Self::Ring100 => (5_000_000, 1_000_000),
            // All of a tree of ten.
            Self::Skynet => (111_111, 11_111),
            Self::Pool(Job::Short, _) => (2_000_000, 20_000),
            Self::Pool(Job::Medium | Job::Uneven, _) => (1_000_000, 10_000),
            Self::Spawn | Self::IdleMemory => (100_000, 5_000),
            Self::Restart => (2_000, 100),
            Self::Overload => (50_000, 2_000),
        };
        match size {
            Size::Full => full,
            Size::Quick => quick,
        }
    }

    pub fn unit(self) -> Unit {
        match self {
            Self::IdleMemory => Unit::Bytes,
            Self::Overload => Unit::PerSecond,
            _ => Unit::Ns,
        }
    }

    pub fn target(self) -> Target {
        target::of(self)
    }
}

impl Unit {
    pub fn name(self) -> &'static str {
        match self {
            Self::Ns => "ns",
            Self::Bytes => "bytes",
            Self::PerSecond => "per_s",
        }
    }

    pub fn more_is_better(self) -> bool {
        self == Self::PerSecond
    }
}
