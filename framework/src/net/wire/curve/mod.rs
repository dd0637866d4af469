//! CURVE: a handshake that proves both sides' keys, and boxes for all that follows (RFC 25, RFC 26).
//!
//! ```text
//!   Client                                                    Server
//!     │  HELLO     C', and a box that only the server opens     │
//!     ├────────────────────────────────────────────────────────▶│  new key S', put away in a cookie
//!     │  WELCOME   S', cookie                                   │
//!     │◀────────────────────────────────────────────────────────┤
//!     │  INITIATE  cookie, C, vouch for C', metadata            │  is C one of mine? The caller decides.
//!     ├────────────────────────────────────────────────────────▶│
//!     │  READY     metadata                                     │
//!     │◀────────────────────────────────────────────────────────┤
//!     │  MESSAGE …                                              │
//!     │◀───────────────────────────────────────────────────────▶│
//! ```
//!
//! C and S are the keys that the peers are known by, C' and S' live as long as the connection. A [`Client`]
//! and a [`Server`] take and give the *bodies* of commands: what a frame has after its header, beginning
//! with the octet that counts the name. HELLO, WELCOME, INITIATE, READY and ERROR travel in frames that have
//! the COMMAND bit (flags 4, or 6 for a long one, as an INITIATE always is). **MESSAGE travels in frames
//! without it** (flags 0, or 2 for a long one): what the frame is, MORE and COMMAND, is a secret and lies
//! in the box.
//!
//! Promised:
//!
//! - The server has the secret of S and the client that of C, or there is no [`Cipher`]. Who C is, whether
//!   it may come in, is for the caller to decide between [`Server::initiate`] and [`Server::ready`].
//! - A recording is of no use later, not even with the secrets of C and S: those of C' and S' are gone.
//! - One bit that is changed in HELLO, WELCOME, INITIATE, READY or MESSAGE is an error; so is a command
//!   that is repeated, reordered, sent back to its sender or into another connection. After an error
//!   nothing more can be done than to close.
//! - Lengths are checked before anything is computed, and nothing from outside causes a panic.
//!
//! Not promised: lengths and times of messages are not hidden. A MESSAGE that somebody on the way takes out
//! is not missed: nonces must grow, as libzmq asks, not grow by one. ERROR has no box, so anybody on the
//! way can write one. There is no clock here; the caller bounds the time of a handshake, and the size of
//! what it reads.

mod cipher;
mod client;
mod command;
mod cookie;
mod hello;
mod initiate;
mod message;
mod nonce;
mod ready;
pub(super) mod role;
mod server;
mod shared;
mod vouch;
mod welcome;

pub use cipher::{Cipher, Opener, Sealer};
pub use client::Client;
pub(super) use initiate::INITIATE_OVERHEAD;
pub use message::{COMMAND, MESSAGE_OVERHEAD, MORE};
pub use server::{Initiate, Server};

use super::keys::KeyError;

/// Why a handshake or a message failed. Close the connection: no later command can be trusted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CurveError {
    /// Something else came than the handshake has next.
    #[error("the peer did not send {expected}; both sides must speak CURVE, one of them as server")]
    Unexpected {
        /// The command that is next.
        expected: &'static str,
    },
    /// A command has a length that it cannot have.
    #[error(
        "{command} has {octets} octets, not {expected}; it was cut off, or the peer is no CurveZMQ 1.0"
    )]
    Length {
        /// The command.
        command: &'static str,
        /// The length, or the smallest, that it can have.
        expected: usize,
        /// The octets that came.
        octets: usize,
    },
    /// The peer speaks another version of CurveZMQ.
    #[error("the peer speaks CurveZMQ {major}.{minor}; only 1.0 is spoken here")]
    Version {
        /// The part before the point.
        major: u8,
        /// The part after it.
        minor: u8,
    },
    /// Octets that must be zero are not.
    #[error(
        "HELLO has something else than zeros in its padding; the peer is broken, or no CurveZMQ"
    )]
    Padding,
    /// A key in a command is none.
    #[error("{command} has a key that is none: {source}")]
    Key {
        /// The command.
        command: &'static str,
        /// What is wrong with it.
        source: KeyError,
    },
    /// A box does not open: it was changed, or is for another key.
    #[error(
        "{command} does not open with the keys of this side; check which server key the client has"
    )]
    Forged {
        /// The command.
        command: &'static str,
    },
    /// The cookie is not the one of this connection.
    #[error("INITIATE has a cookie that is not from this connection; it was changed or replayed")]
    Cookie,
    /// The vouch does not tie the client's key to this connection.
    #[error(
        "INITIATE has a vouch that its client did not write for this connection; refuse the client"
    )]
    Vouch,
    /// A counter has not grown.
    #[error("{command} has an old nonce; it was repeated or reordered on its way")]
    Nonce {
        /// The command.
        command: &'static str,
    },
    /// Flags of a message that there are not, or MORE and COMMAND together.
    #[error("a message has flags {flags:#04x}; only MORE (1) or COMMAND (2) can be set")]
    Flags {
        /// All of them.
        flags: u8,
    },
    /// 2⁶⁴ nonces are used up.
    #[error("the connection has used up its nonces; close it and make a new one")]
    Exhausted,
    /// The server said no.
    #[error("the server refused: `{reason}`; its owner must know the key of this client")]
    Refused {
        /// In its words, of which nothing is authentic; other characters than visible ASCII are `?`.
        reason: String,
    },
    /// A method was called before its turn, twice, or after an error.
    #[error("{command} is not what comes next in this handshake; after an error, begin a new one")]
    Turn {
        /// The command it reads or writes.
        command: &'static str,
    },
}

impl CurveError {
    /// Whether connecting again, with the same settings, can help.
    ///
    /// It can where somebody on the way may have changed, repeated or reordered what was sent: one octet of
    /// his must not keep two peers apart for ever. It cannot where two sides disagree, where one has judged,
    /// or where the fault lies in a box, which only the peer can have filled.
    #[must_use]
    pub fn retry_can_help(&self) -> bool {
        match self {
            Self::Length { .. }
            | Self::Padding
            | Self::Forged { .. }
            | Self::Cookie
            | Self::Nonce { .. }
            | Self::Exhausted => true,
            Self::Unexpected { .. }
            | Self::Version { .. }
            | Self::Key { .. }
            | Self::Vouch
            | Self::Flags { .. }
            | Self::Refused { .. }
            | Self::Turn { .. } => false,
        }
    }
}

#[cfg(test)]
mod tests;
