//! WELCOME: the server shows its transient key and hands its memory to the client (RFC 26, "The WELCOME
//! command").
//!
//! ```text
//!     0   07 "WELCOME"
//!     8   long nonce         16   WELCOME-
//!    24   box S → C'        144   ├ S', 32 ┤├ cookie, 96 ┤
//!   168
//! ```

use bytes::{BufMut, BytesMut};

use super::CurveError;
use super::command::{exactly, field};
use super::cookie::COOKIE;
use super::nonce;
use super::shared::{SharedKey, TAG};
use crate::net::wire::keys::{KEY_SIZE, PublicKey};

const NAME: &str = "WELCOME";
const PREFIX: &[u8; 8] = b"WELCOME-";
const BOX: usize = TAG + KEY_SIZE + COOKIE;

/// What is behind the name.
const REST: usize = nonce::LONG + BOX;

/// What a client learns from it.
pub(super) struct Welcome {
    /// S'.
    pub(super) transient: PublicKey,
    /// To be given back in INITIATE.
    pub(super) cookie: [u8; COOKIE],
}

/// Appends the command; `key` is that of C' and S.
pub(super) fn write(
    transient: &PublicKey,
    cookie: &[u8; COOKIE],
    key: &SharedKey,
    out: &mut BytesMut,
) {
    let random = nonce::random();
    let mut boxed = [0; BOX];
    boxed[TAG..TAG + KEY_SIZE].copy_from_slice(transient.as_bytes());
    boxed[TAG + KEY_SIZE..].copy_from_slice(cookie);
    key.seal(&nonce::long(PREFIX, &random), &mut boxed);
    out.reserve(1 + NAME.len() + REST);
    out.put_u8(NAME.len() as u8);
    out.put_slice(NAME.as_bytes());
    out.put_slice(&random);
    out.put_slice(&boxed);
}

/// Reads the command; `key` is that of C' and S.
pub(super) fn read(body: &[u8], key: &SharedKey) -> Result<Welcome, CurveError> {
    let rest: &[u8; REST] = exactly(body, NAME)?;
    let mut boxed: [u8; BOX] = field(rest, nonce::LONG);
    let contents = key
        .open(&nonce::long(PREFIX, &field(rest, 0)), &mut boxed)
        .map_err(|_| CurveError::Forged { command: NAME })?;
    let transient = PublicKey::from_bytes(field(contents, 0))
        .map_err(|source| CurveError::Key { command: NAME, source })?;
    Ok(Welcome { transient, cookie: field(contents, KEY_SIZE) })
}
