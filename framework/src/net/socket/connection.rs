//! One connection with a peer that is known: octets in to the lane, octets out from it.
//!
//! One task does both, so that what a receiver answers goes out in the same turn. It never waits for a
//! write while there is something to read, nor the other way round.
//!
//! ```text
//!   attend ──▶ read, decode, deliver ──▶ heart ──▶ write ──▶ wait for octets, room, a call or time
//! ```

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Instant;

use bytes::{Bytes, BytesMut};
use tokio::time::Sleep;

use super::core::Core;
use super::decoder::{Decoder, Event};
use super::greet::broken;
use super::heart::{Beat, Heart};
use super::outgoing::LaneId;
use super::pen::Pen;
use crate::net::monitor::Failure;
use crate::net::transport::Reader;
use crate::net::wire::command::{Command, Subscription};
use crate::net::wire::curve::Opener;
use crate::net::wire::error::WireError;

/// As many PINGs and PONGs wait to be written at most.
const MOST_ANSWERS: usize = 1024;

/// Octets that a connection reads before it lets others run, first of all the receiver: it finds them in the
/// processor's caches, and what it leaves is used again for what is read next.
const MOST_OF_TURN: usize = 32 * 1024;

/// A connection, driven by [`Connection::poll`].
pub(crate) struct Connection {
    core: Arc<Core>,
    lane: LaneId,
    pen: Arc<Pen>,
    reader: Box<dyn Reader>,
    decoder: Decoder,
    heart: Heart,
    alarm: Pin<Box<Sleep>>,
    /// Writing has failed: what has arrived is still delivered, up to the end that the peer said.
    mute: bool,
    parting: Parting,
}

/// How far the end has come that this side wants.
#[derive(PartialEq)]
enum Parting {
    No,
    /// Nothing more is delivered; when all is written, the end is said.
    Wanted,
    /// The end is said, and waits for the peer's: to close before would take back what is on its way.
    Said,
}

impl Connection {
    pub(crate) fn new(
        core: Arc<Core>,
        lane: LaneId,
        pen: Arc<Pen>,
        reader: Box<dyn Reader>,
        input: BytesMut,
        opener: Option<Opener>,
        minor: u8,
    ) -> Connection {
        let heart = Heart::new(core.options.heartbeat, minor >= 1, now());
        let decoder = Decoder::new(input, core.options.longest_message, opener);
        let alarm = Box::pin(tokio::time::sleep_until(tokio::time::Instant::now()));
        let (mute, parting) = (false, Parting::No);
        Connection { core, lane, pen, reader, decoder, heart, alarm, mute, parting }
    }

    /// This side wants to end it, once all is written.
    pub(crate) fn part(&mut self) {
        if self.parting == Parting::No {
            self.parting = Parting::Wanted;
        }
    }

    /// Does what can be done. Ready when the connection is over.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Failure> {
        let Some(writes) = self.core.outgoing.attend(self.lane, cx.waker()) else {
            return Poll::Ready(Failure::Taken);
        };
        if let Poll::Ready(failure) = self.poll_read(cx) {
            return Poll::Ready(failure);
        }
        if let Poll::Ready(failure) = self.poll_heart(cx) {
            return Poll::Ready(failure);
        }
        // What is put into the lane meanwhile is written by its sender, or calls this task again.
        if writes || self.parting != Parting::No { self.poll_write(cx) } else { Poll::Pending }
    }

    fn poll_read(&mut self, cx: &mut Context<'_>) -> Poll<Failure> {
        let mut octets = 0;
        loop {
            if octets > MOST_OF_TURN {
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            let discards = self.parting != Parting::No;
            let room = if discards { 1 } else { self.core.incoming.room(self.lane, cx.waker()) };
            if room == 0 {
                self.heart.stall(now());
                return Poll::Pending;
            }
            if self.heart.is_stalled() {
                self.heart.go_on(now());
            }
            if discards {
                return self.poll_discard(cx);
            }
            match self.decoder.next(room) {
                Ok(Event::Messages(chunk)) => match self.core.receive(self.lane, chunk) {
                    Ok(()) => continue,
                    Err(failure) => return Poll::Ready(failure),
                },
                Ok(Event::Command(body)) => match self.obey(&body) {
                    Ok(()) => continue,
                    Err(failure) => return Poll::Ready(failure),
                },
                Ok(Event::MoreNeeded) => {}
                Err(error) => return Poll::Ready(error.into()),
            }
            match self.decoder.poll_fill(&mut *self.reader, cx) {
                Poll::Ready(Ok(0)) => return Poll::Ready(Failure::ByPeer),
                Poll::Ready(Ok(read)) => {
                    octets += read;
                    if self.heart.beats() {
                        self.heart.hear(now());
                    }
                }
                Poll::Ready(Err(error)) => return Poll::Ready(broken(&error)),
                Poll::Pending => return Poll::Pending,
            }
        }
    }

    /// Reads to the end of what the peer says, and throws it away.
    fn poll_discard(&mut self, cx: &mut Context<'_>) -> Poll<Failure> {
        loop {
            self.decoder.discard();
            match self.decoder.poll_fill(&mut *self.reader, cx) {
                Poll::Ready(Ok(0)) => return Poll::Ready(Failure::ByUs),
                Poll::Ready(Ok(_)) => {}
                Poll::Ready(Err(_)) => return Poll::Ready(Failure::ByUs),
                Poll::Pending => return Poll::Pending,
            }
        }
    }

    fn obey(&mut self, body: &Bytes) -> Result<(), Failure> {
        let command = Command::decode(body)?;
        match command {
            Command::Subscribe(_) | Command::Cancel(_) => {
                if let Some(subscription) = Subscription::from_command(&command) {
                    self.core.subscribed(self.lane, subscription)?;
                }
            }
            Command::Ping { ttl, context } => {
                let now = now();
                self.heart.hear_ping(ttl, now);
                self.heart.hear(now);
                self.answer(&Command::Pong { context });
            }
            Command::Error { reason } => {
                let reason = reason.escape_ascii().to_string();
                return Err(WireError::Refused { reason }.into());
            }
            Command::Pong { .. } | Command::Unknown { .. } => {}
        }
        Ok(())
    }

    fn answer(&self, command: &Command<'_>) {
        let mut frame = BytesMut::new();
        command.encode(&mut frame);
        self.core.outgoing.command_if(self.lane, &frame, MOST_ANSWERS);
    }

    fn poll_heart(&mut self, cx: &mut Context<'_>) -> Poll<Failure> {
        while self.heart.beats() {
            match self.heart.beat(now()) {
                Beat::Silent => return Poll::Ready(Failure::Silent),
                Beat::Pong => self.answer(&Command::Pong { context: &[] }),
                Beat::Ping(settings) => {
                    self.answer(&Command::Ping { ttl: settings.wire_ttl(), context: &[] });
                }
                Beat::Wait(None) => break,
                Beat::Wait(Some(due)) => {
                    let due = tokio::time::Instant::from_std(due);
                    // One that rings too early looks again: cheaper than to move it with all that is heard.
                    if self.alarm.deadline() > due || self.alarm.is_elapsed() {
                        self.alarm.as_mut().reset(due);
                    }
                    if self.alarm.as_mut().poll(cx).is_pending() {
                        break;
                    }
                }
            }
        }
        Poll::Pending
    }

    fn poll_write(&mut self, cx: &mut Context<'_>) -> Poll<Failure> {
        if self.mute {
            // The end is found by reading, behind all that had arrived. That nothing is there to be read
            // now does not mean it: the runtime may not have looked yet.
            return Poll::Pending;
        }
        match self.pen.poll_write(&self.core.outgoing, self.lane, cx) {
            Poll::Pending => return Poll::Pending,
            Poll::Ready(Err(())) => {
                self.mute = true;
                // Says the end, in case the peer can still hear, so that it ends its side.
                self.pen.lay_down();
                return Poll::Pending;
            }
            Poll::Ready(Ok(())) => {}
        }
        if self.parting == Parting::Wanted && self.pen.poll_shutdown(cx).is_ready() {
            self.parting = Parting::Said;
            if !self.pen.has_written() {
                return Poll::Ready(Failure::ByUs);
            }
        }
        Poll::Pending
    }
}

/// tokio's time, which a test may have stopped.
fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}
