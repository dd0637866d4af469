//! Sessions as libzmq 4.3.5 sends them, recorded octet for octet between two of its sockets.
//!
//! Its greeting comes in pieces of 10, 1 and 53 octets, has a length in the padding, and says as-server 0
//! in any case.

use super::*;

const ZEROS: [u8; 32] = [0; 32];

/// libzmq's greeting, in its pieces; its padding has the length of its identity, and one.
fn greeting(identity: u8, mechanism: &str) -> [Vec<u8>; 3] {
    let mut last = vec![1];
    last.extend(mechanism.as_bytes());
    last.resize(1 + 20, 0);
    last.extend(ZEROS);
    assert_eq!(last.len(), 53);
    [vec![0xff, 0, 0, 0, 0, 0, 0, 0, identity + 1, 0x7f], vec![3], last]
}

/// Plays the session cut in two at each octet, octet by octet, and in the pieces that it came in. Each
/// time the same must be said, found out and left over.
fn at_every_cut(
    new: impl Fn() -> Session,
    greeting: [Vec<u8>; 3],
    commands: &[u8],
    traffic: &[u8],
    check: impl Fn(&Session),
) {
    let whole = [&greeting.concat(), commands, traffic].concat();
    let run = |pieces: &[&[u8]]| {
        let mut session = new();
        for piece in pieces {
            session.feed(piece).unwrap();
        }
        assert_eq!(session.input, traffic);
        check(&session);
    };
    for cut in 0..=whole.len() {
        let (one, other) = whole.split_at(cut);
        run(&[one, other]);
    }
    run(&whole.chunks(1).collect::<Vec<_>>());
    let [signature, major, rest] = &greeting;
    run(&[signature, major, rest, commands, traffic]);
}

#[test]
fn a_dealer_with_an_identity_meets_our_router() {
    at_every_cut(
        || Session::new(null(SocketType::Router)),
        greeting(2, "NULL"),
        b"\x04+\x05READY\x0bSocket-Type\0\0\0\x06DEALER\x08Identity\0\0\0\x02me",
        b"\x01\x01a\0\x01b",
        |session| {
            let ready = b"\x04)\x05READY\x0bSocket-Type\0\0\0\x06ROUTER\x08Identity\0\0\0\0";
            assert_eq!(session.said(), ready);
            let peer = session.met();
            assert_eq!((peer.minor, peer.socket_type), (1, SocketType::Dealer));
            assert_eq!(peer.identity, &b"me"[..]);
            assert_eq!(peer.mechanism, Mechanism::Null);
        },
    );
}

#[test]
fn a_router_meets_our_dealer() {
    at_every_cut(
        || {
            let identity = Bytes::from_static(b"me");
            Session::new(Settings { identity, ..null(SocketType::Dealer) })
        },
        greeting(0, "NULL"),
        b"\x04)\x05READY\x0bSocket-Type\0\0\0\x06ROUTER\x08Identity\0\0\0\0",
        b"",
        |session| {
            let ready = b"\x04+\x05READY\x0bSocket-Type\0\0\0\x06DEALER\x08Identity\0\0\0\x02me";
            assert_eq!(session.said(), ready);
            assert_eq!(session.met().identity, &b""[..]);
        },
    );
}

#[test]
fn a_subscriber_meets_our_publisher_and_its_subscription_is_left_as_traffic() {
    let subscribe = b"\x04\x0b\tSUBSCRIBEA";
    at_every_cut(
        || Session::new(null(SocketType::Pub)),
        greeting(0, "NULL"),
        b"\x04\x19\x05READY\x0bSocket-Type\0\0\0\x03SUB",
        subscribe,
        |session| {
            assert_eq!(session.said(), b"\x04\x19\x05READY\x0bSocket-Type\0\0\0\x03PUB");
            let header = Header::decode(&session.input).unwrap().unwrap();
            let command = Command::decode(&session.input[header.size()..]);
            assert_eq!(command, Ok(Command::Subscribe(b"A")));
        },
    );
}

#[test]
fn a_plain_client_meets_our_server() {
    at_every_cut(
        || Session::new(plain_server(SocketType::Pull)).answering(Ok(Some("root"))),
        greeting(0, "PLAIN"),
        b"\x04\x13\x05HELLO\x05admin\x06secret\x04\x1d\x08INITIATE\x0bSocket-Type\0\0\0\x04PUSH",
        b"\0\0",
        |session| {
            let ready = b"\x04\x1a\x05READY\x0bSocket-Type\0\0\0\x04PULL";
            assert_eq!(session.said(), [&b"\x04\x08\x07WELCOME"[..], ready].concat());
            let credentials =
                Credentials::Plain { user: "admin".into(), password: "secret".into() };
            assert_eq!(session.asked, Some(credentials));
            assert_eq!(session.met().user_id.as_deref(), Some("root"));
        },
    );
}

#[test]
fn a_plain_server_meets_our_client() {
    at_every_cut(
        || Session::new(plain_client(SocketType::Push)),
        greeting(0, "PLAIN"),
        b"\x04\x08\x07WELCOME\x04\x1a\x05READY\x0bSocket-Type\0\0\0\x04PULL",
        b"\x04\x07\x04PING\x002",
        |session| {
            let hello = b"\x04\x13\x05HELLO\x05admin\x06secret";
            let initiate = b"\x04\x1d\x08INITIATE\x0bSocket-Type\0\0\0\x04PUSH";
            assert_eq!(session.said(), [&hello[..], initiate].concat());
            assert_eq!(session.met().mechanism, Mechanism::Plain);
        },
    );
}

/// A PLAIN server of libzmq loses the length and first letter of ERROR in its source: what is meant
/// for `05 45` is read by the compiler as the one octet `5E`.
#[test]
fn a_plain_servers_malformed_error_is_understood() {
    let session = [greeting(0, "PLAIN").concat(), b"\x04\t^RROR\x03400".to_vec()].concat();
    let refused = Err(WireError::Refused { reason: "400".into() });
    for cut in 0..session.len() {
        let mut client = Session::new(plain_client(SocketType::Push));
        assert_eq!(client.feed(&session[..cut]), Ok(()));
        assert_eq!(client.feed(&session[cut..]), refused);
    }
}

#[test]
fn a_heartbeat_is_read() {
    let body = b"\x04PING\x002";
    assert_eq!(Command::decode(body), Ok(Command::Ping { ttl: 50, context: b"" }));
    let mut pong = BytesMut::new();
    Command::Pong { context: b"" }.encode(&mut pong);
    assert_eq!(pong, b"\x04\x05\x04PONG"[..]);
}
