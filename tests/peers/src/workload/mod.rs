//! What is measured: each workload's name, unit, and number of operations.

pub mod target;
pub mod wire;

use target::Target;
use wire::Wire;

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
    /// Four idle workers get a job of 1 ms each: from the first send until every core runs one of them,
    /// 99th percentile.
    AllCores(Producer),
    /// A tokio task starts workers one after the other, and sends each its first message.
    Spawn,
    /// Resident memory of a worker that has handled one message.
    IdleMemory,
    /// From a fruitful crash to the first message handled by the successor, 99th percentile.
    Restart,
    /// Ten times as many jobs are offered to a bounded mailbox as its worker can do.
    Overload,
    /// One worker is told as fast as tasks can. From a send to another worker until it is handled, 99.9th
    /// percentile.
    Flooded,
    /// 1,000 workers that always have something to do: the longest wait between two turns of one worker.
    Crowd,
    /// Four workers keep all threads busy; others wait for timers. How late these are, 99th percentile.
    Timers(Timer),
    /// CPU time of a process with 10,000 idle workers, per second.
    IdleCpu,
    /// Messages between two processes.
    Wire(Wire),
}

/// Whose timers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Timer {
    /// The candidate's own.
    Own,
    /// `tokio::time::sleep` in a handler.
    Tokio,
}

/// Workloads that are run together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Suite {
    /// How fast.
    Actors,
    /// What one may do to another.
    Fairness,
    /// How fast between processes.
    Wire,
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
    /// Jobs done, or messages received, per second.
    PerSecond,
}

impl Workload {
    /// Those within one process.
    const WITHIN: [Self; 34] = [
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
        Self::AllCores(Producer::Task),
        Self::AllCores(Producer::Worker),
        Self::AllCores(Producer::Thread),
        Self::Spawn,
        Self::IdleMemory,
        Self::Restart,
        Self::Overload,
        Self::Flooded,
        Self::Crowd,
        Self::Timers(Timer::Own),
        Self::Timers(Timer::Tokio),
        Self::IdleCpu,
    ];

    pub fn all() -> impl Iterator<Item = Self> {
        Self::WITHIN.into_iter().chain(Wire::ALL.map(Self::Wire))
    }

    pub fn suite(self) -> Suite {
        match self {
            Self::Wire(_) => Suite::Wire,
            Self::Flooded | Self::Crowd | Self::Timers(_) | Self::IdleCpu => Suite::Fairness,
            _ => Suite::Actors,
        }
    }

    /// Whether each candidate is measured without the load too.
    pub fn has_control(self) -> bool {
        matches!(self, Self::Flooded | Self::Timers(_) | Self::IdleCpu)
    }

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
            Self::AllCores(Producer::Task) => "all_cores",
            Self::AllCores(Producer::Worker) => "all_cores_from_worker",
            Self::AllCores(Producer::Thread) => "all_cores_from_thread",
            Self::Spawn => "spawn",
            Self::IdleMemory => "idle_memory",
            Self::Restart => "restart",
            Self::Overload => "overload",
            Self::Flooded => "flooded",
            Self::Crowd => "crowd",
            Self::Timers(Timer::Own) => "timers",
            Self::Timers(Timer::Tokio) => "timers_sleep",
            Self::IdleCpu => "idle_cpu",
            Self::Wire(wire) => wire.name,
        }
    }

    /// One of that suite.
    pub fn named(name: &str, suite: Suite) -> Result<Self, String> {
        let of_suite = || Self::all().filter(|workload| workload.suite() == suite);
        of_suite().find(|workload| workload.name() == name).ok_or_else(|| {
            let all: Vec<_> = of_suite().map(Self::name).collect();
            format!("no workload `{name}` in {}; there are {}", suite.name(), all.join(", "))
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
            Self::AllCores(_) => (300, 30),
            Self::Spawn | Self::IdleMemory => (100_000, 5_000),
            Self::Restart => (2_000, 100),
            Self::Overload => (50_000, 2_000),
            // Probes, half a millisecond apart.
            Self::Flooded => (8_000, 1_000),
            // Milliseconds.
            Self::Crowd => (3_000, 500),
            // Timers, of which ten are set at any time.
            Self::Timers(_) => (4_000, 500),
            // Milliseconds.
            Self::IdleCpu => (10_000, 500),
            Self::Wire(wire) => wire.operations(),
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
            Self::Wire(wire) => wire.unit(),
            _ => Unit::Ns,
        }
    }

    pub fn target(self) -> Target {
        target::of(self)
    }
}

impl Suite {
    pub const ALL: [Self; 3] = [Self::Actors, Self::Fairness, Self::Wire];

    pub fn name(self) -> &'static str {
        match self {
            Self::Actors => "actors",
            Self::Fairness => "fairness",
            Self::Wire => "wire",
        }
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
