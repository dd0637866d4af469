//! Any octets at all, in pieces of any size: no panic, and nothing kept that did not come.

use proptest::prelude::*;

use super::*;

/// A command of CURVE, or something that looks like it, in its frame.
fn command(name: &[u8], data: &[u8]) -> Vec<u8> {
    let mut out = BytesMut::new();
    crate::net::wire::command::encode(name, &[data], &mut out);
    out.to_vec()
}

/// A HELLO that the server opens.
fn hello() -> Vec<u8> {
    let mut session = Session::new(curve::client(SocketType::Pull));
    session.feed(&greeting(Mechanism::Curve, 1)).unwrap();
    session.said().to_vec()
}

/// What a peer could send, to get deep before it goes wrong.
fn part() -> impl Strategy<Value = Vec<u8>> {
    let known = |octets: &[u8]| Just(octets.to_vec());
    prop_oneof![
        4 => Just(greeting(Mechanism::Null, 1)),
        4 => Just(greeting(Mechanism::Plain, 0)),
        4 => Just(greeting(Mechanism::Curve, 1)),
        2 => Just(hello()),
        1 => Just(command(b"WELCOME", &[7; 160])),
        1 => Just(command(b"INITIATE", &[7; 300])),
        1 => Just(command(b"READY", &[7; 40])),
        2 => known(b"\x04\x1a\x05READY\x0bSocket-Type\0\0\0\x04PULL"),
        2 => known(b"\x04\x1d\x08INITIATE\x0bSocket-Type\0\0\0\x04PULL"),
        2 => known(b"\x04\x13\x05HELLO\x05admin\x06secret"),
        2 => known(b"\x04\x08\x07WELCOME"),
        1 => known(b"\x04\x0a\x05ERROR\x03400"),
        1 => known(b"\x04\t^RROR\x03400"),
        1 => known(&[6, 0, 0, 0, 0, 0, 1, 0, 0]),
        1 => prop::collection::vec(any::<u8>(), 0..300).prop_map(|data| {
            command(b"READY", &data)
        }),
        1 => prop::collection::vec(any::<u8>(), 0..80),
    ]
}

/// The start of what a good peer sends; nothing, or as far as traffic.
fn good() -> impl Strategy<Value = Vec<u8>> {
    const READY: &[u8] = b"\x04\x1a\x05READY\x0bSocket-Type\0\0\0\x04PULL";
    const HELLO: &[u8] = b"\x04\x13\x05HELLO\x05admin\x06secret";
    const INITIATE: &[u8] = b"\x04\x1d\x08INITIATE\x0bSocket-Type\0\0\0\x04PULL";
    let plain = |commands: &[&[u8]]| [greeting(Mechanism::Plain, 0), commands.concat()].concat();
    prop_oneof![
        Just(Vec::new()),
        Just([greeting(Mechanism::Null, 1), READY.to_vec()].concat()),
        Just(plain(&[HELLO, INITIATE])),
        Just(plain(&[b"\x04\x08\x07WELCOME", READY])),
        Just([greeting(Mechanism::Curve, 1), hello()].concat()),
    ]
}

fn stream() -> impl Strategy<Value = Vec<u8>> {
    let flips = prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..2);
    (good(), prop::collection::vec(part(), 1..6), flips).prop_map(|(good, parts, flips)| {
        let mut octets = [good, parts.concat()].concat();
        for (at, octet) in flips {
            if !octets.is_empty() {
                let at = at.index(octets.len());
                octets[at] = octet;
            }
        }
        octets
    })
}

fn settings() -> impl Strategy<Value = Settings> {
    let authenticating = Settings { authenticate: true, ..null(SocketType::Push) };
    prop_oneof![
        Just(null(SocketType::Push)),
        Just(authenticating),
        Just(plain_client(SocketType::Push)),
        Just(plain_server(SocketType::Push)),
        Just(curve::client(SocketType::Push)),
        Just(curve::server(SocketType::Push)),
    ]
}

/// Octets that are held for the peer: what was found out about it, and what is shown of it.
fn held(session: &Session, end: &Result<(), WireError>) -> usize {
    let peer = session.peer.as_ref().map_or(0, |peer| {
        // The identity is a part of the properties.
        peer.properties.as_octets().len()
    });
    let asked = match &session.asked {
        Some(Credentials::Plain { user, password }) => user.capacity() + password.expose().len(),
        _ => 0,
    };
    let shown = match end {
        Err(WireError::NotZmtp { seen }) => seen.len(),
        Err(WireError::MechanismMismatch { peer, .. }) => peer.len(),
        Err(WireError::UnexpectedCommand { got, .. }) => got.len(),
        Err(WireError::UnknownSocketType { name }) => name.len(),
        Err(WireError::Refused { reason }) => reason.len(),
        _ => 0,
    };
    peer + asked + shown
}

proptest! {
    /// "Memory" is what is reachable from the values that come out, since nothing else is kept: the input
    /// stays the caller's, and the state has no buffer.
    #[test]
    fn any_octets_neither_panic_nor_make_more_memory_than_four_times_themselves(
        settings in settings(),
        octets in stream(),
        sizes in prop::collection::vec(1..90usize, 1..8),
        yes: bool,
    ) {
        // The answers of this side: its greeting and its commands, whatever the peer sends.
        const OWN: usize = 640;

        let answer = if yes { Ok(None) } else { Err(Denial::NotAllowed) };
        let mut session = Session::new(settings).answering(answer);
        session.input.reserve(octets.len());
        let room = session.input.capacity();
        let (mut rest, mut end) = (&octets[..], Ok(()));
        for size in sizes.into_iter().cycle() {
            let (piece, after) = rest.split_at(size.min(rest.len()));
            end = session.feed(piece);
            rest = after;
            if end.is_err() || rest.is_empty() {
                break;
            }
        }
        prop_assert!(session.output.len() <= OWN);
        prop_assert!(held(&session, &end) <= 4 * octets.len());
        prop_assert!(session.input.capacity() <= room);
        if let Err(fault) = end {
            prop_assert_eq!(session.feed(b"more"), Err(fault));
        }
    }

    #[test]
    fn how_octets_are_cut_makes_no_difference(
        settings in settings(), octets in stream(), cut: prop::sample::Index,
    ) {
        let play = |pieces: [&[u8]; 2]| {
            let mut session = Session::new(settings.clone());
            let end = session.feed(pieces[0]).and_then(|()| session.feed(pieces[1]));
            // What is shown of a foreign greeting is what has come of it.
            let end = match end {
                Err(WireError::NotZmtp { .. }) => Err(WireError::NotZmtp { seen: String::new() }),
                end => end,
            };
            // Of CURVE, each session has new keys.
            if session.handshake.machine.mechanism() == Mechanism::Curve {
                let said = session.output.len();
                session.output.clear();
                session.output.put_u64(said as u64);
            }
            (end, session.output, session.peer, session.asked)
        };
        let (one, other) = octets.split_at(cut.index(octets.len() + 1));
        prop_assert_eq!(play([one, other]), play([&octets, &[]]));
    }
}
