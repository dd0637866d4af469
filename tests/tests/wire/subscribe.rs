//! SUB and XSUB: what was asked for (RFC 29, "The SUB Socket Type", "The XSUB Socket Type").

use std::pin::pin;

use millhand::net::{Multipart, Options, SubSocket, XPubSocket, XSubSocket};

use crate::raw::*;
use crate::stage::*;

/// RFC 37, "The Publish-Subscribe Pattern": SUBSCRIBE and CANCEL are commands to a peer of ZMTP 3.1; RFC 23:
/// they are messages that begin with 1 or 0 to one of 3.0 (trap 5).
#[test]
fn subscriptions_have_the_form_of_the_peers_version() {
    on_two_threads(async || {
        for (minor, said) in [
            (0, [frame(0, b"\x01topic"), frame(0, b"\0topic")]),
            (1, [command("SUBSCRIBE", b"topic"), command("CANCEL", b"topic")]),
            (9, [command("SUBSCRIBE", b"topic"), command("CANCEL", b"topic")]),
        ] {
            let (listener, endpoint) = listener().await;
            let sub = SubSocket::connect(&endpoint).await.unwrap();
            let publisher = Raw::accept(&listener).await;
            let mut publisher = publisher.meet(minor, &[("Socket-Type", b"PUB")]).await;
            sub.subscribe("topic");
            assert_eq!(publisher.octets(said[0].len()).await, said[0], "3.{minor}");
            sub.unsubscribe("topic");
            assert_eq!(publisher.octets(said[1].len()).await, said[1], "3.{minor}");
        }
    });
}

/// RFC 29, SUB, incoming: nothing is changed, and peers take turns.
#[test]
fn publishers_take_turns() {
    on_two_threads(async || {
        let sub = SubSocket::bind(TCP).await.unwrap();
        sub.subscribe("");
        let _peers = three_that_sent(&sub.bound()[0], "PUB").await;
        let mut got = Vec::new();
        for _ in 0..30 {
            got.push(text(&soon(sub.recv()).await.unwrap()).to_owned());
        }
        assert_turns(&got);
    });
}

/// RFC 29, SUB, incoming: what a publisher sends unasked is not delivered.
#[test]
fn what_was_not_asked_for_is_not_delivered() {
    on_two_threads(async || {
        let sub = SubSocket::bind(TCP).await.unwrap();
        sub.subscribe("a");
        let mut publisher = Raw::connect(&sub.bound()[0], "PUB").await;
        for topic in ["b", "ab", "", "A", "a"] {
            publisher.send(&[topic, "a"]).await;
        }
        assert_eq!(soon(sub.recv()).await.unwrap(), ["ab", "a"].into());
        assert_eq!(soon(sub.recv()).await.unwrap(), ["a", "a"].into());
        publisher.send(&["b"]).await;
        publisher.fence().await;
        assert!(sub.try_recv().is_err());
    });
}

/// RFC 29, SUB, incoming: a subscriber that does not read loses messages, silently and from the middle,
/// and holds nobody up; once it reads, it is served again.
#[test]
fn a_subscriber_that_does_not_read_loses_messages_and_no_more() {
    on_two_threads(async || {
        let publisher = XPubSocket::new(Options::new().send_high_water_mark(5)).unwrap();
        let endpoint = publisher.also_bind(TCP).await.unwrap();
        let sub = SubSocket::new(Options::new().receive_high_water_mark(5)).unwrap();
        sub.also_connect(&endpoint).await.unwrap();
        sub.subscribe("");
        soon(publisher.recv()).await.unwrap();
        for n in 0..2000 {
            publisher.send([format!("{n}").into_bytes(), vec![0; 32 * 1024]]).await.unwrap();
        }
        let mut last = None;
        let mut got = 0;
        let end = loop {
            // Until the queues are empty, the end may be dropped as well.
            publisher.send("end").await.unwrap();
            let message = soon(sub.recv()).await.unwrap();
            if message.len() == 1 {
                break message;
            }
            assert_eq!(message[1].len(), 32 * 1024);
            let number: usize = message[0].as_str().unwrap().parse().unwrap();
            assert!(Some(number) > last);
            last = Some(number);
            got += 1;
        };
        assert_eq!(end, "end".into());
        assert!((5..1500).contains(&got), "{got}");
    });
}

/// Trap 20: subscriptions are said again to a publisher that comes back, and counted as before.
#[test]
fn subscriptions_are_said_again_after_a_reconnect() {
    on_two_threads(async || {
        let (listener, endpoint) = listener().await;
        let sub = SubSocket::connect(&endpoint).await.unwrap();
        for topic in ["a", "a", "b", "c"] {
            sub.subscribe(topic);
        }
        sub.unsubscribe("c");
        for _ in 0..2 {
            let mut publisher = Raw::serve(&listener, "PUB").await;
            let mut said = [publisher.command().await, publisher.command().await];
            said.sort();
            assert_eq!(said, [b"\x09SUBSCRIBEa", b"\x09SUBSCRIBEb"]);
            publisher.send(&["c"]).await;
            publisher.send(&["b"]).await;
            assert_eq!(soon(sub.recv()).await.unwrap(), "b".into());
        }
        let mut publisher = Raw::serve(&listener, "PUB").await;
        publisher.command().await;
        publisher.command().await;
        // Twice subscribed to, once cancelled: still wanted, and the publisher hears nothing of it.
        sub.unsubscribe("a");
        publisher.send(&["a"]).await;
        assert_eq!(soon(sub.recv()).await.unwrap(), "a".into());
        sub.unsubscribe("a");
        assert_eq!(publisher.command().await, b"\x06CANCELa");
    });
}

/// Trap 16: subscriptions are no messages for the high-water mark: all of them are said, also again after a
/// reconnect (libzmq#4064 drops those beyond the mark).
#[test]
fn no_subscription_is_dropped_by_the_high_water_mark() {
    on_two_threads(async || {
        let (listener, endpoint) = listener().await;
        let sub = SubSocket::new(Options::new().send_high_water_mark(1)).unwrap();
        sub.also_connect(&endpoint).await.unwrap();
        for n in 0..5000 {
            sub.subscribe(format!("{n:04}"));
        }
        for _ in 0..2 {
            let mut publisher = Raw::serve(&listener, "PUB").await;
            let mut said = Vec::new();
            for _ in 0..5000 {
                said.push(publisher.command().await);
            }
            said.sort();
            for (n, said) in said.iter().enumerate() {
                assert_eq!(*said, format!("\x09SUBSCRIBE{n:04}").into_bytes());
            }
        }
    });
}

/// Trap 28: a SUB that binds tells each publisher that comes what it wants, before anything else; an XPUB
/// that waits to hear it loses nothing.
#[test]
fn a_sub_that_binds_loses_nothing_of_a_publisher_that_waits_for_it() {
    on_two_threads(async || {
        let sub = SubSocket::bind(TCP).await.unwrap();
        sub.subscribe("");
        for _ in 0..20 {
            let publisher = XPubSocket::connect(&sub.bound()[0]).await.unwrap();
            assert_eq!(soon(publisher.recv()).await.unwrap(), (&b"\x01"[..]).into());
            publisher.send("first").await.unwrap();
            assert_eq!(soon(sub.recv()).await.unwrap(), "first".into());
        }
    });
}

/// RFC 29, XSUB, subscriptions: the application's are sent on, in the form of the protocol.
#[test]
fn an_xsub_subscribes_by_messages() {
    on_two_threads(async || {
        let (listener, endpoint) = listener().await;
        let sub = XSubSocket::connect(&endpoint).await.unwrap();
        let mut publisher = Raw::serve(&listener, "XPUB").await;
        sub.send("\x01topic").await.unwrap();
        assert_eq!(publisher.command().await, b"\x09SUBSCRIBEtopic");
        publisher.send(&["topic", "x"]).await;
        assert_eq!(soon(sub.recv()).await.unwrap(), ["topic", "x"].into());
        sub.send("\0topic").await.unwrap();
        assert_eq!(publisher.command().await, b"\x06CANCELtopic");
    });
}

/// RFC 29, XSUB, outgoing: other messages go, unchanged, to all publishers.
#[test]
fn messages_of_an_xsub_go_to_all_publishers() {
    on_two_threads(async || {
        let sub = XSubSocket::bind(TCP).await.unwrap();
        let mut monitor = sub.monitor();
        let (a, b) = (
            XPubSocket::connect(&sub.bound()[0]).await.unwrap(),
            XPubSocket::connect(&sub.bound()[0]).await.unwrap(),
        );
        connected(&mut monitor, 2).await;
        let mut message = Multipart::from("no subscription");
        message.extend(awkward());
        sub.send(message.clone()).await.unwrap();
        sub.send(["\x01several", "frames"]).await.unwrap();
        for publisher in [&a, &b] {
            assert_eq!(soon(publisher.recv()).await.unwrap(), message);
            assert_eq!(soon(publisher.recv()).await.unwrap(), ["\x01several", "frames"].into());
        }
    });
}

/// RFC 29, XSUB, outgoing: what is for a publisher whose queue is full is dropped; it never waits.
#[test]
fn an_xsub_never_waits_for_a_publisher() {
    on_two_threads(async || {
        let sub = XSubSocket::new(Options::new().send_high_water_mark(5)).unwrap();
        let endpoint = sub.also_bind(TCP).await.unwrap();
        let mut monitor = sub.monitor();
        let _deaf = Raw::connect(&endpoint, "XPUB").await;
        connected(&mut monitor, 1).await;
        for _ in 0..1000 {
            sub.try_send(vec![b'x'; 64 * 1024]).unwrap();
        }
        // A subscription is not dropped, and not waited for either.
        assert_eq!(now(pin!(sub.send("\x01late"))), Some(Ok(())));
        let hears = XPubSocket::connect(&endpoint).await.unwrap();
        assert_eq!(soon(hears.recv()).await.unwrap(), "\x01late".into());
    });
}

/// RFC 29, XSUB, incoming: publishers take turns.
#[test]
fn an_xsub_receives_in_turn() {
    on_two_threads(async || {
        let sub = XSubSocket::bind(TCP).await.unwrap();
        sub.send("\x01").await.unwrap();
        let mut peers = Vec::new();
        for name in ["a", "b"] {
            let mut peer = Raw::connect(&sub.bound()[0], "PUB").await;
            for _ in 0..10 {
                peer.send(&[name]).await;
            }
            peer.fence().await;
            peers.push(peer);
        }
        let mut got = Vec::new();
        for _ in 0..20 {
            got.push(text(&soon(sub.recv()).await.unwrap()).to_owned());
        }
        for round in got.chunks(2) {
            assert!(round[0] != round[1], "{round:?}");
        }
    });
}
