//! The jobs of the pools.

use std::time::Duration;

use super::spin::spin;
use crate::suite::Plan;
use crate::workload::Workload;

/// How long each job takes; the job is its number.
#[derive(Debug, Clone, Copy)]
pub struct Jobs {
    short: u64,
    long: u64,
}

impl Jobs {
    pub fn of(plan: Plan) -> Self {
        let short = match plan.workload {
            Workload::Pool1us => Duration::from_micros(1),
            _ => Duration::from_nanos(300),
        };
        let long = match plan.workload {
            Workload::PoolUneven => short * 100,
            _ => short,
        };
        Self { short: plan.speed.turns(short), long: plan.speed.turns(long) }
    }

    #[inline]
    pub fn work(self, job: u64) {
        spin(if is_long(job) { self.long } else { self.short });
    }
}

/// One in a hundred, without a pattern that round-robin could fall in step with.
fn is_long(job: u64) -> bool {
    let mut x = job.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    x ^= x >> 32;
    x = x.wrapping_mul(0xD6E8_FEB8_6659_FD93);
    (x >> 32) % 100 == 0
}
