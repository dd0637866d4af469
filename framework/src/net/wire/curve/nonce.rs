//! Nonces: what makes each box of one key differ from all others (RFC 26, "Nonces").
//!
//! ```text
//!   short  ├──────── prefix, 16 ────────┤├── counter, 8, big-endian ──┤   only the counter travels
//!   long   ├ prefix, 8 ┤├─────────────── random, 16 ──────────────────┤   only the random part travels
//! ```

use crypto_box::Nonce;
use crypto_box::aead::OsRng;
use crypto_box::aead::rand_core::RngCore;

use super::CurveError;

/// Octets of a short nonce on the wire.
pub(super) const SHORT: usize = 8;

/// Octets of a long nonce on the wire.
pub(super) const LONG: usize = 16;

/// The nonce with a counter.
pub(super) fn short(prefix: &[u8; 16], counter: u64) -> Nonce {
    let mut nonce = Nonce::default();
    let (head, tail) = nonce.split_at_mut(16);
    head.copy_from_slice(prefix);
    tail.copy_from_slice(&counter.to_be_bytes());
    nonce
}

/// The nonce with a random part.
pub(super) fn long(prefix: &[u8; 8], random: &[u8; LONG]) -> Nonce {
    let mut nonce = Nonce::default();
    let (head, tail) = nonce.split_at_mut(8);
    head.copy_from_slice(prefix);
    tail.copy_from_slice(random);
    nonce
}

/// A new random part.
pub(super) fn random() -> [u8; LONG] {
    let mut random = [0; LONG];
    OsRng.fill_bytes(&mut random);
    random
}

/// The counter of what one side sends. It goes on from the handshake to the messages. It must
/// have no copy, or two boxes would have one nonce.
#[derive(Debug)]
#[cfg_attr(test, derive(Clone))]
pub(super) struct Counter(u64);

impl Counter {
    /// A new one, and its first number.
    pub(super) const fn started() -> (Self, u64) {
        (Self(1), 1)
    }

    /// One that has given `last` already.
    #[cfg(test)]
    pub(super) const fn after(last: u64) -> Self {
        Self(last)
    }

    /// The next number.
    pub(super) fn next(&mut self) -> Result<u64, CurveError> {
        self.0 = self.0.checked_add(1).ok_or(CurveError::Exhausted)?;
        Ok(self.0)
    }
}

/// The counter that the other side has come to.
#[derive(Debug)]
#[cfg_attr(test, derive(Clone))]
pub(super) struct Seen(u64);

impl Seen {
    /// The number of the first box that was opened; any will do.
    pub(super) const fn first(counter: u64) -> Self {
        Self(counter)
    }

    /// Whether a box may have this number: only a larger one than all before.
    pub(super) fn check(&self, counter: u64, command: &'static str) -> Result<(), CurveError> {
        if counter > self.0 { Ok(()) } else { Err(CurveError::Nonce { command }) }
    }

    /// Remembers the number of a box, after it has opened: else a forged number would lock out the peer.
    pub(super) fn accept(&mut self, counter: u64) {
        self.0 = counter;
    }
}
