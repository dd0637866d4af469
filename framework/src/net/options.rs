//! How a socket behaves.

use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use super::authenticate::{Applicant, Authenticator, Verdict};
use super::error::OptionError;
use super::socket::heart::Heartbeat;
use super::wire::handshake::{Security, Settings};
use super::wire::socket_type::SocketType;
use crate::Backoff;

/// What a socket does other than by default. Each setter names its default and libzmq's option.
///
/// ```
/// use std::time::Duration;
/// use millhand::net::{Options, PushSocket};
///
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let options = Options::new().send_high_water_mark(10).linger(Duration::from_secs(1));
/// let push = PushSocket::new(options)?;
/// push.also_bind("tcp://127.0.0.1:0").await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Options {
    pub(crate) send_high_water: usize,
    pub(crate) receive_high_water: usize,
    pub(crate) linger: Duration,
    pub(crate) conflate: bool,
    pub(crate) routing_id: Bytes,
    pub(crate) immediate: bool,
    pub(crate) mandatory: bool,
    pub(crate) handover: bool,
    pub(crate) relaxed: bool,
    pub(crate) correlate: bool,
    pub(crate) verbose: bool,
    pub(crate) heartbeat: Option<Heartbeat>,
    pub(crate) reconnect: Option<Backoff>,
    pub(crate) connect_timeout: Duration,
    pub(crate) handshake_timeout: Duration,
    pub(crate) longest_message: u64,
    pub(crate) most_subscriptions: usize,
    pub(crate) security: Security,
    pub(crate) authenticator: Option<Arc<dyn Authenticator>>,
    pub(crate) properties: Vec<(String, Bytes)>,
    pub(crate) allow_insecure: bool,
}

impl Default for Options {
    fn default() -> Options {
        Options::new()
    }
}

impl Options {
    /// How lost and refused connections are tried again by default.
    const RECONNECT: Backoff =
        Backoff { first: Duration::from_millis(100), longest: Duration::from_secs(5), jitter: 0.5 };

    /// The defaults.
    pub fn new() -> Options {
        Options {
            send_high_water: 1000,
            receive_high_water: 1000,
            linger: Duration::from_secs(30),
            conflate: false,
            routing_id: Bytes::new(),
            immediate: false,
            mandatory: false,
            handover: false,
            relaxed: false,
            correlate: false,
            verbose: false,
            heartbeat: None,
            reconnect: Some(Options::RECONNECT),
            connect_timeout: Duration::from_secs(30),
            handshake_timeout: Duration::from_secs(30),
            longest_message: 64 * 1024 * 1024,
            most_subscriptions: 100_000,
            security: Security::Null,
            authenticator: None,
            properties: Vec::new(),
            allow_insecure: false,
        }
    }

    /// How many messages wait for each peer at most; then sends wait, or, to subscribers and by ROUTER,
    /// are dropped. 0: no limit. Default: 1,000 (`ZMQ_SNDHWM`).
    pub fn send_high_water_mark(mut self, messages: usize) -> Options {
        self.send_high_water = if messages == 0 { usize::MAX } else { messages };
        self
    }

    /// How many messages of each peer wait to be received at most; then no more is read from it, and its
    /// sends wait in turn. 0: no limit. Default: 1,000 (`ZMQ_RCVHWM`).
    pub fn receive_high_water_mark(mut self, messages: usize) -> Options {
        self.receive_high_water = if messages == 0 { usize::MAX } else { messages };
        self
    }

    /// How long a socket that is closed or dropped goes on sending what waits. Default: 30 s
    /// (`ZMQ_LINGER`, there for ever).
    pub fn linger(mut self, linger: Duration) -> Options {
        self.linger = linger;
        self
    }

    /// Whether only the newest message is kept, per peer and direction. For types that deal in single
    /// messages: PUSH, PULL, PUB, SUB and DEALER. Default: no (`ZMQ_CONFLATE`).
    pub fn conflate(mut self, yes: bool) -> Options {
        self.conflate = yes;
        self
    }

    /// The name by which a ROUTER that is the peer knows this socket: up to 255 octets, the first not 0.
    /// Default: none, and the ROUTER chooses (`ZMQ_ROUTING_ID`).
    pub fn routing_id(mut self, id: impl Into<Bytes>) -> Options {
        self.routing_id = id.into();
        self
    }

    /// Whether messages are given to peers only that have answered, not to connections on their way.
    /// Default: no (`ZMQ_IMMEDIATE`).
    pub fn immediate(mut self, yes: bool) -> Options {
        self.immediate = yes;
        self
    }

    /// ROUTER: whether a message to an unknown peer, or to one whose lane is full, is an error instead of
    /// being dropped. Default: no (`ZMQ_ROUTER_MANDATORY`).
    pub fn router_mandatory(mut self, yes: bool) -> Options {
        self.mandatory = yes;
        self
    }

    /// ROUTER: whether a new peer with the routing id of another takes its place, rather than being
    /// refused. Default: no (`ZMQ_ROUTER_HANDOVER`).
    pub fn router_handover(mut self, yes: bool) -> Options {
        self.handover = yes;
        self
    }

    /// REQ: whether a new request may be sent before the reply to the last one came, which is then
    /// discarded. Implies [`req_correlate`](Self::req_correlate), without which a late reply would be
    /// taken for the next. Default: no (`ZMQ_REQ_RELAXED`).
    pub fn req_relaxed(mut self, yes: bool) -> Options {
        self.relaxed = yes;
        self
    }

    /// REQ: whether requests carry a number that replies must repeat; REP and ROUTER peers do so by
    /// themselves. Default: no (`ZMQ_REQ_CORRELATE`).
    pub fn req_correlate(mut self, yes: bool) -> Options {
        self.correlate = yes;
        self
    }

    /// XPUB: whether every subscription is passed to the receiver, not only the first to each topic.
    /// Default: no (`ZMQ_XPUB_VERBOSER`).
    pub fn xpub_verbose(mut self, yes: bool) -> Options {
        self.verbose = yes;
        self
    }

    /// Asks silent peers for signs of life. Default: does not (`ZMQ_HEARTBEAT_IVL`, `_TIMEOUT`, `_TTL`).
    pub fn heartbeat(mut self, heartbeat: Heartbeat) -> Options {
        self.heartbeat = Some(heartbeat);
        self
    }

    /// How long to wait before a lost or refused connection is tried again; the jitter keeps many clients
    /// from coming back at once. Default: 100 ms, doubled after each failure up to 5 s, each with a
    /// jitter of 0.5 (`ZMQ_RECONNECT_IVL`, `_MAX`).
    pub fn reconnect(mut self, backoff: Backoff) -> Options {
        self.reconnect = Some(backoff);
        self
    }

    /// Gives a connection up when it is lost or refused. Default: tries again.
    pub fn no_reconnect(mut self) -> Options {
        self.reconnect = None;
        self
    }

    /// How long a connection may take to open. Default: 30 s (`ZMQ_CONNECT_TIMEOUT`).
    pub fn connect_timeout(mut self, timeout: Duration) -> Options {
        self.connect_timeout = timeout;
        self
    }

    /// How long a handshake may take, authentication included. Default: 30 s (`ZMQ_HANDSHAKE_IVL`).
    pub fn handshake_timeout(mut self, timeout: Duration) -> Options {
        self.handshake_timeout = timeout;
        self
    }

    /// The longest message that is received, octets of all its frames; a peer that sends a longer one is
    /// disconnected. Default: 64 MiB (`ZMQ_MAXMSGSIZE`, there without limit).
    pub fn longest_message(mut self, octets: u64) -> Options {
        self.longest_message = octets;
        self
    }

    /// PUB and XPUB: how many topics a peer may subscribe to; one that wants more is disconnected. Default:
    /// 100,000 (libzmq: without limit).
    pub fn most_subscriptions(mut self, topics: usize) -> Options {
        self.most_subscriptions = topics;
        self
    }

    /// The mechanism and this side's role in it. Default: [`Security::Null`].
    pub fn security(mut self, security: Security) -> Options {
        self.security = security;
        self
    }

    /// Who may come in: asked once per connection, by servers of PLAIN and CURVE, and with NULL by both
    /// sides. Default: with NULL everybody; with PLAIN nobody; with CURVE everybody who knows the
    /// server's key.
    pub fn authenticator<F, V>(mut self, authenticate: F) -> Options
    where
        F: Fn(Applicant) -> V + Send + Sync + 'static,
        V: Future<Output = Verdict> + Send + 'static,
    {
        self.authenticator = Some(Arc::new(authenticate));
        self
    }

    /// A property that the peer can read, whose name begins with `X-`. Default: none
    /// (`ZMQ_METADATA`).
    pub fn property(mut self, name: impl Into<String>, value: impl Into<Bytes>) -> Options {
        self.properties.push((name.into(), value.into()));
        self
    }

    /// Lets the socket bind where other hosts can reach it, though nobody has to say who they are.
    /// Default: such a bind is an error.
    pub fn allow_insecure(mut self, yes: bool) -> Options {
        self.allow_insecure = yes;
        self
    }

    /// What a handshake needs.
    pub(crate) fn settings(&self, socket_type: SocketType) -> Settings {
        Settings {
            identity: self.routing_id.clone(),
            properties: self.properties.clone(),
            authenticate: self.authenticator.is_some(),
            ..Settings::new(socket_type, self.security.clone())
        }
    }

    /// Finds what could not work.
    pub(crate) fn check(&self, socket_type: SocketType) -> Result<(), OptionError> {
        use SocketType::{Dealer, Pub, Pull, Push, Sub};
        self.settings(socket_type).check().map_err(OptionError::Handshake)?;
        if self.conflate && !matches!(socket_type, Push | Pull | Pub | Sub | Dealer) {
            return Err(OptionError::Conflate { socket_type });
        }
        if self.heartbeat.is_some_and(|heartbeat| !heartbeat.is_valid()) {
            return Err(OptionError::Zero { option: "heartbeat" });
        }
        if let Some(backoff) = &self.reconnect {
            backoff.validate().map_err(|problem| OptionError::Reconnect { problem })?;
        }
        for (option, duration) in [
            ("connect_timeout", self.connect_timeout),
            ("handshake_timeout", self.handshake_timeout),
        ] {
            if duration.is_zero() {
                return Err(OptionError::Zero { option });
            }
        }
        Ok(())
    }
}

/// Without secrets.
impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options")
            .field("send_high_water", &self.send_high_water)
            .field("receive_high_water", &self.receive_high_water)
            .field("linger", &self.linger)
            .field("routing_id", &self.routing_id)
            .field("security", &self.security)
            .finish_non_exhaustive()
    }
}
