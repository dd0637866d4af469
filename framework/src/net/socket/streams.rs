//! Sockets as streams and sinks.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_core::Stream;
use futures_sink::Sink;

use super::core::Core;
use super::waiters::Ticket;
use crate::net::error::SendError;
use crate::net::multipart::{Multipart, ToMultipart};

/// The messages that a socket receives.
///
/// To drop it loses no message.
#[derive(Debug)]
#[must_use = "streams do nothing unless polled"]
pub struct Inlet<'a> {
    core: &'a Core,
    ticket: Ticket,
}

impl<'a> Inlet<'a> {
    pub(crate) fn new(core: &'a Core) -> Inlet<'a> {
        Inlet { core, ticket: Ticket::default() }
    }
}

impl Stream for Inlet<'_> {
    type Item = Multipart;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Multipart>> {
        let this = self.get_mut();
        loop {
            match ready!(this.core.incoming.poll_take(&mut this.ticket, cx)) {
                Some((_, message)) if this.core.wants(&message) => {
                    return Poll::Ready(Some(message));
                }
                Some(_) => {}
                None => return Poll::Ready(None),
            }
        }
    }
}

impl Drop for Inlet<'_> {
    fn drop(&mut self) {
        self.core.incoming.leave(&mut self.ticket);
    }
}

/// Where messages go that a socket sends. It holds one message at most, until a peer has room for it.
#[derive(Debug)]
#[must_use = "sinks do nothing unless polled"]
pub struct Outlet<'a> {
    core: &'a Core,
    message: Option<Multipart>,
    ticket: Ticket,
}

impl<'a> Outlet<'a> {
    pub(crate) fn new(core: &'a Core) -> Outlet<'a> {
        Outlet { core, message: None, ticket: Ticket::default() }
    }

    fn poll_empty(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), SendError>> {
        let Some(message) = &self.message else { return Poll::Ready(Ok(())) };
        let dealt = if message.is_empty() {
            return Poll::Ready(Err(SendError::Empty(self.message.take().unwrap_or_default())));
        } else {
            ready!(self.core.outgoing.poll_deal(message, &mut self.ticket, cx))
        };
        let message = self.message.take().unwrap_or_default();
        Poll::Ready(dealt.map(drop).map_err(|_| SendError::Closed(message)))
    }
}

impl<M: ToMultipart> Sink<M> for Outlet<'_> {
    type Error = SendError;

    fn poll_ready(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), SendError>> {
        self.get_mut().poll_empty(cx)
    }

    fn start_send(self: Pin<&mut Self>, message: M) -> Result<(), SendError> {
        let this = self.get_mut();
        match this.message {
            None => {
                this.message = Some(message.into());
                Ok(())
            }
            Some(_) => Err(SendError::Full(message.into())),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), SendError>> {
        self.get_mut().poll_empty(cx)
    }

    fn poll_close(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), SendError>> {
        self.get_mut().poll_empty(cx)
    }
}

impl Drop for Outlet<'_> {
    fn drop(&mut self) {
        self.core.outgoing.leave(&mut self.ticket);
    }
}
