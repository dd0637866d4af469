//! Where the figures come from, and who else was there.

use std::process::Command;
use std::time::{Duration, Instant};

use crate::meter::{Who, cpu_time};

/// Processor, cores, memory, kernel, compiler and date.
pub fn machine() -> String {
    let cores = cores();
    let memory = field(&read("/proc/meminfo"), "MemTotal");
    let kib: u64 = memory.trim_end_matches(" kB").parse().unwrap_or(0);
    format!(
        "{cores} x {}, {} GiB, Linux {}, {}, {}",
        field(&read("/proc/cpuinfo"), "model name"),
        (kib + (1 << 19)) >> 20,
        read("/proc/sys/kernel/osrelease").trim(),
        said("rustc", &["--version"]),
        said("date", &["-u", "+%F"]),
    )
}

/// What other programs take of the cores, from now on. The kernel counts in hundredths of a second.
#[derive(Debug, Clone, Copy)]
pub struct Others {
    since: Instant,
    busy: Duration,
    ours: Duration,
}

impl Others {
    pub fn watch() -> Self {
        Self { since: Instant::now(), busy: busy(), ours: ours() }
    }

    /// What they have taken, and what there was to take.
    pub fn taken(&self) -> Taken {
        let others = (busy() - self.busy).saturating_sub(ours() - self.ours);
        Taken { others, all: self.since.elapsed() * cores() as u32 }
    }
}

/// CPU time.
#[derive(Debug, Clone, Copy, Default)]
pub struct Taken {
    others: Duration,
    all: Duration,
}

impl Taken {
    pub fn add(&mut self, more: Self) {
        self.others += more.others;
        self.all += more.all;
    }

    /// 1.0: all cores, all the time.
    pub fn share(self) -> f64 {
        if self.all.is_zero() { 0.0 } else { self.others.as_secs_f64() / self.all.as_secs_f64() }
    }
}

/// CPU time of this program and of its children that have ended.
fn ours() -> Duration {
    cpu_time(Who::RUSAGE_SELF) + cpu_time(Who::RUSAGE_CHILDREN)
}

/// CPU time of everybody, and what the host kept from us.
fn busy() -> Duration {
    let stat = read("/proc/stat");
    let first = stat.lines().next().unwrap_or_default();
    let ticks = first.split_whitespace().skip(1).map(|ticks| ticks.parse().unwrap_or(0));
    // user, nice, system, idle, iowait, irq, softirq, steal, in hundredths of a second
    let busy = ticks.take(8).enumerate().filter(|(field, _)| ![3, 4].contains(field));
    Duration::from_millis(10 * busy.map(|(_, ticks): (usize, u64)| ticks).sum::<u64>())
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}

fn read(file: &str) -> String {
    std::fs::read_to_string(file).unwrap_or_default()
}

/// The value of the first line `key: value`.
fn field(text: &str, key: &str) -> String {
    let line = text.lines().find(|line| line.starts_with(key));
    let value = line.and_then(|line| line.split_once(':'));
    value.map_or_else(String::new, |(_, value)| value.trim().to_owned())
}

fn said(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output();
    output.map_or_else(
        |_| String::new(),
        |output| String::from_utf8_lossy(&output.stdout).trim().to_owned(),
    )
}
