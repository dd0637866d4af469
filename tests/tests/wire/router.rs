//! ROUTER: to the peer that is named, from the peer that is named (RFC 28, "The ROUTER Socket Type").

use millhand::net::{
    DealerSocket, Failure, Multipart, Options, ReqSocket, RouterSocket, SendError,
};

use crate::raw::*;
use crate::stage::*;

fn id(name: &'static str) -> Options {
    Options::new().routing_id(name)
}

async fn dealer(options: Options, router: &RouterSocket) -> DealerSocket {
    let dealer = DealerSocket::new(options).unwrap();
    dealer.also_connect(&router.bound()[0]).await.unwrap();
    dealer
}

async fn router(options: Options) -> RouterSocket {
    let router = RouterSocket::new(options).unwrap();
    router.also_bind(TCP).await.unwrap();
    router
}

/// RFC 28, ROUTER: every peer has an identity that no other has, and it stands before what came from it;
/// a peer can choose its own. Trap 12: those that the ROUTER chooses have 5 octets, the first 0.
#[test]
fn the_sender_is_named_before_its_message() {
    on_two_threads(async || {
        let router = router(Options::new()).await;
        let named = dealer(id("anna"), &router).await;
        let (one, two) =
            (dealer(Options::new(), &router).await, dealer(Options::new(), &router).await);
        soon(named.send(["x", "", "y"])).await.unwrap();
        assert_eq!(soon(router.recv()).await.unwrap(), ["anna", "x", "", "y"].into());
        let mut chosen = Vec::new();
        for peer in [&one, &two] {
            soon(peer.send("hello")).await.unwrap();
            let message = soon(router.recv()).await.unwrap();
            assert_eq!((message.len(), message[0].len(), message[0][0]), (2, 5, 0), "{message:?}");
            chosen.push(message[0].clone());
        }
        assert_ne!(chosen[0], chosen[1]);
    });
}

/// RFC 28, ROUTER, outgoing: the first frame is taken off, and says to whom the rest goes.
#[test]
fn a_message_goes_to_the_peer_that_is_named() {
    on_two_threads(async || {
        let router = router(Options::new()).await;
        let mut monitor = router.monitor();
        let (anna, ben) = (dealer(id("anna"), &router).await, dealer(id("ben"), &router).await);
        connected(&mut monitor, 2).await;
        for (name, peer) in [("anna", &anna), ("ben", &ben), ("anna", &anna)] {
            let mut message = awkward();
            message.push_front(name);
            router.send(message).await.unwrap();
            assert_eq!(soon(peer.recv()).await.unwrap(), awkward());
        }
    });
}

/// RFC 28, ROUTER, outgoing: what is for nobody is dropped; or, as the option says, comes back.
#[test]
fn a_message_for_nobody_is_dropped_or_comes_back() {
    on_two_threads(async || {
        let quiet = router(Options::new()).await;
        quiet.send(["nobody", "x"]).await.unwrap();
        let strict = router(Options::new().router_mandatory(true)).await;
        let message = || Multipart::from(["nobody", "x"]);
        assert_eq!(strict.send(message()).await, Err(SendError::Unroutable(message())));
        let anna = dealer(id("anna"), &strict).await;
        soon(anna.send("here")).await.unwrap();
        soon(strict.recv()).await.unwrap();
        strict.send(["anna", "x"]).await.unwrap();
        assert_eq!(soon(anna.recv()).await.unwrap(), "x".into());
    });
}

/// RFC 28, ROUTER, outgoing: it never waits. What is for a full peer is dropped, or comes back; others
/// get theirs.
#[test]
fn a_message_for_a_full_peer_is_dropped_or_comes_back_and_nobody_waits() {
    on_two_threads(async || {
        for mandatory in [false, true] {
            let options = Options::new().send_high_water_mark(4).router_mandatory(mandatory);
            let router = router(options).await;
            let mut monitor = router.monitor();
            let mut deaf = Raw::connect_as(&router.bound()[0], "DEALER", b"deaf").await;
            let anna = dealer(id("anna"), &router).await;
            connected(&mut monitor, 2).await;
            let mut refused = 0;
            for n in 0..1000u32 {
                let mut message = Multipart::from(["deaf"]);
                message.push(n.to_be_bytes().to_vec());
                message.push(vec![0; 64 * 1024]);
                match router.try_send(message.clone()) {
                    Ok(()) => {}
                    Err(SendError::Full(back)) => {
                        assert_eq!(back, message);
                        refused += 1;
                    }
                    Err(other) => panic!("{other}"),
                }
                router.send(["anna", "x"]).await.unwrap();
                soon(anna.recv()).await.unwrap();
            }
            assert_eq!(refused > 500, mandatory, "{refused} came back");
            // What was taken arrives whole and in order, though not all of it was taken.
            drop(router);
            let (mut last, mut got) = (None, 0);
            while let Some((flags, body)) = deaf.frame().await {
                assert_eq!(flags, MORE);
                let number = Some(u32::from_be_bytes(body.try_into().unwrap()));
                assert!(number > last);
                last = number;
                let (flags, body) = deaf.frame().await.expect("the message goes on");
                assert_eq!((flags, body.len()), (0, 64 * 1024));
                got += 1;
            }
            assert!(got < 500, "{got} of 1,000 messages waited for somebody who did not read");
        }
    });
}

/// RFC 28, ROUTER: the queue of a peer that is gone goes with it, also if one of the same name comes.
#[test]
fn a_peer_that_comes_back_gets_nothing_that_was_sent_before() {
    on_two_threads(async || {
        let router = router(Options::new().send_high_water_mark(4)).await;
        let mut monitor = router.monitor();
        let deaf = Raw::connect_as(&router.bound()[0], "DEALER", b"anna").await;
        connected(&mut monitor, 1).await;
        for _ in 0..1000 {
            router.send(["anna".into(), vec![0; 64 * 1024]]).await.unwrap();
        }
        drop(deaf);
        disconnected(&mut monitor).await;
        let anna = dealer(id("anna"), &router).await;
        connected(&mut monitor, 1).await;
        router.send(["anna", "news"]).await.unwrap();
        assert_eq!(soon(anna.recv()).await.unwrap(), "news".into());
    });
}

/// RFC 28, ROUTER, incoming: peers take turns, and all that comes is delivered.
#[test]
fn peers_take_turns() {
    on_two_threads(async || {
        let router = router(Options::new()).await;
        let mut peers = Vec::new();
        for name in ["a", "b", "c"] {
            let mut peer = Raw::connect_as(&router.bound()[0], "DEALER", name.as_bytes()).await;
            for _ in 0..10 {
                peer.send(&["x"]).await;
            }
            peer.fence().await;
            peers.push(peer);
        }
        let mut got = Vec::new();
        for _ in 0..30 {
            got.push(soon(router.recv()).await.unwrap()[0].as_str().unwrap().to_owned());
        }
        for round in got.chunks(3) {
            assert!(
                ["a", "b", "c"].iter().all(|name| round.contains(&(*name).into())),
                "{round:?}"
            );
        }
    });
}

/// RFC 28, ROUTER: one that connects is as good as one that binds, also after its connection was lost.
#[test]
fn a_router_that_connects_knows_its_peer_again() {
    on_two_threads(async || {
        let (listener, endpoint) = listener().await;
        let router = RouterSocket::connect(&endpoint).await.unwrap();
        let mut monitor = router.monitor();
        let properties = [("Socket-Type", &b"DEALER"[..]), ("Identity", b"anna")];
        for round in ["one", "two"] {
            let mut anna = Raw::accept(&listener).await.meet(1, &properties).await;
            connected(&mut monitor, 1).await;
            router.send(["anna", round]).await.unwrap();
            assert_eq!(anna.recv().await, [round.as_bytes()]);
            anna.send(&[round]).await;
            assert_eq!(soon(router.recv()).await.unwrap(), ["anna", round].into());
            drop(anna);
            disconnected(&mut monitor).await;
        }
    });
}

/// Trap 12: of two peers with one identity, the first stays.
#[test]
fn a_second_peer_of_one_name_is_refused() {
    on_two_threads(async || {
        let router = router(Options::new()).await;
        let mut monitor = router.monitor();
        let mut first = Raw::connect_as(&router.bound()[0], "DEALER", b"anna").await;
        connected(&mut monitor, 1).await;
        let mut second = Raw::open(&router.bound()[0]).await;
        second.say(&greeting(3, 1, "NULL")).await;
        second.say(&ready(&[("Socket-Type", b"DEALER"), ("Identity", b"anna")])).await;
        assert_eq!(failed(&mut monitor).await, Failure::Taken);
        second.ended().await;
        router.send(["anna", "x"]).await.unwrap();
        assert_eq!(first.recv().await, [b"x"]);
    });
}

/// Trap 12, `router_handover`: the newest stays, and the old one's connection ends.
#[test]
fn with_handover_the_newest_peer_of_a_name_takes_its_place() {
    on_two_threads(async || {
        let router = router(Options::new().router_handover(true)).await;
        let mut monitor = router.monitor();
        let mut first = Raw::connect_as(&router.bound()[0], "DEALER", b"anna").await;
        connected(&mut monitor, 1).await;
        let mut second = Raw::connect_as(&router.bound()[0], "DEALER", b"anna").await;
        connected(&mut monitor, 1).await;
        first.ended().await;
        assert_eq!(disconnected(&mut monitor).await, Failure::Taken);
        router.send(["anna", "x"]).await.unwrap();
        assert_eq!(second.recv().await, [b"x"]);
        second.send(&["y"]).await;
        assert_eq!(soon(router.recv()).await.unwrap(), ["anna", "y"].into());
    });
}

/// RFC 37, "The Identity Property": the identity of a REQ is used, and a REQ is answered by name.
#[test]
fn a_req_is_answered_by_its_name() {
    on_two_threads(async || {
        let router = router(Options::new()).await;
        let req = ReqSocket::new(id("rita")).unwrap();
        req.also_connect(&router.bound()[0]).await.unwrap();
        soon(req.send("?")).await.unwrap();
        assert_eq!(soon(router.recv()).await.unwrap(), ["rita", "", "?"].into());
        router.send(["rita", "", "!"]).await.unwrap();
        assert_eq!(soon(req.recv()).await.unwrap(), "!".into());
    });
}

/// A message with nothing but a name is none.
#[test]
fn nothing_for_somebody_is_refused() {
    on_two_threads(async || {
        let router = router(Options::new()).await;
        assert_eq!(router.send("anna").await, Err(SendError::Empty("anna".into())));
        let none = Multipart::new;
        assert_eq!(router.send(none()).await, Err(SendError::Empty(none())));
    });
}
