//! Deliberate crashes, to show that they change nothing: `--chaos P --seed S`.
//!
//! ```text
//! struck(path)  =  u64_be(sha256(u64_be(S) ++ path)[..8])  <  P * 2^64
//! ```
//!
//! `path` is the raw path relative to DIR. The verdict depends on nothing else, so the same files are
//! struck with every number of workers, and anybody can predict how many.

use std::panic;

use sha2::{Digest as _, Sha256};

use crate::path::FilePath;

/// Which files crash the worker that first takes them.
#[derive(Debug, Clone, Copy)]
pub struct Chaos {
    seed: u64,
    /// `P * 2^64`, which does not fit a `u64` when P is 1.
    limit: u128,
}

/// What a worker that was struck panics with.
struct Strike;

impl Chaos {
    /// Strikes with `probability`, which is from 0 to 1.
    pub fn new(probability: f64, seed: u64) -> Self {
        // Exact: 2^64 only moves the exponent.
        let limit = (probability * 2_f64.powi(64)) as u128;
        Self { seed, limit }
    }

    /// Whether the first attempt at this file crashes.
    pub fn strikes(&self, path: &FilePath) -> bool {
        if self.limit == 0 {
            return false;
        }
        let hash = Sha256::new()
            .chain_update(self.seed.to_be_bytes())
            .chain_update(path.as_bytes())
            .finalize();
        let (head, _) = hash.split_first_chunk().expect("a SHA-256 has 32 bytes");
        u128::from(u64::from_be_bytes(*head)) < self.limit
    }

    /// Ends the worker that calls it.
    ///
    /// # Panics
    ///
    /// Always, in a way that [`silence`] knows.
    pub fn strike() -> ! {
        panic::panic_any(Strike)
    }
}

/// Keeps the panics of [`Chaos::strike`] off standard error. All others are reported as before.
pub fn silence() {
    let report = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        if !info.payload().is::<Strike>() {
            report(info);
        }
    }));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn struck(probability: f64, seed: u64) -> Vec<u32> {
        let chaos = Chaos::new(probability, seed);
        let strikes = |n: &u32| chaos.strikes(&FilePath::from(format!("file-{n}").as_bytes()));
        (0..10_000).filter(strikes).collect()
    }

    #[test]
    fn probability_0_strikes_nothing_and_1_everything() {
        assert_eq!(struck(0.0, 7).len(), 0);
        assert_eq!(struck(1.0, 7).len(), 10_000);
    }

    #[test]
    fn about_p_of_the_files_are_struck_always_the_same_and_others_with_another_seed() {
        let first = struck(0.3, 7);
        assert!((2_800..3_200).contains(&first.len()), "{}", first.len());
        assert_eq!(first, struck(0.3, 7));
        assert_ne!(first, struck(0.3, 8));
    }

    #[test]
    fn a_file_struck_with_a_small_probability_is_struck_with_a_larger_one() {
        let few = struck(0.01, 7);
        let many = struck(0.5, 7);
        assert!(!few.is_empty() && few.iter().all(|n| many.contains(n)));
    }

    /// The formula in the module's doc, with figures from another implementation of it:
    /// `int.from_bytes(hashlib.sha256((7).to_bytes(8, "big") + b"a/b").digest()[:8], "big") / 2**64`.
    #[test]
    fn the_formula_is_the_documented_one() {
        let path = FilePath::from(&b"a/b"[..]);
        assert!(!Chaos::new(FORMULA_AT_SEED_7 - 1e-9, 7).strikes(&path));
        assert!(Chaos::new(FORMULA_AT_SEED_7 + 1e-9, 7).strikes(&path));
    }
    const FORMULA_AT_SEED_7: f64 = 0.373_724_746_154_374;
}
