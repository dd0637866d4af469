//! The jobs of the pools.

use std::time::Duration;

use super::mixed;
use super::spin::{Speed, spin};
use crate::workload::Job;

/// How long each job takes; the job is its number.
#[derive(Debug, Clone, Copy, Default)]
pub struct Jobs {
    short: u64,
    long: u64,
}

impl Jobs {
    pub fn new(job: Job, speed: Speed) -> Self {
        let short = match job {
            Job::Medium => Duration::from_micros(1),
            Job::Short | Job::Uneven => Duration::from_nanos(300),
        };
        let long = match job {
            Job::Uneven => short * 100,
            Job::Short | Job::Medium => short,
        };
        Self { short: speed.turns(short), long: speed.turns(long) }
    }

    #[inline]
    pub fn work(self, job: u64) {
        spin(if is_long(job) { self.long } else { self.short });
    }
}

/// One in a hundred, without a pattern that round-robin could fall in step with.
fn is_long(job: u64) -> bool {
    mixed(job).is_multiple_of(100)
}
