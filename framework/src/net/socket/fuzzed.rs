//! A door to what reads a connection's octets, for the fuzzer alone. No part of the API.

use std::io;
use std::task::{Context, Poll, Waker};

use bytes::BytesMut;

use super::decoder::{Decoder, Event};
use crate::net::multipart::Multipart;
use crate::net::transport::Reader;
use crate::net::wire::error::WireError;

/// What came.
#[derive(Debug)]
pub enum Decoded<'a> {
    /// A message.
    Message(&'a Multipart),
    /// The body of a command.
    Command(&'a [u8]),
    /// A fault, after which nothing comes.
    Fault(&'a WireError),
}

/// Decodes octets that arrive in pieces of so many, with room for so many messages at a time.
pub fn decode(
    octets: &[u8],
    piece: usize,
    room: usize,
    longest: u64,
    mut each: impl FnMut(Decoded<'_>),
) {
    let mut pieces = Pieces { octets, piece };
    let mut decoder = Decoder::new(BytesMut::new(), longest, None);
    let mut cx = Context::from_waker(Waker::noop());
    loop {
        match decoder.next(room) {
            Ok(Event::Messages(mut chunk)) => {
                assert!(chunk.messages() <= room, "more messages than there is room for");
                let (mut count, promised) = (0, chunk.messages());
                while let Some(message) =
                    chunk.next_short().map(Into::into).or_else(|| chunk.next())
                {
                    count += 1;
                    each(Decoded::Message(&message));
                }
                assert_eq!(count, promised, "messages of a chunk");
            }
            Ok(Event::Command(body)) => each(Decoded::Command(&body)),
            Ok(Event::MoreNeeded) => match decoder.poll_fill(&mut pieces, &mut cx) {
                Poll::Ready(Ok(octets)) if octets > 0 => {}
                _ => return,
            },
            Err(fault) => return each(Decoded::Fault(&fault)),
        }
    }
}

struct Pieces<'a> {
    octets: &'a [u8],
    piece: usize,
}

impl Reader for Pieces<'_> {
    fn poll_read(&mut self, _: &mut Context<'_>, buffer: &mut BytesMut) -> Poll<io::Result<usize>> {
        let room = buffer.capacity() - buffer.len();
        let (now, later) = self.octets.split_at(self.octets.len().min(self.piece).min(room));
        buffer.extend_from_slice(now);
        self.octets = later;
        Poll::Ready(Ok(now.len()))
    }
}
