//! `conflate`: only the newest message is kept.

use millhand::net::{
    DealerSocket, OptionError, Options, PairSocket, PubSocket, PullSocket, PushSocket, RepSocket,
    ReqSocket, RouterSocket, SubSocket, XPubSocket, XSubSocket,
};

use crate::raw::*;
use crate::stage::*;

fn newest() -> Options {
    Options::new().conflate(true)
}

/// A receiver gets the newest of each peer, and that once.
#[test]
fn a_receiver_gets_the_newest_of_each_peer() {
    on_two_threads(async || {
        let pull = PullSocket::new(newest()).unwrap();
        let endpoint = pull.also_bind(TCP).await.unwrap();
        let (mut a, mut b) =
            (Raw::connect(&endpoint, "PUSH").await, Raw::connect(&endpoint, "PUSH").await);
        for round in ["1", "2"] {
            for n in 0..100 {
                a.send(&[format!("a{round} {n}")]).await;
                b.send(&[format!("b{round} {n}")]).await;
            }
            a.fence().await;
            b.fence().await;
            let mut got = Vec::new();
            while let Ok(message) = pull.try_recv() {
                got.push(text(&message).to_owned());
            }
            got.sort();
            assert_eq!(got, [format!("a{round} 99"), format!("b{round} 99")]);
        }
    });
}

/// A sender keeps the newest for a peer that is not there yet, and never waits.
#[test]
fn a_sender_keeps_the_newest() {
    on_two_threads(async || {
        let name = ipc();
        let push = PushSocket::new(newest().send_high_water_mark(1)).unwrap();
        push.also_connect(&name).await.unwrap();
        for n in 0..5000 {
            push.try_send(format!("{n}")).unwrap();
        }
        let pull = PullSocket::bind(&name).await.unwrap();
        assert_eq!(counted(&soon(pull.recv()).await.unwrap()), 4999);
        soon(push.send("next")).await.unwrap();
        assert_eq!(soon(pull.recv()).await.unwrap(), "next".into());
    });
}

/// A peer that does not read gets few and new messages once it does, whole and in order, and the last of
/// all.
#[test]
fn a_stalled_peer_gets_the_newest_once_it_reads() {
    on_two_threads(async || {
        let dealer = DealerSocket::new(newest()).unwrap();
        let endpoint = dealer.also_bind(TCP).await.unwrap();
        let mut monitor = dealer.monitor();
        let mut deaf = Raw::connect(&endpoint, "DEALER").await;
        connected(&mut monitor, 1).await;
        for n in 0..2000u32 {
            let mut message = n.to_be_bytes().to_vec();
            message.resize(64 * 1024, 0);
            dealer.try_send(message).unwrap();
        }
        let (mut last, mut got) = (None, 0);
        while last != Some(1999) {
            let message = deaf.recv().await;
            assert_eq!(message[0].len(), 64 * 1024);
            let number = u32::from_be_bytes(*message[0].first_chunk().unwrap());
            assert!(Some(number) > last);
            last = Some(number);
            got += 1;
        }
        assert!(got < 500, "{got}");
    });
}

/// A subscription is not lost to a newer one: only messages are conflated.
#[test]
fn subscriptions_are_all_kept() {
    on_two_threads(async || {
        let (listener, endpoint) = listener().await;
        let sub = SubSocket::new(newest()).unwrap();
        sub.also_connect(&endpoint).await.unwrap();
        let mut publisher = Raw::serve(&listener, "PUB").await;
        for n in 0..100 {
            sub.subscribe(format!("{n:02}"));
        }
        for n in 0..100 {
            assert_eq!(publisher.command().await, format!("\x09SUBSCRIBE{n:02}").into_bytes());
        }
        for n in 0..100 {
            publisher.send(&[format!("{n:02}")]).await;
        }
        publisher.fence().await;
        assert_eq!(soon(sub.recv()).await.unwrap(), "99".into());
        assert!(sub.try_recv().is_err());
    });
}

/// A PONG is not lost to a newer message.
#[test]
fn a_pong_is_sent_though_messages_are_conflated() {
    on_two_threads(async || {
        let push = PushSocket::new(newest()).unwrap();
        let endpoint = push.also_bind(TCP).await.unwrap();
        let mut monitor = push.monitor();
        let mut peer = Raw::connect(&endpoint, "PULL").await;
        connected(&mut monitor, 1).await;
        for _ in 0..300 {
            peer.say(&command("PING", b"\0\0fence")).await;
            for _ in 0..20 {
                push.try_send("x").unwrap();
                tokio::task::yield_now().await;
            }
        }
        let mut pongs = 0;
        while pongs < 300 {
            let (flags, body) = peer.frame().await.unwrap();
            match flags {
                COMMAND => pongs += 1,
                _ => assert_eq!(body, b"x"),
            }
        }
    });
}

/// Where a message makes sense only with others before it, the option is an error.
#[test]
fn types_that_need_every_message_cannot_conflate() {
    fn refused<S>(made: Result<S, OptionError>) -> bool {
        matches!(made, Err(OptionError::Conflate { .. }))
    }
    assert!(refused(ReqSocket::new(newest())));
    assert!(refused(RepSocket::new(newest())));
    assert!(refused(RouterSocket::new(newest())));
    assert!(refused(XPubSocket::new(newest())));
    assert!(refused(XSubSocket::new(newest())));
    assert!(refused(PairSocket::new(newest())));
    assert!(PubSocket::new(newest()).is_ok());
}
