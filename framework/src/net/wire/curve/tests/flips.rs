//! No command can be changed, cut or lengthened without being found out.

use super::*;

/// Every bit, one after the other.
fn flipped(command: &[u8]) -> impl Iterator<Item = BytesMut> {
    (0..command.len() * 8).map(move |bit| {
        let mut flipped = BytesMut::from(command);
        flipped[bit / 8] ^= 1 << (bit % 8);
        flipped
    })
}

/// Every shorter one, and a longer one.
fn resized(command: &[u8]) -> impl Iterator<Item = BytesMut> {
    let longer = [command, b"\0"].concat();
    (0..command.len()).chain([command.len() + 1]).map(move |length| longer[..length].into())
}

/// Both, and how often that was wrong.
fn none_passes(command: &[u8], mut read: impl FnMut(&BytesMut) -> Result<(), CurveError>) {
    read(&command.into()).expect("the command as it was passes");
    for (index, bad) in flipped(command).chain(resized(command)).enumerate() {
        assert!(read(&bad).is_err(), "change {index} of {} octets passed", command.len());
    }
}

#[test]
fn no_changed_hello_passes() {
    let Handshake { hello, fresh_server, .. } = handshake();
    none_passes(&hello, |bad| fresh_server.clone().hello(bad, &mut BytesMut::new()));
}

#[test]
fn no_changed_welcome_passes() {
    let Handshake { welcome, client_at_welcome, .. } = handshake();
    none_passes(&welcome, |bad| client_at_welcome.clone().welcome(bad, b"", &mut BytesMut::new()));
}

#[test]
fn no_changed_initiate_passes() {
    let Handshake { initiate, server_at_initiate, .. } = handshake();
    none_passes(&initiate, |bad| server_at_initiate.clone().initiate(bad).map(drop));
}

#[test]
fn no_changed_ready_passes() {
    let Handshake { ready, client_at_ready, .. } = handshake();
    none_passes(&ready, |bad| client_at_ready.clone().ready(bad).map(drop));
}

#[test]
fn no_changed_message_passes() {
    let [mut client, server] = ciphers();
    let message = sealed(&mut client, MORE, b"attack at dawn");
    none_passes(&message, |bad| opened(&mut server.clone(), bad).map(drop));
}

/// X25519 ignores the top bit of a key, so the box alone would let this one pass.
#[test]
fn a_hello_with_a_second_spelling_of_its_key_is_refused() {
    let Handshake { mut hello, mut fresh_server, .. } = handshake();
    hello[111] ^= 0x80;
    let error = fresh_server.hello(&hello, &mut BytesMut::new());
    let source = KeyError::Spelling;
    assert_eq!(error, Err(CurveError::Key { command: "HELLO", source }));
}

#[test]
fn lengths_are_checked_before_anything_is_computed() {
    let Handshake { hello, welcome, initiate, ready, mut client, .. } = handshake();
    let message = sealed(&mut client, 0, b"");
    let length = |command, expected, octets| CurveError::Length { command, expected, octets };
    let mut out = BytesMut::new();

    // The keys are those of strangers: whatever got as far as a box would fail with `Forged`.
    let stranger = Server::new(KeyPair::generate());
    assert_eq!(stranger.clone().hello(&hello[..199], &mut out), Err(length("HELLO", 200, 199)));
    let long = [&hello[..], b"\0"].concat();
    assert_eq!(stranger.clone().hello(&long, &mut out), Err(length("HELLO", 200, 201)));
    let mut stranger = Client::new(KeyPair::generate(), KeyPair::generate().public);
    stranger.hello(&mut BytesMut::new());
    let error = stranger.welcome(&welcome[..167], b"", &mut out);
    assert_eq!(error, Err(length("WELCOME", 168, 167)));
    let error = initiate::read(&initiate[..256]).map(drop);
    assert_eq!(error, Err(length("INITIATE", 257, 256)));
    let pair = KeyPair::generate();
    let key = SharedKey::new(&pair.public, &pair.secret);
    let error = ready::read(&ready[..29], &key);
    assert_eq!(error, Err(length("READY", 30, 29)));
    assert_eq!(message::counter(&message[..32]), Err(length("MESSAGE", 33, 32)));
    assert_eq!(stranger.ready(b"").unwrap_err(), CurveError::Turn { command: "READY" });
}
