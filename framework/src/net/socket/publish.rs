//! PUB, SUB, XPUB and XSUB: every message to whoever wants it (RFC 29).

use std::future::{Future, poll_fn};
use std::task::{Poll, ready};

use bytes::BytesMut;

use super::batch::Batch;
use super::common::{receives, socket};
use super::core::Core;
use super::prelude::*;
use super::subscriptions::LONGEST_TOPIC;
use super::waiters::Ticket;
use crate::net::wire::command::Subscription;

socket! {
    /// Sends each message to every SUB peer with a subscription that its first frame begins with
    /// (RFC 29). It receives nothing but subscriptions.
    ///
    /// It never waits: who is not subscribed yet, or whose lane is full, misses the message.
    ///
    /// ```
    /// use millhand::net::{SubSocket, XPubSocket};
    ///
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let publisher = XPubSocket::bind("tcp://127.0.0.1:0").await?;
    /// let subscriber = SubSocket::connect(&publisher.bound()[0]).await?;
    /// subscriber.subscribe("weather.");
    /// publisher.recv().await?; // an XPUB is told of subscriptions: now it is there
    /// publisher.send("sports.chess").await?;
    /// publisher.send(["weather.berlin", "rain"]).await?;
    /// assert_eq!(subscriber.recv().await?, ["weather.berlin", "rain"].into());
    /// # Ok(())
    /// # }
    /// ```
    PubSocket, Pub
}

socket! {
    /// A [`PubSocket`] that receives its peers' subscriptions as messages (RFC 29): an octet, 1 to
    /// subscribe or 0 to cancel, and the topic. They come in the order in which they took effect, whoever
    /// sent them. XSUB peers can send other messages, too.
    ///
    /// Read them: while some sixteen thousand wait, nothing more is received from anybody. Who does not care
    /// takes a [`PubSocket`].
    XPubSocket, XPub
}

receives!(XPubSocket);

socket! {
    /// Receives the messages of its PUB peers that begin with a topic to which it has
    /// [subscribed](Self::subscribe) (RFC 29). It sends nothing but subscriptions.
    SubSocket, Sub
}

socket! {
    /// A [`SubSocket`] that subscribes by messages (RFC 29): an octet, 1 to subscribe or 0 to cancel, and the
    /// topic. Other messages are sent to all XPUB peers.
    XSubSocket, XSub
}

/// Sends that do not wait.
macro_rules! publishes {
    ($name:ident, $send:ident) => {
        impl $name {
            /// Sends a message to every peer that wants it and has room. It does not wait for any.
            ///
            /// # Errors
            ///
            /// [`Empty`](SendError::Empty) for a message without frames, [`Closed`](SendError::Closed)
            /// if the socket's runtime has ended. The message comes back.
            ///
            /// # Cancel safety
            ///
            /// If the future is dropped before it is done, the message was not sent.
            pub async fn send(&self, message: impl ToMultipart) -> Result<(), SendError> {
                let message = message.into();
                self.0.core.outgoing.breathe().await;
                $send(&self.0.core, message)
            }

            /// As [`send`](Self::send), without letting other tasks run now and then.
            ///
            /// # Errors
            ///
            /// As [`send`](Self::send).
            pub fn try_send(&self, message: impl ToMultipart) -> Result<(), SendError> {
                $send(&self.0.core, message.into())
            }
        }
    };
}

publishes!(PubSocket, publish);
publishes!(XPubSocket, publish);
publishes!(XSubSocket, ask);

fn publish(core: &Core, message: Multipart) -> Result<(), SendError> {
    if message.is_empty() {
        return Err(SendError::Empty(message));
    }
    let mut lanes = Vec::new();
    core.peers().subscriptions.matching(message.first(), &mut lanes);
    core.send_to_all(&lanes, message)
}

/// What an XSUB sends: a subscription, or a message to all.
fn ask(core: &Core, message: Multipart) -> Result<(), SendError> {
    if message.is_empty() {
        return Err(SendError::Empty(message));
    }
    match Subscription::from_message(message.first()) {
        Some(subscription) if message.len() == 1 => {
            core.want(subscription);
            Ok(())
        }
        _ => {
            let lanes: Vec<_> = core.peers().everybody().map(|(lane, _)| lane).collect();
            core.send_to_all(&lanes, message)
        }
    }
}

impl Core {
    fn send_to_all(
        &self,
        lanes: &[super::outgoing::LaneId],
        message: Multipart,
    ) -> Result<(), SendError> {
        let mut batch = Batch::default();
        if !lanes.is_empty() {
            batch.push(&message);
        }
        self.outgoing.publish(lanes, &batch).map_err(|_| SendError::Closed(message))
    }

    /// Subscribes or cancels, here and with all publishers.
    fn want(&self, subscription: Subscription<'_>) {
        if subscription.topic().len() > LONGEST_TOPIC {
            let octets = subscription.topic().len();
            tracing::warn!(target: "millhand", octets, "a topic is too long to be subscribed to");
            return;
        }
        let mut peers = self.peers();
        let news = match subscription {
            Subscription::Subscribe(topic) => peers.wanted.add(topic),
            Subscription::Cancel(topic) => peers.wanted.cancel(topic),
        };
        if !news {
            return;
        }
        // The peers stay locked: a publisher that comes now gets all subscriptions, and in order.
        for (lane, minor) in peers.everybody() {
            let mut frame = BytesMut::new();
            subscription.encode(minor, &mut frame);
            self.outgoing.command(lane, &frame);
        }
    }
}

impl SubSocket {
    /// Wants messages that begin with `topic`; all of them, if it is empty. Publishers learn of it in the
    /// background, those that come later, too. What was subscribed to twice is to be cancelled twice. A
    /// topic has at most 1,024 octets; a longer one is ignored, here and by publishers, with a warning.
    pub fn subscribe(&self, topic: impl AsRef<[u8]>) {
        self.0.core.want(Subscription::Subscribe(topic.as_ref()));
    }

    /// Takes one subscription to `topic` back. Nothing happens if there is none.
    pub fn unsubscribe(&self, topic: impl AsRef<[u8]>) {
        self.0.core.want(Subscription::Cancel(topic.as_ref()));
    }
}

/// Receives of what is wanted.
macro_rules! subscribes {
    ($name:ident) => {
        impl $name {
            /// Receives the next message that is subscribed to; waits for it. Peers take turns.
            ///
            /// # Errors
            ///
            /// [`Closed`](RecvError::Closed) if the socket's runtime has ended.
            ///
            /// # Cancel safety
            ///
            /// If the future is dropped, no message is lost.
            pub async fn recv(&self) -> Result<Multipart, RecvError> {
                let mut waiting = Listening { core: &self.0.core, ticket: Ticket::default() };
                poll_fn(|cx| waiting.poll(cx)).await
            }

            /// Receives the next message if there is one.
            ///
            /// # Errors
            ///
            /// As [`recv`](Self::recv), and [`Empty`](RecvError::Empty) where that would wait.
            pub fn try_recv(&self) -> Result<Multipart, RecvError> {
                loop {
                    let message = self.0.try_take()?;
                    if self.0.core.wants(&message) {
                        return Ok(message);
                    }
                }
            }

            /// The messages as a [`Stream`](futures_core::Stream), which ends if the socket's runtime
            /// does.
            pub fn stream(&self) -> Inlet<'_> {
                self.0.stream()
            }
        }
    };
}

subscribes!(SubSocket);
subscribes!(XSubSocket);

struct Listening<'a> {
    core: &'a Core,
    ticket: Ticket,
}

impl Listening<'_> {
    fn poll(&mut self, cx: &mut std::task::Context<'_>) -> Poll<Result<Multipart, RecvError>> {
        loop {
            match ready!(self.core.incoming.poll_take(&mut self.ticket, cx)) {
                // A publisher may send more than was asked for, and does until it knows of a
                // cancellation.
                Some((_, message)) if self.core.wants(&message) => return Poll::Ready(Ok(message)),
                Some(_) => {}
                None => return Poll::Ready(Err(RecvError::Closed)),
            }
        }
    }
}

impl Drop for Listening<'_> {
    fn drop(&mut self) {
        self.core.incoming.leave(&mut self.ticket);
    }
}
