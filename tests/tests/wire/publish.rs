//! PUB and XPUB: every message to whoever wants it (RFC 29, "The PUB Socket Type", "The XPUB Socket Type").

use millhand::net::{
    Multipart, Options, PubSocket, RecvError, SendError, SubSocket, XPubSocket, XSubSocket,
};

use crate::raw::*;
use crate::stage::*;

/// What a subscriber of ZMTP 3.1 says.
fn subscribe(topic: &[u8]) -> Vec<u8> {
    command("SUBSCRIBE", topic)
}

fn cancel(topic: &[u8]) -> Vec<u8> {
    command("CANCEL", topic)
}

/// What an XPUB hears of a subscription.
fn heard(octet: u8, topic: &[u8]) -> Multipart {
    [&[octet], topic].concat().into()
}

/// RFC 29, PUB: it sends only; what subscribers send to it is thrown away in silence, and does no harm.
#[test]
fn what_is_sent_to_a_pub_is_thrown_away() {
    on_two_threads(async || {
        let publisher = PubSocket::bind(TCP).await.unwrap();
        let mut sub = Raw::connect(&publisher.bound()[0], "XSUB").await;
        for _ in 0..5000 {
            sub.send(&["nonsense"]).await;
        }
        sub.send(&["\x01more", "than one frame"]).await;
        sub.send(&[""]).await;
        sub.say(&subscribe(b"s")).await;
        sub.fence().await;
        publisher.send("more").await.unwrap();
        publisher.send("sense").await.unwrap();
        assert_eq!(sub.recv().await, [b"sense"]);
    });
}

/// RFC 29, PUB, outgoing: nothing is changed.
#[test]
fn nothing_is_changed() {
    on_two_threads(async || {
        let publisher = XPubSocket::bind(TCP).await.unwrap();
        let sub = SubSocket::connect(&publisher.bound()[0]).await.unwrap();
        sub.subscribe("");
        assert_eq!(soon(publisher.recv()).await.unwrap(), heard(1, b""));
        publisher.send(awkward()).await.unwrap();
        assert_eq!(soon(sub.recv()).await.unwrap(), awkward());
    });
}

/// RFC 29, PUB and XPUB, outgoing: a subscription is compared, octet by octet, with the beginning of the
/// first frame. RFC 37: "A" matches what begins with A, the empty one all.
#[test]
fn a_subscription_is_a_prefix_of_the_first_frame() {
    on_two_threads(async || {
        let publisher = PubSocket::bind(TCP).await.unwrap();
        let topics: [&[u8]; 5] = [b"", b"A", b"AB", b"\xff\0", b"a"];
        let mut subs = Vec::new();
        for topic in topics {
            let mut sub = Raw::connect(&publisher.bound()[0], "SUB").await;
            sub.say(&subscribe(topic)).await;
            sub.fence().await;
            subs.push((topic, sub));
        }
        let sent: [&[&[u8]]; 8] = [
            &[b"A"],
            &[b"ABC"],
            &[b"B", b"A"],
            &[b"\xff\0\x01"],
            &[b"\xff"],
            &[b"", b"AB"],
            &[b"abc", b""],
            &[b"end"],
        ];
        for message in sent {
            publisher.send(message.iter().copied().collect::<Multipart>()).await.unwrap();
        }
        for (topic, sub) in &mut subs {
            sub.say(&subscribe(b"fin")).await;
            sub.fence_keeping().await;
            let expected = sent.iter().filter(|message| message[0].starts_with(topic));
            for message in expected {
                assert_eq!(sub.kept(), message.to_vec(), "{topic:?}");
            }
            assert!(sub.has_kept_nothing());
        }
    });
}

/// RFC 37, "The Publish-Subscribe Pattern": subscriptions add up, and are counted: "A" twice is cancelled
/// twice, in either form (trap 5, trap 20). Who wants a message for two reasons gets it once.
#[test]
fn subscriptions_are_counted_and_a_message_comes_once() {
    on_two_threads(async || {
        let publisher = PubSocket::bind(TCP).await.unwrap();
        let forms: [[fn(&[u8]) -> Vec<u8>; 2]; 2] = [
            [subscribe, cancel],
            [|t| message(&[[b"\x01", t].concat()]), |t| message(&[[b"\0", t].concat()])],
        ];
        for minor in [0, 1] {
            for [subscribe, cancel] in forms {
                let mut sub = Raw::open(&publisher.bound()[0]).await;
                sub = sub.meet(minor, &[("Socket-Type", b"SUB")]).await;
                for topic in [&b"A"[..], b"A", b"AB"] {
                    sub.say(&subscribe(topic)).await;
                }
                let publish = async |sub: &mut Raw, expected: &[&str]| {
                    sub.fence().await;
                    publisher.send("ABC").await.unwrap();
                    publisher.send("AX").await.unwrap();
                    publisher.send("B").await.unwrap();
                    sub.fence_keeping().await;
                    for message in expected {
                        assert_eq!(sub.kept(), [message.as_bytes()]);
                    }
                    assert!(sub.has_kept_nothing());
                };
                publish(&mut sub, &["ABC", "AX"]).await;
                sub.say(&cancel(b"A")).await;
                publish(&mut sub, &["ABC", "AX"]).await;
                sub.say(&cancel(b"A")).await;
                publish(&mut sub, &["ABC"]).await;
                sub.say(&cancel(b"never")).await;
                sub.say(&cancel(b"AB")).await;
                publish(&mut sub, &[]).await;
            }
        }
    });
}

/// RFC 29, PUB and XPUB, outgoing: a message for a subscriber whose queue is full is dropped in silence;
/// nobody waits, and the others miss nothing. Trap 23: whole messages are dropped, never parts.
#[test]
fn a_slow_subscriber_loses_whole_messages_and_holds_nobody_up() {
    on_two_threads(async || {
        let publisher = PubSocket::new(Options::new().send_high_water_mark(10)).unwrap();
        let endpoint = publisher.also_bind(TCP).await.unwrap();
        let mut deaf = Raw::connect(&endpoint, "SUB").await;
        let mut quick = Raw::connect(&endpoint, "SUB").await;
        for sub in [&mut deaf, &mut quick] {
            sub.say(&subscribe(b"")).await;
            sub.fence().await;
        }
        for n in 0..1000u32 {
            let message: Multipart =
                [n.to_be_bytes().to_vec(), vec![1; 40_000], vec![2; 30_000]].into();
            publisher.try_send(message.clone()).unwrap();
            assert_eq!(quick.recv().await[0], n.to_be_bytes());
        }
        // What reached the slow one is whole, in order, and not all.
        drop(publisher);
        let (mut last, mut got) = (None, 0);
        while let Some((flags, body)) = deaf.frame().await {
            assert_eq!(flags, MORE);
            let number = u32::from_be_bytes(body.try_into().unwrap());
            assert!(Some(number) > last, "{number} after {last:?}");
            last = Some(number);
            let (two, three) = (deaf.frame().await.unwrap(), deaf.frame().await.unwrap());
            assert_eq!((two.0, two.1.len(), three.0, three.1.len()), (MORE, 40_000, 0, 30_000));
            got += 1;
        }
        assert!((1..500).contains(&got), "{got}");
    });
}

/// RFC 29, PUB: the queue of a subscriber that is gone goes with it, and so do its subscriptions.
#[test]
fn a_lost_subscriber_leaves_nothing_behind() {
    on_two_threads(async || {
        let publisher = PubSocket::bind(TCP).await.unwrap();
        let mut monitor = publisher.monitor();
        let mut first = Raw::connect(&publisher.bound()[0], "SUB").await;
        first.say(&subscribe(b"")).await;
        first.fence().await;
        for _ in 0..900 {
            publisher.send(vec![0; 64 * 1024]).await.unwrap();
        }
        drop(first);
        disconnected(&mut monitor).await;
        let mut second = Raw::connect(&publisher.bound()[0], "SUB").await;
        second.say(&subscribe(b"x")).await;
        second.fence().await;
        publisher.send("news").await.unwrap();
        publisher.send("x").await.unwrap();
        assert_eq!(second.recv().await, [b"x"]);
    });
}

/// RFC 29, PUB: it can connect as well.
#[test]
fn a_pub_that_connects_serves_its_subscriber_again_and_again() {
    on_two_threads(async || {
        let (listener, endpoint) = listener().await;
        let publisher = PubSocket::connect(&endpoint).await.unwrap();
        for round in ["one", "two"] {
            let mut sub = Raw::serve(&listener, "SUB").await;
            sub.say(&subscribe(b"")).await;
            sub.fence().await;
            publisher.send(round).await.unwrap();
            assert_eq!(sub.recv().await, [round.as_bytes()]);
        }
    });
}

/// RFC 29, XPUB, subscriptions: the application receives them: of equal ones the first, and the last
/// cancellation.
#[test]
fn an_xpub_hears_of_the_first_subscription_and_the_last_cancellation() {
    on_two_threads(async || {
        let publisher = XPubSocket::bind(TCP).await.unwrap();
        let mut subs = Vec::new();
        for _ in 0..2 {
            subs.push(Raw::connect(&publisher.bound()[0], "SUB").await);
        }
        for (sub, said) in [
            (0, subscribe(b"x")),
            (1, subscribe(b"x")),
            (0, subscribe(b"x")),
            (0, subscribe(b"")),
            (0, cancel(b"x")),
            (1, cancel(b"x")),
            (1, cancel(b"x")),
            (0, cancel(b"x")),
            (0, cancel(b"")),
        ] {
            subs[sub].say(&said).await;
            subs[sub].fence().await;
        }
        let mut got = Vec::new();
        while let Ok(message) = publisher.try_recv() {
            got.push(message);
        }
        got.sort_by_key(|message| message[0].to_vec());
        let mut expected = [heard(1, b"x"), heard(1, b""), heard(0, b"x"), heard(0, b"")].to_vec();
        expected.sort_by_key(|message| message[0].to_vec());
        assert_eq!(got, expected);
    });
}

/// `xpub_verbose`: it hears of all.
#[test]
fn a_verbose_xpub_hears_of_every_subscription() {
    on_two_threads(async || {
        let publisher = XPubSocket::new(Options::new().xpub_verbose(true)).unwrap();
        let endpoint = publisher.also_bind(TCP).await.unwrap();
        let mut sub = Raw::connect(&endpoint, "SUB").await;
        for said in [subscribe(b"x"), subscribe(b"x"), cancel(b"x"), cancel(b"x")] {
            sub.say(&said).await;
        }
        for octet in [1, 1, 0, 0] {
            assert_eq!(soon(publisher.recv()).await.unwrap(), heard(octet, b"x"));
        }
    });
}

/// RFC 29, XPUB, subscriptions: when a subscriber goes without cancelling, the application hears the
/// cancellations that are due: those of topics that nobody else wants.
#[test]
fn an_xpub_hears_of_what_a_lost_subscriber_wanted_alone() {
    on_two_threads(async || {
        let publisher = XPubSocket::bind(TCP).await.unwrap();
        let mut monitor = publisher.monitor();
        let mut stays = Raw::connect(&publisher.bound()[0], "SUB").await;
        let mut goes = Raw::connect(&publisher.bound()[0], "SUB").await;
        stays.say(&subscribe(b"both")).await;
        stays.fence().await;
        for topic in [&b"both"[..], b"alone", b"alone"] {
            goes.say(&subscribe(topic)).await;
        }
        for topic in [&b"both"[..], b"alone"] {
            assert_eq!(soon(publisher.recv()).await.unwrap(), heard(1, topic));
        }
        drop(goes);
        disconnected(&mut monitor).await;
        assert_eq!(soon(publisher.recv()).await.unwrap(), heard(0, b"alone"));
        assert_eq!(publisher.try_recv(), Err(RecvError::Empty));
        publisher.send("both").await.unwrap();
        assert_eq!(stays.recv().await, [b"both"]);
    });
}

/// RFC 29, XPUB, incoming: messages of XSUB peers are received, in turn; octets that only look like a
/// subscription in a message of several frames are one, too.
#[test]
fn an_xpub_receives_from_subscribers_in_turn() {
    on_two_threads(async || {
        let publisher = XPubSocket::bind(TCP).await.unwrap();
        let mut peers = Vec::new();
        for name in ["a", "b"] {
            let mut peer = Raw::connect(&publisher.bound()[0], "XSUB").await;
            for _ in 0..10 {
                peer.send(&[name]).await;
            }
            peer.send(&["\x01x", name]).await;
            peer.fence().await;
            peers.push(peer);
        }
        let mut got = Vec::new();
        for _ in 0..20 {
            got.push(text(&soon(publisher.recv()).await.unwrap()).to_owned());
        }
        for round in got.chunks(2) {
            assert!(round[0] != round[1], "{round:?}");
        }
        for _ in 0..2 {
            assert_eq!(soon(publisher.recv()).await.unwrap()[0], "\x01x");
        }
        publisher.send("x").await.unwrap();
        peers[0].fence_keeping().await;
        assert!(peers[0].has_kept_nothing());
    });
}

/// A message without frames comes back.
#[test]
fn nothing_cannot_be_published() {
    on_two_threads(async || {
        let none = Multipart::new;
        let (one, two) =
            (XPubSocket::bind(TCP).await.unwrap(), XSubSocket::bind(TCP).await.unwrap());
        assert_eq!(one.send(none()).await, Err(SendError::Empty(none())));
        assert_eq!(two.send(none()).await, Err(SendError::Empty(none())));
    });
}
