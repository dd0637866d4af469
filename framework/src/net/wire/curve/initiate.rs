//! INITIATE: the client says who it is, and what it has to say about itself (RFC 26, "The INITIATE
//! command").
//!
//! ```text
//!     0   08 "INITIATE"
//!     9   cookie             96   as it came in WELCOME
//!   105   short nonce         8   CurveZMQINITIATE
//!   113   box C' → S'    144 + m  ├ C, 32 ┤├ vouch, 96 ┤├ metadata, m ┤
//!   257 + m
//! ```

use bytes::{BufMut, BytesMut};

use super::CurveError;
use super::command::{at_least, field};
use super::cookie::COOKIE;
use super::nonce;
use super::shared::{SharedKey, TAG};
use super::vouch::VOUCH;
use crate::net::wire::keys::{KEY_SIZE, PublicKey};

pub(super) const NAME: &str = "INITIATE";
const PREFIX: &[u8; 16] = b"CurveZMQINITIATE";

/// What is in the box before the metadata.
const FIXED: usize = KEY_SIZE + VOUCH;

/// What is behind the name, without metadata.
const REST: usize = COOKIE + nonce::SHORT + TAG + FIXED;

/// What an INITIATE is longer than the metadata in it, in octets.
pub(in crate::net::wire) const INITIATE_OVERHEAD: usize = 1 + NAME.len() + REST;

/// The command, still closed.
pub(super) struct Sealed<'a> {
    /// Opens with the key of the connection's cookie.
    pub(super) cookie: [u8; COOKIE],
    /// The client's second nonce.
    pub(super) counter: u64,
    head: &'a [u8; REST],
    metadata: &'a [u8],
}

/// What is in it.
pub(super) struct Opened {
    /// C.
    pub(super) client: PublicKey,
    /// To be checked.
    pub(super) vouch: [u8; VOUCH],
    /// What the client says about itself.
    pub(super) metadata: Vec<u8>,
}

/// Appends the command; `key` is that of C' and S'.
pub(super) fn write(
    cookie: &[u8; COOKIE],
    client: &PublicKey,
    vouch: &[u8; VOUCH],
    metadata: &[u8],
    key: &SharedKey,
    counter: u64,
    out: &mut BytesMut,
) {
    out.reserve(1 + NAME.len() + REST + metadata.len());
    out.put_u8(NAME.len() as u8);
    out.put_slice(NAME.as_bytes());
    out.put_slice(cookie);
    out.put_u64(counter);
    let start = out.len();
    out.put_bytes(0, TAG);
    out.put_slice(client.as_bytes());
    out.put_slice(vouch);
    out.put_slice(metadata);
    key.seal(&nonce::short(PREFIX, counter), &mut out[start..]);
}

/// Takes the command apart; nothing is computed.
pub(super) fn read(body: &[u8]) -> Result<Sealed<'_>, CurveError> {
    let (head, metadata): (&[u8; REST], _) = at_least(body, NAME)?;
    let counter = u64::from_be_bytes(field(head, COOKIE));
    Ok(Sealed { cookie: field(head, 0), counter, head, metadata })
}

impl Sealed<'_> {
    /// Opens it; `key` is that of C' and S'.
    pub(super) fn open(&self, key: &SharedKey) -> Result<Opened, CurveError> {
        let mut boxed = [&self.head[COOKIE + nonce::SHORT..], self.metadata].concat();
        let contents = key
            .open(&nonce::short(PREFIX, self.counter), &mut boxed)
            .map_err(|_| CurveError::Forged { command: NAME })?;
        let client = PublicKey::from_bytes(field(contents, 0))
            .map_err(|source| CurveError::Key { command: NAME, source })?;
        let vouch = field(contents, KEY_SIZE);
        boxed.drain(..TAG + FIXED);
        Ok(Opened { client, vouch, metadata: boxed })
    }
}
