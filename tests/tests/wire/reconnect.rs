//! A server that goes away and comes back, at the same place.

use millhand::Backoff;
use millhand::net::{
    DealerSocket, OptionError, Options, PullSocket, PushSocket, RecvError, RepSocket, ReqSocket,
    RouterSocket, SubSocket, XPubSocket,
};

use crate::stage::*;

/// Quickly, for tests that wait for it.
fn quick() -> Options {
    Options::new().reconnect(Backoff { first: ms(1), longest: ms(20), jitter: 0.5 })
}

/// Of a server that comes back, whatever was not under way when it went arrives, in order and once.
#[test]
fn a_push_goes_on_when_its_server_comes_back() {
    on_two_threads(async || {
        for endpoint in [TCP.to_owned(), ipc()] {
            let pull = PullSocket::bind(&endpoint).await.unwrap();
            let endpoint = pull.bound()[0].clone();
            let push = PushSocket::new(quick()).unwrap();
            let mut monitor = push.monitor();
            push.also_connect(&endpoint).await.unwrap();
            let mut pull = Some(pull);
            for round in 0..5 {
                let server = match pull.take() {
                    Some(server) => server,
                    None => PullSocket::bind(&endpoint).await.unwrap(),
                };
                connected(&mut monitor, 1).await;
                for n in 0..10 {
                    soon(push.send(format!("{}", round * 100 + n))).await.unwrap();
                }
                for n in 0..10 {
                    assert_eq!(counted(&soon(server.recv()).await.unwrap()), round * 100 + n);
                }
                soon(server.close()).await;
                disconnected(&mut monitor).await;
            }
        }
    });
}

/// Subscriptions are there again as soon as the publisher is.
#[test]
fn a_sub_is_subscribed_again_when_its_publisher_comes_back() {
    on_two_threads(async || {
        let name = ipc();
        let sub = SubSocket::new(quick()).unwrap();
        sub.also_connect(&name).await.unwrap();
        sub.subscribe("x");
        for _ in 0..5 {
            let publisher = XPubSocket::bind(&name).await.unwrap();
            assert_eq!(soon(publisher.recv()).await.unwrap(), "\x01x".into());
            publisher.send("x").await.unwrap();
            assert_eq!(soon(sub.recv()).await.unwrap(), "x".into());
            soon(publisher.close()).await;
        }
    });
}

/// A REQ whose server dies in the midst of a request hears of it, and asks the next.
#[test]
fn a_req_asks_again_when_its_server_comes_back() {
    on_two_threads(async || {
        let name = ipc();
        let req = ReqSocket::new(quick()).unwrap();
        req.also_connect(&name).await.unwrap();
        for _ in 0..5 {
            let rep = RepSocket::bind(&name).await.unwrap();
            soon(req.send("?")).await.unwrap();
            assert_eq!(soon(rep.recv()).await.unwrap(), "?".into());
            soon(rep.close()).await;
            assert_eq!(soon(req.recv()).await, Err(RecvError::PeerLost));
            let rep = RepSocket::bind(&name).await.unwrap();
            soon(req.send("!")).await.unwrap();
            assert_eq!(soon(rep.recv()).await.unwrap(), "!".into());
            rep.send("done").await.unwrap();
            assert_eq!(soon(req.recv()).await.unwrap(), "done".into());
            soon(rep.close()).await;
        }
    });
}

/// A ROUTER knows a dealer that comes back by the name that it had.
#[test]
fn a_dealer_that_comes_back_has_its_name() {
    on_two_threads(async || {
        let name = ipc();
        let dealer = DealerSocket::new(quick().routing_id("anna")).unwrap();
        dealer.also_connect(&name).await.unwrap();
        for _ in 0..5 {
            let router = RouterSocket::bind(&name).await.unwrap();
            let mut monitor = router.monitor();
            connected(&mut monitor, 1).await;
            router.send(["anna", "x"]).await.unwrap();
            assert_eq!(soon(dealer.recv()).await.unwrap(), "x".into());
            soon(router.close()).await;
        }
    });
}

/// Of several servers one goes: what is sent goes to the others, and what it had not got waits for it.
#[test]
fn while_one_server_is_away_others_are_served() {
    on_two_threads(async || {
        let (a, b) = (ipc(), ipc());
        let push = PushSocket::new(quick().immediate(true)).unwrap();
        let mut monitor = push.monitor();
        let stays = PullSocket::bind(&a).await.unwrap();
        let goes = PullSocket::bind(&b).await.unwrap();
        push.also_connect(&a).await.unwrap();
        push.also_connect(&b).await.unwrap();
        connected(&mut monitor, 2).await;
        soon(goes.close()).await;
        disconnected(&mut monitor).await;
        for n in 0..100 {
            soon(push.send(format!("{n}"))).await.unwrap();
            assert_eq!(counted(&soon(stays.recv()).await.unwrap()), n);
        }
        let back = PullSocket::bind(&b).await.unwrap();
        connected(&mut monitor, 1).await;
        for _ in 0..100 {
            soon(push.send("x")).await.unwrap();
        }
        for pull in [&stays, &back] {
            for _ in 0..50 {
                assert_eq!(soon(pull.recv()).await.unwrap(), "x".into());
            }
        }
    });
}

/// Times that make no sense are refused when the socket is made.
#[test]
fn options_that_make_no_sense_are_refused() {
    let none = std::time::Duration::ZERO;
    let refused = |options| PushSocket::new(options).unwrap_err();
    let backwards = Backoff { first: secs(2), longest: secs(1), jitter: 0.0 };
    assert!(matches!(refused(Options::new().reconnect(backwards)), OptionError::Reconnect { .. }));
    for options in [
        Options::new().connect_timeout(none),
        Options::new().handshake_timeout(none),
        Options::new().heartbeat(millhand::net::Heartbeat::every(none)),
    ] {
        assert!(matches!(refused(options), OptionError::Zero { .. }));
    }
    let own = Options::new().property("Socket-Type", "PULL");
    assert!(matches!(refused(own), OptionError::Handshake(_)));
}
