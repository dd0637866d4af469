//! REP: a request, its reply, the next request (RFC 28, "The REP Socket Type").

use std::pin::pin;

use millhand::net::{Options, RecvError, RepSocket, ReqSocket, SendError};

use crate::raw::*;
use crate::stage::*;

/// RFC 28, REP: it receives one message and sends one, in turn, and waits for the application's reply.
#[test]
fn a_reply_follows_its_request() {
    on_two_threads(async || {
        let rep = RepSocket::bind(TCP).await.unwrap();
        let (one, two) = (
            ReqSocket::connect(&rep.bound()[0]).await.unwrap(),
            ReqSocket::connect(&rep.bound()[0]).await.unwrap(),
        );
        assert_eq!(rep.send("?").await, Err(SendError::OutOfTurn("?".into())));
        soon(one.send("1")).await.unwrap();
        soon(two.send("2")).await.unwrap();
        let first = soon(rep.recv()).await.unwrap();
        assert_eq!(rep.recv().await, Err(RecvError::OutOfTurn));
        rep.send(first).await.unwrap();
        assert_eq!(rep.send("?").await, Err(SendError::OutOfTurn("?".into())));
        let second = soon(rep.recv()).await.unwrap();
        rep.send(second).await.unwrap();
        // Each got its own: RFC 28, REP, outgoing: to the peer that the request came from.
        assert_eq!(soon(one.recv()).await.unwrap(), "1".into());
        assert_eq!(soon(two.recv()).await.unwrap(), "2".into());
    });
}

/// RFC 28, REP, incoming and outgoing: all up to the first empty frame is kept, and put before the reply;
/// the application gets the rest, as it came.
#[test]
fn the_envelope_is_kept_and_put_before_the_reply() {
    on_two_threads(async || {
        let rep = RepSocket::bind(TCP).await.unwrap();
        let mut dealer = Raw::connect(&rep.bound()[0], "DEALER").await;
        for envelope in [&["one", "two", ""][..], &["one", ""], &[""]] {
            dealer.send(&[envelope, &["a", "", "b"]].concat()).await;
            assert_eq!(soon(rep.recv()).await.unwrap(), ["a", "", "b"].into());
            rep.send(["", "c"]).await.unwrap();
            let reply = dealer.recv().await;
            let expected: Vec<Vec<u8>> = [envelope, &["", "c"]]
                .concat()
                .iter()
                .map(|frame| frame.as_bytes().into())
                .collect();
            assert_eq!(reply, expected);
        }
    });
}

/// RFC 28, REP: nothing is changed on the way, whatever the frames hold.
#[test]
fn nothing_is_changed_in_a_request_or_a_reply() {
    on_two_threads(async || {
        let rep = RepSocket::bind(TCP).await.unwrap();
        let req = ReqSocket::connect(&rep.bound()[0]).await.unwrap();
        soon(req.send(awkward())).await.unwrap();
        assert_eq!(soon(rep.recv()).await.unwrap(), awkward());
        rep.send(awkward()).await.unwrap();
        assert_eq!(soon(req.recv()).await.unwrap(), awkward());
    });
}

/// RFC 28, REP, incoming: peers take turns.
#[test]
fn clients_take_turns() {
    on_two_threads(async || {
        let rep = RepSocket::bind(TCP).await.unwrap();
        let mut dealers = Vec::new();
        for name in ["a", "b", "c"] {
            let mut dealer = Raw::connect(&rep.bound()[0], "DEALER").await;
            for _ in 0..10 {
                dealer.send(&["", name]).await;
            }
            dealer.fence().await;
            dealers.push(dealer);
        }
        let mut requests = Vec::new();
        for _ in 0..30 {
            let request = soon(rep.recv()).await.unwrap();
            requests.push(text(&request).to_owned());
            rep.send(request).await.unwrap();
        }
        for round in requests.chunks(3) {
            assert!(
                ["a", "b", "c"].iter().all(|name| round.contains(&(*name).into())),
                "{round:?}"
            );
        }
    });
}

/// RFC 28, REP, outgoing: a reply to a peer that is gone is dropped, and the next request is served.
#[test]
fn a_reply_to_a_lost_client_is_dropped() {
    on_two_threads(async || {
        let rep = RepSocket::bind(TCP).await.unwrap();
        let mut monitor = rep.monitor();
        let mut gone = Raw::connect(&rep.bound()[0], "REQ").await;
        gone.send(&["", "hello?"]).await;
        soon(rep.recv()).await.unwrap();
        drop(gone);
        disconnected(&mut monitor).await;
        rep.send("for nobody").await.unwrap();

        let mut next = Raw::connect(&rep.bound()[0], "REQ").await;
        next.send(&["", "hello"]).await;
        assert_eq!(soon(rep.recv()).await.unwrap(), "hello".into());
        rep.send("for you").await.unwrap();
        assert_eq!(next.recv().await, [&b""[..], b"for you"]);
    });
}

/// RFC 28, REP, outgoing: it does not wait for a client that does not read, here one that asks again and
/// again.
#[test]
fn a_reply_never_waits() {
    on_two_threads(async || {
        let rep = RepSocket::new(Options::new().send_high_water_mark(2)).unwrap();
        let endpoint = rep.also_bind(TCP).await.unwrap();
        let mut deaf = Raw::connect(&endpoint, "DEALER").await;
        for _ in 0..400 {
            deaf.send(&["", "?"]).await;
            soon(rep.recv()).await.unwrap();
            let sent = now(pin!(rep.send(vec![0; 100_000])));
            assert_eq!(sent, Some(Ok(())), "waits");
        }
        // Others are served all the same.
        let req = ReqSocket::connect(&endpoint).await.unwrap();
        soon(req.send("?")).await.unwrap();
        soon(rep.recv()).await.unwrap();
        rep.send("!").await.unwrap();
        assert_eq!(soon(req.recv()).await.unwrap(), "!".into());
    });
}

/// What has no empty frame, or nothing behind it, is no request (RFC 28, REP, wire format): it is passed
/// over, and does no harm.
#[test]
fn a_malformed_request_is_passed_over() {
    on_two_threads(async || {
        let rep = RepSocket::bind(TCP).await.unwrap();
        let mut dealer = Raw::connect(&rep.bound()[0], "DEALER").await;
        dealer.send(&["no delimiter"]).await;
        dealer.send(&["no", "delimiter", "either"]).await;
        dealer.send(&["envelope only", ""]).await;
        dealer.send(&["", "right"]).await;
        assert_eq!(soon(rep.recv()).await.unwrap(), "right".into());
        rep.send("!").await.unwrap();
        assert_eq!(dealer.recv().await, [&b""[..], b"!"]);
    });
}

/// A message without frames is no reply: it comes back, and the reply can still be sent.
#[test]
fn an_empty_reply_comes_back_and_costs_no_turn() {
    on_two_threads(async || {
        let rep = RepSocket::bind(TCP).await.unwrap();
        let req = ReqSocket::connect(&rep.bound()[0]).await.unwrap();
        let none = millhand::net::Multipart::new;
        assert_eq!(req.send(none()).await, Err(SendError::Empty(none())));
        soon(req.send("?")).await.unwrap();
        soon(rep.recv()).await.unwrap();
        assert_eq!(rep.send(none()).await, Err(SendError::Empty(none())));
        rep.send("!").await.unwrap();
        assert_eq!(soon(req.recv()).await.unwrap(), "!".into());
    });
}
