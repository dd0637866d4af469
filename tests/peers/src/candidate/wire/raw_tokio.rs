//! Plain tokio streams: what a good engineer writes by hand, without a protocol.
//!
//! ```text
//!  0        4
//! +--------+------- - -
//! | length |  body           length: big-endian, octets of the body
//! +--------+------- - -
//! ```

use bytes::{Buf, BufMut, Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};

use super::runtime::on_current_thread;
use crate::work::wire::{Part, Side, Sink, Source, Trips, found, over, told};
use crate::workload::wire::Transport;

/// What is encoded is written from here on.
const WRITE: usize = 64 << 10;

/// What one read may bring.
const READ: usize = 256 << 10;

const LENGTH: usize = 4;

pub fn side(side: Side) {
    on_current_thread(async move {
        match side.wire.transport {
            Transport::Tcp => {
                let stream = tcp(&side).await;
                stream.set_nodelay(true).expect("TCP_NODELAY");
                run(side, stream).await;
            }
            Transport::Ipc => {
                let stream = ipc(&side).await;
                run(side, stream).await;
            }
        }
    });
}

async fn tcp(side: &Side) -> TcpStream {
    if side.part.binds() {
        let listener = TcpListener::bind(side.address()).await.expect("a listener");
        told(&format!("tcp://{}", listener.local_addr().expect("its address")));
        listener.accept().await.expect("a connection").0
    } else {
        TcpStream::connect(side.address()).await.expect("a connection")
    }
}

async fn ipc(side: &Side) -> UnixStream {
    if side.part.binds() {
        let listener = UnixListener::bind(side.address()).expect("a listener");
        told(&side.endpoint);
        listener.accept().await.expect("a connection").0
    } else {
        UnixStream::connect(side.address()).await.expect("a connection")
    }
}

async fn run(side: Side, stream: impl AsyncRead + AsyncWrite + Unpin) {
    let mut stream = Framed::over(stream);
    match side.part {
        Part::Push => {
            let mut source = Source::of(&side);
            while let Some(body) = source.next() {
                stream.encode(body);
                if stream.output.len() >= WRITE {
                    stream.write().await;
                }
            }
            stream.write().await;
            over().await;
            found(&source.sample());
        }
        Part::Pull => {
            let mut sink = Sink::of(&side);
            while sink.take(&stream.body().await) {}
            found(&sink.sample());
            over().await;
        }
        Part::Req | Part::Dealer => {
            let mut trips = Trips::of(&side);
            while let Some(body) = trips.next() {
                stream.encode(body);
                stream.write().await;
                trips.answered(&stream.body().await);
            }
            found(&trips.sample());
            over().await;
        }
        Part::Rep | Part::Router => {
            let mut sink = Sink::of(&side);
            loop {
                let body = stream.body().await;
                let more = sink.take(&body);
                stream.encode(&body);
                stream.write().await;
                if !more {
                    break;
                }
            }
            over().await;
            found(&sink.sample());
        }
    }
}

/// A stream of bodies.
struct Framed<S> {
    stream: S,
    input: BytesMut,
    output: Vec<u8>,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Framed<S> {
    fn over(stream: S) -> Self {
        Self { stream, input: BytesMut::with_capacity(READ), output: Vec::with_capacity(2 * WRITE) }
    }

    fn encode(&mut self, body: &[u8]) {
        self.output.put_u32(body.len() as u32);
        self.output.put_slice(body);
    }

    async fn write(&mut self) {
        self.stream.write_all(&self.output).await.expect("a connection");
        self.output.clear();
    }

    /// The next body, a slice of what was read.
    async fn body(&mut self) -> Bytes {
        loop {
            if let Some(body) = self.buffered() {
                return body;
            }
            self.input.reserve(READ);
            let read = self.stream.read_buf(&mut self.input).await.expect("a connection");
            assert_ne!(read, 0, "the other side has closed the connection");
        }
    }

    fn buffered(&mut self) -> Option<Bytes> {
        let length = self.input.first_chunk::<LENGTH>()?;
        let length = u32::from_be_bytes(*length) as usize;
        if self.input.len() < LENGTH + length {
            return None;
        }
        self.input.advance(LENGTH);
        Some(self.input.split_to(length).freeze())
    }
}
