//! READY: the server lets the client in, and says what it has to say about itself (RFC 26, "The READY
//! command").
//!
//! ```text
//!    0   05 "READY"
//!    6   short nonce        8   CurveZMQREADY---
//!   14   box S' → C'   16 + m   metadata, m
//!   30 + m
//! ```

use bytes::{BufMut, BytesMut};

use super::CurveError;
use super::command::{at_least, field};
use super::nonce;
use super::shared::{SharedKey, TAG};

const NAME: &str = "READY";
const PREFIX: &[u8; 16] = b"CurveZMQREADY---";

/// What is behind the name, without metadata.
const REST: usize = nonce::SHORT + TAG;

/// Appends the command; `key` is that of C' and S'.
pub(super) fn write(metadata: &[u8], key: &SharedKey, counter: u64, out: &mut BytesMut) {
    out.reserve(1 + NAME.len() + REST + metadata.len());
    out.put_u8(NAME.len() as u8);
    out.put_slice(NAME.as_bytes());
    out.put_u64(counter);
    let start = out.len();
    out.put_bytes(0, TAG);
    out.put_slice(metadata);
    key.seal(&nonce::short(PREFIX, counter), &mut out[start..]);
}

/// Reads the command: the metadata and the server's first nonce.
pub(super) fn read(body: &[u8], key: &SharedKey) -> Result<(Vec<u8>, u64), CurveError> {
    let (head, metadata): (&[u8; REST], _) = at_least(body, NAME)?;
    let counter = u64::from_be_bytes(field(head, 0));
    let mut boxed = [&head[nonce::SHORT..], metadata].concat();
    key.open(&nonce::short(PREFIX, counter), &mut boxed)
        .map_err(|_| CurveError::Forged { command: NAME })?;
    boxed.drain(..TAG);
    Ok((boxed, counter))
}
