//! Where messages begin and end in one direction of a connection.
//!
//! ```text
//!   Greeting ──64 octets, NULL──▶ Header ◀──────────────────┐
//!      │                            │  └──▶ Body ── its end ┘
//!      │ another mechanism          │ no frame
//!      └──────────────▶ Opaque ◀────┘
//! ```
//!
//! It keeps no octets but those of a greeting or header that is not whole. The handshake of NULL is made of
//! commands, so its end needs no notice: every message comes after it.

use crate::net::wire::frame::Header;
use crate::net::wire::greeting::{self, Greeting, Mechanism};

/// The longest header, octets.
const LONGEST_HEADER: usize = 9;

/// Follows the octets of one direction.
pub(super) struct Frames {
    state: State,
    /// Octets of a greeting or header that is not whole.
    start: [u8; greeting::SIZE],
    have: usize,
    /// A frame of the same message came before.
    amid: bool,
}

enum State {
    Greeting,
    Header,
    Body {
        left: u64,
        unit: Unit,
        /// The unit ends with the body.
        last: bool,
    },
    Opaque,
}

/// What octets belong to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unit {
    /// A message: all of its frames.
    Message,
    /// A greeting, a command between messages, or what is not understood.
    Other,
}

/// Octets at the front of what was looked at that belong together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Segment {
    /// At least 1.
    pub(super) length: usize,
    pub(super) unit: Unit,
    /// The unit starts with them. Not told of `Other`.
    pub(super) begins: bool,
    /// The unit ends with them. Not told of `Other`.
    pub(super) ends: bool,
}

impl Segment {
    fn other(length: usize) -> Segment {
        Segment { length, unit: Unit::Other, begins: false, ends: false }
    }
}

impl Frames {
    pub(super) fn new() -> Frames {
        Frames { state: State::Greeting, start: [0; greeting::SIZE], have: 0, amid: false }
    }

    /// Takes octets from the front of `octets`, of which there must be some.
    pub(super) fn next(&mut self, octets: &[u8]) -> Segment {
        match &mut self.state {
            State::Greeting => self.greeting(octets),
            State::Header => self.header(octets),
            State::Body { left, unit, last } => {
                let length = octets.len().min(usize::try_from(*left).unwrap_or(usize::MAX));
                *left -= length as u64;
                let whole = *left == 0;
                let segment = Segment { length, unit: *unit, begins: false, ends: whole && *last };
                if whole {
                    self.state = State::Header;
                }
                segment
            }
            State::Opaque => Segment::other(octets.len()),
        }
    }

    fn greeting(&mut self, octets: &[u8]) -> Segment {
        let length = octets.len().min(greeting::SIZE - self.have);
        self.start[self.have..self.have + length].copy_from_slice(&octets[..length]);
        self.have += length;
        if self.have == greeting::SIZE {
            let is_null = matches!(Greeting::decode(&self.start), Ok(Some(greeting))
                if greeting.expect_mechanism(Mechanism::Null).is_ok());
            self.state = if is_null { State::Header } else { State::Opaque };
            self.have = 0;
        }
        Segment::other(length)
    }

    fn header(&mut self, octets: &[u8]) -> Segment {
        let begins = self.have == 0 && !self.amid;
        let mut length = 0;
        let found = loop {
            let Some(&octet) = octets.get(length) else { break Ok(None) };
            self.start[self.have] = octet;
            self.have += 1;
            length += 1;
            match Header::decode(&self.start[..self.have]) {
                Ok(None) => {}
                found => break found,
            }
        };
        // The first octet alone says what the frame is; a length of 0 stands for one that is not here yet.
        let mut probe = [0; LONGEST_HEADER];
        probe[0] = self.start[0];
        let flags = Header::decode(&probe).ok().flatten().map(|header| header.flags);
        let is_message = self.amid || flags.is_some_and(|flags| !flags.is_command());
        let unit = if is_message { Unit::Message } else { Unit::Other };
        let ends = match found {
            Ok(None) => false,
            Ok(Some(header)) => {
                self.have = 0;
                // A command amid a message, which is against the grammar, is taken as a part of it.
                let more = header.flags.more() || self.amid && header.flags.is_command();
                self.amid = more;
                if header.length > 0 {
                    self.state = State::Body { left: header.length, unit, last: !more };
                }
                header.length == 0 && !more
            }
            Err(_) => {
                self.state = State::Opaque;
                true
            }
        };
        Segment { length, unit, begins, ends }
    }
}

#[cfg(test)]
mod tests {
    use bytes::BytesMut;

    use super::*;
    use crate::net::wire::command::Command;
    use crate::net::wire::frame::Flags;

    fn greeting(mechanism: Mechanism) -> BytesMut {
        let mut octets = BytesMut::new();
        Greeting::encode(mechanism, false, &mut octets);
        octets
    }

    fn frame(flags: Flags, length: usize, out: &mut BytesMut) {
        Header { flags, length: length as u64 }.encode(out);
        out.resize(out.len() + length, 0xff);
    }

    /// The messages in `octets`, from where to where, if they come in pieces of `size`.
    fn messages(octets: &[u8], size: usize) -> Vec<(usize, usize)> {
        let (mut frames, mut at, mut start, mut found) = (Frames::new(), 0, None, Vec::new());
        for mut piece in octets.chunks(size) {
            while !piece.is_empty() {
                let segment = frames.next(piece);
                assert!((1..=piece.len()).contains(&segment.length));
                if segment.unit == Unit::Message {
                    if segment.begins {
                        assert_eq!(start.replace(at), None);
                    }
                    at += segment.length;
                    if segment.ends {
                        found.push((start.take().unwrap(), at));
                    }
                } else {
                    assert_eq!(start, None);
                    at += segment.length;
                }
                piece = &piece[segment.length..];
            }
        }
        found
    }

    #[test]
    fn messages_are_found_whole_in_pieces_of_any_size() {
        let mut octets = greeting(Mechanism::Null);
        frame(Flags::command(), 30, &mut octets);
        let mut expected = Vec::new();
        for lengths in [&[0][..], &[5], &[1, 0, 256], &[0, 0], &[70_000], &[255]] {
            let start = octets.len();
            for (index, &length) in lengths.iter().enumerate() {
                frame(Flags::message(index + 1 < lengths.len()), length, &mut octets);
            }
            expected.push((start, octets.len()));
            Command::Ping { ttl: 0, context: b"c" }.encode(&mut octets);
        }
        for size in [1, 2, 3, 7, 63, 64, 65, 1000, octets.len()] {
            assert_eq!(messages(&octets, size), expected, "pieces of {size}");
        }
    }

    #[test]
    fn a_command_amid_a_message_is_a_part_of_it() {
        let mut octets = greeting(Mechanism::Null);
        frame(Flags::message(true), 3, &mut octets);
        frame(Flags::command(), 0, &mut octets);
        frame(Flags::message(false), 3, &mut octets);
        assert_eq!(messages(&octets, 1), [(64, octets.len())]);
    }

    #[test]
    fn another_mechanism_or_protocol_has_no_messages() {
        for mut octets in [greeting(Mechanism::Plain), BytesMut::from(&[b'G'; 64][..])] {
            frame(Flags::message(false), 3, &mut octets);
            assert_eq!(messages(&octets, 5), []);
        }
    }

    #[test]
    fn after_what_is_no_frame_there_are_no_messages() {
        let mut octets = greeting(Mechanism::Null);
        // In the long form, longer than any body.
        octets.extend_from_slice(&[2, 0xff, 0, 0, 0, 0, 0, 0, 0]);
        frame(Flags::message(false), 3, &mut octets);
        assert_eq!(messages(&octets, 1).len(), 1, "the one that is cut short");
        let mut octets = greeting(Mechanism::Null);
        octets.extend_from_slice(&[0x80, 0, 0, 0, 0, 0]);
        assert_eq!(messages(&octets, 1), []);
    }
}
