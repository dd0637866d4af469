//! Patience with other programs on the machine.

use std::thread;
use std::time::{Duration, Instant};

use crate::machine::{Others, Taken};

/// More of the cores than this in other hands, and the figures say little.
pub const MUCH: f64 = 0.05;

/// The same during one measurement, which is short beside the kernel's hundredths of a second.
const MUCH_AT_ONCE: f64 = 0.1;

/// How long a look at what others do takes.
const LOOK: Duration = Duration::from_millis(500);

/// What is left of the time that may be lost to others.
#[derive(Debug)]
pub struct Patience {
    left: Duration,
    taken: Taken,
}

impl Patience {
    pub fn of(left: Duration) -> Self {
        Self { left, taken: Taken::default() }
    }

    /// Repeats a measurement that was disturbed, once the machine is quiet. Out of patience, it takes what
    /// it gets.
    pub fn undisturbed<T, E>(&mut self, mut measure: impl FnMut() -> Result<T, E>) -> Result<T, E> {
        loop {
            let (start, others) = (Instant::now(), Others::watch());
            let outcome = measure();
            let taken = others.taken();
            if outcome.is_err() || self.left.is_zero() || taken.share() < MUCH_AT_ONCE {
                self.taken.add(taken);
                return outcome;
            }
            self.left = self.left.saturating_sub(start.elapsed());
            self.await_quiet();
        }
    }

    /// What others took during the measurements that count, since the last time this was asked.
    pub fn taken(&mut self) -> Taken {
        std::mem::take(&mut self.taken)
    }

    fn await_quiet(&mut self) {
        while !self.left.is_zero() {
            let (start, others) = (Instant::now(), Others::watch());
            thread::sleep(LOOK);
            if others.taken().share() < MUCH {
                return;
            }
            self.left = self.left.saturating_sub(start.elapsed());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Patience;

    #[test]
    fn without_patience_the_first_measurement_counts() {
        let mut measured = 0;
        let outcome = Patience::of(Duration::ZERO).undisturbed(|| {
            measured += 1;
            Ok::<_, ()>(measured)
        });
        assert_eq!(outcome, Ok(1));
    }
}
