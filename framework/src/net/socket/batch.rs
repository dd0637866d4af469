//! Messages on their way: a [`Batch`] is written to, a [`Chunk`] is read from.
//!
//! Both hold frames as they are on the wire (RFC 23, "framing"), so that what waits for a connection is
//! what is written to it, and what a connection received is what waits for the receiver. Long bodies are
//! not copied in: they stand apart, each with the place where it belongs.
//!
//! ```text
//!  octets  │f│n│ body      │f│n│ body  │f│length     │f│n│ body        │
//!                                                    ▲
//!  bodies                                      (40, Bytes)
//! ```
//!
//! A message that a socket makes for its own receiver, such as a subscription, becomes a chunk as it is.

use std::collections::VecDeque;
use std::io::IoSlice;

use bytes::{Bytes, BytesMut};

use super::octets::Octets;
use crate::net::multipart::{Frame, Multipart};
use crate::net::wire::curve::{COMMAND, CurveError, MESSAGE_OVERHEAD, MORE, Sealer};
use crate::net::wire::frame::{Flags, Header};

/// From this length on, a body is written from where it lies. Copying so many octets costs about what
/// a part of a vectored write costs.
pub(crate) const BY_REFERENCE: usize = 2048;

/// Octets of a header in its long form.
pub(crate) const LONGEST_HEADER: usize = 9;

/// So many parts one vectored write may have (`IOV_MAX` of Linux is 1,024).
pub(crate) const MOST_PARTS: usize = 64;

/// Frames to be written, in order.
#[derive(Default)]
pub(crate) struct Batch {
    octets: Octets,
    /// Bodies that stand apart, and before which of `octets` they belong.
    bodies: Vec<(usize, Bytes)>,
    /// Octets in `bodies`.
    apart: usize,
    /// Whole messages, not counting commands.
    messages: usize,
    /// Frames that are commands.
    commands: usize,
}

impl Batch {
    /// Appends a message.
    #[inline]
    pub(crate) fn push(&mut self, message: &[Frame]) {
        let last = message.len() - 1;
        for (at, frame) in message.iter().enumerate() {
            self.push_frame(Flags::message(at != last), frame);
        }
        self.messages += 1;
    }

    /// Appends a command: a frame with its header.
    pub(crate) fn push_command(&mut self, frame: &[u8]) {
        self.octets.push(frame, &[]);
        self.commands += 1;
    }

    /// Appends all that another batch holds.
    pub(crate) fn append(&mut self, other: &Batch) {
        let start = self.octets.len();
        self.octets.push(&other.octets, &[]);
        self.bodies.extend(other.bodies.iter().map(|(at, body)| (start + at, body.clone())));
        self.apart += other.apart;
        self.messages += other.messages;
        self.commands += other.commands;
    }

    #[inline]
    fn push_frame(&mut self, flags: Flags, frame: &Frame) {
        let Some((length, octets)) = frame.place() else {
            return self.push_shared(flags, frame);
        };
        self.push_short(flags, octets, length);
    }

    /// Appends a frame of the first `length` of `octets`.
    #[inline(always)]
    pub(crate) fn push_short(&mut self, flags: Flags, octets: &[u8; Frame::IN_PLACE], length: u8) {
        self.octets.push_short(Header::short(flags, length), octets, length);
    }

    /// Appends a message of one frame, whose octets these are.
    #[inline]
    pub(crate) fn push_octets(&mut self, octets: &[u8]) {
        let flags = Flags::message(false);
        match u8::try_from(octets.len()) {
            Ok(length) => self.octets.push_octets(Header::short(flags, length), octets),
            Err(_) => {
                let header = Header { flags, length: octets.len() as u64 };
                let mut place = [0; LONGEST_HEADER];
                header.encode(&mut &mut place[..]);
                self.octets.push(&place, octets);
            }
        }
        self.messages += 1;
    }

    fn push_shared(&mut self, flags: Flags, frame: &Frame) {
        let header = Header { flags, length: frame.len() as u64 };
        let mut octets = [0; LONGEST_HEADER];
        header.encode(&mut &mut octets[..]);
        let octets = &octets[..header.size()];
        if frame.len() < BY_REFERENCE {
            return self.octets.push(octets, frame);
        }
        self.octets.push(octets, &[]);
        let body = match frame.shared() {
            Some(bytes) => bytes.clone(),
            None => Bytes::copy_from_slice(frame),
        };
        self.apart += body.len();
        self.bodies.push((self.octets.len(), body));
    }

    /// Octets on the wire.
    #[inline]
    pub(crate) fn size(&self) -> usize {
        self.octets.len() + self.apart
    }

    #[inline]
    pub(crate) fn messages(&self) -> usize {
        self.messages
    }

    /// One more message is whole.
    #[inline]
    pub(crate) fn count(&mut self) {
        self.messages += 1;
    }

    #[inline]
    pub(crate) fn commands(&self) -> usize {
        self.commands
    }

    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.octets.is_empty()
    }

    /// Octets that it has memory for.
    pub(crate) fn capacity(&self) -> usize {
        self.octets.capacity()
    }

    /// Forgets what it holds, and keeps its memory.
    pub(crate) fn clear(&mut self) {
        self.octets.clear();
        self.bodies.clear();
        self.apart = 0;
        self.messages = 0;
        self.commands = 0;
    }

    /// Forgets its messages, but not its commands. True if there are any.
    pub(crate) fn drop_messages(&mut self) -> bool {
        if self.commands == 0 {
            self.clear();
            return false;
        }
        let (mut kept, mut at, mut bodies) = (Vec::new(), 0, self.bodies.iter().peekable());
        while let Ok(Some(header)) = Header::decode(&self.octets[at..]) {
            let start = at;
            at += header.size();
            if bodies.next_if(|(place, _)| *place == at).is_none() {
                at += header.length as usize;
            }
            if header.flags.is_command() {
                kept.extend_from_slice(&self.octets[start..at]);
            }
        }
        let commands = self.commands;
        self.clear();
        self.octets.push(&kept, &[]);
        self.commands = commands;
        true
    }

    /// All of it, if nothing stands apart.
    #[inline]
    pub(crate) fn as_slice(&self) -> Option<&[u8]> {
        self.bodies.is_empty().then_some(&*self.octets)
    }

    /// Puts what is to be written after the first `written` octets into `parts`, as far as they reach,
    /// and says how many it used.
    pub(crate) fn parts<'a>(&'a self, written: usize, parts: &mut [IoSlice<'a>]) -> usize {
        // `skip` octets are passed over; where in `octets` the next part starts is `at`.
        let (mut skip, mut at, mut count) = (written, 0, 0);
        let mut add = |part: &'a [u8]| {
            let passed = skip.min(part.len());
            skip -= passed;
            if passed < part.len() && count < parts.len() {
                parts[count] = IoSlice::new(&part[passed..]);
                count += 1;
            }
        };
        for (place, body) in &self.bodies {
            add(&self.octets[at..*place]);
            add(body);
            at = *place;
        }
        add(&self.octets[at..]);
        count
    }

    /// Its frames: where each begins, its header and its body.
    fn frames(&self) -> impl Iterator<Item = (usize, Header, &[u8])> {
        let (mut octet, mut apart, mut passed) = (0, 0, 0);
        std::iter::from_fn(move || {
            let header = Header::decode(&self.octets[octet..]).ok()??;
            let start = passed;
            octet += header.size();
            passed += header.size() + header.length as usize;
            let body = match self.bodies.get(apart) {
                Some((place, body)) if *place == octet => {
                    apart += 1;
                    &body[..]
                }
                _ => {
                    let body = &self.octets[octet..octet + header.length as usize];
                    octet += body.len();
                    body
                }
            };
            Some((start, header, body))
        })
    }

    /// Where the message starts in which the first `written` octets end: what has to be written again to
    /// another connection. `on_wire` says how many octets a frame takes there.
    pub(crate) fn message_at(&self, written: usize, on_wire: impl Fn(Header) -> usize) -> usize {
        let (mut start, mut passed) = (0, 0);
        for (at, header, body) in self.frames() {
            passed += on_wire(header);
            if passed > written {
                break;
            }
            if !header.flags.more() {
                start = at + header.size() + body.len();
            }
        }
        start
    }

    /// How many octets the frames before the octet `end` take on the wire.
    pub(crate) fn size_until(&self, end: usize, on_wire: impl Fn(Header) -> usize) -> usize {
        self.frames().take_while(|(at, ..)| *at < end).map(|(_, header, _)| on_wire(header)).sum()
    }

    /// Seals the frames from the octet `start` on, each as a frame of its own.
    pub(crate) fn seal(
        &self,
        start: usize,
        sealer: &mut Sealer,
        out: &mut BytesMut,
    ) -> Result<(), CurveError> {
        for (at, header, body) in self.frames() {
            if at >= start {
                // The flags travel in the box; on the frame stands neither MORE nor COMMAND.
                let more = if header.flags.more() { MORE } else { 0 };
                let command = if header.flags.is_command() { COMMAND } else { 0 };
                let length = (MESSAGE_OVERHEAD + body.len()) as u64;
                Header { flags: Flags::message(false), length }.encode(out);
                sealer.seal(more | command, body, out)?;
            }
        }
        Ok(())
    }

    /// The same, to be read.
    pub(crate) fn into_chunk(self) -> Chunk {
        Chunk {
            octets: self.octets.into_vec().into(),
            at: 0,
            bodies: self.bodies.into(),
            messages: self.messages,
        }
    }
}

/// Frames that have been received: whole messages, and no commands.
pub(crate) struct Chunk {
    octets: Bytes,
    /// How many of `octets` have been read.
    at: usize,
    bodies: VecDeque<(usize, Bytes)>,
    messages: usize,
}

impl Chunk {
    /// A chunk of `messages` whole messages; `bodies` stand apart, each before the octet it is given
    /// with.
    pub(crate) fn new(octets: Bytes, bodies: VecDeque<(usize, Bytes)>, messages: usize) -> Chunk {
        Chunk { octets, at: 0, bodies, messages }
    }

    /// One message.
    pub(crate) fn of(message: &Multipart) -> Chunk {
        let mut batch = Batch::default();
        batch.push(message);
        batch.into_chunk()
    }

    /// How many messages have not been read.
    #[inline]
    pub(crate) fn messages(&self) -> usize {
        self.messages
    }

    /// The next message, if there is one.
    #[inline]
    pub(crate) fn next(&mut self) -> Option<Multipart> {
        let (frame, more) = self.next_frame()?;
        self.messages -= 1;
        if !more {
            return Some(frame.into());
        }
        Some(self.several(Multipart::from(frame)))
    }

    /// The next message, if it has one frame that lies in itself, and is not the last.
    #[inline(always)]
    pub(crate) fn next_short(&mut self) -> Option<Frame> {
        if self.messages < 2 {
            return None;
        }
        let rest = self.octets.get(self.at..)?;
        let (&header, rest) = rest.split_first_chunk()?;
        let length = header[1];
        if header != Header::short(Flags::message(false), length) {
            return None;
        }
        let frame = Frame::from_first(rest.first_chunk()?, length)?;
        self.at += header.len() + usize::from(length);
        self.messages -= 1;
        Some(frame)
    }

    /// The next message, if it has one frame that shares its memory with others, and is not the last.
    #[inline(always)]
    pub(crate) fn next_single(&mut self) -> Option<Frame> {
        let header = Header::decode(&self.octets[self.at..]).ok()??;
        let length = header.length as usize;
        let single = !header.flags.more() && length > Frame::IN_PLACE && self.messages > 1;
        if !single || !self.bodies.is_empty() {
            return None;
        }
        let start = self.at + header.size();
        self.at = start + length;
        self.messages -= 1;
        Some(Frame::long(self.octets.slice(start..self.at)))
    }

    /// The next message, with a frame put before it.
    pub(crate) fn next_after(&mut self, first: Frame) -> Option<Multipart> {
        if self.messages == 0 {
            return None;
        }
        self.messages -= 1;
        Some(self.several(Multipart::from(first)))
    }

    /// Throws all messages away but the last.
    pub(crate) fn keep_last(&mut self) {
        while self.messages > 1 {
            self.next();
        }
    }

    fn several(&mut self, mut message: Multipart) -> Multipart {
        while let Some((frame, more)) = self.next_frame() {
            message.push(frame);
            if !more {
                break;
            }
        }
        message
    }

    #[inline(always)]
    fn next_frame(&mut self) -> Option<(Frame, bool)> {
        let Ok(Some(header)) = Header::decode(&self.octets[self.at..]) else { return None };
        self.at += header.size();
        let more = header.flags.more();
        if let Some((place, _)) = self.bodies.front()
            && *place == self.at
        {
            let (_, body) = self.bodies.pop_front()?;
            return Some((body.into(), more));
        }
        let body = self.at..self.at + header.length as usize;
        self.at = body.end;
        if let Ok(length) = u8::try_from(header.length)
            && let Some(octets) = self.octets[body.start..].first_chunk()
            && let Some(frame) = Frame::from_first(octets, length)
        {
            return Some((frame, more));
        }
        let frame = match Frame::in_place(&self.octets[body.clone()]) {
            Some(frame) => frame,
            None => Frame::long(self.octets.slice(body)),
        };
        Some((frame, more))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn messages() -> Vec<Multipart> {
        let long = |octet, length| Frame::from(vec![octet; length]);
        vec![
            "a".into(),
            Frame::EMPTY.into(),
            ["route", "", "body"].into(),
            long(1, 255).into(),
            [long(2, 256), long(3, BY_REFERENCE), Frame::EMPTY].into(),
            [long(4, BY_REFERENCE - 1), long(5, 100_000)].into(),
            "z".into(),
        ]
    }

    fn batch() -> Batch {
        let mut batch = Batch::default();
        for message in messages() {
            batch.push(&message);
        }
        batch
    }

    /// What a connection would write.
    fn written(batch: &Batch, from: usize) -> Vec<u8> {
        let mut octets = Vec::new();
        while from + octets.len() < batch.size() {
            let mut parts = [IoSlice::new(&[]); MOST_PARTS];
            let count = batch.parts(from + octets.len(), &mut parts);
            for part in &parts[..count] {
                octets.extend_from_slice(part);
            }
        }
        octets
    }

    fn read(mut chunk: Chunk) -> Vec<Multipart> {
        std::iter::from_fn(|| chunk.next()).collect()
    }

    #[test]
    fn what_was_put_in_comes_out() {
        assert_eq!(batch().messages(), messages().len());
        assert_eq!(read(batch().into_chunk()), messages());
    }

    #[test]
    fn octets_are_written_as_the_message_that_they_would_be_made_into() {
        for length in (0..=300).chain([BY_REFERENCE - LONGEST_HEADER]) {
            let octets: Vec<u8> = (0..length).map(|at| at as u8).collect();
            let [mut straight, mut made] = [Batch::default(), Batch::default()];
            straight.push_octets(&octets);
            made.push(&Multipart::from(&octets[..]));
            assert_eq!(written(&straight, 0), written(&made, 0), "{length} octets");
            assert_eq!(straight.messages(), made.messages());
        }
    }

    #[test]
    fn what_is_written_is_what_was_put_in() {
        let octets = written(&batch(), 0);
        assert_eq!(octets.len(), batch().size());
        let chunk = Chunk::new(octets.into(), VecDeque::new(), messages().len());
        assert_eq!(read(chunk), messages());
    }

    #[test]
    fn a_write_goes_on_at_any_octet() {
        let batch = batch();
        let all = written(&batch, 0);
        for from in 0..=all.len() {
            if from % 97 < 12 || all.len() - from < 50 {
                assert_eq!(written(&batch, from), all[from..]);
            }
        }
    }

    #[test]
    fn a_message_cut_short_is_found_again() {
        let batch = batch();
        let mut starts = vec![0];
        for message in messages() {
            let mut one = Batch::default();
            one.push(&message);
            starts.push(starts.last().unwrap() + one.size());
        }
        for from in 0..batch.size() {
            let start = starts.iter().rfind(|start| **start <= from).unwrap();
            let on_wire = |header: Header| header.size() + header.length as usize;
            assert_eq!(batch.message_at(from, on_wire), *start, "from {from}");
        }
    }

    #[test]
    fn a_batch_appended_to_another_keeps_its_bodies_in_place() {
        let mut twice = batch();
        twice.append(&batch());
        assert_eq!(twice.messages(), 2 * messages().len());
        let both = [messages(), messages()].concat();
        assert_eq!(read(twice.into_chunk()), both);
    }

    #[test]
    fn a_frame_is_put_before_a_message() {
        let mut batch = Batch::default();
        batch.push(&Multipart::from(["x", "y"]));
        batch.push(&Multipart::from("z"));
        let mut chunk = batch.into_chunk();
        assert_eq!(chunk.next_after("from".into()), Some(["from", "x", "y"].into()));
        assert_eq!(chunk.next_after("from".into()), Some(["from", "z"].into()));
        assert_eq!(chunk.next_after("from".into()), None);
    }

    #[test]
    fn commands_stay_when_messages_are_dropped() {
        let mut dropped = batch();
        assert!(!dropped.drop_messages());
        assert!(dropped.is_empty());
        let mut batch = batch();
        batch.push_command(&[4, 1, b'a']);
        batch.append(&self::batch());
        batch.push_command(&[4, 2, b'b', b'c']);
        assert!(batch.drop_messages());
        assert_eq!(written(&batch, 0), [4, 1, b'a', 4, 2, b'b', b'c']);
        assert_eq!((batch.messages(), batch.size()), (0, 7));
    }

    #[test]
    fn a_long_body_is_not_copied() {
        let body = Bytes::from(vec![1; BY_REFERENCE]);
        let at = body.as_ptr();
        let mut batch = Batch::default();
        batch.push(&Multipart::from(body));
        let message = batch.into_chunk().next().unwrap();
        assert_eq!(message[0].as_ptr(), at);
    }
}
