//! Frames out of CURVE's boxes.
//!
//! ```text
//!  sealed │f│n│ MESSAGE: nonce, box │f│n│ MESSAGE: …
//!                        └──▶ inner flags, body
//!  plain  │f│n│ body │f│n│ body │                      as NULL would have sent them
//! ```
//!
//! What was inside becomes plain frames again, so that all that follows need not know of boxes.

use bytes::BytesMut;

use crate::net::wire::curve::{COMMAND, MESSAGE_OVERHEAD, MORE, Opener};
use crate::net::wire::error::WireError;
use crate::net::wire::frame::{Flags, Header};

/// Opens the boxes of one connection.
pub(crate) struct Unsealing {
    opener: Opener,
    /// What was read and has not been opened.
    pub(crate) sealed: BytesMut,
}

impl Unsealing {
    /// Begins with octets that have been read already.
    pub(crate) fn new(opener: Opener, sealed: BytesMut) -> Unsealing {
        Unsealing { opener, sealed }
    }

    /// Opens all frames that have come whole, and appends what was in them to `plain`. False if none has.
    ///
    /// # Errors
    ///
    /// A box is not the peer's, or a frame's body would be longer than `longest` octets.
    pub(crate) fn open(&mut self, plain: &mut BytesMut, longest: u64) -> Result<bool, WireError> {
        let longest = longest.saturating_add(MESSAGE_OVERHEAD as u64);
        let mut opened = false;
        while let Some(header) = Header::decode(&self.sealed)? {
            if header.length > longest {
                return Err(WireError::TooLong { size: header.length, longest });
            }
            let size = header.size() + header.length as usize;
            if self.sealed.len() < size {
                break;
            }
            let mut frame = self.sealed.split_to(size);
            let (flags, body) = self.opener.open_in_place(&mut frame[header.size()..])?;
            let flags = match flags & COMMAND {
                0 => Flags::message(flags & MORE != 0),
                _ => Flags::command(),
            };
            Header { flags, length: body.len() as u64 }.encode(plain);
            plain.extend_from_slice(body);
            opened = true;
        }
        Ok(opened)
    }
}
