//! What a supervisor is told: which children to restart, how often, how soon, and how to stop them.

use std::time::Duration;

/// Which siblings share the fate of a child that ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Strategy {
    /// None: only the child that ended is restarted. The default.
    #[default]
    OneForOne,
    /// All: they are stopped in reverse order and started again in order.
    OneForAll,
    /// Those that were started after it.
    RestForOne,
}

/// When a child that ended is restarted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Restart {
    /// Always. The default.
    #[default]
    Permanent,
    /// Unless it ended normally: it stopped itself, or was stopped.
    Transient,
    /// Never.
    Temporary,
}

impl Restart {
    /// Always: the default.
    pub const fn permanent() -> Self {
        Self::Permanent
    }

    /// Only after a crash.
    pub const fn transient() -> Self {
        Self::Transient
    }

    /// Never.
    pub const fn temporary() -> Self {
        Self::Temporary
    }
}

/// How long a child may take to stop, before it is killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shutdown {
    /// This long. The default is 5 s.
    Within(Duration),
    /// As long as it takes. A shutdown's own deadline still holds.
    Forever,
    /// No time at all: it is killed at once, and its mailbox is not drained.
    Kill,
}

impl Default for Shutdown {
    fn default() -> Self {
        Self::Within(Duration::from_secs(5))
    }
}

/// How many restarts a supervisor bears before it gives up and ends with
/// [`Escalated`](crate::ExitReason::Escalated).
///
/// A restart is *fruitless* if the incarnation that ended had handled no message. Only those count by
/// default: a worker that crashes now and then between good messages may do so for ever.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Intensity {
    /// Fruitless restarts allowed in any window; one more is too many. Default: 10.
    pub fruitless: u32,
    /// Restarts of any kind allowed in any window. Default: no limit.
    pub all: Option<u32>,
    /// Length of the sliding window. Default: 10 s.
    pub within: Duration,
}

impl Default for Intensity {
    fn default() -> Self {
        Self { fruitless: 10, all: None, within: Duration::from_secs(10) }
    }
}

/// How long a supervisor waits before a fruitless restart. A fruitful one is immediate.
///
/// The *n*-th restart in a row without a message handled between waits `first` × 2^(*n*−1), at most
/// `longest`, changed by up to `jitter` of itself in either direction. With the defaults: 10, 20, 40, …
/// 640 ms, then 1 s, each ± 10 %.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Backoff {
    /// Default: 10 ms.
    pub first: Duration,
    /// Default: 1 s.
    pub longest: Duration,
    /// Between 0 (none) and 1. Default: 0.1.
    pub jitter: f64,
}

impl Default for Backoff {
    fn default() -> Self {
        Self { first: Duration::from_millis(10), longest: Duration::from_secs(1), jitter: 0.1 }
    }
}

impl Backoff {
    /// The delay before the `n`-th fruitless restart in a row; `random` is in `0.0..1.0`.
    pub(crate) fn delay(&self, n: u32, random: f64) -> Duration {
        let doublings = n.saturating_sub(1).min(31);
        let delay = self.first.saturating_mul(1 << doublings).min(self.longest);
        let factor = 1.0 + self.jitter * (2.0 * random - 1.0);
        Duration::try_from_secs_f64(delay.as_secs_f64() * factor).unwrap_or(Duration::MAX)
    }

    pub(crate) fn validate(&self) -> Result<(), String> {
        if !(0.0..=1.0).contains(&self.jitter) {
            return Err(format!("backoff.jitter is {}; it must be between 0 and 1", self.jitter));
        }
        if self.longest < self.first {
            return Err(format!(
                "backoff.longest is {:?}, less than backoff.first, {:?}",
                self.longest, self.first
            ));
        }
        Ok(())
    }
}

impl Intensity {
    pub(super) fn validate(&self) -> Result<(), String> {
        if self.within.is_zero() {
            return Err("intensity.within is 0; a window must have a length".into());
        }
        Ok(())
    }
}
