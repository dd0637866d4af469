//! What can go wrong with a socket, an enum for each verb.

use std::io;

use super::multipart::Multipart;
use super::transport::endpoint::{Endpoint, EndpointError};
use super::wire::error::WireError;
use super::wire::socket_type::SocketType;

/// Why a socket cannot be made with these options.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OptionError {
    /// The routing id, the properties or the security cannot be sent.
    #[error("the socket's options do not fit the handshake: {0}")]
    Handshake(WireError),
    /// Keeping only the newest message makes no sense for the type.
    #[error("{socket_type} sockets cannot conflate; PUSH, PULL, PUB, SUB and DEALER can")]
    Conflate {
        /// The socket's type.
        socket_type: SocketType,
    },
    /// A time of nothing.
    #[error("the option `{option}` is zero; it must be longer")]
    Zero {
        /// The option's name.
        option: &'static str,
    },
    /// The backoff makes no sense.
    #[error("the option `reconnect`: {problem}")]
    Reconnect {
        /// What is wrong with it.
        problem: String,
    },
}

/// Why a socket does not listen at an endpoint.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BindError {
    /// The options are at fault.
    #[error(transparent)]
    Options(#[from] OptionError),
    /// The text is no endpoint.
    #[error(transparent)]
    Endpoint(#[from] EndpointError),
    /// Other hosts could connect without saying who they are.
    #[error(
        "{endpoint} can be reached from other hosts, and nobody has to say who they are: bind to \
         127.0.0.1 or ipc, set `security` to a server of CURVE or PLAIN, or `allow_insecure`"
    )]
    Insecure {
        /// The endpoint.
        endpoint: Endpoint,
    },
    /// The system refused: the address is in use, or not one of this host, or may not be used.
    #[error("cannot listen at {endpoint}: {source}")]
    Io {
        /// The endpoint.
        endpoint: Endpoint,
        /// What the system says.
        source: io::Error,
    },
    /// The socket is closed.
    #[error("the socket is closed")]
    Closed,
}

/// Why a socket does not connect to an endpoint. That nobody listens there yet is no error.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectError {
    /// The options are at fault.
    #[error(transparent)]
    Options(#[from] OptionError),
    /// The text is no endpoint.
    #[error(transparent)]
    Endpoint(#[from] EndpointError),
    /// The endpoint says where to listen, not where to connect to.
    #[error("{endpoint} is nowhere to connect to: name one host, and a port other than 0")]
    Nowhere {
        /// The endpoint.
        endpoint: Endpoint,
    },
    /// The socket is closed.
    #[error("the socket is closed")]
    Closed,
}

/// Why a message was not sent. It comes back.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SendError {
    /// The peers' lanes are full, or there is no peer yet; try again later. Only from `try_send`, and
    /// from ROUTER sockets with `router_mandatory`.
    #[error("no peer has room for the message now; wait, or raise send_high_water_mark")]
    Full(Multipart),
    /// No peer has the routing id in the first frame. Only from ROUTER sockets with `router_mandatory`.
    #[error("no peer has this routing id; it has not connected, or is gone")]
    Unroutable(Multipart),
    /// The message has no frames, or for a ROUTER none after the routing id.
    #[error("a message needs at least one frame; ROUTER sockets take a routing id before it")]
    Empty(Multipart),
    /// REQ: the reply to the last request is still to be received. REP: there is no request to reply to.
    #[error("it is not this socket's turn to send: REQ and REP alternate between send and recv")]
    OutOfTurn(Multipart),
    /// The socket is closed, or its runtime has ended.
    #[error("the socket is closed")]
    Closed(Multipart),
}

impl SendError {
    /// The message.
    pub fn into_message(self) -> Multipart {
        match self {
            SendError::Full(message)
            | SendError::Unroutable(message)
            | SendError::Empty(message)
            | SendError::OutOfTurn(message)
            | SendError::Closed(message) => message,
        }
    }

    /// Whether sending the same message again can help.
    pub fn retry_can_help(&self) -> bool {
        matches!(self, SendError::Full(_) | SendError::Unroutable(_))
    }
}

/// Why there is no message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
// A word, as the parts of a message are: a result that holds one of both is moved by whole words.
#[repr(u64)]
pub enum RecvError {
    /// None has come yet. Only from `try_recv`.
    #[error("no message has come yet")]
    Empty,
    /// REQ: no request has been sent to which a reply could come. REP: the last request has not been
    /// replied to.
    #[error("it is not this socket's turn to receive: REQ and REP alternate between send and recv")]
    OutOfTurn,
    /// REQ: the peer that was asked is gone, and with it the reply. Another request can be sent.
    #[error("the peer that was asked is gone; send the request again if it may be done twice")]
    PeerLost,
    /// The socket is closed, or its runtime has ended.
    #[error("the socket is closed")]
    Closed,
}
