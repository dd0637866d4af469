//! The vouch: the client's lasting key says that the transient one is its own (RFC 26, "The INITIATE
//! command").
//!
//! ```text
//!    0   long nonce     16   VOUCH---
//!   16   box C → S'     80   ├ C', 32 ┤├ S, 32 ┤
//!   96
//! ```
//!
//! S is in it so that a server cannot hand the vouch on to another server as its own.

use super::CurveError;
use super::command::field;
use super::nonce;
use super::shared::{SharedKey, TAG};
use crate::net::wire::keys::{KEY_SIZE, PublicKey};

const PREFIX: &[u8; 8] = b"VOUCH---";
const BOX: usize = TAG + KEY_SIZE + KEY_SIZE;

/// Octets of a vouch.
pub(super) const VOUCH: usize = nonce::LONG + BOX;

/// Writes it; `key` is that of C and S'.
pub(super) fn write(transient: &PublicKey, server: &PublicKey, key: &SharedKey) -> [u8; VOUCH] {
    let random = nonce::random();
    let mut vouch = [0; VOUCH];
    let (head, boxed) = vouch.split_at_mut(nonce::LONG);
    head.copy_from_slice(&random);
    boxed[TAG..TAG + KEY_SIZE].copy_from_slice(transient.as_bytes());
    boxed[TAG + KEY_SIZE..].copy_from_slice(server.as_bytes());
    key.seal(&nonce::long(PREFIX, &random), boxed);
    vouch
}

/// Whether it is for this transient key and this server; `key` is that of C and S'.
pub(super) fn check(
    vouch: &[u8; VOUCH],
    transient: &PublicKey,
    server: &PublicKey,
    key: &SharedKey,
) -> Result<(), CurveError> {
    let mut boxed: [u8; BOX] = field(vouch, nonce::LONG);
    let contents = key
        .open(&nonce::long(PREFIX, &field(vouch, 0)), &mut boxed)
        .map_err(|_| CurveError::Vouch)?;
    // All of it is public: nothing is lost by a comparison that ends early.
    if contents[..KEY_SIZE] == *transient.as_bytes() && contents[KEY_SIZE..] == *server.as_bytes() {
        Ok(())
    } else {
        Err(CurveError::Vouch)
    }
}
