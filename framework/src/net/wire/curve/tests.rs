//! Handshakes and messages between both sides: what passes, and what does not.

use bytes::BytesMut;
use proptest::prelude::*;

use super::nonce::{Counter, Seen};
use super::shared::SharedKey;
use super::*;
use crate::net::wire::keys::{KeyPair, PublicKey, SecretKey};

mod flips;
mod recorded;

const CLIENT_METADATA: &[u8] = b"\x0bSocket-Type\0\0\0\x03REQ";
const SERVER_METADATA: &[u8] = b"\x0bSocket-Type\0\0\0\x03REP";

/// A handshake, with both sides as they were before each command.
struct Handshake {
    keys: [KeyPair; 2],
    hello: BytesMut,
    fresh_server: Server,
    welcome: BytesMut,
    client_at_welcome: Client,
    initiate: BytesMut,
    server_at_initiate: Server,
    ready: BytesMut,
    client_at_ready: Client,
    client: Cipher,
    server: Cipher,
}

fn handshake() -> Handshake {
    let keys = [KeyPair::generate(), KeyPair::generate()];
    let mut client = Client::new(keys[0].clone(), keys[1].public);
    let mut server = Server::new(keys[1].clone());
    let fresh_server = server.clone();
    let [mut hello, mut welcome, mut initiate, mut ready] = [(); 4].map(|()| BytesMut::new());

    client.hello(&mut hello);
    server.hello(&hello, &mut welcome).unwrap();
    let (client_at_welcome, server_at_initiate) = (client.clone(), server.clone());
    client.welcome(&welcome, CLIENT_METADATA, &mut initiate).unwrap();
    let seen = server.initiate(&initiate).unwrap();
    assert_eq!(seen, Initiate { client: keys[0].public, metadata: CLIENT_METADATA.to_vec() });
    let server = server.ready(SERVER_METADATA, &mut ready).unwrap();
    let client_at_ready = client.clone();
    let (metadata, client) = client.ready(&ready).unwrap();
    assert_eq!(metadata, SERVER_METADATA);
    Handshake {
        keys,
        hello,
        fresh_server,
        welcome,
        client_at_welcome,
        initiate,
        server_at_initiate,
        ready,
        client_at_ready,
        client,
        server,
    }
}

/// A cipher for each side, without the cost of a handshake.
fn ciphers() -> [Cipher; 2] {
    let (one, other) = (KeyPair::generate(), KeyPair::generate());
    let counter = || Counter::after(2);
    [
        Cipher::client(SharedKey::new(&other.public, &one.secret), counter(), Seen::first(2)),
        Cipher::server(SharedKey::new(&one.public, &other.secret), counter(), Seen::first(2)),
    ]
}

fn sealed(cipher: &mut Cipher, flags: u8, body: &[u8]) -> BytesMut {
    let mut out = BytesMut::new();
    cipher.seal(flags, body, &mut out).unwrap();
    out
}

fn opened(cipher: &mut Cipher, command: &BytesMut) -> Result<(u8, Vec<u8>), CurveError> {
    let mut out = BytesMut::new();
    let flags = cipher.open(&mut command.clone(), &mut out);
    assert!(flags.is_ok() || out.is_empty(), "something was appended in spite of {flags:?}");
    Ok((flags?, out.to_vec()))
}

#[test]
fn two_peers_shake_hands_and_talk_both_ways() {
    let Handshake { mut client, mut server, .. } = handshake();
    for (flags, body) in
        [(MORE, &b"one"[..]), (0, b""), (COMMAND, b"\x04PING\0\0"), (0, &[7; 70_000])]
    {
        let command = sealed(&mut client, flags, body);
        assert_eq!(opened(&mut server, &command), Ok((flags, body.to_vec())));
        let command = sealed(&mut server, flags, body);
        assert_eq!(opened(&mut client, &command), Ok((flags, body.to_vec())));
    }
}

#[test]
fn commands_have_the_sizes_of_the_specification() {
    let Handshake { hello, welcome, initiate, ready, mut client, .. } = handshake();
    assert_eq!((hello.len(), &hello[..8]), (200, &b"\x05HELLO\x01\x00"[..]));
    assert_eq!(hello[8..80], [0; 72]);
    assert_eq!((welcome.len(), &welcome[..8]), (168, &b"\x07WELCOME"[..]));
    assert_eq!(
        (initiate.len(), &initiate[..9]),
        (257 + CLIENT_METADATA.len(), &b"\x08INITIATE"[..])
    );
    assert_eq!((ready.len(), &ready[..6]), (30 + SERVER_METADATA.len(), &b"\x05READY"[..]));
    let message = sealed(&mut client, 0, b"");
    assert_eq!((message.len(), &message[..8]), (MESSAGE_OVERHEAD, &b"\x07MESSAGE"[..]));
    assert_eq!(MESSAGE_OVERHEAD, 33);
}

#[test]
fn nonces_go_on_from_the_handshake_to_the_messages() {
    let Handshake { hello, initiate, ready, mut client, mut server, .. } = handshake();
    let number = |command: &[u8], offset: usize| {
        u64::from_be_bytes(command[offset..offset + 8].try_into().unwrap())
    };
    assert_eq!([number(&hello, 112), number(&initiate, 105)], [1, 2]);
    assert_eq!(number(&sealed(&mut client, 0, b""), 8), 3);
    assert_eq!(number(&sealed(&mut client, 0, b""), 8), 4);
    assert_eq!(number(&ready, 6), 1);
    assert_eq!(number(&sealed(&mut server, 0, b""), 8), 2);
}

#[test]
fn handshakes_need_no_metadata() {
    let Handshake { server_at_initiate: mut server, mut client_at_welcome, welcome, .. } =
        handshake();
    let (mut initiate, mut ready) = (BytesMut::new(), BytesMut::new());
    client_at_welcome.welcome(&welcome, b"", &mut initiate).unwrap();
    assert_eq!(initiate.len(), 257);
    assert_eq!(server.initiate(&initiate).unwrap().metadata, b"");
    server.ready(b"", &mut ready).unwrap();
    assert_eq!(ready.len(), 30);
    assert_eq!(client_at_welcome.ready(&ready).unwrap().0, b"");
}

#[test]
fn a_client_of_another_server_is_not_understood() {
    let mut client = Client::new(KeyPair::generate(), KeyPair::generate().public);
    let (mut hello, mut out) = (BytesMut::new(), BytesMut::new());
    client.hello(&mut hello);
    let error = Server::new(KeyPair::generate()).hello(&hello, &mut out);
    assert_eq!(error, Err(CurveError::Forged { command: "HELLO" }));
    assert!(out.is_empty());
}

#[test]
fn a_server_without_the_secret_is_found_out() {
    let Handshake { keys, hello, client_at_welcome: mut client, .. } = handshake();
    let mut welcome = BytesMut::new();
    // It knows all that is public, and writes the WELCOME with a secret of its own.
    let transient = PublicKey::from_bytes(hello[80..112].try_into().unwrap()).unwrap();
    let key = SharedKey::new(&transient, &KeyPair::generate().secret);
    welcome::write(&keys[1].public, &[0; 96], &key, &mut welcome);
    let error = client.welcome(&welcome, b"", &mut BytesMut::new());
    assert_eq!(error, Err(CurveError::Forged { command: "WELCOME" }));
}

#[test]
fn a_client_that_claims_the_key_of_another_is_found_out() {
    let (honest, thief, owner) = (KeyPair::generate(), KeyPair::generate(), KeyPair::generate());
    let claimed = KeyPair { public: honest.public, secret: thief.secret };
    let mut client = Client::new(claimed, owner.public);
    let mut server = Server::new(owner);
    let [mut hello, mut welcome, mut initiate] = [(); 3].map(|()| BytesMut::new());
    client.hello(&mut hello);
    server.hello(&hello, &mut welcome).unwrap();
    client.welcome(&welcome, b"", &mut initiate).unwrap();
    assert_eq!(server.initiate(&initiate), Err(CurveError::Vouch));
    assert!(matches!(server.ready(b"", &mut BytesMut::new()), Err(CurveError::Turn { .. })));
}

#[test]
fn a_vouch_for_another_server_or_another_transient_key_is_worth_nothing() {
    let [client, transient, server, secret] = [(); 4].map(|()| KeyPair::generate());
    let sealing = SharedKey::new(&secret.public, &client.secret);
    let opening = SharedKey::new(&client.public, &secret.secret);
    let good = vouch::write(&transient.public, &server.public, &sealing);
    assert_eq!(vouch::check(&good, &transient.public, &server.public, &opening), Ok(()));
    let other = KeyPair::generate().public;
    for (transient, server) in [(&transient.public, &other), (&other, &server.public)] {
        assert_eq!(vouch::check(&good, transient, server, &opening), Err(CurveError::Vouch));
    }
}

#[test]
fn an_initiate_of_one_connection_is_refused_by_another() {
    let Handshake { hello, initiate, mut fresh_server, .. } = handshake();
    fresh_server.hello(&hello, &mut BytesMut::new()).unwrap();
    assert_eq!(fresh_server.initiate(&initiate), Err(CurveError::Cookie));
}

#[test]
fn an_initiate_with_an_old_nonce_is_refused() {
    let Handshake { mut initiate, mut server_at_initiate, .. } = handshake();
    initiate[105..113].copy_from_slice(&1_u64.to_be_bytes());
    let error = server_at_initiate.initiate(&initiate);
    assert_eq!(error, Err(CurveError::Nonce { command: "INITIATE" }));
}

#[test]
fn a_command_out_of_its_turn_is_an_error() {
    let Handshake { hello, welcome, ready, client_at_ready, server_at_initiate, .. } = handshake();
    let mut out = BytesMut::new();
    let turn = |command| CurveError::Turn { command };

    let mut client = Client::new(KeyPair::generate(), KeyPair::generate().public);
    assert_eq!(client.clone().welcome(&welcome, b"", &mut out), Err(turn("WELCOME")));
    assert_eq!(client.ready(&ready).unwrap_err(), turn("READY"));
    assert_eq!(client_at_ready.clone().welcome(&welcome, b"", &mut out), Err(turn("WELCOME")));
    let mut client = client_at_ready;
    client.ready(&ready).unwrap();
    assert_eq!(client.ready(&ready).unwrap_err(), turn("READY"));

    let mut server = Server::new(KeyPair::generate());
    assert_eq!(server.initiate(b""), Err(turn("INITIATE")));
    assert_eq!(server.ready(b"", &mut out).unwrap_err(), turn("READY"));
    assert_eq!(server_at_initiate.clone().hello(&hello, &mut out), Err(turn("HELLO")));
    let mut server = server_at_initiate;
    assert_eq!(server.ready(b"", &mut out).unwrap_err(), turn("READY"));
    assert!(out.is_empty());
}

#[test]
fn a_failed_handshake_cannot_go_on() {
    let Handshake { welcome, initiate, mut client_at_welcome, mut server_at_initiate, .. } =
        handshake();
    let mut out = BytesMut::new();
    client_at_welcome.welcome(b"", b"", &mut out).unwrap_err();
    let error = client_at_welcome.welcome(&welcome, b"", &mut out);
    assert_eq!(error, Err(CurveError::Turn { command: "WELCOME" }));
    server_at_initiate.initiate(b"").unwrap_err();
    let error = server_at_initiate.initiate(&initiate);
    assert_eq!(error, Err(CurveError::Turn { command: "INITIATE" }));
}

#[test]
fn a_client_that_says_hello_again_begins_anew() {
    let Handshake { keys, hello, client_at_ready: mut client, .. } = handshake();
    let [mut again, mut welcome, mut initiate] = [(); 3].map(|()| BytesMut::new());
    client.hello(&mut again);
    assert_ne!(again[80..112], hello[80..112], "the transient key is the same");
    let mut server = Server::new(keys[1].clone());
    server.hello(&again, &mut welcome).unwrap();
    client.welcome(&welcome, b"", &mut initiate).unwrap();
    assert_eq!(server.initiate(&initiate).unwrap().client, keys[0].public);
}

#[test]
fn an_error_command_gives_the_reason() {
    let Handshake { client_at_welcome, client_at_ready, .. } = handshake();
    let refused = |reason: &str| CurveError::Refused { reason: reason.into() };
    let mut out = BytesMut::new();
    let error = client_at_welcome.clone().welcome(b"\x05ERROR\x03400", b"", &mut out);
    assert_eq!(error, Err(refused("400")));
    let error = client_at_ready.clone().ready(b"\x05ERROR\x04a\x1b\xffb");
    assert_eq!(error.unwrap_err(), refused("a??b"));
    let error = client_at_ready.clone().ready(b"\x05ERROR\x00");
    assert_eq!(error.unwrap_err(), refused(""));
    for broken in [&b"\x05ERROR"[..], b"\x05ERROR\x04400", b"\x05ERROR\x02400"] {
        let error = client_at_ready.clone().ready(broken);
        assert_eq!(error.unwrap_err(), CurveError::Unexpected { expected: "READY" });
    }
    // Only servers refuse.
    let error = Server::new(KeyPair::generate()).hello(b"\x05ERROR\x03400", &mut out);
    assert_eq!(error, Err(CurveError::Unexpected { expected: "HELLO" }));
}

#[test]
fn a_message_that_comes_again_is_refused() {
    let [mut client, mut server] = ciphers();
    let (first, second) = (sealed(&mut client, 0, b"a"), sealed(&mut client, 0, b"b"));
    opened(&mut server, &first).unwrap();
    let old = CurveError::Nonce { command: "MESSAGE" };
    assert_eq!(opened(&mut server, &first), Err(old.clone()));
    opened(&mut server, &second).unwrap();
    assert_eq!(opened(&mut server, &second), Err(old.clone()));
    assert_eq!(opened(&mut server, &first), Err(old));
}

#[test]
fn a_message_that_was_overtaken_is_refused() {
    let [mut client, mut server] = ciphers();
    let (first, second) = (sealed(&mut client, 0, b"a"), sealed(&mut client, 0, b"b"));
    opened(&mut server, &second).unwrap();
    assert_eq!(opened(&mut server, &first), Err(CurveError::Nonce { command: "MESSAGE" }));
}

#[test]
fn a_message_with_a_nonce_of_the_handshake_is_refused() {
    let Handshake { mut client, mut server, .. } = handshake();
    let old = Err(CurveError::Nonce { command: "MESSAGE" });
    let mut command = sealed(&mut client, 0, b"");
    command[8..16].copy_from_slice(&2_u64.to_be_bytes());
    assert_eq!(opened(&mut server, &command), old);
    let mut command = sealed(&mut server, 0, b"");
    command[8..16].copy_from_slice(&1_u64.to_be_bytes());
    assert_eq!(opened(&mut client, &command), old);
}

#[test]
fn a_message_that_is_sent_back_is_refused() {
    let [mut client, mut server] = ciphers();
    for cipher in [&mut client, &mut server] {
        let command = sealed(cipher, 0, b"mine");
        assert_eq!(opened(cipher, &command), Err(CurveError::Forged { command: "MESSAGE" }));
    }
}

#[test]
fn a_forged_nonce_does_not_lock_out_the_peer() {
    let [mut client, mut server] = ciphers();
    let good = sealed(&mut client, 0, b"a");
    let mut forged = good.clone();
    forged[8..16].fill(0xff);
    assert_eq!(opened(&mut server, &forged), Err(CurveError::Forged { command: "MESSAGE" }));
    opened(&mut server, &good).unwrap();
}

#[test]
fn used_up_nonces_are_an_error_before_one_is_used_twice() {
    let (one, other) = (KeyPair::generate(), KeyPair::generate());
    let key = SharedKey::new(&other.public, &one.secret);
    let mut cipher = Cipher::client(key, Counter::after(u64::MAX - 1), Seen::first(1));
    let mut out = BytesMut::new();
    cipher.seal(0, b"the last", &mut out).unwrap();
    assert_eq!(out[8..16], [0xff; 8]);
    out.clear();
    for _ in 0..2 {
        assert_eq!(cipher.seal(0, b"one more", &mut out), Err(CurveError::Exhausted));
        assert!(out.is_empty());
    }
}

#[test]
fn flags_that_there_are_not_are_refused_by_both_sides() {
    let (one, other) = (KeyPair::generate(), KeyPair::generate());
    let key = SharedKey::new(&other.public, &one.secret);
    let mut client = Cipher::client(key.clone(), Counter::after(2), Seen::first(1));
    for flags in [MORE | COMMAND, 4, 0x80, 0xff] {
        let mut out = BytesMut::new();
        assert_eq!(client.seal(flags, b"", &mut out), Err(CurveError::Flags { flags }));
        assert!(out.is_empty());

        // A peer that writes them all the same.
        message::write(message::Side::Server, flags, b"", &key, 9, &mut out);
        assert_eq!(opened(&mut client, &out), Err(CurveError::Flags { flags }));
    }
}

#[test]
fn a_message_is_sealed_and_opened_where_it_lies() {
    let [mut client, mut server] = ciphers();
    let mut out = BytesMut::with_capacity(100);
    out.extend_from_slice(b"head");
    let place = out.as_ptr();
    client.seal(MORE, b"body", &mut out).unwrap();
    assert_eq!((out.as_ptr(), &out[..4], out.len()), (place, &b"head"[..], 4 + 33 + 4));
    let mut command = out.split_off(4);
    let (flags, body) = server.open_in_place(&mut command).unwrap();
    assert_eq!((flags, &*body), (MORE, &b"body"[..]));
    assert_eq!(command[MESSAGE_OVERHEAD..], *b"body");
}

#[test]
fn the_halves_of_a_cipher_work_apart() {
    let [client, server] = ciphers();
    let ((mut sealer, _), (_, mut opener)) = (client.split(), server.split());
    let (mut command, mut out) = (BytesMut::new(), BytesMut::new());
    sealer.seal(0, b"x", &mut command).unwrap();
    assert_eq!(opener.open(&mut command, &mut out), Ok(0));
    assert_eq!(&out[..], b"x");
}

#[test]
fn debug_shows_no_secret() {
    let key = KeyPair::from_secret(SecretKey::from_bytes([0x5a; 32]));
    let shown = [
        format!("{:?}", Client::new(key.clone(), key.public)),
        format!("{:?}", Server::new(key.clone())),
        format!("{:?}", ciphers()[0]),
    ];
    let bytes = format!("{:?}", [0x5a_u8; 4]);
    for shown in shown {
        assert!(shown.contains(".."), "{shown}");
        assert!(!shown.contains(bytes.trim_matches(['[', ']'])), "{shown}");
        assert!(!shown.contains(key.secret.to_z85().as_str()), "{shown}");
    }
}

fn names() -> impl Strategy<Value = Vec<u8>> {
    let names =
        ["", "\x05HELLO", "\x07WELCOME", "\x08INITIATE", "\x05READY", "\x07MESSAGE", "\x05ERROR"];
    prop::sample::select(names.map(|name| name.as_bytes().to_vec()).to_vec())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_octets_make_it_panic(name in names(), rest in prop::collection::vec(any::<u8>(), 0..400)) {
        let mut body = [name, rest].concat();
        let key = KeyPair::from_secret(SecretKey::from_bytes([1; 32]));
        let mut out = BytesMut::new();
        let mut client = Client::new(key.clone(), key.public);
        client.hello(&mut out);
        out.clear();
        prop_assert!(client.welcome(&body, b"", &mut out).is_err());
        prop_assert!(Server::new(key.clone()).hello(&body, &mut out).is_err());
        prop_assert!(initiate::read(&body).is_err() || body.len() >= 257);
        let shared = SharedKey::new(&key.public, &key.secret);
        prop_assert!(ready::read(&body, &shared).is_err());
        let mut cipher = Cipher::client(shared, Counter::after(1), Seen::first(0));
        prop_assert!(cipher.open(&mut body, &mut out).is_err());
        prop_assert!(out.is_empty());
    }

    #[test]
    fn bodies_survive(flags in 0_u8..3, body in prop::collection::vec(any::<u8>(), 0..2000)) {
        let [mut client, mut server] = ciphers();
        let command = sealed(&mut client, flags, &body);
        prop_assert_eq!(opened(&mut server, &command), Ok((flags, body)));
    }
}
