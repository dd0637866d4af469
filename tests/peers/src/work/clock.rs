//! A clock that all threads of this process share.

use std::sync::OnceLock;
use std::time::Instant;

/// Nanoseconds since it was first read.
pub fn now() -> u64 {
    static START: OnceLock<Instant> = OnceLock::new();
    START.get_or_init(Instant::now).elapsed().as_nanos() as u64
}
