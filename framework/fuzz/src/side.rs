//! One side of a connection: a handshake with its buffers, and what came of it.

use bytes::BytesMut;
use millhand::net::wire::curve::Cipher;
use millhand::net::wire::error::WireError;
use millhand::net::wire::frame::{Flags, Header};
use millhand::net::wire::greeting::{Greeting, Mechanism};
use millhand::net::wire::handshake::{
    Credentials, Denial, Handshake, Peer, Progress, Security, Settings,
};
use millhand::net::wire::keys::{KeyPair, SecretKey};
use millhand::net::wire::socket_type::SocketType;

/// A side, and what has happened to it.
pub struct Side {
    pub handshake: Handshake,
    pub input: BytesMut,
    pub output: BytesMut,
    pub asked: Option<Credentials>,
    pub peer: Option<Peer>,
    pub cipher: Option<Cipher>,
    /// What is answered to `Authenticate`.
    answer: Result<(), Denial>,
}

impl Side {
    pub fn new(settings: Settings, answer: Result<(), Denial>) -> Side {
        let (input, mut output) = (BytesMut::new(), BytesMut::new());
        let handshake = Handshake::new(settings, &mut output);
        Side { handshake, input, output, asked: None, peer: None, cipher: None, answer }
    }

    /// Octets come; goes on as far as they allow.
    pub fn feed(&mut self, octets: &[u8]) -> Result<(), WireError> {
        self.input.extend_from_slice(octets);
        while self.peer.is_none() {
            match self.handshake.advance(&mut self.input, &mut self.output)? {
                Progress::MoreNeeded => break,
                Progress::Authenticate(credentials) => {
                    assert!(self.asked.replace(credentials).is_none(), "asked twice");
                    match self.answer {
                        Ok(()) => self.handshake.allow(None, &mut self.output)?,
                        Err(status) => self.handshake.deny(status, &mut self.output),
                    }
                }
                Progress::Done(peer, cipher) => {
                    (self.peer, self.cipher) = (Some(peer), cipher);
                }
            }
        }
        Ok(())
    }

    /// What is to be sent.
    pub fn said(&mut self) -> BytesMut {
        self.output.split()
    }
}

/// Keys that never change, of no worth to anybody.
pub fn keys(number: u8) -> KeyPair {
    KeyPair::from_secret(SecretKey::from_bytes([number; 32]))
}

/// The client's side of a mechanism, and the server's. NULL has one, twice.
pub fn securities(mechanism: Mechanism) -> [Security; 2] {
    match mechanism {
        Mechanism::Null => [Security::Null, Security::Null],
        Mechanism::Plain => [Security::plain_client("admin", "secret"), Security::PlainServer],
        Mechanism::Curve => {
            [Security::curve_client(keys(1), keys(2).public), Security::curve_server(keys(2))]
        }
    }
}

/// A side without more properties.
pub fn settings(socket_type: SocketType, security: Security) -> Settings {
    Settings::new(socket_type, security)
}

/// The greeting of a peer, by the book.
pub fn greeting(mechanism: Mechanism) -> BytesMut {
    let mut octets = BytesMut::new();
    Greeting::encode(mechanism, false, &mut octets);
    octets
}

/// The frame of a command.
pub fn framed(body: &[u8]) -> BytesMut {
    let mut frame = BytesMut::new();
    Header { flags: Flags::command(), length: body.len() as u64 }.encode(&mut frame);
    frame.extend_from_slice(body);
    frame
}

/// The body of the only frame that there is.
pub fn body(frame: &[u8]) -> &[u8] {
    let header = Header::decode(frame).ok().flatten().expect("a whole header");
    &frame[header.size()..]
}
