//! Handshakes of one role, with any octets at all.
//!
//! ```text
//!   ┌ mode, 1 ┐┌── what the peer sends ──┐
//!
//!   mode   bit 0   the peer's greeting, by the book, goes before the octets
//!          bit 1   the peer is denied
//!          bit 2   NULL: the application is asked
//!          bit 3   CURVE: the octets are not sent as they are, but as the metadata in the last command of
//!                  the peer, which is sealed as it should be
//!          4…7     the size of the pieces that the octets come in, less 1
//! ```

use std::mem::discriminant;

use bytes::BytesMut;
use millhand::net::wire::curve;
use millhand::net::wire::error::WireError;
use millhand::net::wire::greeting::{self, Mechanism};
use millhand::net::wire::handshake::{Credentials, Denial, LONGEST_COMMAND, Security, Settings};
use millhand::net::wire::metadata::Metadata;
use millhand::net::wire::socket_type::SocketType;

use super::codecs;
use super::side::{Side, body, framed, greeting, keys, securities, settings};

/// More than any side says of its own: greeting and commands with no more properties than needed.
const SAID: usize = 1024;

pub fn null(octets: &[u8]) {
    let [security, _] = securities(Mechanism::Null);
    any(octets, security, Mechanism::Null);
}

pub fn plain_client(octets: &[u8]) {
    let [client, _] = securities(Mechanism::Plain);
    any(octets, client, Mechanism::Plain);
}

pub fn plain_server(octets: &[u8]) {
    let [_, server] = securities(Mechanism::Plain);
    any(octets, server, Mechanism::Plain);
}

pub fn curve_client(octets: &[u8]) {
    let [client, _] = securities(Mechanism::Curve);
    match octets {
        [mode, metadata @ ..] if mode & 8 != 0 => ready(metadata, client),
        octets => any(octets, client, Mechanism::Curve),
    }
}

pub fn curve_server(octets: &[u8]) {
    let [_, server] = securities(Mechanism::Curve);
    match octets {
        [mode, metadata @ ..] if mode & 8 != 0 => initiate(*mode, metadata, server),
        octets => any(octets, server, Mechanism::Curve),
    }
}

/// Whatever comes.
fn any(octets: &[u8], security: Security, mechanism: Mechanism) {
    let Some((&mode, octets)) = octets.split_first() else { return };
    let mut octets = octets.to_vec();
    if mode & 1 != 0 {
        octets.splice(..0, greeting(mechanism));
    }
    let settings = Settings { authenticate: mode & 4 != 0, ..settings(SocketType::Push, security) };
    let play = |piece: usize| {
        let mut side = Side::new(settings.clone(), answer(mode));
        let end = octets.chunks(piece).try_for_each(|octets| side.feed(octets));
        assert!(side.output.len() <= SAID, "{} octets were said", side.output.len());
        (side, end)
    };
    let (mut side, end) = play(1 + usize::from(mode >> 4));
    let (whole, whole_end) = play(octets.len().max(1));
    assert_eq!((&side.peer, &side.asked), (&whole.peer, &whole.asked));
    match (&end, &whole_end) {
        // It shows what had come.
        (Err(one), Err(other)) => assert_eq!(discriminant(one), discriminant(other)),
        ends => assert_eq!(ends.0, ends.1),
    }
    match end {
        Err(fault) => {
            let _ = (fault.to_string(), fault.retry_can_help());
            let (read, said) = (side.input.len(), side.output.len());
            assert_eq!(side.feed(b""), Err(fault));
            assert_eq!((side.input.len(), side.output.len()), (read, said));
        }
        Ok(()) if side.peer.is_some() => {
            let peer = side.peer.as_ref().expect("there is a peer");
            assert_eq!(peer.mechanism, mechanism);
            assert!(peer.socket_type.accepts(SocketType::Push));
            codecs::metadata(peer.properties.as_octets());
            assert!(octets.ends_with(&side.input), "what is left is traffic, unchanged");
            assert_eq!(side.cipher.is_some(), mechanism == Mechanism::Curve);
            // Nobody can know the keys of this connection.
            assert_ne!(mechanism, Mechanism::Curve);
        }
        Ok(()) => assert!(octets.len() < greeting::SIZE || side.input.len() < octets.len()),
    }
}

/// A client that has the keys, and any metadata.
fn initiate(mode: u8, metadata: &[u8], security: Security) {
    let mut side = Side::new(settings(SocketType::Pull, security), answer(mode));
    let mut client = curve::Client::new(keys(1), keys(2).public);
    let [mut hello, mut initiate] = [BytesMut::new(), BytesMut::new()];
    client.hello(&mut hello);
    let sent = side.feed(&greeting(Mechanism::Curve)).and_then(|()| side.feed(&framed(&hello)));
    assert_eq!(sent, Ok(()));
    let welcome = side.said().split_off(greeting::SIZE);
    client.welcome(body(&welcome), metadata, &mut initiate).expect("a WELCOME");
    let end = side.feed(&framed(&initiate));

    let too_long = initiate.len() as u64 > LONGEST_COMMAND;
    let read = judged(metadata, too_long, &side, end);
    let key = keys(1).public;
    let asked = read.then_some(Credentials::Curve { key });
    assert_eq!(side.asked, asked);
    if side.peer.is_some() {
        assert_eq!(mode & 2, 0, "it was denied");
        let (_, mut cipher) = client.ready(body(&side.said())).expect("a READY");
        talk(&mut cipher, &mut side);
    }
}

/// A server that has the keys, and any metadata.
fn ready(metadata: &[u8], security: Security) {
    let mut side = Side::new(settings(SocketType::Pull, security), Ok(()));
    let mut server = curve::Server::new(keys(2));
    let [mut welcome, mut ready] = [BytesMut::new(), BytesMut::new()];
    side.feed(&greeting(Mechanism::Curve)).expect("a greeting");
    let hello = side.said().split_off(greeting::SIZE);
    server.hello(body(&hello), &mut welcome).expect("a HELLO");
    side.feed(&framed(&welcome)).expect("a WELCOME");
    let initiate = server.initiate(body(&side.said())).expect("an INITIATE");
    assert_eq!(initiate.client, keys(1).public);
    let mut cipher = server.ready(metadata, &mut ready).expect("it is its turn");
    let end = side.feed(&framed(&ready));

    judged(metadata, ready.len() as u64 > LONGEST_COMMAND, &side, end);
    if side.peer.is_some() {
        talk(&mut cipher, &mut side);
    }
}

/// What comes of metadata in a box is what comes of them in the open. True if they could be read.
fn judged(metadata: &[u8], too_long: bool, side: &Side, end: Result<(), WireError>) -> bool {
    if too_long {
        assert!(matches!(end, Err(WireError::TooLong { .. })), "{end:?}");
        return false;
    }
    match Metadata::decode(metadata) {
        Err(fault) => {
            assert_eq!(end, Err(fault));
            false
        }
        Ok(read) => {
            assert_eq!(side.peer.is_some(), end.is_ok(), "{end:?}");
            if let Some(peer) = &side.peer {
                assert_eq!(peer.properties, read);
                assert!(side.cipher.is_some() && side.input.is_empty());
                codecs::metadata(metadata);
            }
            true
        }
    }
}

/// What one seals the other opens, both ways.
fn talk(other: &mut curve::Cipher, side: &mut Side) {
    let own = side.cipher.as_mut().expect("there is a cipher");
    for _ in 0..2 {
        let mut sealed = BytesMut::new();
        own.seal(curve::MORE, b"grain", &mut sealed).expect("there are nonces left");
        let opened = other.open_in_place(&mut sealed).map(|(flags, body)| (flags, &*body));
        assert_eq!(opened, Ok((curve::MORE, &b"grain"[..])));
        std::mem::swap(own, other);
    }
}

fn answer(mode: u8) -> Result<(), Denial> {
    if mode & 2 == 0 { Ok(()) } else { Err(Denial::NotAllowed) }
}
