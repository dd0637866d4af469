//! Where the chances of one direction come from, and under which name they are noted.

use super::log::{Act, Log};

/// A sequence of chances.
pub(super) struct Chance {
    /// What the log calls the direction.
    label: String,
    rng: fastrand::Rng,
}

impl Chance {
    pub(super) fn new(label: String, rng: fastrand::Rng) -> Chance {
        Chance { label, rng }
    }

    /// Whether something of this probability happens. What never happens takes no chance from the
    /// sequence.
    pub(super) fn strikes(&mut self, probability: f64) -> bool {
        probability > 0.0 && self.rng.f64() < probability
    }

    /// A number from `least` to `most`, both among them.
    pub(super) fn between(&mut self, least: u64, most: u64) -> u64 {
        self.rng.u64(least..=most)
    }

    /// The same of sizes.
    pub(super) fn size(&mut self, least: usize, most: usize) -> usize {
        self.rng.usize(least..=most)
    }

    pub(super) fn note(&self, log: &mut Log, act: Act) {
        log.note(&self.label, act);
    }
}
