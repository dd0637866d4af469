//! A driver's sense of time: it looks at the clock now and then, more often when messages are slow.
//!
//! The watchdog's tick ends slices too, but the thread that ticks has to wait for a core like everybody else:
//! on a machine that is busy, a tick may be some milliseconds late. A look costs as much as two hops of a
//! ring, so a driver looks after as many messages as take about [`STRIDE`] of its time.

use std::cell::Cell;
use std::time::{Duration, Instant};

/// About how far apart two looks are.
const STRIDE: Duration = Duration::from_micros(100);

/// A poll of a driver ends at the first look after this time. Half of what timers may be late, since the
/// runtime looks at them between polls.
pub(super) const SLICE: Duration = Duration::from_micros(500);

/// Messages from one look to the next at most.
const MOST_MESSAGES: u32 = 128;

pub(super) struct Pace {
    /// Messages from one look to the next.
    messages: Cell<u32>,
    /// Messages until the next look.
    left: Cell<u32>,
    /// The first look of this poll, and the last one.
    looks: Cell<Option<(Instant, Instant)>>,
}

impl Pace {
    pub(super) fn new() -> Self {
        Self { messages: Cell::new(1), left: Cell::new(1), looks: Cell::new(None) }
    }

    /// A poll begins.
    pub(super) fn begin(&self) {
        let messages = self.messages.get();
        self.left.set(messages);
        // While messages are quick, polls may be short; the slice begins at the first look then.
        let now = (messages < MOST_MESSAGES).then(Instant::now);
        self.looks.set(now.map(|now| (now, now)));
    }

    /// Messages until the next look: an activation handles no more.
    pub(super) fn left(&self) -> u32 {
        self.left.get()
    }

    /// An activation has handled so many. Whether the slice is over.
    #[inline]
    pub(super) fn note(&self, messages: u32) -> bool {
        // An activation costs something even if it handles nothing.
        let left = self.left.get().saturating_sub(messages.max(1));
        self.left.set(left);
        left == 0 && self.look(Instant::now())
    }

    #[cold]
    fn look(&self, now: Instant) -> bool {
        let (first, last) = self.looks.get().unwrap_or((now, now));
        if self.looks.replace(Some((first, now))).is_some() {
            self.adapt(now - last);
        }
        self.left.set(self.messages.get());
        now - first >= SLICE
    }

    /// So long did the messages since the last look take.
    fn adapt(&self, took: Duration) {
        let messages = self.messages.get();
        let fit = u128::from(messages) * STRIDE.as_nanos() / took.as_nanos().max(1);
        // At most twice as many, since the next ones may be slower.
        let most = MOST_MESSAGES.min(2 * messages);
        self.messages.set(u32::try_from(fit).unwrap_or(most).clamp(1, most));
    }
}

#[cfg(all(test, not(millhand_loom)))]
mod tests {
    use super::*;

    /// Polls of messages that take so long; returns how many each handled, and how often it looked.
    fn polls(each: Duration, count: usize) -> Vec<u32> {
        let pace = Pace::new();
        let mut now = Instant::now();
        (0..count)
            .map(|_| {
                pace.left.set(pace.messages.get());
                pace.looks.set((pace.messages.get() < MOST_MESSAGES).then_some((now, now)));
                let mut handled = 0;
                loop {
                    let messages = pace.left();
                    handled += messages;
                    now += messages * each;
                    pace.left.set(0);
                    if pace.look(now) {
                        return handled;
                    }
                }
            })
            .collect()
    }

    #[test]
    fn a_slice_of_slow_messages_is_one_message() {
        assert_eq!(polls(Duration::from_millis(2), 3), [1, 1, 1]);
    }

    #[test]
    fn a_slice_ends_a_stride_late_at_most() {
        for nanos in [100, 1_000, 10_000, 90_000] {
            let each = Duration::from_nanos(nanos);
            let took = *polls(each, 20).last().unwrap() * each;
            assert!((SLICE..SLICE + 3 * STRIDE).contains(&took), "{nanos}: {took:?}");
        }
    }

    #[test]
    fn quick_messages_are_looked_at_seldom() {
        let pace = Pace::new();
        let mut now = Instant::now();
        pace.looks.set(Some((now, now)));
        for _ in 0..10 {
            now += Duration::from_nanos(100) * pace.messages.get();
            pace.look(now);
        }
        assert_eq!(pace.left(), MOST_MESSAGES);
    }

    #[test]
    fn it_finds_out_at_once_that_messages_have_become_slow() {
        let pace = Pace::new();
        pace.messages.set(MOST_MESSAGES);
        let now = Instant::now();
        pace.looks.set(Some((now, now)));
        pace.look(now + Duration::from_millis(128));
        assert_eq!(pace.left(), 1);
    }
}
