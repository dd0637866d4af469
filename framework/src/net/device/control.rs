//! The socket by which a device is steered.

use std::future::pending;

use super::end::DeviceError;
use super::statistics::Statistics;
use crate::net::error::RecvError;
use crate::net::multipart::{Frame, Multipart};
use crate::net::socket::pair::PairSocket;
use crate::net::socket::pipeline::PullSocket;
use crate::net::socket::request::RepSocket;

/// Where a device takes orders from. What they are: [`Device::control`](super::Device::control).
#[derive(Debug)]
#[non_exhaustive]
pub enum Control {
    /// Answers every order.
    Rep(RepSocket),
    /// Answers STATISTICS alone.
    Pair(PairSocket),
    /// Answers nothing.
    Pull(PullSocket),
}

impl From<RepSocket> for Control {
    fn from(socket: RepSocket) -> Control {
        Control::Rep(socket)
    }
}

impl From<PairSocket> for Control {
    fn from(socket: PairSocket) -> Control {
        Control::Pair(socket)
    }
}

impl From<PullSocket> for Control {
    fn from(socket: PullSocket) -> Control {
        Control::Pull(socket)
    }
}

/// What a device is to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    Pause,
    Resume,
    Terminate,
    Statistics,
    Unknown,
}

impl Order {
    fn parse(message: &Multipart) -> Order {
        let [frame] = message.frames() else { return Order::Unknown };
        match &**frame {
            b"PAUSE" => Order::Pause,
            b"RESUME" => Order::Resume,
            b"TERMINATE" => Order::Terminate,
            b"STATISTICS" => Order::Statistics,
            _ => Order::Unknown,
        }
    }
}

/// The next order; never, without a control socket. Cancel safe.
pub(super) async fn next(control: Option<&Control>) -> Result<Order, DeviceError> {
    let message = match control {
        Some(Control::Rep(socket)) => socket.recv().await,
        Some(Control::Pair(socket)) => socket.recv().await,
        Some(Control::Pull(socket)) => socket.recv().await,
        None => pending().await,
    };
    match message {
        Ok(message) => Ok(Order::parse(&message)),
        // The socket came with a request that nobody had answered.
        Err(RecvError::OutOfTurn) => Ok(Order::Unknown),
        Err(_) => Err(DeviceError::Closed),
    }
}

impl Control {
    /// Answers an order, where that is called for. Does not wait.
    pub(super) async fn answer(&self, order: Order, statistics: &Statistics) {
        // If it cannot be sent, who asked is gone.
        match (self, order) {
            (Control::Rep(socket), Order::Statistics) => {
                let _ = socket.send(statistics.to_message()).await;
            }
            (Control::Rep(socket), _) => {
                let _ = socket.send(Frame::EMPTY).await;
            }
            (Control::Pair(socket), Order::Statistics) => {
                let _ = socket.try_send(statistics.to_message());
            }
            (Control::Pair(_) | Control::Pull(_), _) => {}
        }
    }
}

pub(super) async fn close(control: Option<Control>) {
    match control {
        Some(Control::Rep(socket)) => socket.close().await,
        Some(Control::Pair(socket)) => socket.close().await,
        Some(Control::Pull(socket)) => socket.close().await,
        None => {}
    }
}
