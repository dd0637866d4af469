//! REQ and REP: a request, its reply, the next request (RFC 28).
//!
//! ```text
//!  from REQ   │ number, if correlated │ empty │ body … │
//!  from REP   │ all up to and with the first empty frame, as it came │ body … │
//! ```

use std::future::poll_fn;
use std::task::{Context, Poll, ready};

use super::common::socket;
use super::core::Core;
use super::outgoing::Refusal;
use super::peers::Turn;
use super::prelude::*;
use super::waiters::Ticket;
use crate::net::multipart::Frame;

/// As many messages that came unasked are thrown away before a request.
const MOST_STRAYS: usize = 100_000;

socket! {
    /// Sends a request to one peer after the other, and receives its reply before the next (RFC 28).
    ///
    /// If the peer that was asked is lost, [`recv`](Self::recv) says so instead of waiting for ever, and
    /// the next request can be sent.
    ///
    /// ```
    /// use millhand::net::{RepSocket, ReqSocket};
    ///
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let rep = RepSocket::bind("tcp://127.0.0.1:0").await?;
    /// let req = ReqSocket::connect(&rep.bound()[0]).await?;
    /// req.send("2 + 2").await?;
    /// assert_eq!(rep.recv().await?, "2 + 2".into());
    /// rep.send("4").await?;
    /// assert_eq!(req.recv().await?, "4".into());
    /// # Ok(())
    /// # }
    /// ```
    ReqSocket, Req
}

impl ReqSocket {
    /// Sends a request to the next peer that has room; waits if none has.
    ///
    /// # Errors
    ///
    /// [`OutOfTurn`](SendError::OutOfTurn) if the last reply has not been received, unless the socket is
    /// [relaxed](Options::req_relaxed); [`Empty`](SendError::Empty) for a message without frames;
    /// [`Closed`](SendError::Closed) if the socket's runtime has ended.
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped before it is done, the request was not sent.
    pub async fn send(&self, request: impl ToMultipart) -> Result<(), SendError> {
        let mut request = request.into();
        if request.is_empty() {
            return Err(SendError::Empty(request));
        }
        request.push_front(Frame::EMPTY);
        self.forget_strays();
        let mut asking = Asking { core: &self.0.core, request, ticket: Ticket::default() };
        let asked = poll_fn(|cx| asking.poll(cx)).await;
        asked.map_err(|refusal| {
            let mut request = std::mem::take(&mut asking.request);
            request.pop_front();
            match refusal {
                Some(_) => SendError::Closed(request),
                None => SendError::OutOfTurn(request),
            }
        })
    }

    /// Throws away what has come unasked, so that it is not taken for the reply to the next request. If the
    /// socket is relaxed, there may be a reply among it that is still wanted, and numbers tell.
    fn forget_strays(&self) {
        let core = &self.0.core;
        if !core.options.relaxed && !matches!(core.peers().turn, Turn::Asked(_)) {
            // More than can have come before this call.
            for _ in 0..MOST_STRAYS {
                if core.incoming.take().is_err() {
                    break;
                }
            }
        }
    }

    /// Receives the reply to the last request; waits for it.
    ///
    /// # Errors
    ///
    /// [`OutOfTurn`](RecvError::OutOfTurn) if there is no such request;
    /// [`PeerLost`](RecvError::PeerLost) if the reply cannot come any more;
    /// [`Closed`](RecvError::Closed) if the socket's runtime has ended.
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped, the reply can still be received.
    pub async fn recv(&self) -> Result<Multipart, RecvError> {
        let mut waiting = Waiting::new(&self.0.core);
        poll_fn(|cx| waiting.poll_reply(cx)).await
    }
}

/// A request that waits for room.
struct Asking<'a> {
    core: &'a Core,
    request: Multipart,
    ticket: Ticket,
}

impl Asking<'_> {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Option<Refusal>>> {
        let options = &self.core.options;
        let mut peers = self.core.peers();
        if matches!(peers.turn, Turn::Asked(_)) && !options.relaxed {
            return Poll::Ready(Err(None));
        }
        let dealt = if options.relaxed || options.correlate {
            let number = peers.request.wrapping_add(1);
            let mut request = self.request.clone();
            request.push_front(&number.to_be_bytes());
            let dealt = ready!(self.core.outgoing.poll_deal(&request, &mut self.ticket, cx));
            peers.request = number;
            dealt
        } else {
            ready!(self.core.outgoing.poll_deal(&self.request, &mut self.ticket, cx))
        };
        Poll::Ready(dealt.map(|lane| peers.turn = Turn::Asked(lane)).map_err(Some))
    }
}

impl Drop for Asking<'_> {
    fn drop(&mut self) {
        self.core.outgoing.leave(&mut self.ticket);
    }
}

/// A message that is waited for.
struct Waiting<'a> {
    core: &'a Core,
    ticket: Ticket,
}

impl<'a> Waiting<'a> {
    fn new(core: &'a Core) -> Waiting<'a> {
        Waiting { core, ticket: Ticket::default() }
    }

    fn poll_reply(&mut self, cx: &mut Context<'_>) -> Poll<Result<Multipart, RecvError>> {
        let correlate = self.core.options.relaxed || self.core.options.correlate;
        loop {
            let mut peers = self.core.peers();
            let (asked, lost) = match peers.turn {
                Turn::Asked(lane) => (lane, false),
                Turn::Lost(lane) => (lane, true),
                Turn::Begin | Turn::Reply(..) => return Poll::Ready(Err(RecvError::OutOfTurn)),
            };
            let (lane, mut reply) = if lost {
                // Nothing more comes: what is not here is not waited for.
                let Ok(taken) = self.core.incoming.take() else {
                    peers.turn = Turn::Begin;
                    return Poll::Ready(Err(RecvError::PeerLost));
                };
                taken
            } else {
                match ready!(self.core.incoming.poll_take(&mut self.ticket, cx)) {
                    Some(taken) => taken,
                    None => return Poll::Ready(Err(RecvError::Closed)),
                }
            };
            // What is not the reply is discarded: from another peer, to another request, malformed.
            let number = peers.request.to_be_bytes();
            if lane == asked
                && (!correlate || reply.pop_front().is_some_and(|frame| frame == number))
                && reply.pop_front().is_some_and(|frame| frame.is_empty())
                && !reply.is_empty()
            {
                peers.turn = Turn::Begin;
                return Poll::Ready(Ok(reply));
            }
        }
    }

    fn poll_request(&mut self, cx: &mut Context<'_>) -> Poll<Result<Multipart, RecvError>> {
        loop {
            let mut peers = self.core.peers();
            if matches!(peers.turn, Turn::Reply(..)) {
                return Poll::Ready(Err(RecvError::OutOfTurn));
            }
            let taken = ready!(self.core.incoming.poll_take(&mut self.ticket, cx));
            let Some((lane, mut envelope)) = taken else {
                return Poll::Ready(Err(RecvError::Closed));
            };
            // A message without an envelope, or with nothing else, is no request.
            let delimiter = envelope.iter().position(|frame| frame.is_empty());
            let Some(delimiter) = delimiter else { continue };
            let request = envelope.split_off(delimiter + 1);
            if !request.is_empty() {
                peers.turn = Turn::Reply(lane, envelope);
                return Poll::Ready(Ok(request));
            }
        }
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.core.incoming.leave(&mut self.ticket);
    }
}

socket! {
    /// Receives a request, and sends its reply before it receives the next (RFC 28). Peers take turns.
    RepSocket, Rep
}

impl RepSocket {
    /// Receives the next request; waits for it.
    ///
    /// # Errors
    ///
    /// [`OutOfTurn`](RecvError::OutOfTurn) if the last request has not been replied to;
    /// [`Closed`](RecvError::Closed) if the socket's runtime has ended.
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped, no request is lost.
    pub async fn recv(&self) -> Result<Multipart, RecvError> {
        let mut waiting = Waiting::new(&self.0.core);
        poll_fn(|cx| waiting.poll_request(cx)).await
    }

    /// Sends the reply to the last request. It does not wait: if the peer is gone or its lane is full, the
    /// reply is dropped.
    ///
    /// # Errors
    ///
    /// [`OutOfTurn`](SendError::OutOfTurn) if there is no request to reply to;
    /// [`Empty`](SendError::Empty) for a message without frames; [`Closed`](SendError::Closed) if the
    /// socket's runtime has ended.
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped before it is done, the reply was not sent.
    pub async fn send(&self, reply: impl ToMultipart) -> Result<(), SendError> {
        let reply = reply.into();
        if reply.is_empty() {
            return Err(SendError::Empty(reply));
        }
        let core = &self.0.core;
        let mut peers = core.peers();
        let (lane, mut whole) = match std::mem::take(&mut peers.turn) {
            Turn::Reply(lane, envelope) => (lane, envelope),
            turn => {
                peers.turn = turn;
                return Err(SendError::OutOfTurn(reply));
            }
        };
        drop(peers);
        whole.extend(reply.iter().cloned());
        match core.outgoing.send_to(lane, &whole) {
            Err(Refusal::Closed) => Err(SendError::Closed(reply)),
            Ok(()) | Err(Refusal::Gone | Refusal::Full) => Ok(()),
        }
    }
}
