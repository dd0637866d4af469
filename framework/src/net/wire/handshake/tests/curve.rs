//! Whole sessions of CURVE: who meets, who does not, and what each is told.

use crate::net::wire::curve::{self, CurveError, MORE};
use crate::net::wire::keys::{KeyError, KeyPair, PublicKey, SecretKey};

use super::*;

/// Keys that never change, of no worth to anybody.
pub(super) fn keys(number: u8) -> KeyPair {
    KeyPair::from_secret(SecretKey::from_bytes([number; 32]))
}

pub(super) fn client(socket_type: SocketType) -> Settings {
    Settings::new(socket_type, Security::curve_client(keys(1), keys(2).public))
}

pub(super) fn server(socket_type: SocketType) -> Settings {
    Settings::new(socket_type, Security::curve_server(keys(2)))
}

/// Octets of each side's commands, each with the header of its frame, for properties `m` octets long.
const HELLO: usize = 2 + 200;
const WELCOME: usize = 2 + 168;
const INITIATE: usize = 9 + 257;
const READY: usize = 2 + 30;
const TYPE: usize = 1 + 11 + 4 + 4;

/// The two of a session that has gone well.
fn met() -> (Session, Session) {
    let mut one = Session::new(client(SocketType::Push));
    let mut other = Session::new(server(SocketType::Pull)).answering(Ok(Some("miller")));
    assert_eq!(join(&mut one, &mut other), [Ok(()), Ok(())]);
    (one, other)
}

/// What is sealed by one opens with the other.
fn talk(one: &mut Session, other: &mut Session) {
    for (from, to) in [(0, 1), (1, 0)] {
        let ciphers = [one.cipher.as_mut().unwrap(), other.cipher.as_mut().unwrap()];
        let mut sealed = BytesMut::new();
        ciphers[from].seal(MORE, b"grain", &mut sealed).unwrap();
        let mut body = BytesMut::new();
        assert_eq!(ciphers[to].open(&mut sealed, &mut body), Ok(MORE));
        assert_eq!(body, &b"grain"[..]);
    }
}

#[test]
fn a_client_and_a_server_meet_know_each_other_and_talk() {
    let mut settings = client(SocketType::Dealer);
    settings.identity = Bytes::from_static(b"me");
    settings.properties.push(("X-Batch".into(), Bytes::from_static(b"1")));
    let mut one = Session::new(settings);
    let mut other = Session::new(server(SocketType::Router)).answering(Ok(Some("miller")));
    assert_eq!(join(&mut one, &mut other), [Ok(()), Ok(())]);

    assert_eq!(other.asked, Some(Credentials::Curve { key: keys(1).public }));
    assert_eq!(one.asked, None);
    let peer = other.met();
    assert_eq!((peer.minor, peer.mechanism), (1, Mechanism::Curve));
    assert_eq!((peer.socket_type, &peer.identity[..]), (SocketType::Dealer, &b"me"[..]));
    assert_eq!(peer.user_id.as_deref(), Some("miller"));
    assert_eq!(peer.properties.get("x-batch"), Some(&b"1"[..]));
    assert_eq!((one.met().socket_type, one.met().user_id.as_deref()), (SocketType::Router, None));
    assert_eq!((one.output[32], other.output[32]), (0, 1));
    talk(&mut one, &mut other);
}

#[test]
fn commands_are_framed_as_the_specification_says() {
    let (one, other) = met();
    let (said, answered) = (one.said(), other.said());
    assert_eq!(said[..8], [b"\x04\xc8", &b"\x05HELLO"[..]].concat());
    assert_eq!(said[HELLO..][..9], [6, 0, 0, 0, 0, 0, 0, 1, 1 + TYPE as u8]);
    assert_eq!(said.len(), HELLO + INITIATE + TYPE);
    assert_eq!(answered[..10], [b"\x04\xa8", &b"\x07WELCOME"[..]].concat());
    assert_eq!(answered[WELCOME..][..2], [4, 30 + TYPE as u8]);
    assert_eq!(answered.len(), WELCOME + READY + TYPE);
}

#[test]
fn ciphers_come_with_curve_only() {
    let mut one = Session::new(plain_client(SocketType::Push));
    let mut other = Session::new(plain_server(SocketType::Pull));
    assert_eq!(join(&mut one, &mut other), [Ok(()), Ok(())]);
    assert!(one.cipher.is_none() && other.cipher.is_none());
    let (one, other) = met();
    assert!(one.cipher.is_some() && other.cipher.is_some());
}

/// Both halves of a session in one piece, octet by octet, and in pieces of 32 octets that end, in one
/// session or another, at each octet. What is left over is traffic, and is left.
#[test]
fn how_a_session_is_cut_makes_no_difference() {
    let traffic = b"\0\x01a";
    let lengths = [
        greeting::SIZE + HELLO + INITIATE + TYPE + traffic.len(),
        greeting::SIZE + WELCOME + READY + TYPE + traffic.len(),
    ];
    let play = |cut: [&dyn Fn(usize) -> bool; 2]| {
        let mut sides = [
            Session::new(client(SocketType::Push)),
            Session::new(server(SocketType::Pull)).answering(Ok(Some("miller"))),
        ];
        let mut fed = [0, 0];
        loop {
            let mut still = true;
            for side in [0, 1] {
                let [from, to] = [1 - side, side];
                let mut said = sides[from].output.to_vec();
                if said.len() + traffic.len() == lengths[from] {
                    said.extend(traffic);
                }
                let said = said.split_off(fed[from]);
                let mut piece = Vec::new();
                for octet in said {
                    piece.push(octet);
                    fed[from] += 1;
                    if cut[from](fed[from]) {
                        sides[to].feed(&std::mem::take(&mut piece)).unwrap();
                    }
                    still = false;
                }
                sides[to].feed(&piece).unwrap();
            }
            if still {
                break;
            }
        }
        assert_eq!(fed, lengths);
        let [one, other] = &mut sides;
        assert_eq!((&one.input[..], &other.input[..]), (&traffic[..], &traffic[..]));
        assert_eq!(one.met().socket_type, SocketType::Pull);
        assert_eq!(other.met().socket_type, SocketType::Push);
        assert_eq!(other.asked, Some(Credentials::Curve { key: keys(1).public }));
        talk(one, other);
    };
    for cut in 0..32 {
        play([&|at| at % 32 == cut, &|at| at % 32 == cut]);
    }
    play([&|_| true, &|_| true]);
    play([&|_| false, &|_| false]);
}

#[test]
fn a_client_with_another_servers_key_gets_no_answer() {
    let settings = Settings::new(SocketType::Push, Security::curve_client(keys(1), keys(3).public));
    let mut one = Session::new(settings);
    let mut other = Session::new(server(SocketType::Pull));
    let forged = WireError::Curve(CurveError::Forged { command: "HELLO" });
    assert_eq!(join(&mut one, &mut other), [Ok(()), Err(forged)]);
    assert_eq!((other.said(), &other.asked), (&b""[..], &None));
    assert!(one.peer.is_none());
}

/// One bit in each octet. Both sides are begun anew for each: no state is shared.
#[test]
fn no_octet_of_a_session_can_be_changed_unnoticed() {
    for side in [0, 1] {
        let length = [HELLO + INITIATE, WELCOME + READY][side] + TYPE;
        for at in 0..length {
            let mut sides =
                [Session::new(client(SocketType::Push)), Session::new(server(SocketType::Pull))];
            let mut fed = [0, 0];
            let mut failed = false;
            while fed != [sides[0].output.len(), sides[1].output.len()] && !failed {
                for from in [0, 1] {
                    let mut said = sides[from].output[fed[from]..].to_vec();
                    let at = greeting::SIZE + at;
                    if from == side && (fed[from]..fed[from] + said.len()).contains(&at) {
                        said[at - fed[from]] ^= 1 << (at % 8);
                    }
                    fed[from] += said.len();
                    failed |= sides[1 - from].feed(&said).is_err();
                }
            }
            let victim = &sides[1 - side];
            assert!(victim.peer.is_none(), "octet {at} of side {side}");
        }
    }
}

#[test]
fn a_denied_client_is_told_the_status_unless_it_is_temporary() {
    for (status, told) in
        [(Denial::NotAllowed, "400"), (Denial::Failure, "500"), (Denial::Temporary, "")]
    {
        let mut one = Session::new(client(SocketType::Req));
        let mut other = Session::new(server(SocketType::Rep)).answering(Err(status));
        let ends = join(&mut one, &mut other);
        assert_eq!(ends[1], Err(WireError::Denied { status }));
        assert!(one.peer.is_none() && other.cipher.is_none());
        if told.is_empty() {
            assert_eq!((ends[0].clone(), other.said().len()), (Ok(()), WELCOME));
        } else {
            let error = [b"\x04\x0a\x05ERROR\x03", told.as_bytes()].concat();
            assert_eq!(other.said()[WELCOME..], error);
            assert_eq!(ends[0], Err(WireError::Refused { reason: told.into() }));
        }
    }
}

#[test]
fn sockets_that_do_not_fit_are_told_so_by_the_server() {
    let mut one = Session::new(client(SocketType::Pub));
    let mut other = Session::new(server(SocketType::Req));
    let ends = join(&mut one, &mut other);
    let incompatible = WireError::Incompatible { own: SocketType::Req, peer: SocketType::Pub };
    assert_eq!(ends[1], Err(incompatible));
    assert_eq!(ends[0], Err(WireError::Refused { reason: "REQ-cannot-talk-to-PUB".into() }));
    assert!(other.cipher.is_none());
}

#[test]
fn two_clients_find_out() {
    let mut one = Session::new(client(SocketType::Push));
    let mut other = Session::new(client(SocketType::Pull));
    let fault = WireError::UnexpectedCommand { wanted: "WELCOME", got: "HELLO".into() };
    assert_eq!(join(&mut one, &mut other), [Err(fault.clone()), Err(fault)]);
}

#[test]
fn a_command_out_of_turn_is_refused() {
    let mut greeted = Session::new(server(SocketType::Pull));
    greeted.feed(&greeting(Mechanism::Curve, 1)).unwrap();
    let fault = greeted.feed(b"\x04\x09\x08INITIATE");
    let wanted = "HELLO";
    assert_eq!(fault, Err(WireError::UnexpectedCommand { wanted, got: "INITIATE".into() }));

    let mut one = Session::new(client(SocketType::Push));
    one.feed(&greeting(Mechanism::Curve, 1)).unwrap();
    let mut other = Session::new(server(SocketType::Pull));
    other.feed(&one.output).unwrap();
    let wanted = "INITIATE";
    let again = other.feed(&one.said()[..HELLO]);
    assert_eq!(again, Err(WireError::UnexpectedCommand { wanted, got: "HELLO".into() }));
}

/// The client's metadata are in a box that nobody else can fill, so the fault is its own.
#[test]
fn sealed_metadata_are_judged_before_anybody_is_asked() {
    for (metadata, malformed) in [
        (&b"\x0bSocket-Type\0\0\0\x04"[..], true),
        (b"\x0bSocket-Type\x7f\xff\xff\xff", true),
        (b"", false),
    ] {
        let mut other = Session::new(server(SocketType::Pull));
        let mut one = curve::Client::new(keys(1), keys(2).public);
        let framed = |body: &BytesMut| {
            let mut frame = BytesMut::new();
            let flags = crate::net::wire::frame::Flags::command();
            Header { flags, length: body.len() as u64 }.encode(&mut frame);
            [frame, body.clone()].concat()
        };
        let mut hello = BytesMut::new();
        one.hello(&mut hello);
        other.feed(&[greeting(Mechanism::Curve, 1), framed(&hello)].concat()).unwrap();
        let mut initiate = BytesMut::new();
        one.welcome(&other.said()[2..], metadata, &mut initiate).unwrap();
        let end = other.feed(&framed(&initiate));
        if malformed {
            assert!(matches!(end, Err(WireError::Malformed { .. })), "{end:?}");
            assert_eq!(other.asked, None);
        } else {
            assert_eq!(end, Err(WireError::NoSocketType));
            assert!(other.said().ends_with(b"\x05ERROR\x0eno-Socket-Type"));
        }
    }
}

#[test]
fn keys_that_do_not_belong_together_are_found_by_check() {
    let halves = KeyPair { public: keys(3).public, secret: keys(1).secret };
    let server: PublicKey = keys(2).public;
    for security in [Security::curve_server(halves.clone()), Security::curve_client(halves, server)]
    {
        let fault = Settings::new(SocketType::Req, security).check();
        assert_eq!(fault, Err(WireError::OwnKeys(KeyError::Halves)));
    }
    assert_eq!(self::server(SocketType::Req).check(), Ok(()));
    assert_eq!(client(SocketType::Req).check(), Ok(()));
}

#[test]
fn the_longest_properties_that_check_allows_do_pass() {
    // Socket-Type, and the name and lengths of X-a.
    let rest = 257 + TYPE + (1 + 3 + 4);
    let with = |size| Settings {
        properties: vec![("X-a".into(), vec![0; size].into())],
        ..client(SocketType::Push)
    };
    let room = LONGEST_COMMAND as usize - rest;
    let too_long = WireError::TooLong { size: LONGEST_COMMAND + 1, longest: LONGEST_COMMAND };
    assert_eq!(with(room + 1).check(), Err(too_long));
    assert_eq!(with(room).check(), Ok(()));
    let mut one = Session::new(with(room));
    let mut other = Session::new(server(SocketType::Pull));
    assert_eq!(join(&mut one, &mut other), [Ok(()), Ok(())]);
}

#[test]
fn only_servers_judge() {
    let roles = [
        (Security::Null, false),
        (Security::plain_client("admin", "secret"), false),
        (Security::PlainServer, true),
        (Security::curve_client(keys(1), keys(2).public), false),
        (Security::curve_server(keys(2)), true),
    ];
    for (security, server) in roles {
        assert_eq!(security.is_server(), server, "{security:?}");
    }
}
