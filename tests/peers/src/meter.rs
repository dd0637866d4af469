//! Wall time, CPU time and memory of this process.

use std::time::{Duration, Instant};

pub use nix::sys::resource::UsageWho as Who;
use nix::sys::resource::getrusage;
use serde::{Deserialize, Serialize};

/// What one measuring process found.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Sample {
    /// In the workload's unit.
    pub value: f64,
    /// User and system time of all threads, per operation.
    pub cpu_ns: f64,
    /// Of `overload`.
    #[serde(default)]
    pub pressure: Option<Pressure>,
    /// Other figures of the same measurement, by name, in the same unit.
    #[serde(default)]
    pub also: Vec<(String, f64)>,
}

/// What a worker was put under.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct Pressure {
    /// Jobs per second without overload.
    pub peak: f64,
    /// Multiple of the peak that was offered.
    pub offered: f64,
    /// Share of the offered jobs that was rejected.
    pub rejected: f64,
    /// Resident memory that the overload added.
    pub bytes: f64,
}

impl Sample {
    pub fn new(value: f64, cpu_ns: f64) -> Self {
        Self { value, cpu_ns, pressure: None, also: Vec::new() }
    }

    pub fn also(mut self, name: &str, value: f64) -> Self {
        self.also.push((name.to_owned(), value));
        self
    }
}

/// A measurement that has begun.
pub struct Meter {
    start: Instant,
    cpu: Duration,
}

impl Meter {
    pub fn start() -> Self {
        Self { cpu: cpu_time(Who::RUSAGE_SELF), start: Instant::now() }
    }

    /// Nanoseconds per operation.
    pub fn stop(&self, operations: u64) -> Sample {
        let wall = self.start.elapsed();
        Sample::new(wall.as_nanos() as f64 / operations as f64, self.cpu_ns(operations))
    }

    /// A value that is not the wall time.
    pub fn stop_with(&self, value: f64, operations: u64) -> Sample {
        Sample::new(value, self.cpu_ns(operations))
    }

    fn cpu_ns(&self, operations: u64) -> f64 {
        (cpu_time(Who::RUSAGE_SELF) - self.cpu).as_nanos() as f64 / operations as f64
    }
}

/// A warm-up with a tenth of the operations, then the measurement with all of them:
///
/// ```text
/// let mut phases = Phases::of(operations);
/// while let Some(count) = phases.next() { .. }
/// phases.sample()
/// ```
///
/// (A loop and not a closure: futures of async closures are not seen to be `Send`, rust#149407.)
pub struct Phases {
    operations: u64,
    state: State,
}

enum State {
    Cold,
    Warming,
    Measuring(Meter),
    Over(Sample),
}

impl Phases {
    pub fn of(operations: u64) -> Self {
        let state = State::Cold;
        Self { operations, state }
    }

    /// How many operations to do now; `None`: the measurement is over.
    pub fn next(&mut self) -> Option<u64> {
        match self.state {
            State::Cold => {
                self.state = State::Warming;
                Some(self.operations / 10)
            }
            State::Warming => {
                self.state = State::Measuring(Meter::start());
                Some(self.operations)
            }
            State::Measuring(ref meter) => {
                self.state = State::Over(meter.stop(self.operations));
                None
            }
            State::Over(_) => None,
        }
    }

    pub fn sample(self) -> Sample {
        match self.state {
            State::Over(sample) => sample,
            _ => panic!("the measurement is not over"),
        }
    }
}

/// Resident memory.
pub fn resident_bytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|rest| rest.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok());
    kib.expect("VmRSS in kB") * 1024
}

/// The value that 99 % do not exceed.
pub fn p99(mut values: Vec<u64>) -> f64 {
    values.sort_unstable();
    of_thousand(&values, 990)
}

/// The value that so many thousandths of the sorted values do not exceed.
pub fn of_thousand(sorted: &[u64], thousandths: usize) -> f64 {
    sorted[sorted.len() * thousandths / 1_000] as f64
}

/// User and system time.
pub fn cpu_time(who: Who) -> Duration {
    let usage = getrusage(who).expect("getrusage of oneself");
    let both = [usage.user_time(), usage.system_time()];
    both.iter()
        .map(|time| {
            Duration::from_secs(time.tv_sec().unsigned_abs())
                + Duration::from_micros(time.tv_usec().unsigned_abs())
        })
        .sum()
}
