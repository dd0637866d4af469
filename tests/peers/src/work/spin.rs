//! Work that takes a given time and touches no memory.

use std::hint::black_box;
use std::time::{Duration, Instant};

/// How fast this machine spins. Measured once and given to every measuring process, so that all of them
/// do the same work.
#[derive(Debug, Clone, Copy)]
pub struct Speed {
    pub per_ms: u64,
}

impl Speed {
    /// The median of many trials.
    pub fn measure() -> Self {
        const TURNS: u64 = 500_000;
        let mut trials: Vec<u128> = (0..201)
            .map(|_| {
                let start = Instant::now();
                spin(black_box(TURNS));
                start.elapsed().as_nanos()
            })
            .collect();
        trials.sort_unstable();
        let median = trials[trials.len() / 2];
        Self { per_ms: (u128::from(TURNS) * 1_000_000 / median) as u64 }
    }

    pub fn turns(self, time: Duration) -> u64 {
        (self.per_ms as f64 * time.as_secs_f64() * 1_000.0).round() as u64
    }
}

/// A chain of shifts that no compiler shortens.
#[inline(never)]
pub fn spin(turns: u64) {
    let mut x = black_box(0x9E37_79B9_7F4A_7C15_u64);
    for _ in 0..turns {
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
    }
    black_box(x);
}
