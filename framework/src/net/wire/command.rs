//! Commands: what the two libraries, not the two applications, say to each other.
//!
//! ```text
//!  the body of a frame with the COMMAND flag
//!  ┌─────────────┬────────┬────────┐
//!  │ name length │ name   │ data … │
//!  └─────────────┴────────┴────────┘
//!         1        1…255
//!
//!  data of
//!    SUBSCRIBE  topic …                          RFC 37, "The Publish-Subscribe Pattern"
//!    CANCEL     topic …
//!    PING       ttl, 2, big-endian │ context     RFC 37, "Connection Heartbeating"
//!    PONG       context, at most 16
//!    ERROR      reason length, 1 │ reason        RFC 37, "The NULL Security Mechanism"
//!    READY      metadata …
//!    HELLO      user length, 1 │ user │ password length, 1 │ password         RFC 24
//!    WELCOME    nothing
//!    INITIATE   metadata …
//! ```
//!
//! The first five can come at any time in traffic and are read by [`Command::decode`], which borrows
//! from the body. The others belong to the handshake.

use bytes::{BufMut, BytesMut};

use super::error::{WireError, shown};
use super::frame::{Flags, Header};

mod subscription;

pub use subscription::Subscription;

/// The names of all commands that are known here.
pub mod name {
    /// Ends a handshake; carries metadata.
    pub const READY: &[u8] = b"READY";
    /// The other side may not go on.
    pub const ERROR: &[u8] = b"ERROR";
    /// Starts a handshake of PLAIN or CURVE.
    pub const HELLO: &[u8] = b"HELLO";
    /// The server lets the client go on.
    pub const WELCOME: &[u8] = b"WELCOME";
    /// The client's metadata.
    pub const INITIATE: &[u8] = b"INITIATE";
    /// A message or command of CURVE, encrypted. Its frame has no COMMAND flag.
    pub const MESSAGE: &[u8] = b"MESSAGE";
    /// Messages that start with the topic are wanted.
    pub const SUBSCRIBE: &[u8] = b"SUBSCRIBE";
    /// One subscription to the topic less.
    pub const CANCEL: &[u8] = b"CANCEL";
    /// Is anybody there?
    pub const PING: &[u8] = b"PING";
    /// The answer to PING.
    pub const PONG: &[u8] = b"PONG";
}

/// The longest context of a PING that is sent back, octets. What is longer is cut, as libzmq does.
pub const LONGEST_CONTEXT: usize = 16;

/// The longest reason of an ERROR, octets.
const LONGEST_REASON: usize = 255;

/// How libzmq's PLAIN server starts an ERROR: a `\x05E` in C is one octet, so the name's length and
/// first letter are lost. Length and text of the reason follow as they should.
const ERROR_OF_LIBZMQ: &[u8] = b"\x5eRROR";

/// A command that can come in traffic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Command<'a> {
    /// The peer wants messages that start with this topic. Twice the same topic counts twice.
    Subscribe(&'a [u8]),
    /// The peer takes one subscription to this topic back.
    Cancel(&'a [u8]),
    /// To be answered by a [`Pong`](Self::Pong) with the same context.
    Ping {
        /// After this time without traffic the peer may be taken for dead; 0 is no such time. Tenths of
        /// a second. libzmq reckons wrongly above 655.
        ttl: u16,
        /// At most 16 octets.
        context: &'a [u8],
    },
    /// The answer to a [`Ping`](Self::Ping).
    Pong {
        /// At most 16 octets.
        context: &'a [u8],
    },
    /// The peer ends the connection.
    Error {
        /// Why: text without blanks, of which at most 255 octets are sent.
        reason: &'a [u8],
    },
    /// Any other. To be ignored: later versions may have more commands.
    Unknown {
        /// Its name.
        name: &'a [u8],
        /// All after the name.
        data: &'a [u8],
    },
}

impl<'a> Command<'a> {
    /// Reads the body of a command's frame.
    ///
    /// # Errors
    ///
    /// [`Malformed`](WireError::Malformed).
    pub fn decode(body: &'a [u8]) -> Result<Command<'a>, WireError> {
        if let Some(reason) = error_of_libzmq(body) {
            return Ok(Command::Error { reason });
        }
        let (name, data) = split(body)?;
        Ok(match name {
            name::SUBSCRIBE => Command::Subscribe(data),
            name::CANCEL => Command::Cancel(data),
            name::PING => {
                let wrong =
                    WireError::Malformed { what: "PING", problem: "it has no time to live" };
                let (ttl, context) = data.split_first_chunk().ok_or(wrong)?;
                Command::Ping {
                    ttl: u16::from_be_bytes(*ttl),
                    context: cut(context, LONGEST_CONTEXT),
                }
            }
            name::PONG => Command::Pong { context: cut(data, LONGEST_CONTEXT) },
            name::ERROR => match data.split_first() {
                Some((&length, reason)) if usize::from(length) == reason.len() => {
                    Command::Error { reason }
                }
                _ => {
                    let problem = "its reason does not have the length that it claims";
                    return Err(WireError::Malformed { what: "ERROR", problem });
                }
            },
            name => Command::Unknown { name, data },
        })
    }

    /// Appends the command as a whole frame.
    pub fn encode(&self, out: &mut BytesMut) {
        let length = self.length() as u64;
        Header { flags: Flags::command(), length }.encode(out);
        self.encode_body(out);
    }

    /// Appends the body of the command's frame, for a cipher to seal.
    pub fn encode_body(&self, out: &mut BytesMut) {
        let name = self.name();
        out.reserve(self.length());
        // A name is never longer than 255 octets: `split` reads no longer one.
        out.put_u8(name.len() as u8);
        out.put_slice(cut(name, 255));
        match *self {
            Command::Subscribe(data) | Command::Cancel(data) | Command::Unknown { data, .. } => {
                out.put_slice(data);
            }
            Command::Ping { ttl, context } => {
                out.put_u16(ttl);
                out.put_slice(cut(context, LONGEST_CONTEXT));
            }
            Command::Pong { context } => out.put_slice(cut(context, LONGEST_CONTEXT)),
            Command::Error { reason } => {
                let reason = cut(reason, LONGEST_REASON);
                out.put_u8(reason.len() as u8);
                // The grammar has visible characters only.
                out.extend(reason.iter().map(|&octet| match octet {
                    b'!'..=b'~' => octet,
                    _ => b'_',
                }));
            }
        }
    }

    fn name(&self) -> &'a [u8] {
        match *self {
            Command::Subscribe(_) => name::SUBSCRIBE,
            Command::Cancel(_) => name::CANCEL,
            Command::Ping { .. } => name::PING,
            Command::Pong { .. } => name::PONG,
            Command::Error { .. } => name::ERROR,
            Command::Unknown { name, .. } => cut(name, 255),
        }
    }

    /// Octets of the body.
    fn length(&self) -> usize {
        let data = match *self {
            Command::Subscribe(data) | Command::Cancel(data) => data.len(),
            Command::Ping { context, .. } => 2 + context.len().min(LONGEST_CONTEXT),
            Command::Pong { context } => context.len().min(LONGEST_CONTEXT),
            Command::Error { reason } => 1 + reason.len().min(LONGEST_REASON),
            Command::Unknown { data, .. } => data.len(),
        };
        1 + self.name().len() + data
    }
}

/// The name and the data in a command's body.
///
/// # Errors
///
/// [`Malformed`](WireError::Malformed).
pub fn split(body: &[u8]) -> Result<(&[u8], &[u8]), WireError> {
    let wrong = |problem| WireError::Malformed { what: "command", problem };
    match body.split_first() {
        None => Err(wrong("it is empty")),
        Some((0, _)) => Err(wrong("its name is empty")),
        Some((&length, rest)) => {
            rest.split_at_checked(length.into()).ok_or_else(|| wrong("it ends within its name"))
        }
    }
}

/// The data of a command that must have this name.
///
/// # Errors
///
/// [`UnexpectedCommand`](WireError::UnexpectedCommand), [`Malformed`](WireError::Malformed).
pub(super) fn expect<'a>(name: &'static [u8], body: &'a [u8]) -> Result<&'a [u8], WireError> {
    let (got, data) = split(body)?;
    if got == name {
        return Ok(data);
    }
    let wanted = std::str::from_utf8(name).unwrap_or_default();
    Err(WireError::UnexpectedCommand { wanted, got: shown(got) })
}

/// Appends a command of the handshake as a whole frame, its data put together from parts.
pub(super) fn encode(name: &[u8], data: &[&[u8]], out: &mut BytesMut) {
    let size: usize = data.iter().map(|part| part.len()).sum();
    Header { flags: Flags::command(), length: (1 + name.len() + size) as u64 }.encode(out);
    out.put_u8(name.len() as u8);
    out.put_slice(name);
    for part in data {
        out.put_slice(part);
    }
}

fn error_of_libzmq(body: &[u8]) -> Option<&[u8]> {
    let (&length, reason) = body.strip_prefix(ERROR_OF_LIBZMQ)?.split_first()?;
    (usize::from(length) == reason.len()).then_some(reason)
}

fn cut(octets: &[u8], longest: usize) -> &[u8] {
    octets.get(..longest).unwrap_or(octets)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn frame(command: Command<'_>) -> Vec<u8> {
        let mut out = BytesMut::new();
        command.encode(&mut out);
        out.to_vec()
    }

    #[test]
    fn each_command_has_its_octets() {
        let known = [
            (Command::Subscribe(b"A"), &b"\x04\x0b\x09SUBSCRIBEA"[..]),
            (Command::Cancel(b""), b"\x04\x07\x06CANCEL"),
            (Command::Ping { ttl: 0x0102, context: b"c" }, b"\x04\x08\x04PING\x01\x02c"),
            (Command::Pong { context: b"c" }, b"\x04\x06\x04PONGc"),
            (Command::Error { reason: b"400" }, b"\x04\x0a\x05ERROR\x03400"),
            (Command::Unknown { name: b"JOIN", data: b"g" }, b"\x04\x06\x04JOINg"),
        ];
        for (command, octets) in known {
            assert_eq!(frame(command), octets);
            assert_eq!(Command::decode(&octets[2..]), Ok(command));
        }
    }

    #[test]
    fn a_long_topic_has_a_long_header() {
        let topic = [b't'; 250];
        let octets = frame(Command::Subscribe(&topic));
        assert_eq!(octets[..9], [6, 0, 0, 0, 0, 0, 0, 1, 4]);
        assert_eq!(Command::decode(&octets[9..]), Ok(Command::Subscribe(&topic)));
    }

    #[test]
    fn a_context_is_cut_to_16_octets() {
        let context = *b"0123456789abcdefgh";
        let body = [b"\x04PING\0\x05", &context[..]].concat();
        let read = Command::decode(&body).unwrap();
        assert_eq!(read, Command::Ping { ttl: 5, context: &context[..16] });
        let pong = frame(Command::Pong { context: &context });
        assert_eq!(pong, b"\x04\x15\x04PONG0123456789abcdef");
    }

    #[test]
    fn an_error_of_libzmqs_plain_server_is_understood() {
        let body = [0x5e, 0x52, 0x52, 0x4f, 0x52, 3, b'4', b'0', b'0'];
        assert_eq!(Command::decode(&body), Ok(Command::Error { reason: b"400" }));
        assert!(Command::decode(&body[..8]).is_err());
        // The same octets can start a long name, too.
        let mut long = body.to_vec();
        long.resize(1 + 0x5e, b'X');
        assert!(matches!(Command::decode(&long), Ok(Command::Unknown { data: b"", .. })));
    }

    #[test]
    fn a_reason_is_sent_in_visible_characters_and_cut() {
        assert_eq!(frame(Command::Error { reason: b"a b\n" }), b"\x04\x0b\x05ERROR\x04a_b_");
        let body = &frame(Command::Error { reason: &[b'x'; 300] })[9..];
        assert_eq!(Command::decode(body), Ok(Command::Error { reason: &[b'x'; 255] }));
    }

    #[test]
    fn malformed_commands_are_refused() {
        let bodies: [&[u8]; 8] = [
            b"",
            b"\0",
            b"\x05PING",
            b"\x04PING\0",
            b"\x04PING",
            b"\x05ERROR",
            b"\x05ERROR\x03ab",
            b"\x05ERROR\x01ab",
        ];
        for body in bodies {
            let error = Command::decode(body).unwrap_err();
            assert!(matches!(error, WireError::Malformed { .. }), "{error}");
        }
    }

    proptest! {
        #[test]
        fn what_is_read_is_written_and_read_again(
            start in prop::sample::select(vec![
                &b""[..], b"\x04PING", b"\x04PONG", b"\x05ERROR", b"\x09SUBSCRIBE", b"\x5eRROR",
            ]),
            rest in prop::collection::vec(any::<u8>(), 0..300),
        ) {
            let body = [start, &rest].concat();
            if let Ok(command) = Command::decode(&body) {
                let octets = frame(command);
                let header = Header::decode(&octets).unwrap().unwrap();
                prop_assert!(header.flags.is_command());
                prop_assert_eq!(header.length as usize, octets.len() - header.size());
                let again = Command::decode(&octets[header.size()..]).unwrap();
                match command {
                    // Its octets may have been replaced.
                    Command::Error { reason } => {
                        let Command::Error { reason: same } = again else { panic!("{again:?}") };
                        prop_assert_eq!(reason.len(), same.len());
                    }
                    _ => prop_assert_eq!(again, command),
                }
            }
        }
    }
}
