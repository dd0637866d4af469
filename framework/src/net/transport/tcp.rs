//! tcp: octets between hosts.

use std::io;
use std::net::SocketAddr;
use std::task::{Context, Poll, ready};

use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpSocket, TcpStream};

use super::endpoint::Endpoint;
use super::halves::halves;
use super::{Link, Listener};

/// Connections that the system keeps while nobody accepts them; libzmq's default is 100, which two
/// thousand clients that connect at once overrun.
const BACKLOG: u32 = 1024;

/// Opens a connection to one of the addresses that `host` stands for: the first that answers.
pub(crate) async fn connect(host: &str, port: u16) -> io::Result<Link> {
    let stream = TcpStream::connect((host, port)).await?;
    let peer = stream.peer_addr()?;
    link(stream, peer)
}

/// Listens on the first of `addresses` that can be listened on.
pub(crate) fn listen(addresses: &[SocketAddr]) -> io::Result<Box<dyn Listener>> {
    let mut last = None;
    for address in addresses {
        match listen_on(*address) {
            Ok(listener) => return Ok(Box::new(listener)),
            Err(error) => last = Some(error),
        }
    }
    Err(last.unwrap_or_else(|| {
        io::Error::new(io::ErrorKind::AddrNotAvailable, "the host has no address")
    }))
}

fn listen_on(address: SocketAddr) -> io::Result<Tcp> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    // Where a server that was killed listened, its successor can listen at once.
    #[cfg(unix)]
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    let listener = socket.listen(BACKLOG)?;
    let address = listener.local_addr()?;
    Ok(Tcp { listener, address })
}

struct Tcp {
    listener: TcpListener,
    address: SocketAddr,
}

impl Listener for Tcp {
    fn poll_accept(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Link>> {
        loop {
            let (stream, peer) = ready!(self.listener.poll_accept(cx))?;
            // One that is gone already is nobody's fault, and no link.
            if let Ok(link) = link(stream, peer) {
                return Poll::Ready(Ok(link));
            }
        }
    }

    fn endpoint(&self) -> Endpoint {
        Endpoint::Tcp { host: self.address.ip().to_string(), port: self.address.port() }
    }
}

fn link(stream: TcpStream, peer: SocketAddr) -> io::Result<Link> {
    // What is written has been gathered already.
    stream.set_nodelay(true)?;
    let peer = peer.to_string();
    let (reader, writer) = stream.into_split();
    Ok(Link { reader: Box::new(reader), writer: Box::new(writer), peer })
}

halves!(OwnedReadHalf, OwnedWriteHalf);
