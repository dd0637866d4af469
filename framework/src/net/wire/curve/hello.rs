//! HELLO: the client shows its transient key, and that it knows the server's (RFC 26, "The HELLO command").
//!
//! ```text
//!     0   05 "HELLO"
//!     6   version             2   01 00
//!     8   padding            72   zeros, so that WELCOME is no larger than what asked for it
//!    80   C'                 32   the client's transient key
//!   112   short nonce         8   CurveZMQHELLO---
//!   120   box C' → S         80   64 zeros
//!   200
//! ```

use bytes::{BufMut, BytesMut};

use super::CurveError;
use super::command::{exactly, field};
use super::nonce;
use super::shared::{SharedKey, TAG};
use crate::net::wire::keys::{KEY_SIZE, PublicKey, SecretKey};

const NAME: &str = "HELLO";
const PREFIX: &[u8; 16] = b"CurveZMQHELLO---";
const VERSION: [u8; 2] = [1, 0];
const PADDING: usize = 72;
const ZEROS: usize = 64;
const BOX: usize = TAG + ZEROS;

/// What is behind the name.
const REST: usize = 2 + PADDING + KEY_SIZE + nonce::SHORT + BOX;

/// What a server learns from it.
pub(super) struct Hello {
    /// C'.
    pub(super) transient: PublicKey,
    /// Of C' and S.
    pub(super) key: SharedKey,
    /// The client's first nonce.
    pub(super) counter: u64,
}

/// Appends the command.
pub(super) fn write(transient: &PublicKey, key: &SharedKey, counter: u64, out: &mut BytesMut) {
    let mut boxed = [0; BOX];
    key.seal(&nonce::short(PREFIX, counter), &mut boxed);
    out.reserve(1 + NAME.len() + REST);
    out.put_u8(NAME.len() as u8);
    out.put_slice(NAME.as_bytes());
    out.put_slice(&VERSION);
    out.put_bytes(0, PADDING);
    out.put_slice(transient.as_bytes());
    out.put_u64(counter);
    out.put_slice(&boxed);
}

/// Reads the command, as the owner of S.
pub(super) fn read(body: &[u8], own: &SecretKey) -> Result<Hello, CurveError> {
    let rest: &[u8; REST] = exactly(body, NAME)?;
    let [major, minor] = field(rest, 0);
    if [major, minor] != VERSION {
        return Err(CurveError::Version { major, minor });
    }
    if field(rest, 2) != [0; PADDING] {
        return Err(CurveError::Padding);
    }
    // One that has a second spelling, or small order, would pass the box.
    let transient = PublicKey::from_bytes(field(rest, 2 + PADDING))
        .map_err(|source| CurveError::Key { command: NAME, source })?;
    let counter = u64::from_be_bytes(field(rest, 2 + PADDING + KEY_SIZE));
    let mut boxed: [u8; BOX] = field(rest, REST - BOX);

    let forged = CurveError::Forged { command: NAME };
    let key = SharedKey::new(&transient, own);
    match key.open(&nonce::short(PREFIX, counter), &mut boxed) {
        Ok(zeros) if *zeros == [0; ZEROS] => Ok(Hello { transient, key, counter }),
        _ => Err(forged),
    }
}
