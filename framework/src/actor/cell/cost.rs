//! How long a worker's handlers keep a thread busy, as far as sampling can tell.

use std::time::Duration;

use crate::sync::{AtomicU32, Ordering};

/// Nanoseconds per message, from its first poll to where it returns or is suspended; 0 if unknown. Written
/// by the owner of the right, and by an asker that has run the worker: a lost sample is no harm.
#[derive(Debug)]
pub(crate) struct Cost(AtomicU32);

impl Cost {
    pub(crate) fn unknown() -> Self {
        Self(AtomicU32::new(0))
    }

    pub(crate) fn known(nanos: u32) -> Self {
        Self(AtomicU32::new(nanos))
    }

    /// Takes over what is known from others.
    pub(crate) fn assume(&self, nanos: u32) {
        self.0.store(nanos, Ordering::Relaxed);
    }

    /// Takes in a sample. The estimate rises at once, and falls by a quarter of the difference: to take a
    /// quick worker for a slow one for a while costs little, the other way round others wait.
    pub(crate) fn sample(&self, took: Duration) {
        let took = u32::try_from(took.as_nanos()).unwrap_or(u32::MAX).max(1);
        let cost = match self.0.load(Ordering::Relaxed) {
            cost if took >= cost => took,
            cost => cost - (cost - took).div_ceil(4),
        };
        self.0.store(cost, Ordering::Relaxed);
    }

    pub(crate) fn duration(&self) -> Duration {
        Duration::from_nanos(self.nanos().into())
    }

    #[inline(always)]
    pub(crate) fn nanos(&self) -> u32 {
        self.0.load(Ordering::Relaxed)
    }

    /// Whether it is known to be below a limit.
    #[inline(always)]
    pub(crate) fn is_below(&self, limit: Duration) -> bool {
        let cost = self.nanos();
        cost != 0 && u128::from(cost) < limit.as_nanos()
    }
}

#[cfg(all(test, not(millhand_loom)))]
mod tests {
    use super::*;

    const fn ns(nanos: u64) -> Duration {
        Duration::from_nanos(nanos)
    }

    #[test]
    fn an_unknown_cost_is_below_nothing() {
        assert!(!Cost::unknown().is_below(Duration::MAX));
    }

    #[test]
    fn it_rises_at_once_and_falls_slowly() {
        let cost = Cost::unknown();
        cost.sample(ns(300));
        assert!(cost.is_below(ns(301)));
        cost.sample(ns(4_000_000));
        assert!(!cost.is_below(ns(4_000_000)));
        for _ in 0..10 {
            cost.sample(ns(300));
        }
        assert!(!cost.is_below(ns(5_000)));
        for _ in 0..100 {
            cost.sample(ns(300));
        }
        assert!(cost.is_below(ns(301)));
    }
}
