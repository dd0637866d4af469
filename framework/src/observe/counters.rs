//! Counters of one worker: cheap enough to be always on.

use crate::sync::{AtomicU64, Ordering};

/// What a worker has done so far. Counts are exact once nothing moves; while it runs, each is right but
/// they may be a few messages apart.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Counters {
    /// Messages accepted into the mailbox.
    pub received: u64,
    /// Messages whose handler has returned; timers included.
    pub handled: u64,
    /// Those of `handled` whose reply was an `Err`.
    pub failed: u64,
    /// Messages that were sent with success and never handled: thrown away by the overflow policy (also
    /// the newest, which `received` does not count), expired, or given up when the worker ended.
    pub dropped: u64,
    /// Messages lost because their handler crashed.
    pub lost: u64,
    /// Messages handled again after a crash (`on_crash = retry`).
    pub retried: u64,
    /// Incarnations after the first.
    pub restarts: u64,
    /// Incarnations that had to be abandoned.
    pub abandoned: u64,
    /// Messages waiting in the mailbox now.
    pub mailbox: u64,
}

/// Where messages are counted that were handled: by one writer at a time, the owner of the right, so there is
/// no need for a read-modify-write.
#[derive(Debug)]
pub(crate) struct Counts {
    handled: AtomicU64,
    failed: AtomicU64,
}

/// Where the rest is counted, from any thread, once there is some.
#[derive(Debug)]
pub(crate) struct Mishaps {
    dropped: AtomicU64,
    lost: AtomicU64,
    retried: AtomicU64,
    restarts: AtomicU64,
    abandoned: AtomicU64,
}

impl Default for Counts {
    fn default() -> Self {
        Self { handled: AtomicU64::new(0), failed: AtomicU64::new(0) }
    }
}

impl Default for Mishaps {
    fn default() -> Self {
        Self {
            dropped: AtomicU64::new(0),
            lost: AtomicU64::new(0),
            retried: AtomicU64::new(0),
            restarts: AtomicU64::new(0),
            abandoned: AtomicU64::new(0),
        }
    }
}

impl Counts {
    #[inline(always)]
    pub(crate) fn handled(&self, failed: bool) {
        let handled = self.handled.load(Ordering::Relaxed);
        self.handled.store(handled + 1, Ordering::Relaxed);
        if failed {
            let failed = self.failed.load(Ordering::Relaxed);
            self.failed.store(failed + 1, Ordering::Relaxed);
        }
    }

    /// Whether the next message is one of those whose handling is timed: the first few, which tell a new
    /// worker's kind, and then one in 64.
    #[inline(always)]
    pub(crate) fn is_sample(&self) -> bool {
        let handled = self.handled.load(Ordering::Relaxed);
        handled.is_multiple_of(64) || handled < 4
    }

    pub(crate) fn read(&self, received: u64, mailbox: u64, mishaps: Option<&Mishaps>) -> Counters {
        let of = |count: fn(&Mishaps) -> &AtomicU64| {
            mishaps.map_or(0, |mishaps| count(mishaps).load(Ordering::Relaxed))
        };
        Counters {
            received,
            handled: self.handled.load(Ordering::Relaxed),
            failed: self.failed.load(Ordering::Relaxed),
            dropped: of(|mishaps| &mishaps.dropped),
            lost: of(|mishaps| &mishaps.lost),
            retried: of(|mishaps| &mishaps.retried),
            restarts: of(|mishaps| &mishaps.restarts),
            abandoned: of(|mishaps| &mishaps.abandoned),
            mailbox,
        }
    }
}

impl Mishaps {
    pub(crate) fn dropped(&self, messages: u64) {
        self.dropped.fetch_add(messages, Ordering::Relaxed);
    }

    pub(crate) fn lost(&self) {
        self.lost.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn retried(&self) {
        self.retried.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn restarted(&self) {
        self.restarts.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn abandoned(&self) {
        self.abandoned.fetch_add(1, Ordering::Relaxed);
    }
}
