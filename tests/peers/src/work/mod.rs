//! The work itself, the same for every candidate, and its verification.

pub mod arrival;
pub mod clock;
pub mod crash;
pub mod crowd;
pub mod flood;
pub mod goal;
pub mod idle;
pub mod jobs;
pub mod join;
pub mod overload;
pub mod pause;
pub mod spin;
pub mod timers;
pub mod times;
pub mod token;
pub mod tree;
pub mod wire;

/// Mailbox size of the rows that say "bounded": millhand's default.
pub const BOUND: usize = 1024;

/// Producers of the `fan_in` rows.
pub const PRODUCERS: u64 = 8;

/// Workers of the `pool` rows.
pub const HANDS: usize = 4;

/// The same number for the same one, without a pattern.
pub fn mixed(number: u64) -> u64 {
    let mut x = number.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    x ^= x >> 32;
    x = x.wrapping_mul(0xD6E8_FEB8_6659_FD93);
    x >> 32
}

/// 0 + 1 + … + (n − 1).
pub fn sum_below(n: u64) -> u64 {
    n * (n - 1) / 2
}
