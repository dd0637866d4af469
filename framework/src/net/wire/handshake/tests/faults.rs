//! What ends a handshake, and what is said to the peer then.

use super::*;

/// A session of this kind that has had the peer's greeting.
fn greeted(settings: Settings) -> Session {
    let mut session = Session::new(settings);
    let mechanism = session.handshake.machine.mechanism();
    session.feed(&greeting(mechanism, 1)).unwrap();
    session
}

/// A command with these properties, as a whole frame.
fn metadata(name: &[u8], properties: &[(&str, &[u8])]) -> Vec<u8> {
    let metadata = Metadata::encode(properties.iter().copied()).unwrap();
    let mut out = BytesMut::new();
    crate::net::wire::command::encode(name, &[metadata.as_octets()], &mut out);
    out.to_vec()
}

fn ready(properties: &[(&str, &[u8])]) -> Vec<u8> {
    metadata(b"READY", properties)
}

fn malformed(result: Result<(), WireError>) -> bool {
    matches!(result, Err(WireError::Malformed { .. }))
}

#[test]
fn another_mechanism_is_refused() {
    let mut session = Session::new(null(SocketType::Req));
    let error = session.feed(&greeting(Mechanism::Curve, 1)).unwrap_err();
    let expected = WireError::MechanismMismatch { own: Mechanism::Null, peer: "CURVE".into() };
    assert_eq!(error, expected);
    assert_eq!(session.said(), b"");
}

#[test]
fn a_browser_is_refused_at_its_first_octet_and_shown() {
    let mut session = Session::new(null(SocketType::Req));
    let error = session.feed(b"GET /index.html HTTP/1.1\r\n").unwrap_err();
    assert_eq!(error, WireError::NotZmtp { seen: "GET /index.html ".into() });
}

#[test]
fn a_fault_stays_and_nothing_more_is_read_or_said() {
    let mut session = greeted(null(SocketType::Req));
    let said = session.output.len();
    let fault = session.feed(b"\x04\x04\x03FOO").unwrap_err();
    let read = session.input.len();
    let good = ready(&[("Socket-Type", b"REP")]);
    assert_eq!(session.feed(&good), Err(fault.clone()));
    assert_eq!(session.handshake.allow(None, &mut session.output), Err(fault.clone()));
    session.handshake.deny(Denial::NotAllowed, &mut session.output);
    assert_eq!(session.feed(b""), Err(fault));
    assert_eq!((session.input.len(), session.output.len()), (read + good.len(), said));
}

#[test]
fn an_incompatible_socket_is_told_so_by_those_who_may() {
    let told = b"\x04\x1d\x05ERROR\x16REQ-cannot-talk-to-PUB";
    let incompatible =
        || Err(WireError::Incompatible { own: SocketType::Req, peer: SocketType::Pub });
    let publisher: &[(&str, &[u8])] = &[("Socket-Type", b"PUB")];

    let mut session = greeted(null(SocketType::Req));
    assert_eq!(session.feed(&ready(publisher)), incompatible());
    assert!(session.said().ends_with(told));

    let mut server = greeted(plain_server(SocketType::Req));
    server.feed(b"\x04\x08\x05HELLO\0\0").unwrap();
    assert_eq!(server.feed(&metadata(b"INITIATE", publisher)), incompatible());
    assert_eq!(server.said(), [&b"\x04\x08\x07WELCOME"[..], told].concat());

    let mut client = greeted(plain_client(SocketType::Req));
    client.feed(b"\x04\x08\x07WELCOME").unwrap();
    let said = client.output.clone();
    assert_eq!(client.feed(&ready(publisher)), incompatible());
    assert_eq!(client.output, said);
}

#[test]
fn a_peer_without_a_known_socket_type_is_told_so() {
    let none: &[(&str, &[u8])] = &[("Identity", b"me")];
    for (properties, told) in [
        (none, &b"no-Socket-Type"[..]),
        (&[("Socket-Type", b"CLIENT")], b"unknown-Socket-Type"),
        (&[("Socket-Type", b"rep")], b"unknown-Socket-Type"),
    ] {
        let mut session = greeted(null(SocketType::Req));
        let error = session.feed(&ready(properties)).unwrap_err();
        assert!(
            matches!(error, WireError::NoSocketType | WireError::UnknownSocketType { .. }),
            "{error}"
        );
        assert!(session.said().ends_with(told));
    }
}

#[test]
fn a_peers_identity_is_judged_if_its_type_sends_one() {
    let long = [b'i'; 256];
    let meet = |own, peer: &[u8], identity| {
        let mut session = greeted(null(own));
        session.feed(&ready(&[("Socket-Type", peer), ("Identity", identity)]))?;
        Ok(session.peer.take().unwrap().identity)
    };
    let whose = Side::Peer;
    assert_eq!(meet(SocketType::Router, b"DEALER", &long[..255]), Ok(vec![b'i'; 255].into()));
    let too_long = WireError::IdentityTooLong { whose, size: 256 };
    assert_eq!(meet(SocketType::Router, b"DEALER", &long), Err(too_long));
    let reserved = WireError::ReservedIdentity { whose };
    assert_eq!(meet(SocketType::Router, b"REQ", b"\0me"), Err(reserved));
    assert_eq!(meet(SocketType::Pull, b"PUSH", b"\0me"), Ok(Bytes::new()));
}

#[test]
fn a_long_command_is_refused_from_its_header_alone() {
    let at_most = |length: u64| {
        let mut session = greeted(null(SocketType::Req));
        let result = session.feed(&[&[6][..], &length.to_be_bytes()].concat());
        (result, session.input.len())
    };
    assert_eq!(at_most(LONGEST_COMMAND), (Ok(()), 9));
    for size in [LONGEST_COMMAND + 1, i64::MAX as u64] {
        let too_long = WireError::TooLong { size, longest: LONGEST_COMMAND };
        assert_eq!(at_most(size).0, Err(too_long));
    }
}

#[test]
fn frames_that_have_no_place_here_are_refused() {
    let fault = |octets: &[u8]| greeted(null(SocketType::Req)).feed(octets).unwrap_err();
    assert_eq!(fault(b"\0\0"), WireError::MessageInHandshake);
    assert_eq!(fault(b"\x01\x05READY"), WireError::MessageInHandshake);
    assert_eq!(fault(b"\x05"), WireError::CommandWithMore { flags: 5 });
    assert_eq!(fault(b"\x80"), WireError::ReservedFlags { flags: 0x80 });
    assert!(malformed(Err(fault(b"\x04\0"))));
    assert!(malformed(Err(fault(b"\x04\x03\x05REA"))));
    let unexpected = WireError::UnexpectedCommand { wanted: "READY", got: "PING".into() };
    assert_eq!(fault(b"\x04\x07\x04PING\0\0"), unexpected);
    let unexpected = WireError::UnexpectedCommand { wanted: "READY", got: "HELLO".into() };
    assert_eq!(fault(b"\x04\x08\x05HELLO\0\0"), unexpected);
}

#[test]
fn a_command_out_of_turn_is_refused() {
    let fault = |settings, octets: &[u8]| match greeted(settings).feed(octets) {
        Err(WireError::UnexpectedCommand { wanted, got }) => (wanted, got),
        other => panic!("{other:?}"),
    };
    let types = (SocketType::Push, SocketType::Pull);
    let pull = ready(&[("Socket-Type", b"PULL")]);
    let push = metadata(b"INITIATE", &[("Socket-Type", b"PUSH")]);
    assert_eq!(fault(plain_client(types.0), &pull), ("WELCOME", "READY".into()));
    assert_eq!(fault(plain_server(types.1), &push), ("HELLO", "INITIATE".into()));
    let again = b"\x04\x08\x05HELLO\0\0\x04\x08\x05HELLO\0\0";
    assert_eq!(fault(plain_server(types.1), again), ("INITIATE", "HELLO".into()));
    let again = b"\x04\x08\x07WELCOME\x04\x08\x07WELCOME";
    assert_eq!(fault(plain_client(types.0), again), ("READY", "WELCOME".into()));
    assert!(malformed(greeted(plain_client(types.0)).feed(b"\x04\x09\x07WELCOME!")));
}

#[test]
fn two_plain_clients_find_out() {
    let mut one = Session::new(plain_client(SocketType::Push));
    let mut other = Session::new(plain_client(SocketType::Pull));
    let fault = WireError::UnexpectedCommand { wanted: "WELCOME", got: "HELLO".into() };
    assert_eq!(join(&mut one, &mut other), [Err(fault.clone()), Err(fault)]);
}

#[test]
fn a_peers_refusal_ends_it_with_the_reason() {
    for settings in [null(SocketType::Req), plain_client(SocketType::Req)] {
        let mut session = greeted(settings);
        let refused = WireError::Refused { reason: "go away".into() };
        assert_eq!(session.feed(b"\x04\x0e\x05ERROR\x07go away"), Err(refused));
    }
    assert!(malformed(greeted(null(SocketType::Req)).feed(b"\x04\x08\x05ERROR\x07g")));
}

#[test]
fn a_faulty_setting_is_found_by_check_and_sends_nothing() {
    let base = || null(SocketType::Req);
    let identity = |identity: &'static [u8]| Settings { identity: identity.into(), ..base() };
    let property = |name: &str, size| Settings {
        properties: vec![(name.into(), vec![0; size].into())],
        ..base()
    };
    let client = |user: usize, password: usize| {
        let (user, password) = ("u".repeat(user), "p".repeat(password).into());
        Settings::new(SocketType::Req, Security::PlainClient { user, password })
    };
    let whose = Side::Own;
    let too_long = |size| WireError::TooLong { size, longest: LONGEST_COMMAND };
    let long = |what| WireError::LongCredential { what, size: 256 };
    // INITIATE's name, Socket-Type, Identity, and the name and lengths of X-a.
    let rest = 9 + (1 + 11 + 4 + 3) + (1 + 8 + 4) + (1 + 3 + 4);
    let room = LONGEST_COMMAND as usize - rest;

    for (settings, fault) in [
        (identity(&[b'i'; 256]), WireError::IdentityTooLong { whose, size: 256 }),
        (identity(b"\0"), WireError::ReservedIdentity { whose }),
        (property("X-a", room + 1), too_long(LONGEST_COMMAND + 1)),
        (client(256, 0), long("user name")),
        (client(0, 256), long("password")),
    ] {
        assert_eq!(settings.check(), Err(fault.clone()));
        let mut output = BytesMut::new();
        let mut handshake = Handshake::new(settings, &mut output);
        let mut input = BytesMut::from(&greeting(Mechanism::Null, 1)[..]);
        assert_eq!(handshake.advance(&mut input, &mut output).map(drop), Err(fault));
        assert_eq!((output.len(), input.len()), (0, greeting::SIZE));
    }
    for name in ["socket-type", "Identity", "a b", ""] {
        let fault = property(name, 0).check();
        assert!(matches!(fault, Err(WireError::OwnProperty { .. })), "{name}");
    }
    for settings in [identity(&[b'i'; 255]), property("X-a", room), client(255, 255)] {
        assert_eq!(settings.check(), Ok(()));
    }
}
