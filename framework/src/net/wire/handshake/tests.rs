//! Whole handshakes, octet for octet: with what libzmq sends, with each other, and with anything.

use bytes::BufMut;

use super::*;

mod any;
mod curve;
mod faults;
mod libzmq;

/// One side, with its buffers, and what has happened to it.
struct Session {
    handshake: Handshake,
    input: BytesMut,
    output: BytesMut,
    /// What is answered to `Authenticate`.
    answer: Result<Option<String>, Denial>,
    asked: Option<Credentials>,
    peer: Option<Peer>,
    cipher: Option<Cipher>,
}

impl Session {
    fn new(settings: Settings) -> Session {
        let mut output = BytesMut::new();
        let handshake = Handshake::new(settings, &mut output);
        let (input, answer) = (BytesMut::new(), Ok(None));
        Session { handshake, input, output, answer, asked: None, peer: None, cipher: None }
    }

    fn answering(mut self, answer: Result<Option<&str>, Denial>) -> Session {
        self.answer = answer.map(|user_id| user_id.map(String::from));
        self
    }

    /// Octets come; goes on as far as they allow.
    fn feed(&mut self, octets: &[u8]) -> Result<(), WireError> {
        self.input.put_slice(octets);
        while self.peer.is_none() {
            match self.handshake.advance(&mut self.input, &mut self.output)? {
                Progress::MoreNeeded => break,
                Progress::Authenticate(credentials) => {
                    assert!(self.asked.replace(credentials).is_none(), "asked twice");
                    match self.answer.clone() {
                        Ok(user_id) => self.handshake.allow(user_id, &mut self.output)?,
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

    /// What was appended after the greeting.
    fn said(&self) -> &[u8] {
        &self.output[greeting::SIZE..]
    }

    fn met(&self) -> &Peer {
        self.peer.as_ref().expect("the handshake is not over")
    }
}

fn null(socket_type: SocketType) -> Settings {
    Settings::new(socket_type, Security::Null)
}

fn plain_client(socket_type: SocketType) -> Settings {
    let (user, password) = ("admin".into(), "secret".into());
    Settings::new(socket_type, Security::PlainClient { user, password })
}

fn plain_server(socket_type: SocketType) -> Settings {
    Settings::new(socket_type, Security::PlainServer)
}

/// The greeting of a peer, by the book.
fn greeting(mechanism: Mechanism, minor: u8) -> Vec<u8> {
    let mut octets = BytesMut::new();
    Greeting::encode(mechanism, false, &mut octets);
    octets[11] = minor;
    octets.to_vec()
}

/// Lets two sessions talk until neither has anything to say.
fn join(one: &mut Session, other: &mut Session) -> [Result<(), WireError>; 2] {
    let mut ends = [Ok(()), Ok(())];
    let mut told = [0, 0];
    loop {
        let said = [one.output[told[0]..].to_vec(), other.output[told[1]..].to_vec()];
        if said.iter().all(Vec::is_empty) {
            return ends;
        }
        told = [one.output.len(), other.output.len()];
        if ends[1].is_ok() {
            ends[1] = other.feed(&said[0]);
        }
        if ends[0].is_ok() {
            ends[0] = one.feed(&said[1]);
        }
    }
}

#[test]
fn the_greeting_is_sent_before_the_peers_has_come() {
    let session = Session::new(null(SocketType::Push));
    assert_eq!(session.output.len(), greeting::SIZE);
    assert_eq!(session.output, greeting(Mechanism::Null, 1));
}

#[test]
fn all_types_that_accept_each_other_meet() {
    for one in SocketType::ALL {
        for other in SocketType::ALL {
            let (mut a, mut b) = (Session::new(null(one)), Session::new(null(other)));
            let ends = join(&mut a, &mut b);
            if one.accepts(other) {
                assert_eq!(ends, [Ok(()), Ok(())]);
                assert_eq!((a.met().socket_type, b.met().socket_type), (other, one));
            } else {
                assert_eq!(ends[0], Err(WireError::Incompatible { own: one, peer: other }));
                assert_eq!(ends[1], Err(WireError::Incompatible { own: other, peer: one }));
            }
        }
    }
}

#[test]
fn a_plain_client_and_server_meet_and_tell_their_properties() {
    let mut client = plain_client(SocketType::Dealer);
    client.identity = Bytes::from_static(b"me");
    client.properties.push(("x-batch".into(), Bytes::from_static(b"1")));
    let mut client = Session::new(client);
    let mut server = Session::new(plain_server(SocketType::Router)).answering(Ok(Some("root")));
    assert_eq!(join(&mut client, &mut server), [Ok(()), Ok(())]);

    let credentials = Credentials::Plain { user: "admin".into(), password: "secret".into() };
    assert_eq!(server.asked, Some(credentials));
    assert_eq!(client.asked, None);
    let peer = server.met();
    assert_eq!((peer.minor, peer.mechanism), (1, Mechanism::Plain));
    assert_eq!(peer.user_id.as_deref(), Some("root"));
    assert_eq!(peer.identity, &b"me"[..]);
    assert_eq!(peer.properties.get("X-BATCH"), Some(&b"1"[..]));
    assert_eq!(client.met().user_id, None);
}

#[test]
fn the_version_is_the_lower_one() {
    for (minor, spoken) in [(0, 0), (1, 1), (9, 1)] {
        let mut session = Session::new(null(SocketType::Pull));
        session.feed(&greeting(Mechanism::Null, minor)).unwrap();
        session.feed(b"\x04\x1a\x05READY\x0bSocket-Type\0\0\0\x04PUSH").unwrap();
        assert_eq!(session.met().minor, spoken);
    }
}

#[test]
fn a_null_side_that_authenticates_is_silent_until_it_is_answered() {
    let mut settings = null(SocketType::Pull);
    settings.authenticate = true;
    let mut output = BytesMut::new();
    let mut handshake = Handshake::new(settings, &mut output);
    let mut input = BytesMut::from(&greeting(Mechanism::Null, 1)[..]);
    let ready = b"\x04\x1a\x05READY\x0bSocket-Type\0\0\0\x04PUSH";
    input.put_slice(ready);

    let asked = handshake.advance(&mut input, &mut output);
    assert!(matches!(asked, Ok(Progress::Authenticate(Credentials::Null))), "{asked:?}");
    let waiting = handshake.advance(&mut input, &mut output);
    assert!(matches!(waiting, Ok(Progress::MoreNeeded)), "{waiting:?}");
    assert_eq!((output.len(), &input[..]), (greeting::SIZE, &ready[..]));

    handshake.allow(Some("you".into()), &mut output).unwrap();
    assert_eq!(&output[greeting::SIZE..], b"\x04\x1a\x05READY\x0bSocket-Type\0\0\0\x04PULL");
    match handshake.advance(&mut input, &mut output) {
        Ok(Progress::Done(peer, None)) => assert_eq!(peer.user_id.as_deref(), Some("you")),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_denied_peer_is_told_the_status_unless_it_is_temporary() {
    let null = |socket_type| Settings { authenticate: true, ..null(socket_type) };
    let octets = [(Denial::NotAllowed, "400"), (Denial::Failure, "500"), (Denial::Temporary, "")];
    for (status, told) in octets {
        for (client, server) in [
            (self::null(SocketType::Req), null(SocketType::Rep)),
            (plain_client(SocketType::Req), plain_server(SocketType::Rep)),
        ] {
            let mut client = Session::new(client);
            let mut server = Session::new(server).answering(Err(status));
            let ends = join(&mut client, &mut server);
            assert_eq!(ends[1], Err(WireError::Denied { status }));
            if told.is_empty() {
                assert_eq!((ends[0].clone(), server.said()), (Ok(()), &b""[..]));
                assert!(client.peer.is_none());
            } else {
                assert_eq!(server.said(), [b"\x04\x0a\x05ERROR\x03", told.as_bytes()].concat());
                assert_eq!(ends[0], Err(WireError::Refused { reason: told.into() }));
            }
        }
    }
}

#[test]
fn an_answer_without_a_question_is_out_of_turn() {
    let mut session = Session::new(null(SocketType::Pair));
    let out_of_turn = |result| matches!(result, Err(WireError::OutOfTurn { .. }));
    assert!(out_of_turn(session.handshake.allow(None, &mut session.output)));
    let mut other = Session::new(null(SocketType::Pair));
    assert_eq!(join(&mut session, &mut other), [Ok(()), Ok(())]);
    let over = session.handshake.advance(&mut session.input, &mut session.output).map(drop);
    assert!(out_of_turn(over));
    assert!(out_of_turn(session.handshake.allow(None, &mut session.output)));
}
