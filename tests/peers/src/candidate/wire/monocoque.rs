//! monocoque, on its tokio backend: eager by default, and with the coalescing that one may opt in to.

use ::monocoque::SocketOptions;
use ::monocoque::rt::{LocalRuntime, TcpListener, TcpStream, UnixStream};
use ::monocoque::zmq::{
    DealerSocket, PullSocket, PushSocket, RepSocket, ReqSocket, RouterSocket, ipc,
};
use bytes::Bytes;
use compio_io::{AsyncRead, AsyncWrite};

use crate::work::wire::{Part, Side, Sink, Source, Trips, found, over, told};
use crate::workload::wire::Transport;

pub fn eager(side: Side) {
    run(side, SocketOptions::default());
}

pub fn coalescing(side: Side) {
    run(side, SocketOptions::default().with_write_coalescing(true));
}

fn run(side: Side, options: SocketOptions) {
    LocalRuntime::new().expect("a runtime").block_on(async {
        let done = match side.wire.transport {
            Transport::Tcp => over_tcp(&side, options).await,
            Transport::Ipc => over_ipc(&side, options).await,
        };
        done.expect("a connection");
    });
}

async fn over_tcp(side: &Side, options: SocketOptions) -> std::io::Result<()> {
    let stream = if side.part.binds() {
        let listener = TcpListener::bind(side.address()).await?;
        told(&format!("tcp://{}", listener.local_addr()?));
        listener.accept().await?.0
    } else {
        TcpStream::connect(side.address()).await?
    };
    match side.part {
        Part::Push => push(PushSocket::from_tcp_with_options(stream, options).await?, side).await,
        Part::Pull => pull(PullSocket::from_tcp_with_options(stream, options).await?, side).await,
        Part::Req => req(ReqSocket::from_tcp_with_options(stream, options).await?, side).await,
        Part::Rep => rep(RepSocket::from_tcp_with_options(stream, options).await?, side).await,
        Part::Dealer => {
            dealer(DealerSocket::from_tcp_with_options(stream, options).await?, side).await
        }
        Part::Router => {
            router(RouterSocket::from_tcp_with_options(stream, options).await?, side).await
        }
    }
}

async fn over_ipc(side: &Side, options: SocketOptions) -> std::io::Result<()> {
    let stream = if side.part.binds() {
        let listener = ipc::bind(side.address()).await?;
        told(&side.endpoint);
        ipc::accept(&listener).await?
    } else {
        UnixStream::connect(side.address()).await?
    };
    match side.part {
        Part::Push => {
            push(PushSocket::from_unix_stream_with_options(stream, options).await?, side).await
        }
        Part::Pull => {
            pull(PullSocket::from_unix_stream_with_options(stream, options).await?, side).await
        }
        Part::Req => {
            req(ReqSocket::from_unix_stream_with_options(stream, options).await?, side).await
        }
        Part::Rep => {
            rep(RepSocket::from_unix_stream_with_options(stream, options).await?, side).await
        }
        Part::Dealer => {
            dealer(DealerSocket::from_unix_stream_with_options(stream, options).await?, side).await
        }
        Part::Router => {
            router(RouterSocket::from_unix_stream_with_options(stream, options).await?, side).await
        }
    }
}

async fn push<S>(mut socket: PushSocket<S>, side: &Side) -> std::io::Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut source = Source::of(side);
    while let Some(body) = source.next() {
        socket.send_one(Bytes::copy_from_slice(body)).await?;
    }
    socket.flush().await?;
    over().await;
    found(&source.sample());
    Ok(())
}

async fn pull<S>(mut socket: PullSocket<S>, side: &Side) -> std::io::Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut sink = Sink::of(side);
    let mut frames = Vec::with_capacity(1);
    'stream: loop {
        open(socket.recv_into(&mut frames).await?);
        loop {
            if !sink.take(body(&frames)) {
                break 'stream;
            }
            if !socket.try_recv_into(&mut frames)? {
                break;
            }
        }
    }
    found(&sink.sample());
    over().await;
    Ok(())
}

async fn req<S>(mut socket: ReqSocket<S>, side: &Side) -> std::io::Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut trips = Trips::of(side);
    let mut frames = Vec::with_capacity(1);
    while let Some(question) = trips.next() {
        socket.send_one(Bytes::copy_from_slice(question)).await?;
        open(socket.recv_into(&mut frames).await?);
        trips.answered(body(&frames));
    }
    found(&trips.sample());
    over().await;
    Ok(())
}

async fn rep<S>(mut socket: RepSocket<S>, side: &Side) -> std::io::Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut sink = Sink::of(side);
    loop {
        let mut frames = Vec::with_capacity(1);
        open(socket.recv_into(&mut frames).await?);
        let more = sink.take(body(&frames));
        socket.send(frames).await?;
        if !more {
            break;
        }
    }
    over().await;
    found(&sink.sample());
    Ok(())
}

async fn dealer<S>(mut socket: DealerSocket<S>, side: &Side) -> std::io::Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut trips = Trips::of(side);
    let mut frames = Vec::with_capacity(1);
    while let Some(question) = trips.next() {
        socket.send(vec![Bytes::copy_from_slice(question)]).await?;
        open(socket.recv_into(&mut frames).await?);
        trips.answered(body(&frames));
    }
    found(&trips.sample());
    over().await;
    Ok(())
}

/// Its messages begin with the identity, and go back with it.
async fn router<S>(mut socket: RouterSocket<S>, side: &Side) -> std::io::Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut sink = Sink::of(side);
    loop {
        let mut frames = Vec::with_capacity(2);
        open(socket.recv_into(&mut frames).await?);
        let more = sink.take(body(&frames));
        socket.send(frames).await?;
        if !more {
            break;
        }
    }
    over().await;
    found(&sink.sample());
    Ok(())
}

fn open(received: bool) {
    assert!(received, "the other side has closed the connection");
}

fn body(frames: &[Bytes]) -> &[u8] {
    frames.last().expect("a frame")
}
