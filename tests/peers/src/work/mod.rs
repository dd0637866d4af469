//! The work itself, the same for every candidate, and its verification.

pub mod crash;
pub mod goal;
pub mod jobs;
pub mod join;
pub mod overload;
pub mod spin;
pub mod token;
pub mod tree;

/// Mailbox size of the rows that say "bounded": millhand's default.
pub const BOUND: usize = 1024;

/// Producers of the `fan_in` rows.
pub const PRODUCERS: u64 = 8;

/// Workers of the `pool` rows.
pub const HANDS: usize = 4;

/// 0 + 1 + … + (n − 1).
pub fn sum_below(n: u64) -> u64 {
    n * (n - 1) / 2
}
