//! A socket of any type, chosen when the program runs.

use std::future::pending;

use millhand::net::wire::socket_type::SocketType;
use millhand::net::{
    BindError, ConnectError, DealerSocket, Endpoint, Monitor, Multipart, OptionError, Options,
    PairSocket, PubSocket, PullSocket, PushSocket, RecvError, RepSocket, ReqSocket, RouterSocket,
    SendError, SubSocket, XPubSocket, XSubSocket,
};

/// The eleven types.
pub(crate) enum Socket {
    Pair(PairSocket),
    Pub(PubSocket),
    Sub(SubSocket),
    Req(ReqSocket),
    Rep(RepSocket),
    Dealer(DealerSocket),
    Router(RouterSocket),
    Pull(PullSocket),
    Push(PushSocket),
    XPub(XPubSocket),
    XSub(XSubSocket),
}

/// Does the same with whichever it is.
macro_rules! each {
    ($socket:expr, $one:ident => $do:expr) => {
        match $socket {
            Socket::Pair($one) => $do,
            Socket::Pub($one) => $do,
            Socket::Sub($one) => $do,
            Socket::Req($one) => $do,
            Socket::Rep($one) => $do,
            Socket::Dealer($one) => $do,
            Socket::Router($one) => $do,
            Socket::Pull($one) => $do,
            Socket::Push($one) => $do,
            Socket::XPub($one) => $do,
            Socket::XSub($one) => $do,
        }
    };
}

impl Socket {
    pub(crate) fn new(socket_type: SocketType, options: Options) -> Result<Socket, OptionError> {
        match socket_type {
            SocketType::Pair => PairSocket::new(options).map(Socket::Pair),
            SocketType::Pub => PubSocket::new(options).map(Socket::Pub),
            SocketType::Sub => SubSocket::new(options).map(Socket::Sub),
            SocketType::Req => ReqSocket::new(options).map(Socket::Req),
            SocketType::Rep => RepSocket::new(options).map(Socket::Rep),
            SocketType::Dealer => DealerSocket::new(options).map(Socket::Dealer),
            SocketType::Router => RouterSocket::new(options).map(Socket::Router),
            SocketType::Pull => PullSocket::new(options).map(Socket::Pull),
            SocketType::Push => PushSocket::new(options).map(Socket::Push),
            SocketType::XPub => XPubSocket::new(options).map(Socket::XPub),
            SocketType::XSub => XSubSocket::new(options).map(Socket::XSub),
        }
    }

    pub(crate) async fn bind(&self, endpoint: &Endpoint) -> Result<Endpoint, BindError> {
        each!(self, socket => socket.also_bind(endpoint).await)
    }

    pub(crate) async fn connect(&self, endpoint: &Endpoint) -> Result<(), ConnectError> {
        each!(self, socket => socket.also_connect(endpoint).await)
    }

    pub(crate) fn monitor(&self) -> Monitor {
        each!(self, socket => socket.monitor())
    }

    pub(crate) async fn close(self) {
        each!(self, socket => socket.close().await);
    }

    /// Subscribes, if it is a SUB or XSUB.
    pub(crate) async fn subscribe(&self, topic: &[u8]) -> Result<(), SendError> {
        match self {
            Socket::Sub(socket) => {
                socket.subscribe(topic);
                Ok(())
            }
            Socket::XSub(socket) => socket.send([b"\x01", topic].concat()).await,
            _ => Ok(()),
        }
    }

    /// Sends a message, as the type does. Those that send nothing never have.
    pub(crate) async fn send(&self, message: Multipart) -> Result<(), SendError> {
        match self {
            Socket::Pair(socket) => socket.send(message).await,
            Socket::Pub(socket) => socket.send(message).await,
            Socket::Req(socket) => socket.send(message).await,
            Socket::Rep(socket) => socket.send(message).await,
            Socket::Dealer(socket) => socket.send(message).await,
            Socket::Router(socket) => socket.send(message).await,
            Socket::Push(socket) => socket.send(message).await,
            Socket::XPub(socket) => socket.send(message).await,
            Socket::XSub(socket) => socket.send(message).await,
            Socket::Sub(_) | Socket::Pull(_) => pending().await,
        }
    }

    /// Receives a message, as the type does. Those that receive nothing never have.
    pub(crate) async fn recv(&self) -> Result<Multipart, RecvError> {
        match self {
            Socket::Pair(socket) => socket.recv().await,
            Socket::Sub(socket) => socket.recv().await,
            Socket::Req(socket) => socket.recv().await,
            Socket::Rep(socket) => socket.recv().await,
            Socket::Dealer(socket) => socket.recv().await,
            Socket::Router(socket) => socket.recv().await,
            Socket::Pull(socket) => socket.recv().await,
            Socket::XPub(socket) => socket.recv().await,
            Socket::XSub(socket) => socket.recv().await,
            Socket::Pub(_) | Socket::Push(_) => pending().await,
        }
    }
}
