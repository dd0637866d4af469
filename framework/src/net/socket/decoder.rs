//! From what a connection reads to whole messages and commands.
//!
//! ```text
//!  read ──▶ │f│n│ body │f│n│ body │f│n│ bo…        buffer
//!           └───── chunk ─────────┘ └ waits ┘
//!
//!  a long body that has not come whole is read to where it stays:
//!  read ──▶ │f│n│ body │f│ length │                head
//!                                 └▶ │ body … │    body
//! ```
//!
//! Octets are looked at in place and cut off in chunks of whole messages. Memory grows with what has come,
//! never with what a header claims.

use std::collections::VecDeque;
use std::io;
use std::task::{Context, Poll, ready};

use bytes::{Bytes, BytesMut};

use super::batch::Chunk;
use super::unsealing::Unsealing;
use crate::net::transport::Reader;
use crate::net::wire::curve::Opener;
use crate::net::wire::error::WireError;
use crate::net::wire::frame::{Flags, Header};

/// A body at least so long that has not come whole is read into memory of its own.
const LONG_BODY: usize = 16 * 1024;
/// The buffer of a connection that has said little, octets.
const SMALLEST_READ: usize = 4 * 1024;
/// The buffer after a long body, octets: room for the next header, and not much more.
const AFTER_LONG_BODY: usize = 512;
/// The buffer of a connection that fills it, octets.
const LARGEST_READ: usize = 64 * 1024;
/// A chunk of so few octets is copied out of the buffer: cheaper than a new buffer for the next read, and a
/// message that waits keeps no more memory than it has octets.
const SHORT_CHUNK: usize = 512;
/// A command's longest body, octets. The longest that has a meaning is a subscription.
const LONGEST_COMMAND: u64 = 64 * 1024;
/// Frames of one message. An empty one takes 2 octets on the wire and 40 in memory; so many take less than
/// a mebibyte.
const MOST_FRAMES: usize = 10_000;

/// Takes octets in, gives messages and commands out.
pub(crate) struct Decoder {
    buffer: BytesMut,
    /// Octets of `buffer` that are whole frames …
    frames: usize,
    /// … and whole messages, and how many.
    messages: (usize, usize),
    /// Frames of a message that began before `buffer` does, its long bodies left out.
    head: BytesMut,
    bodies: VecDeque<(usize, Bytes)>,
    /// The long body that is being read, its length, and whether another frame follows.
    body: Option<(BytesMut, usize, bool)>,
    /// Octets of the message that is being read, as claimed, and how many frames it has so far.
    size: u64,
    parts: usize,
    longest: u64,
    /// How much the next read may bring.
    read: usize,
    /// What is read are boxes.
    unsealing: Option<Unsealing>,
}

/// What came.
pub(crate) enum Event {
    /// Whole messages.
    Messages(Chunk),
    /// A command: the body of its frame.
    Command(Bytes),
    /// Nothing more, until more octets come.
    MoreNeeded,
}

impl Decoder {
    /// A decoder that begins with octets that have been read already, and refuses messages of more than
    /// `longest` octets.
    /// With an `opener`, they are boxes.
    pub(crate) fn new(input: BytesMut, longest: u64, opener: Option<Opener>) -> Decoder {
        let (buffer, unsealing) = match opener {
            Some(opener) => (BytesMut::new(), Some(Unsealing::new(opener, input))),
            None => (input, None),
        };
        Decoder {
            buffer,
            unsealing,
            frames: 0,
            messages: (0, 0),
            head: BytesMut::new(),
            bodies: VecDeque::new(),
            body: None,
            size: 0,
            parts: 0,
            longest,
            read: SMALLEST_READ,
        }
    }

    /// Reads what has arrived; how many octets, 0 at the end.
    pub(crate) fn poll_fill(
        &mut self,
        reader: &mut dyn Reader,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<usize>> {
        if let Some((body, length, _)) = &mut self.body {
            let missing = *length - body.len();
            // Doubled as it fills.
            body.reserve(missing.min(body.len().max(LARGEST_READ)));
            return reader.poll_read(cx, body);
        }
        let buffer = match &mut self.unsealing {
            Some(unsealing) => &mut unsealing.sealed,
            None => &mut self.buffer,
        };
        buffer.reserve(self.read);
        let room = buffer.capacity() - buffer.len();
        let octets = ready!(reader.poll_read(cx, buffer))?;
        if octets == room && self.read < LARGEST_READ {
            self.read *= 2;
        }
        Poll::Ready(Ok(octets))
    }

    /// Forgets what has come.
    pub(crate) fn discard(&mut self) {
        self.buffer.clear();
        self.body = None;
        if let Some(unsealing) = &mut self.unsealing {
            unsealing.sealed.clear();
        }
    }

    /// The next that came, at most `room` messages, which is not 0.
    ///
    /// # Errors
    ///
    /// What came breaks the protocol, or a message is too long. Nothing will come any more.
    pub(crate) fn next(&mut self, room: usize) -> Result<Event, WireError> {
        loop {
            let event = self.next_plain(room)?;
            let opened = match (&event, &mut self.unsealing) {
                (Event::MoreNeeded, Some(unsealing)) => {
                    unsealing.open(&mut self.buffer, self.longest)?
                }
                _ => false,
            };
            if !opened {
                return Ok(event);
            }
        }
    }

    fn next_plain(&mut self, room: usize) -> Result<Event, WireError> {
        loop {
            if self.body.is_some() {
                if !self.end_body() {
                    return Ok(Event::MoreNeeded);
                }
                if let Some(messages) = self.messages_so_far() {
                    return Ok(messages);
                }
            }
            if self.parts == 0 && self.head.is_empty() && self.skip_single(room) {
                return Ok(self.messages_so_far().unwrap_or(Event::MoreNeeded));
            }
            let rest = &self.buffer[self.frames..];
            let header = match Header::decode(rest) {
                Ok(Some(header)) => header,
                Ok(None) => return Ok(self.messages_so_far().unwrap_or(Event::MoreNeeded)),
                // What came whole before the fault counts.
                Err(error) => return self.messages_so_far().ok_or(error),
            };
            if header.flags.is_command() {
                if let Some(messages) = self.messages_so_far() {
                    return Ok(messages);
                }
                return self.command(header);
            }
            // No sum of two lengths of 63 bits is too large for 64.
            let size = self.size + header.length;
            if size > self.longest || self.parts == MOST_FRAMES {
                return match self.messages_so_far() {
                    Some(messages) => Ok(messages),
                    None if size > self.longest => {
                        Err(WireError::TooLong { size, longest: self.longest })
                    }
                    None => Err(WireError::TooManyFrames { most: MOST_FRAMES }),
                };
            }
            let here = rest.len() - header.size();
            if header.length <= here as u64 {
                self.frames += header.size() + header.length as usize;
                self.size = size;
                self.parts += 1;
                if !header.flags.more() {
                    self.size = 0;
                    self.parts = 0;
                    self.messages = (self.frames, self.messages.1 + 1);
                    if self.messages.1 == room || !self.head.is_empty() {
                        return Ok(self.messages_so_far().unwrap_or(Event::MoreNeeded));
                    }
                }
            } else if let Some(messages) = self.messages_so_far() {
                return Ok(messages);
            } else if header.length < LONG_BODY as u64 || self.unsealing.is_some() {
                return Ok(Event::MoreNeeded);
            } else {
                self.size = size;
                self.parts += 1;
                self.begin_body(header);
            }
        }
    }

    /// Passes over messages of one frame that have come whole, which most are where messages are many. True if
    /// there is no room for more.
    fn skip_single(&mut self, room: usize) -> bool {
        const SHORT: u8 = Header::short(Flags::message(false), 0)[0];
        let (mut at, mut messages) = (self.frames, self.messages.1);
        while messages < room {
            let rest = self.buffer.get(at..).unwrap_or_default();
            let (size, length) = match rest.first_chunk() {
                Some(&[SHORT, length]) => (2, u64::from(length)),
                _ => match Header::decode(rest) {
                    Ok(Some(header)) if header.flags == Flags::message(false).long() => {
                        (header.size(), header.length)
                    }
                    _ => break,
                },
            };
            if length > self.longest || length > (rest.len() as u64).saturating_sub(size as u64) {
                break;
            }
            at += size + length as usize;
            messages += 1;
        }
        self.frames = at;
        self.messages = (at, messages);
        messages == room
    }

    /// Cuts the whole messages off.
    fn messages_so_far(&mut self) -> Option<Event> {
        let (octets, messages) = std::mem::take(&mut self.messages);
        if messages == 0 {
            return None;
        }
        self.frames -= octets;
        let octets = if !self.head.is_empty() {
            let mut head = std::mem::take(&mut self.head);
            head.extend_from_slice(&self.buffer.split_to(octets));
            head.freeze()
        } else if octets == self.buffer.len() && octets <= SHORT_CHUNK {
            let copy = Bytes::copy_from_slice(&self.buffer);
            self.buffer.clear();
            copy
        } else {
            self.buffer.split_to(octets).freeze()
        };
        let bodies = std::mem::take(&mut self.bodies);
        Some(Event::Messages(Chunk::new(octets, bodies, messages)))
    }

    /// Cuts a command out, which may stand between the frames of a message.
    fn command(&mut self, header: Header) -> Result<Event, WireError> {
        if header.length > LONGEST_COMMAND {
            return Err(WireError::TooLong { size: header.length, longest: LONGEST_COMMAND });
        }
        let whole = header.size() + header.length as usize;
        if self.buffer.len() - self.frames < whole {
            return Ok(Event::MoreNeeded);
        }
        self.set_aside(self.frames);
        let command = self.buffer.split_to(whole).freeze();
        Ok(Event::Command(command.slice(header.size()..)))
    }

    /// Moves the first octets of the buffer, frames of a message whose end has not come, to the head.
    fn set_aside(&mut self, octets: usize) {
        let cut = self.buffer.split_to(octets);
        self.frames = 0;
        if self.head.is_empty() {
            self.head = cut;
        } else {
            self.head.extend_from_slice(&cut);
        }
    }

    fn begin_body(&mut self, header: Header) {
        self.set_aside(self.frames + header.size());
        let mut body = BytesMut::new();
        // It has not come whole, so it is longer than what is here, and memory can hold it.
        body.extend_from_slice(&self.buffer);
        // The next header may be that of a long body again, of which as little as possible is to be copied.
        self.buffer = BytesMut::new();
        self.read = AFTER_LONG_BODY;
        self.body = Some((body, header.length as usize, header.flags.more()));
    }

    /// True if the long body has come whole, and is put in its place.
    fn end_body(&mut self) -> bool {
        let Some((mut body, length, more)) = self.body.take() else { return false };
        if body.len() < length {
            self.body = Some((body, length, more));
            return false;
        }
        // A read may have brought more than was asked for.
        self.buffer.extend_from_slice(&body.split_off(length));
        self.bodies.push_back((self.head.len(), body.freeze()));
        if !more {
            self.size = 0;
            self.parts = 0;
            self.messages = (0, 1);
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::multipart::{Frame, Multipart};
    use crate::net::socket::batch::Batch;
    use crate::net::wire::command::Command;

    /// A reader that brings what it is told, at most `piece` octets at once.
    struct Pieces {
        octets: Vec<u8>,
        at: usize,
        piece: usize,
    }

    impl Reader for Pieces {
        fn poll_read(
            &mut self,
            _: &mut Context<'_>,
            buffer: &mut BytesMut,
        ) -> Poll<io::Result<usize>> {
            let room = buffer.capacity() - buffer.len();
            let end = self.octets.len().min(self.at + self.piece.min(room));
            buffer.extend_from_slice(&self.octets[self.at..end]);
            let octets = end - self.at;
            self.at = end;
            Poll::Ready(Ok(octets))
        }
    }

    fn octets(batch: &Batch) -> Vec<u8> {
        let mut octets = Vec::new();
        while octets.len() < batch.size() {
            let mut parts = [io::IoSlice::new(&[]); 8];
            let count = batch.parts(octets.len(), &mut parts);
            for part in &parts[..count] {
                octets.extend_from_slice(part);
            }
        }
        octets
    }

    fn messages() -> Vec<Multipart> {
        let long = |octet, length| Frame::from(vec![octet; length]);
        vec![
            "a".into(),
            Frame::EMPTY.into(),
            ["route", "", "body"].into(),
            long(1, LONG_BODY - 1).into(),
            [long(2, 7), long(3, LONG_BODY), Frame::EMPTY, long(4, 5 * LONG_BODY)].into(),
            [long(5, LONG_BODY), long(6, 1)].into(),
            "y".into(),
            "z".into(),
        ]
    }

    /// What a decoder makes of `octets`, read in pieces, with so much room for messages at a time.
    fn decoded(octets: Vec<u8>, piece: usize, room: usize) -> (Vec<Multipart>, Vec<Bytes>) {
        let mut reader = Pieces { octets, at: 0, piece };
        let mut decoder = Decoder::new(BytesMut::new(), u64::MAX >> 1, None);
        let (mut messages, mut commands) = (Vec::new(), Vec::new());
        let mut cx = Context::from_waker(std::task::Waker::noop());
        loop {
            match decoder.next(room).unwrap() {
                Event::Messages(mut chunk) => {
                    assert!(chunk.messages() <= room);
                    messages.extend(std::iter::from_fn(|| chunk.next()));
                }
                Event::Command(command) => commands.push(command),
                Event::MoreNeeded => match decoder.poll_fill(&mut reader, &mut cx) {
                    Poll::Ready(Ok(0)) => return (messages, commands),
                    Poll::Ready(Ok(_)) => {}
                    other => panic!("{other:?}"),
                },
            }
        }
    }

    #[test]
    fn messages_come_out_whatever_the_pieces() {
        let mut batch = Batch::default();
        for message in messages() {
            batch.push(&message);
        }
        let octets = octets(&batch);
        for piece in [1, 2, 3, 7, 100, 4096, LONG_BODY, 1 << 20] {
            for room in [1, 3, 1000] {
                assert_eq!(decoded(octets.clone(), piece, room).0, messages(), "{piece} {room}");
            }
        }
    }

    #[test]
    fn commands_come_out_even_amid_a_message() {
        let mut ping = BytesMut::new();
        Command::Ping { ttl: 1, context: b"x" }.encode(&mut ping);
        let mut octets = ping.to_vec();
        octets.extend(b"\x01\x01a");
        octets.extend(&ping);
        octets.extend(b"\x00\x01b");
        octets.extend(b"\x00\x01c");
        octets.extend(&ping);
        for piece in [1, 4, 100] {
            let (messages, commands) = decoded(octets.clone(), piece, 10);
            assert_eq!(messages, [Multipart::from(["a", "b"]), "c".into()]);
            assert_eq!(commands.len(), 3);
        }
    }

    fn refused(octets: &[u8], longest: u64) -> WireError {
        let mut decoder = Decoder::new(BytesMut::from(octets), longest, None);
        loop {
            match decoder.next(10) {
                Ok(Event::MoreNeeded) => panic!("it was not refused"),
                Ok(_) => {}
                Err(error) => return error,
            }
        }
    }

    #[test]
    fn a_message_is_refused_from_its_header_alone() {
        let header = b"\x00\x01a\x02\x7f\xff\xff\xff\xff\xff\xff\xff";
        assert_eq!(
            refused(header, 1000),
            WireError::TooLong { size: i64::MAX as u64, longest: 1000 }
        );
        let parts = [b"\x01\x05aaaaa".as_slice(), b"\x00\x06"].concat();
        assert_eq!(refused(&parts, 10), WireError::TooLong { size: 11, longest: 10 });
        let command = [4, 255].repeat(2);
        let command = [&b"\x06\x00\x00\x00\x00\x00\x01\x00\x01"[..], &command].concat();
        assert_eq!(
            refused(&command, 1 << 40),
            WireError::TooLong { size: 65537, longest: LONGEST_COMMAND }
        );
    }

    #[test]
    fn a_message_of_too_many_frames_is_refused() {
        let frames = [1, 0].repeat(MOST_FRAMES + 1);
        assert_eq!(refused(&frames, 1000), WireError::TooManyFrames { most: MOST_FRAMES });
    }

    #[test]
    fn nothing_is_allocated_by_a_claim() {
        let mut decoder = Decoder::new(
            BytesMut::from(&b"\x02\x00\x00\x7f\xff\xff\xff\xff\xff"[..]),
            u64::MAX >> 1,
            None,
        );
        let mut reader = Pieces { octets: vec![1; 100_000], at: 0, piece: 1000 };
        let mut cx = Context::from_waker(std::task::Waker::noop());
        let mut came = 0;
        while came < 100_000 {
            assert!(matches!(decoder.next(10), Ok(Event::MoreNeeded)));
            let Poll::Ready(Ok(octets)) = decoder.poll_fill(&mut reader, &mut cx) else { panic!() };
            came += octets;
            let (body, _, _) = decoder.body.as_ref().unwrap();
            assert!(body.capacity() <= 2 * came + 2 * LARGEST_READ, "{}", body.capacity());
        }
    }
}
