//! Octets between two places: tcp, ipc, inproc, and a double in memory that goes wrong on purpose.
//!
//! A transport is what the traits here say and no more: a [`Listener`] that gives [`Link`]s, each with a
//! half to read and a half to write. It knows nothing of frames.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::BytesMut;

pub(crate) mod endpoint;
mod halves;
pub(crate) mod inproc;
#[cfg(unix)]
pub(crate) mod ipc;
pub(crate) mod tcp;

#[cfg(test)]
pub(crate) mod faulty;

use endpoint::Endpoint;

/// Who is at the other end, as far as the transport knows: `127.0.0.1:41233`, or a user and process.
pub(crate) type Address = String;

/// A connection, before anything was said on it.
pub(crate) struct Link {
    pub(crate) reader: Box<dyn Reader>,
    pub(crate) writer: Box<dyn Writer>,
    pub(crate) peer: Address,
}

/// The half of a link that is read from.
pub(crate) trait Reader: Send {
    /// Appends what has arrived to `buffer`, as far as it has room without growing; 0 at the end of the
    /// stream. `buffer` has some room.
    fn poll_read(&mut self, cx: &mut Context<'_>, buffer: &mut BytesMut)
    -> Poll<io::Result<usize>>;
}

/// The half of a link that is written to.
pub(crate) trait Writer: Send {
    /// Writes what can be written at once, and says how much; `WouldBlock` if nothing can.
    fn try_write(&mut self, parts: &[io::IoSlice<'_>]) -> io::Result<usize>;

    /// Waits until a write is worth a try.
    fn poll_writable(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>>;

    /// Says that nothing more will be written.
    fn poll_shutdown(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>>;
}

/// Where links come from that others open.
pub(crate) trait Listener: Send {
    /// The next link. Nothing is lost when it is not polled to its end.
    fn poll_accept(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Link>>;

    /// Where it listens, with the port that the system chose.
    fn endpoint(&self) -> Endpoint;
}

/// A connection that is being opened.
pub(crate) type Opening<T> = Pin<Box<dyn Future<Output = io::Result<T>> + Send>>;

/// Opens connections, one after the other, to the same place.
pub(crate) type Opener = Box<dyn Fn() -> Opening<Link> + Send + Sync>;

/// What opens connections to `endpoint`.
pub(crate) fn opener(endpoint: Endpoint) -> Opener {
    Box::new(move || {
        let endpoint = endpoint.clone();
        Box::pin(async move { connect(&endpoint).await })
    })
}

async fn connect(endpoint: &Endpoint) -> io::Result<Link> {
    match endpoint {
        Endpoint::Tcp { host, port } => tcp::connect(host, *port).await,
        #[cfg(unix)]
        Endpoint::Ipc(path) => ipc::connect(path).await,
        #[cfg(not(unix))]
        Endpoint::Ipc(_) => Err(io::ErrorKind::Unsupported.into()),
        Endpoint::Inproc(name) => inproc::connect(name).await,
    }
}

/// Listens. `addresses` are what a host of tcp stands for.
pub(crate) async fn listen(
    endpoint: &Endpoint,
    addresses: &[SocketAddr],
) -> io::Result<Box<dyn Listener>> {
    match endpoint {
        Endpoint::Tcp { .. } => tcp::listen(addresses),
        #[cfg(unix)]
        Endpoint::Ipc(path) => ipc::listen(path.clone()).await,
        #[cfg(not(unix))]
        Endpoint::Ipc(_) => Err(io::ErrorKind::Unsupported.into()),
        Endpoint::Inproc(name) => inproc::listen(name),
    }
}
