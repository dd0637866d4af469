//! DEALER and ROUTER: requests and replies without turns (RFC 28).

use std::future::Future;

use super::common::{receives, sends, socket};
use super::outgoing::Refusal;
use super::prelude::*;

socket! {
    /// Deals messages out to its peers in turn, and receives from all of them (RFC 28).
    ///
    /// It is a REQ without turns: to speak with REP peers, put an empty frame before each message, and
    /// expect one before each reply.
    DealerSocket, Dealer
}

sends!(DealerSocket);
receives!(DealerSocket);

socket! {
    /// Receives from all its peers, and sends to the one that a message names (RFC 28).
    ///
    /// The first frame of every message is the *routing id* of the peer: where it came from, or where it
    /// goes. A peer can choose its id ([`Options::routing_id`]); otherwise this socket does.
    ///
    /// ```
    /// use millhand::net::{DealerSocket, RouterSocket};
    ///
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let router = RouterSocket::bind("tcp://127.0.0.1:0").await?;
    /// let dealer = DealerSocket::connect(&router.bound()[0]).await?;
    /// dealer.send("question").await?;
    /// let mut message = router.recv().await?;
    /// message.split_off(1); // all but the routing id
    /// message.push("answer");
    /// router.send(message).await?;
    /// assert_eq!(dealer.recv().await?, "answer".into());
    /// # Ok(())
    /// # }
    /// ```
    RouterSocket, Router
}

receives!(RouterSocket);

impl RouterSocket {
    /// Sends a message, less its first frame, to the peer that this frame names. It does not wait: a message
    /// to an unknown peer, or one whose lane is full, is dropped, or comes back if the socket is
    /// [mandatory](Options::router_mandatory).
    ///
    /// # Errors
    ///
    /// [`Empty`](SendError::Empty) if nothing follows the routing id;
    /// [`Unroutable`](SendError::Unroutable) and [`Full`](SendError::Full) from mandatory sockets;
    /// [`Closed`](SendError::Closed) if the socket's runtime has ended.
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped before it is done, the message was not sent.
    pub async fn send(&self, message: impl ToMultipart) -> Result<(), SendError> {
        let message = message.into();
        self.0.core.outgoing.breathe().await;
        self.try_send(message)
    }

    /// As [`send`](Self::send), without letting other tasks run now and then.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send).
    pub fn try_send(&self, message: impl ToMultipart) -> Result<(), SendError> {
        let message = message.into();
        let core = &self.0.core;
        let [id, rest @ ..] = message.frames() else { return Err(SendError::Empty(message)) };
        if rest.is_empty() {
            return Err(SendError::Empty(message));
        }
        let lane = core.peers().route(id);
        let sent = match lane {
            Some(lane) => core.outgoing.send_to(lane, rest),
            None => Err(Refusal::Gone),
        };
        match sent {
            Err(Refusal::Closed) => Err(SendError::Closed(message)),
            Err(Refusal::Gone) if core.options.mandatory => Err(SendError::Unroutable(message)),
            Err(Refusal::Full) if core.options.mandatory => Err(SendError::Full(message)),
            Ok(()) | Err(Refusal::Gone | Refusal::Full) => Ok(()),
        }
    }
}
