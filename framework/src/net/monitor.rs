//! What happens to a socket's connections, as a stream of events.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::broadcast;

use super::transport::endpoint::Endpoint;
use super::wire::error::WireError;
use super::wire::handshake::Peer;

/// Something that happened to a connection, or to a socket's endpoints.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Event {
    /// The socket listens here.
    Listening {
        /// With the port that the system chose.
        endpoint: Endpoint,
    },
    /// A connection could not be accepted; the socket goes on listening.
    AcceptFailed {
        /// Where.
        endpoint: Endpoint,
        /// What the system says.
        reason: Arc<str>,
    },
    /// A connection could not be opened.
    ConnectFailed {
        /// Where to.
        endpoint: Endpoint,
        /// What the system says.
        reason: Arc<str>,
    },
    /// A connection will be tried again.
    Retrying {
        /// Where to.
        endpoint: Endpoint,
        /// In what time.
        delay: Duration,
    },
    /// A handshake failed, and its connection ended.
    HandshakeFailed {
        /// The socket's own end.
        endpoint: Endpoint,
        /// Who it was with.
        address: Arc<str>,
        /// Why.
        reason: Failure,
    },
    /// A peer is there.
    Connected {
        /// The socket's own end.
        endpoint: Endpoint,
        /// Where the peer is.
        address: Arc<str>,
        /// What it says of itself.
        peer: Arc<Peer>,
    },
    /// A peer is gone.
    Disconnected {
        /// The socket's own end.
        endpoint: Endpoint,
        /// Where the peer was.
        address: Arc<str>,
        /// Why.
        reason: Failure,
    },
}

/// Why a connection ended.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Failure {
    /// The peer closed it.
    #[error("the peer closed the connection")]
    ByPeer,
    /// This side closed it.
    #[error("this side closed the connection")]
    ByUs,
    /// It broke.
    #[error("the connection broke: {0}")]
    Io(Arc<str>),
    /// What came breaks the protocol, or the peer was not let in.
    #[error(transparent)]
    Wire(#[from] WireError),
    /// The handshake took too long.
    #[error("the handshake was not over in time")]
    TimedOut,
    /// The peer gave no sign of life.
    #[error("the peer gave no sign of life in time")]
    Silent,
    /// PAIR: there is a peer already. ROUTER: there is one with this routing id.
    #[error("there is a peer already: a PAIR has one, and a ROUTER one of each routing id")]
    Taken,
    /// PUB and XPUB: the peer has as many subscriptions as a peer may have, and wanted another.
    #[error("the peer wanted more than {most} subscriptions; `most_subscriptions` allows more")]
    TooManySubscriptions {
        /// As many it may have.
        most: usize,
    },
    /// Too many connections had not finished their handshakes; this was the oldest.
    #[error("too many connections were in their handshakes; the oldest made room")]
    Crowded,
}

/// How many events wait for a monitor that is slow; then the oldest are lost to it.
const EVENTS: usize = 256;

/// Where events come from.
pub(crate) struct Source(broadcast::Sender<Event>);

impl Source {
    pub(crate) fn new() -> Source {
        Source(broadcast::Sender::new(EVENTS))
    }

    pub(crate) fn monitor(&self) -> Monitor {
        Monitor(self.0.subscribe())
    }

    pub(crate) fn tell(&self, event: Event) {
        tracing::debug!(target: "millhand", ?event, "socket");
        // That nobody listens is fine.
        let _ = self.0.send(event);
    }
}

/// The events of a socket, from when the monitor was made.
#[derive(Debug)]
pub struct Monitor(broadcast::Receiver<Event>);

impl Monitor {
    /// The next event; `None` once the socket is gone. A monitor that is more than 256 events behind
    /// loses the oldest.
    ///
    /// # Cancel safety
    ///
    /// No event is lost when the future is dropped.
    pub async fn next(&mut self) -> Option<Event> {
        loop {
            match self.0.recv().await {
                Ok(event) => return Some(event),
                Err(broadcast::error::RecvError::Lagged(_)) => {}
                Err(broadcast::error::RecvError::Closed) => return None,
            }
        }
    }
}
