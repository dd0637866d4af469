//! MESSAGE: one frame of the application, or one command of ZMTP after the handshake (RFC 26, "The MESSAGE
//! command").
//!
//! ```text
//!    0   07 "MESSAGE"
//!    8   short nonce        8   CurveZMQMESSAGEC from the client, CurveZMQMESSAGES from the server
//!   16   box C' ↔ S'   17 + n   ├ flags, 1 ┤├ body, n ┤
//!   33 + n
//!
//!   flags   bit 0 MORE, bit 1 COMMAND, the others 0
//! ```
//!
//! RFC 26 knows MORE only; COMMAND is what libzmq does, so that SUBSCRIBE and PING have a place in a box too.
//! It is bit 1 here, and bit 2 in the header of a frame. The frame around a MESSAGE has neither.

use bytes::{BufMut, BytesMut};

use super::CurveError;
use super::command::{at_least, field};
use super::nonce;
use super::shared::{SharedKey, TAG};

/// The flag, inside a MESSAGE, of a frame that others of the same message follow.
pub const MORE: u8 = 1;

/// The flag, inside a MESSAGE, of a command.
pub const COMMAND: u8 = 2;

/// What a MESSAGE is longer than the body in it, in octets.
pub const MESSAGE_OVERHEAD: usize = PLAIN + 1;

pub(super) const NAME: &str = "MESSAGE";

/// Where the plain text begins, once the box is open.
const PLAIN: usize = 1 + NAME.len() + nonce::SHORT + TAG;

/// What is behind the name, without the body.
const REST: usize = nonce::SHORT + TAG + 1;

/// Who sends it: each side has nonces of its own, so a message that is sent back does not open.
#[derive(Clone, Copy, Debug)]
pub(super) enum Side {
    Client,
    Server,
}

impl Side {
    const fn prefix(self) -> &'static [u8; 16] {
        match self {
            Self::Client => b"CurveZMQMESSAGEC",
            Self::Server => b"CurveZMQMESSAGES",
        }
    }
}

/// Appends the command, encrypted where it is written.
pub(super) fn write(
    from: Side,
    flags: u8,
    body: &[u8],
    key: &SharedKey,
    counter: u64,
    out: &mut BytesMut,
) {
    out.reserve(MESSAGE_OVERHEAD + body.len());
    out.put_u8(NAME.len() as u8);
    out.put_slice(NAME.as_bytes());
    out.put_u64(counter);
    let start = out.len();
    out.put_bytes(0, TAG);
    out.put_u8(flags);
    out.put_slice(body);
    key.seal(&nonce::short(from.prefix(), counter), &mut out[start..]);
}

/// Checks the length and reads the nonce; nothing is computed.
pub(super) fn counter(command: &[u8]) -> Result<u64, CurveError> {
    let (rest, _): (&[u8; REST], _) = at_least(command, NAME)?;
    Ok(u64::from_be_bytes(field(rest, 0)))
}

/// Opens the command where it lies: its flags, and the body.
pub(super) fn open<'a>(
    from: Side,
    command: &'a mut [u8],
    key: &SharedKey,
    counter: u64,
) -> Result<(u8, &'a mut [u8]), CurveError> {
    let plain = key
        .open(&nonce::short(from.prefix(), counter), &mut command[PLAIN - TAG..])
        .map_err(|_| CurveError::Forged { command: NAME })?;
    match plain.split_first_mut() {
        Some((flags, body)) => Ok((check_flags(*flags)?, body)),
        None => Err(CurveError::Forged { command: NAME }),
    }
}

/// Only one of both can be set.
pub(super) fn check_flags(flags: u8) -> Result<u8, CurveError> {
    if matches!(flags, 0 | MORE | COMMAND) { Ok(flags) } else { Err(CurveError::Flags { flags }) }
}
