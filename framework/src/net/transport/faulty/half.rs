//! The halves of a link: what the two ends of a connection hold.

use std::future::Future;
use std::io::{self, ErrorKind};
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::BytesMut;
use tokio::time::Sleep;

use super::connection::{Connection, Half, Side};
use super::direction::Read;
use super::{Later, Network, State};
use crate::net::transport::{Address, Link, Reader, Writer};

/// The link of `side`, both of whose halves are yet to be made. `peer` is who is at the other end.
pub(super) fn link(network: &Network, number: u64, side: Side, peer: Address) -> Link {
    let end = |half| End { network: network.clone(), number, side, half };
    Link {
        reader: Box::new(FaultyReader { end: end(Half::Reader), sleep: None }),
        writer: Box::new(FaultyWriter { end: end(Half::Writer) }),
        peer,
    }
}

/// Closes both halves of a link that was never made.
pub(super) fn close(state: &mut State, number: u64, side: Side) {
    drop_half(state, number, side, Half::Reader);
    drop_half(state, number, side, Half::Writer);
}

/// Which half of which connection it is.
struct End {
    network: Network,
    number: u64,
    side: Side,
    half: Half,
}

impl End {
    /// Does something with the connection, which is there as long as one of its halves is.
    fn with<T>(&self, act: impl FnOnce(&mut Connection, &mut Rest<'_>) -> T) -> io::Result<T> {
        self.network.with(|state| {
            let State { connections, faults, log, later, .. } = state;
            let connection = connections.get_mut(&self.number).ok_or(ErrorKind::NotConnected)?;
            Ok(act(connection, &mut Rest { faults, log, later }))
        })
    }
}

/// The rest of the state.
struct Rest<'a> {
    faults: &'a super::Faults,
    log: &'a mut super::Log,
    later: &'a mut Later,
}

impl Drop for End {
    fn drop(&mut self) {
        self.network.with(|state| drop_half(state, self.number, self.side, self.half));
    }
}

fn drop_half(state: &mut State, number: u64, side: Side, half: Half) {
    if let Some(connection) = state.connections.get_mut(&number)
        && connection.drop_half(side, half, &mut state.log, &mut state.later)
    {
        state.connections.remove(&number);
    }
}

struct FaultyReader {
    end: End,
    /// Until octets arrive that are under way.
    sleep: Option<Pin<Box<Sleep>>>,
}

impl Reader for FaultyReader {
    fn poll_read(
        &mut self,
        cx: &mut Context<'_>,
        buffer: &mut BytesMut,
    ) -> Poll<io::Result<usize>> {
        loop {
            let side = self.end.side;
            let read = self.end.with(|connection, rest| {
                connection.to(side).read(buffer, cx.waker(), rest.faults, rest.log, rest.later)
            })?;
            match read {
                Read::Ready(result) => {
                    self.sleep = None;
                    return Poll::Ready(result);
                }
                Read::Wait => {
                    self.sleep = None;
                    return Poll::Pending;
                }
                Read::At(due) => {
                    let sleep = match &mut self.sleep {
                        Some(sleep) if sleep.deadline() == due => sleep,
                        sleep => sleep.insert(Box::pin(tokio::time::sleep_until(due))),
                    };
                    std::task::ready!(sleep.as_mut().poll(cx));
                }
            }
        }
    }
}

struct FaultyWriter {
    end: End,
}

impl Writer for FaultyWriter {
    fn try_write(&mut self, parts: &[io::IoSlice<'_>]) -> io::Result<usize> {
        let side = self.end.side;
        self.end.with(|connection, Rest { faults, log, later }| {
            let direction = connection.from(side);
            let written = direction.write(parts, faults, log, later)?;
            if written > 0 && direction.draw(faults.cut) {
                connection.cut(Some(side), log, later);
            }
            Ok(written)
        })?
    }

    fn poll_writable(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let side = self.end.side;
        let ready = self
            .end
            .with(|connection, rest| connection.from(side).writable(cx.waker(), rest.later))?;
        if ready { Poll::Ready(Ok(())) } else { Poll::Pending }
    }

    fn poll_shutdown(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        let side = self.end.side;
        Poll::Ready(
            self.end.with(|connection, rest| connection.from(side).finish(rest.log, rest.later)),
        )
    }
}
