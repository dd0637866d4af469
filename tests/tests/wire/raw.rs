//! A peer written by hand: octets over TCP, as any other implementation of ZMTP might send them.

use std::collections::VecDeque;

use millhand::net::Endpoint;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::stage::{address, soon};

pub(crate) const MORE: u8 = 1;
pub(crate) const LONG: u8 = 2;
pub(crate) const COMMAND: u8 = 4;

/// The peer's end of a connection.
pub(crate) struct Raw {
    pub(crate) stream: TcpStream,
    kept: VecDeque<Vec<Vec<u8>>>,
}

/// A frame: its flags less LONG, and its body.
pub(crate) type Frame = (u8, Vec<u8>);

/// A greeting of ZMTP `major.minor`.
pub(crate) fn greeting(major: u8, minor: u8, mechanism: &str) -> Vec<u8> {
    let mut octets = vec![0xff, 0, 0, 0, 0, 0, 0, 0, 0, 0x7f, major, minor];
    octets.extend_from_slice(mechanism.as_bytes());
    octets.resize(64, 0);
    octets
}

/// A frame as it is on the wire.
pub(crate) fn frame(flags: u8, body: &[u8]) -> Vec<u8> {
    let mut octets = match u8::try_from(body.len()) {
        Ok(length) => vec![flags, length],
        Err(_) => [&[flags | LONG][..], &(body.len() as u64).to_be_bytes()].concat(),
    };
    octets.extend_from_slice(body);
    octets
}

/// A message as it is on the wire.
pub(crate) fn message<F: AsRef<[u8]>>(frames: &[F]) -> Vec<u8> {
    let last = frames.len() - 1;
    let flags = |at| if at == last { 0 } else { MORE };
    frames.iter().enumerate().flat_map(|(at, body)| frame(flags(at), body.as_ref())).collect()
}

/// A command as it is on the wire.
pub(crate) fn command(name: &str, data: &[u8]) -> Vec<u8> {
    frame(COMMAND, &[&[name.len() as u8], name.as_bytes(), data].concat())
}

/// READY with these properties.
pub(crate) fn ready(properties: &[(&str, &[u8])]) -> Vec<u8> {
    command("READY", &metadata(properties))
}

/// Properties as they are in READY and INITIATE.
pub(crate) fn metadata(properties: &[(&str, &[u8])]) -> Vec<u8> {
    let mut data = Vec::new();
    for (name, value) in properties {
        data.push(name.len() as u8);
        data.extend_from_slice(name.as_bytes());
        data.extend_from_slice(&(value.len() as u32).to_be_bytes());
        data.extend_from_slice(value);
    }
    data
}

impl From<TcpStream> for Raw {
    fn from(stream: TcpStream) -> Raw {
        Raw { stream, kept: VecDeque::new() }
    }
}

impl Raw {
    /// Opens a connection, and says nothing.
    pub(crate) async fn open(endpoint: &Endpoint) -> Raw {
        let stream = soon(TcpStream::connect(address(endpoint))).await.expect("somebody listens");
        stream.set_nodelay(true).expect("an option");
        stream.into()
    }

    /// Takes a connection, and says nothing.
    pub(crate) async fn accept(listener: &TcpListener) -> Raw {
        let (stream, _) = soon(listener.accept()).await.expect("somebody connects");
        stream.set_nodelay(true).expect("an option");
        stream.into()
    }

    /// A peer of this type that has connected and shaken hands: 3.1, NULL.
    pub(crate) async fn connect(endpoint: &Endpoint, socket_type: &str) -> Raw {
        Raw::open(endpoint).await.meet(1, &[("Socket-Type", socket_type.as_bytes())]).await
    }

    /// The same, with an identity.
    pub(crate) async fn connect_as(endpoint: &Endpoint, socket_type: &str, id: &[u8]) -> Raw {
        let properties = [("Socket-Type", socket_type.as_bytes()), ("Identity", id)];
        Raw::open(endpoint).await.meet(1, &properties).await
    }

    /// A peer of this type that was connected to and has shaken hands.
    pub(crate) async fn serve(listener: &TcpListener, socket_type: &str) -> Raw {
        let properties = [("Socket-Type", socket_type.as_bytes())];
        Raw::accept(listener).await.meet(1, &properties).await
    }

    /// Shakes hands: ZMTP 3.`minor`, NULL.
    pub(crate) async fn meet(mut self, minor: u8, properties: &[(&str, &[u8])]) -> Raw {
        self.say(&greeting(3, minor, "NULL")).await;
        self.say(&ready(properties)).await;
        self.greeting().await;
        let (flags, body) = self.frame().await.expect("READY");
        assert_eq!((flags, &body[..6]), (COMMAND, &b"\x05READY"[..]), "{}", body.escape_ascii());
        self
    }

    /// Sends octets.
    pub(crate) async fn say(&mut self, octets: &[u8]) {
        soon(self.stream.write_all(octets)).await.expect("the peer takes octets");
    }

    /// Sends octets, if anybody still takes them.
    pub(crate) async fn try_say(&mut self, octets: &[u8]) {
        let _ = self.stream.write_all(octets).await;
    }

    /// Sends a message.
    pub(crate) async fn send<F: AsRef<[u8]>>(&mut self, frames: &[F]) {
        self.say(&message(frames)).await;
    }

    /// Reads so many octets.
    pub(crate) async fn octets(&mut self, count: usize) -> Vec<u8> {
        let mut octets = vec![0; count];
        soon(self.stream.read_exact(&mut octets)).await.expect("octets");
        octets
    }

    /// Reads a greeting.
    pub(crate) async fn greeting(&mut self) -> Vec<u8> {
        self.octets(64).await
    }

    /// The next frame; none at the end.
    pub(crate) async fn frame(&mut self) -> Option<Frame> {
        soon(async {
            let flags = self.stream.read_u8().await.ok()?;
            let length = match flags & LONG {
                0 => self.stream.read_u8().await.ok()?.into(),
                _ => self.stream.read_u64().await.ok()? as usize,
            };
            let mut body = vec![0; length];
            self.stream.read_exact(&mut body).await.ok()?;
            Some((flags & !LONG, body))
        })
        .await
    }

    /// The next message; commands are passed over.
    pub(crate) async fn recv(&mut self) -> Vec<Vec<u8>> {
        let mut frames = Vec::new();
        loop {
            let (flags, body) = self.frame().await.expect("a message, not the end");
            if flags & COMMAND == 0 {
                frames.push(body);
                if flags & MORE == 0 {
                    return frames;
                }
            }
        }
    }

    /// The next command, which must come before any message.
    pub(crate) async fn command(&mut self) -> Vec<u8> {
        let (flags, body) = self.frame().await.expect("a command, not the end");
        assert_eq!(flags, COMMAND, "{}", body.escape_ascii());
        body
    }

    /// Sends a PING and waits for its PONG, which shows that all before it has been read. Messages on the
    /// way are thrown away.
    pub(crate) async fn fence(&mut self) {
        self.fence_keeping().await;
        self.kept.clear();
    }

    /// The same; messages on the way are [kept](Self::kept).
    pub(crate) async fn fence_keeping(&mut self) {
        self.say(&command("PING", b"\0\0fence")).await;
        let mut frames = Vec::new();
        loop {
            let (flags, body) = self.frame().await.expect("a PONG, not the end");
            if body == b"\x04PONGfence" {
                return;
            }
            if flags & COMMAND == 0 {
                frames.push(body);
                if flags & MORE == 0 {
                    self.kept.push_back(std::mem::take(&mut frames));
                }
            }
        }
    }

    /// The first message that was kept.
    pub(crate) fn kept(&mut self) -> Vec<Vec<u8>> {
        self.kept.pop_front().expect("a message was kept")
    }

    pub(crate) fn has_kept_nothing(&self) -> bool {
        self.kept.is_empty()
    }

    /// Waits until the other side has closed the connection; what it still says is thrown away.
    pub(crate) async fn ended(&mut self) {
        soon(async {
            let mut octets = [0; 4096];
            while self.stream.read(&mut octets).await.is_ok_and(|read| read > 0) {}
        })
        .await;
    }
}

/// Listens by hand, and where.
pub(crate) async fn listener() -> (TcpListener, Endpoint) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback");
    let address = listener.local_addr().expect("bound");
    (listener, Endpoint::Tcp { host: address.ip().to_string(), port: address.port() })
}

/// Three peers, each of which has sent ten messages: "a", "b" or "c".
pub(crate) async fn three_that_sent(endpoint: &Endpoint, socket_type: &str) -> Vec<Raw> {
    let mut peers = Vec::new();
    for name in ["a", "b", "c"] {
        let mut peer = Raw::connect(endpoint, socket_type).await;
        for _ in 0..10 {
            peer.send(&[name]).await;
        }
        peer.fence().await;
        peers.push(peer);
    }
    peers
}

/// They were received in turn.
pub(crate) fn assert_turns(received: &[String]) {
    for round in received.chunks(3) {
        let all = ["a", "b", "c"].iter().all(|name| round.iter().any(|one| one == name));
        assert!(all, "{round:?}");
    }
}
