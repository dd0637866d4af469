//! How a workload knows that it is done, and that nothing was lost, doubled or changed.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use tokio::sync::oneshot;

/// Reports are packed into one word, so that a report costs one atomic operation:
/// `count << SUM_BITS | sum`. Room for 4 million reports that add up to 4 × 10^12.
const SUM_BITS: u32 = 42;

/// A number of reports to wait for, and the sum of what they say.
#[derive(Debug, Default)]
pub struct Goal {
    expected: AtomicU64,
    packed: AtomicU64,
    /// Whether a [`Tally`] counts, which has room for any number.
    is_tallied: AtomicBool,
    done: Mutex<Option<oneshot::Sender<u64>>>,
}

impl Goal {
    pub fn new() -> Arc<Self> {
        Arc::default()
    }

    /// Begins a phase. The receiver gets the sum once all is there.
    pub fn expect(&self, count: u64) -> oneshot::Receiver<u64> {
        let fits = count < 1 << (u64::BITS - SUM_BITS) || self.is_tallied.load(Ordering::Relaxed);
        assert!(fits, "{count} reports: more than can be counted");
        let (done, sum) = oneshot::channel();
        let unfinished = self.done.lock().unwrap().replace(done);
        assert!(unfinished.is_none(), "a phase began before the last one ended");
        self.packed.store(0, Ordering::Relaxed);
        self.expected.store(count, Ordering::Release);
        sum
    }

    /// One of many workers is done with one of many things. Costs one shared atomic operation.
    pub fn report(&self, value: u64) {
        let added = (1 << SUM_BITS) | value;
        let now = self.packed.fetch_add(added, Ordering::AcqRel) + added;
        if now >> SUM_BITS == self.expected.load(Ordering::Relaxed) {
            self.reached(now & ((1 << SUM_BITS) - 1));
        }
    }

    #[cold]
    fn reached(&self, sum: u64) {
        let done = self.done.lock().unwrap().take();
        let told = done.expect("more reports than expected").send(sum);
        told.expect("the driver waits");
    }
}

/// The only worker that counts towards a goal: it needs no atomic operation.
#[derive(Debug, Default)]
pub struct Tally {
    goal: Arc<Goal>,
    count: u64,
    sum: u64,
}

impl Tally {
    pub fn new(goal: &Arc<Goal>) -> Self {
        goal.is_tallied.store(true, Ordering::Relaxed);
        Self { goal: Arc::clone(goal), count: 0, sum: 0 }
    }

    #[inline]
    pub fn add(&mut self, number: u64) {
        self.sum += number;
        self.count += 1;
        if self.count == self.goal.expected.load(Ordering::Relaxed) {
            self.count = 0;
            self.goal.reached(std::mem::take(&mut self.sum));
        }
    }
}
