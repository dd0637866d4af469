//! The sockets of a device, as it sees them: what receives, what sends, what gets copies.

use std::future::pending;

use crate::net::error::{RecvError, SendError};
use crate::net::multipart::Multipart;
use crate::net::socket::pipeline::{PullSocket, PushSocket};
use crate::net::socket::publish::{PubSocket, XPubSocket, XSubSocket};
use crate::net::socket::routing::{DealerSocket, RouterSocket};

/// Why a device has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DeviceError {
    /// The runtime of one of its sockets has ended; what waited in it is lost.
    #[error("a socket of the device is closed, for its runtime has ended; make a new device")]
    Closed,
}

/// The front or the back of a device.
#[derive(Debug)]
pub(super) enum End {
    Router(RouterSocket),
    Dealer(DealerSocket),
    XSub(XSubSocket),
    XPub(XPubSocket),
    Pull(PullSocket),
    Push(PushSocket),
}

impl End {
    /// The next message. Cancel safe, as the sockets are.
    pub(super) async fn recv(&self) -> Result<Multipart, DeviceError> {
        let received = match self {
            End::Router(socket) => socket.recv().await,
            End::Dealer(socket) => socket.recv().await,
            End::XSub(socket) => socket.recv().await,
            End::XPub(socket) => socket.recv().await,
            End::Pull(socket) => socket.recv().await,
            End::Push(_) => pending().await,
        };
        // None of them has turns, so there is no other error.
        received.map_err(|_: RecvError| DeviceError::Closed)
    }

    /// Sends a message if there is room.
    pub(super) fn try_send(&self, message: Multipart) -> Result<(), SendError> {
        match self {
            End::Router(socket) => socket.try_send(message),
            End::Dealer(socket) => socket.try_send(message),
            End::XSub(socket) => socket.try_send(message),
            End::XPub(socket) => socket.try_send(message),
            End::Push(socket) => socket.try_send(message),
            // Nothing comes from the back that could go there.
            End::Pull(_) => Ok(()),
        }
    }

    /// Waits for room. Only those who deal messages out do; a mandatory ROUTER says again that it has none.
    pub(super) async fn send(&self, message: Multipart) -> Result<(), SendError> {
        match self {
            End::Dealer(socket) => socket.send(message).await,
            End::Push(socket) => socket.send(message).await,
            _ => self.try_send(message),
        }
    }

    pub(super) async fn close(self) {
        match self {
            End::Router(socket) => socket.close().await,
            End::Dealer(socket) => socket.close().await,
            End::XSub(socket) => socket.close().await,
            End::XPub(socket) => socket.close().await,
            End::Pull(socket) => socket.close().await,
            End::Push(socket) => socket.close().await,
        }
    }
}

/// What gets a copy of every message that passes a device.
#[derive(Debug)]
#[non_exhaustive]
pub enum Capture {
    /// For whoever subscribes. The topic is the first frame: in a queue, a routing id.
    Pub(PubSocket),
    /// For one peer each, in turn. What none has room for is not copied.
    Push(PushSocket),
}

impl From<PubSocket> for Capture {
    fn from(socket: PubSocket) -> Capture {
        Capture::Pub(socket)
    }
}

impl From<PushSocket> for Capture {
    fn from(socket: PushSocket) -> Capture {
        Capture::Push(socket)
    }
}

impl Capture {
    /// Copies a message, if there is room at once.
    pub(super) fn give(&self, message: &Multipart) {
        // A copy that cannot be had is not worth a word: the message itself goes on.
        let _ = match self {
            Capture::Pub(socket) => socket.try_send(message.clone()),
            Capture::Push(socket) => socket.try_send(message.clone()),
        };
    }
}

pub(super) async fn close(capture: Option<Capture>) {
    match capture {
        Some(Capture::Pub(socket)) => socket.close().await,
        Some(Capture::Push(socket)) => socket.close().await,
        None => {}
    }
}
