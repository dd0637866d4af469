//! inproc: octets between sockets of one process, through memory.
//!
//! ```text
//!   connect("jobs") ──┐  names: jobs → queue of links   ┌── listen("jobs")
//!                     └────────── link ────────────────▶┘
//!   writer ──▶ │ at most 64 KiB │ ──▶ reader      one such pipe each way
//! ```
//!
//! A name can be connected to before anybody is bound to it.

use std::collections::HashMap;
use std::io::{self, ErrorKind};
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker, ready};

use bytes::{Buf, BytesMut};
use tokio::sync::{mpsc, watch};
use tokio::task::coop;

use super::endpoint::Endpoint;
use super::{Link, Listener, Reader, Writer};

/// What a pipe holds at most, octets.
const CAPACITY: usize = 64 * 1024;

/// Who listens, by name. The number grows with every new name, which whoever waits for one watches.
static NAMES: LazyLock<(Mutex<Names>, watch::Sender<u64>)> = LazyLock::new(Default::default);

type Names = HashMap<String, mpsc::UnboundedSender<Link>>;

fn names() -> MutexGuard<'static, Names> {
    NAMES.0.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Opens a connection to whoever listens under `name`; waits for somebody to.
pub(crate) async fn connect(name: &str) -> io::Result<Link> {
    let mut news = NAMES.1.subscribe();
    loop {
        news.mark_unchanged();
        let listener = names().get(name).cloned();
        if let Some(listener) = listener {
            let (own, other) = pair(name);
            if listener.send(other).is_ok() {
                return Ok(own);
            }
        }
        if news.changed().await.is_err() {
            return Err(ErrorKind::ConnectionRefused.into());
        }
    }
}

/// Listens under `name`.
pub(crate) fn listen(name: &str) -> io::Result<Box<dyn Listener>> {
    let (sender, links) = mpsc::unbounded_channel();
    let mut names = names();
    if names.get(name).is_some_and(|listener| !listener.is_closed()) {
        return Err(io::Error::new(ErrorKind::AddrInUse, "the name is taken in this process"));
    }
    names.insert(name.to_owned(), sender);
    drop(names);
    NAMES.1.send_modify(|number| *number += 1);
    Ok(Box::new(Inproc { name: name.to_owned(), links }))
}

struct Inproc {
    name: String,
    links: mpsc::UnboundedReceiver<Link>,
}

impl Listener for Inproc {
    fn poll_accept(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Link>> {
        let link = ready!(self.links.poll_recv(cx));
        Poll::Ready(link.ok_or_else(|| ErrorKind::NotConnected.into()))
    }

    fn endpoint(&self) -> Endpoint {
        Endpoint::Inproc(self.name.clone())
    }
}

impl Drop for Inproc {
    fn drop(&mut self) {
        // Nobody else has the name: it is taken as long as this is not closed.
        names().remove(&self.name);
    }
}

fn pair(name: &str) -> (Link, Link) {
    let (there, back) = (Arc::new(Pipe::default()), Arc::new(Pipe::default()));
    let link = |read: &Arc<Pipe>, write: &Arc<Pipe>| Link {
        reader: Box::new(ReadEnd(read.clone())),
        writer: Box::new(WriteEnd(write.clone())),
        peer: format!("inproc://{name}"),
    };
    (link(&back, &there), link(&there, &back))
}

/// One direction.
#[derive(Default)]
struct Pipe(Mutex<State>);

#[derive(Default)]
struct State {
    octets: BytesMut,
    /// Nothing more will be written, or read.
    ended: bool,
    reader: Option<Waker>,
    writer: Option<Waker>,
}

impl Pipe {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn end(&self) {
        let mut state = self.lock();
        state.ended = true;
        let wakers = [state.reader.take(), state.writer.take()];
        drop(state);
        wakers.into_iter().flatten().for_each(Waker::wake);
    }
}

struct ReadEnd(Arc<Pipe>);

impl Reader for ReadEnd {
    fn poll_read(
        &mut self,
        cx: &mut Context<'_>,
        buffer: &mut BytesMut,
    ) -> Poll<io::Result<usize>> {
        // As tokio's streams do, so that two ends on one thread let others run.
        let unit = ready!(coop::poll_proceed(cx));
        let mut state = self.0.lock();
        if state.octets.is_empty() {
            if state.ended {
                return Poll::Ready(Ok(0));
            }
            state.reader = Some(cx.waker().clone());
            return Poll::Pending;
        }
        let octets = state.octets.len().min(buffer.capacity() - buffer.len());
        buffer.extend_from_slice(&state.octets[..octets]);
        state.octets.advance(octets);
        let writer = state.writer.take();
        drop(state);
        if let Some(writer) = writer {
            writer.wake();
        }
        unit.made_progress();
        Poll::Ready(Ok(octets))
    }
}

impl Drop for ReadEnd {
    fn drop(&mut self) {
        self.0.end();
    }
}

struct WriteEnd(Arc<Pipe>);

impl Writer for WriteEnd {
    fn try_write(&mut self, parts: &[io::IoSlice<'_>]) -> io::Result<usize> {
        let mut state = self.0.lock();
        if state.ended {
            return Err(ErrorKind::BrokenPipe.into());
        }
        let mut written = 0;
        for part in parts {
            let octets = part.len().min(CAPACITY - state.octets.len());
            state.octets.extend_from_slice(&part[..octets]);
            written += octets;
        }
        let reader = state.reader.take();
        drop(state);
        if let Some(reader) = reader {
            reader.wake();
        }
        if written == 0 { Err(ErrorKind::WouldBlock.into()) } else { Ok(written) }
    }

    fn poll_writable(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let unit = ready!(coop::poll_proceed(cx));
        let mut state = self.0.lock();
        if state.ended || state.octets.len() < CAPACITY {
            unit.made_progress();
            return Poll::Ready(Ok(()));
        }
        state.writer = Some(cx.waker().clone());
        Poll::Pending
    }

    fn poll_shutdown(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.0.end();
        Poll::Ready(Ok(()))
    }
}

impl Drop for WriteEnd {
    fn drop(&mut self) {
        self.0.end();
    }
}

#[cfg(test)]
mod tests {
    use std::io::IoSlice;

    use super::*;
    use crate::net::socket::waiters::tests::task;

    fn read(link: &mut Link, waker: &Waker) -> Poll<Vec<u8>> {
        let mut buffer = BytesMut::with_capacity(100_000);
        let read = link.reader.poll_read(&mut Context::from_waker(waker), &mut buffer);
        read.map(|read| {
            assert_eq!(read.unwrap(), buffer.len());
            buffer.to_vec()
        })
    }

    #[test]
    fn what_is_written_is_read_and_wakes_the_reader() {
        let (mut here, mut there) = pair("a");
        let (woken, waker) = task();
        assert!(read(&mut there, &waker).is_pending());
        let parts = [IoSlice::new(b"one"), IoSlice::new(b"two")];
        assert_eq!(here.writer.try_write(&parts).unwrap(), 6);
        assert_eq!(woken.times(), 1);
        assert_eq!(read(&mut there, &waker), Poll::Ready(b"onetwo".to_vec()));
    }

    #[test]
    fn a_full_pipe_makes_the_writer_wait_until_something_is_read() {
        let (mut here, mut there) = pair("a");
        let (woken, waker) = task();
        let mut cx = Context::from_waker(&waker);
        let octets = vec![1; CAPACITY + 1];
        assert_eq!(here.writer.try_write(&[IoSlice::new(&octets)]).unwrap(), CAPACITY);
        let full = here.writer.try_write(&[IoSlice::new(&octets)]).unwrap_err();
        assert_eq!(full.kind(), ErrorKind::WouldBlock);
        assert!(here.writer.poll_writable(&mut cx).is_pending());
        assert!(read(&mut there, Waker::noop()).is_ready());
        assert_eq!(woken.times(), 1);
        assert!(here.writer.poll_writable(&mut cx).is_ready());
    }

    #[test]
    fn the_end_is_read_after_what_was_written() {
        let (mut here, mut there) = pair("a");
        here.writer.try_write(&[IoSlice::new(b"last")]).unwrap();
        drop(here);
        assert_eq!(read(&mut there, Waker::noop()), Poll::Ready(b"last".to_vec()));
        assert_eq!(read(&mut there, Waker::noop()), Poll::Ready(Vec::new()));
        let broken = there.writer.try_write(&[IoSlice::new(b"x")]).unwrap_err();
        assert_eq!(broken.kind(), ErrorKind::BrokenPipe);
    }

    #[tokio::test]
    async fn a_name_is_waited_for_and_is_free_again() {
        let connecting = tokio::spawn(connect("inproc-waited-for"));
        tokio::task::yield_now().await;
        let mut listener = listen("inproc-waited-for").unwrap();
        let taken = listen("inproc-waited-for").err().unwrap();
        assert_eq!(taken.kind(), ErrorKind::AddrInUse);
        connecting.await.unwrap().unwrap();
        std::future::poll_fn(|cx| listener.poll_accept(cx)).await.unwrap();
        drop(listener);
        listen("inproc-waited-for").unwrap();
    }
}
