//! The beginning of a connection, as a peer by hand sees it (RFC 37, "Version Negotiation" to "The Identity
//! Property").

use millhand::net::wire::error::WireError;
use millhand::net::{
    DealerSocket, Event, Failure, Options, PullSocket, PushSocket, RouterSocket, SubSocket,
};

use crate::raw::*;
use crate::stage::*;

const PUSH: [(&str, &[u8]); 1] = [("Socket-Type", b"PUSH")];

/// RFC 37, "Version Negotiation": the whole greeting is sent at once, without waiting for the peer's.
#[test]
fn a_greeting_waits_for_nobody() {
    on_two_threads(async || {
        let pull = PullSocket::bind(TCP).await.unwrap();
        let mut mute = Raw::open(&pull.bound()[0]).await;
        assert_eq!(mute.greeting().await, greeting(3, 1, "NULL"));
        let (listener, endpoint) = listener().await;
        let _push = PushSocket::connect(&endpoint).await.unwrap();
        let mut mute = Raw::accept(&listener).await;
        assert_eq!(mute.greeting().await, greeting(3, 1, "NULL"));
    });
}

/// RFC 37, "Version Negotiation": the padding means nothing; higher versions, minor and major, are valid and
/// are spoken to in 3.1; RFC 23: so is 3.0.
#[test]
fn any_padding_and_any_version_from_3_0_is_welcome() {
    on_two_threads(async || {
        let pull = PullSocket::bind(TCP).await.unwrap();
        for (major, minor) in [(3, 0), (3, 1), (3, 2), (3, 255), (4, 0), (255, 255)] {
            for padding in [0, 1, 255] {
                let mut peer = Raw::open(&pull.bound()[0]).await;
                let mut octets = greeting(major, minor, "NULL");
                octets[1..9].fill(padding);
                octets[32] = u8::from(padding == 1);
                octets[33..].fill(padding);
                peer.say(&octets).await;
                peer.say(&ready(&PUSH)).await;
                peer.say(&message(&["hello"])).await;
                assert_eq!(soon(pull.recv()).await.unwrap(), "hello".into());
            }
        }
    });
}

/// RFC 37, "Version Negotiation": a peer that cannot be matched is left. Here: ZMTP 2.0 and 1.0, and what
/// is no ZMTP at all; none of its octets becomes a message.
#[test]
fn an_older_version_and_another_protocol_are_left() {
    on_two_threads(async || {
        let pull = PullSocket::bind(TCP).await.unwrap();
        let mut monitor = pull.monitor();
        for octets in [
            greeting(2, 0, "NULL"),
            greeting(0, 0, "NULL"),
            // ZMTP 1.0: an identity, then a message.
            b"\x01\0\x06\0hello".to_vec(),
            b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n".to_vec(),
            vec![0; 64],
        ] {
            let mut peer = Raw::open(&pull.bound()[0]).await;
            peer.try_say(&octets).await;
            peer.ended().await;
            let reason = failed(&mut monitor).await;
            assert!(
                matches!(
                    reason,
                    Failure::Wire(WireError::NotZmtp { .. } | WireError::TooOld { .. })
                ),
                "{reason}"
            );
        }
        assert!(pull.try_recv().is_err());
    });
}

/// RFC 37, "Authentication and Confidentiality": the mechanisms must be the same, all 20 octets of the
/// field, or the connection is closed; yet a whole greeting was sent.
#[test]
fn another_mechanism_is_left() {
    on_two_threads(async || {
        let pull = PullSocket::bind(TCP).await.unwrap();
        let mut monitor = pull.monitor();
        for mechanism in ["PLAIN", "CURVE", "NULLL", "null", "NUL", "", "NULL\0x"] {
            let mut peer = Raw::open(&pull.bound()[0]).await;
            peer.say(&greeting(3, 1, mechanism)).await;
            assert_eq!(peer.greeting().await, greeting(3, 1, "NULL"));
            peer.ended().await;
            let reason = failed(&mut monitor).await;
            assert!(
                matches!(reason, Failure::Wire(WireError::MechanismMismatch { .. })),
                "{reason}"
            );
        }
    });
}

/// RFC 37, "The NULL Security Mechanism": both send READY, and may send messages at once after it.
#[test]
fn messages_may_follow_ready_at_once_octet_by_octet() {
    on_two_threads(async || {
        let pull = PullSocket::bind(TCP).await.unwrap();
        let mut peer = Raw::open(&pull.bound()[0]).await;
        let octets =
            [greeting(3, 1, "NULL"), ready(&PUSH), message(&["a", "", "b"]), message(&["c"])];
        for octet in octets.concat() {
            peer.say(&[octet]).await;
            tokio::task::yield_now().await;
        }
        assert_eq!(soon(pull.recv()).await.unwrap(), ["a", "", "b"].into());
        assert_eq!(soon(pull.recv()).await.unwrap(), "c".into());

        let mut peer = Raw::open(&pull.bound()[0]).await;
        peer.say(&octets.concat()).await;
        assert_eq!(soon(pull.recv()).await.unwrap(), ["a", "", "b"].into());
        assert_eq!(soon(pull.recv()).await.unwrap(), "c".into());
    });
}

/// RFC 37, "The NULL Security Mechanism": names of properties have no upper and lower case; trap 11: those
/// that are not known are kept for the application, and do no harm.
#[test]
fn properties_are_read_whatever_their_case_and_kept() {
    on_two_threads(async || {
        let router = RouterSocket::bind(TCP).await.unwrap();
        let mut monitor = router.monitor();
        let properties = [
            ("SOCKET-type", &b"DEALER"[..]),
            ("identity", b"anna"),
            ("X-Mood", b"fine"),
            ("Nobody.Knows+this_1", b""),
        ];
        let mut peer = Raw::open(&router.bound()[0]).await.meet(1, &properties).await;
        let seen = event(&mut monitor, |event| match event {
            Event::Connected { peer, .. } => Some(peer.clone()),
            _ => None,
        })
        .await;
        assert_eq!(seen.identity, "anna");
        assert_eq!(seen.properties.get("x-mood"), Some(&b"fine"[..]));
        assert_eq!(seen.properties.get("Nobody.Knows+this_1"), Some(&b""[..]));
        peer.send(&["x"]).await;
        assert_eq!(soon(router.recv()).await.unwrap(), ["anna", "x"].into());
    });
}

/// RFC 37, "Connection Metadata": names that begin with `X-` are the application's: it can send them.
#[test]
fn an_application_can_send_properties_of_its_own() {
    on_two_threads(async || {
        let (listener, endpoint) = listener().await;
        let push = PushSocket::new(Options::new().property("X-Mood", "fine")).unwrap();
        push.also_connect(&endpoint).await.unwrap();
        let mut peer = Raw::accept(&listener).await;
        peer.greeting().await;
        peer.say(&greeting(3, 1, "NULL")).await;
        let said = peer.command().await;
        let expected = metadata(&[("X-Mood", b"fine")]);
        assert!(said.ends_with(&expected), "{}", said.escape_ascii());
    });
}

/// RFC 37, "The Identity Property": up to 255 octets, the first not 0; what breaks this is refused.
#[test]
fn a_reserved_or_too_long_identity_is_refused() {
    on_two_threads(async || {
        let router = RouterSocket::bind(TCP).await.unwrap();
        let mut monitor = router.monitor();
        let _longest = Raw::connect_as(&router.bound()[0], "DEALER", &[1; 255]).await;
        connected(&mut monitor, 1).await;
        for identity in [vec![0], vec![0, 0, 0, 0, 1], vec![1; 256]] {
            let mut peer = Raw::open(&router.bound()[0]).await;
            peer.say(&greeting(3, 1, "NULL")).await;
            peer.say(&ready(&[("Socket-Type", b"DEALER"), ("Identity", &identity)])).await;
            peer.ended().await;
            assert!(matches!(failed(&mut monitor).await, Failure::Wire(_)));
        }
        assert!(DealerSocket::new(Options::new().routing_id(vec![0, 1])).is_err());
        assert!(DealerSocket::new(Options::new().routing_id(vec![1; 256])).is_err());
        assert!(DealerSocket::new(Options::new().routing_id(vec![1; 255])).is_ok());
    });
}

/// RFC 37, "The Identity Property": of types other than REQ, DEALER and ROUTER it is ignored.
#[test]
fn the_identity_of_other_types_is_ignored() {
    on_two_threads(async || {
        let pull = PullSocket::bind(TCP).await.unwrap();
        let mut monitor = pull.monitor();
        let endpoint = pull.bound()[0].clone();
        let _first = Raw::connect_as(&endpoint, "PUSH", b"twice").await;
        connected(&mut monitor, 1).await;
        let _second = Raw::connect_as(&endpoint, "PUSH", b"twice").await;
        connected(&mut monitor, 1).await;
    });
}

/// How often a listener is connected to in an hour.
async fn connections(listener: &tokio::net::TcpListener, mut meet: impl AsyncFnMut(Raw)) -> usize {
    let mut count = 0;
    for _ in 0..360 {
        while let Some(accepted) = now(std::pin::pin!(listener.accept())) {
            let (stream, _) = accepted.unwrap();
            count += 1;
            meet(Raw::from(stream)).await;
            settle().await;
        }
        advance(secs(10)).await;
    }
    count
}

/// RFC 37, "Error Handling": an ERROR in the handshake is final: the connection is closed, and not opened
/// again with the same credentials.
#[test]
fn who_was_refused_does_not_ask_again() {
    with_a_stopped_clock(async || {
        let (listener, endpoint) = listener().await;
        let push = PushSocket::connect(&endpoint).await.unwrap();
        let mut monitor = push.monitor();
        settle().await;
        let count = connections(&listener, async |mut peer: Raw| {
            peer.say(&greeting(3, 1, "NULL")).await;
            peer.say(&command("ERROR", b"\x03400")).await;
            peer.ended().await;
        });
        assert_eq!(count.await, 1);
        assert!(matches!(failed(&mut monitor).await, Failure::Wire(WireError::Refused { .. })));
    });
}

/// RFC 37, "Error Handling": a connection that is closed without a word was the moment's fault, and is
/// opened again.
#[test]
fn who_was_cut_off_asks_again() {
    with_a_stopped_clock(async || {
        let (listener, endpoint) = listener().await;
        let _push = PushSocket::connect(&endpoint).await.unwrap();
        settle().await;
        let count = connections(&listener, async |mut peer: Raw| {
            peer.say(&greeting(3, 1, "NULL")).await;
            peer.greeting().await;
        });
        assert!(count.await > 300);
    });
}

/// RFC 37, "Error Handling": also when it happens after the handshake.
#[test]
fn a_connection_that_ends_is_opened_again() {
    on_two_threads(async || {
        let (listener, endpoint) = listener().await;
        let sub = SubSocket::connect(&endpoint).await.unwrap();
        sub.subscribe("");
        for _ in 0..5 {
            let mut peer = Raw::serve(&listener, "PUB").await;
            peer.send(&["x"]).await;
            assert_eq!(soon(sub.recv()).await.unwrap(), "x".into());
        }
    });
}

/// Trap 25: a handshake has its time, and then its connection ends, whatever the peer dribbles.
#[test]
fn a_handshake_that_takes_too_long_ends() {
    with_a_stopped_clock(async || {
        let pull = PullSocket::new(Options::new().handshake_timeout(secs(5))).unwrap();
        let endpoint = pull.also_bind(TCP).await.unwrap();
        let mut monitor = pull.monitor();
        let mut mute = Raw::open(&endpoint).await;
        let mut slow = Raw::open(&endpoint).await;
        mute.greeting().await;
        slow.greeting().await;
        for octet in &greeting(3, 1, "NULL")[..4] {
            slow.say(&[*octet]).await;
            advance(secs(1)).await;
        }
        settle().await;
        advance(secs(2)).await;
        assert_eq!(failed(&mut monitor).await, Failure::TimedOut);
        assert_eq!(failed(&mut monitor).await, Failure::TimedOut);
        mute.ended().await;
        slow.ended().await;
        // Who is quick is welcome.
        let mut quick = Raw::connect(&endpoint, "PUSH").await;
        quick.send(&["x"]).await;
        assert_eq!(soon(pull.recv()).await.unwrap(), "x".into());
    });
}

/// Trap 25: a handshake's command is bounded; what claims to be longer ends the connection at once.
#[test]
fn a_handshake_command_that_is_too_long_ends_the_connection() {
    on_two_threads(async || {
        let pull = PullSocket::bind(TCP).await.unwrap();
        let mut monitor = pull.monitor();
        for claimed in [64 * 1024 + 1, 1 << 40, (1 << 63) - 1, u64::MAX] {
            let mut peer = Raw::open(&pull.bound()[0]).await;
            peer.say(&greeting(3, 1, "NULL")).await;
            peer.say(&[&[COMMAND | LONG][..], &claimed.to_be_bytes()].concat()).await;
            peer.ended().await;
            assert!(matches!(failed(&mut monitor).await, Failure::Wire(_)));
        }
    });
}

/// A message, or nonsense, where READY is due ends the connection.
#[test]
fn what_is_no_ready_ends_the_handshake() {
    on_two_threads(async || {
        let push = PushSocket::bind(TCP).await.unwrap();
        let mut monitor = push.monitor();
        for octets in [
            message(&["hello"]),
            command("HELLO", b"\0\0"),
            command("READY", b"\x0bSocket-Type\0\0\0\x05PULL"),
            command("READY", b""),
            frame(COMMAND, b""),
            frame(COMMAND, b"\0"),
            frame(COMMAND | MORE, b"\x05READY"),
            frame(8, b""),
            Vec::new(),
        ] {
            let mut peer = Raw::open(&push.bound()[0]).await;
            peer.say(&greeting(3, 1, "NULL")).await;
            peer.try_say(&octets).await;
            if octets.is_empty() {
                // Nothing more will come.
                tokio::io::AsyncWriteExt::shutdown(&mut peer.stream).await.unwrap();
            }
            peer.ended().await;
            failed(&mut monitor).await;
        }
        let mut peer = Raw::connect(&push.bound()[0], "PULL").await;
        soon(push.send("x")).await.unwrap();
        assert_eq!(peer.recv().await, [b"x"]);
    });
}
