//! REQ: one request, its reply, the next request (RFC 28, "The REQ Socket Type").

use std::pin::pin;

use millhand::net::{DealerSocket, Options, RecvError, RepSocket, ReqSocket, SendError};

use crate::raw::*;
use crate::stage::*;

/// RFC 28, REQ: it sends one message and receives one, in turn. What comes out of turn comes back.
#[test]
fn a_request_and_its_reply_take_turns() {
    on_two_threads(async || {
        let rep = RepSocket::bind(TCP).await.unwrap();
        let req = ReqSocket::connect(&rep.bound()[0]).await.unwrap();
        assert_eq!(req.recv().await, Err(RecvError::OutOfTurn));
        soon(req.send("one")).await.unwrap();
        assert_eq!(req.send("two").await, Err(SendError::OutOfTurn("two".into())));
        assert_eq!(soon(rep.recv()).await.unwrap(), "one".into());
        rep.send("1").await.unwrap();
        assert_eq!(soon(req.recv()).await.unwrap(), "1".into());
        assert_eq!(req.recv().await, Err(RecvError::OutOfTurn));
        soon(req.send("two")).await.unwrap();
        assert_eq!(soon(rep.recv()).await.unwrap(), "two".into());
    });
}

/// RFC 28, REQ, wire format: an empty frame, then what the application sent; the same in the reply, of
/// which the application sees what follows the empty frame.
#[test]
fn an_empty_frame_stands_before_a_request_and_its_reply() {
    on_two_threads(async || {
        let (listener, endpoint) = listener().await;
        let req = ReqSocket::connect(&endpoint).await.unwrap();
        soon(req.send(["a", "", "b"])).await.unwrap();
        let mut rep = Raw::serve(&listener, "REP").await;
        assert_eq!(rep.octets(2).await, [MORE, 0]);
        assert_eq!(rep.recv().await, [&b"a"[..], b"", b"b"]);
        rep.send(&["", "x", "", "y"]).await;
        assert_eq!(soon(req.recv()).await.unwrap(), ["x", "", "y"].into());
    });
}

/// RFC 28, REQ, outgoing: requests go to the peers in turn.
#[test]
fn requests_go_to_peers_in_turn() {
    on_two_threads(async || {
        let req = ReqSocket::new(Options::new()).unwrap();
        let mut monitor = req.monitor();
        for name in ["a", "b", "c"] {
            let rep = RepSocket::bind(TCP).await.unwrap();
            req.also_connect(&rep.bound()[0]).await.unwrap();
            tokio::spawn(async move {
                while rep.recv().await.is_ok() {
                    rep.send(name).await.unwrap();
                }
            });
        }
        connected(&mut monitor, 3).await;
        let mut replies = Vec::new();
        for _ in 0..9 {
            soon(req.send("who?")).await.unwrap();
            replies.push(text(&soon(req.recv()).await.unwrap()).to_owned());
        }
        let mut once = replies[..3].to_vec();
        once.sort();
        assert_eq!(once, ["a", "b", "c"]);
        assert_eq!(replies[..6], replies[3..], "{replies:?}");
    });
}

/// RFC 28, REQ, outgoing: without a peer a send waits.
#[test]
fn a_request_waits_for_a_peer() {
    on_two_threads(async || {
        let req = ReqSocket::bind(TCP).await.unwrap();
        let mut send = pin!(req.send("hello"));
        waits(send.as_mut()).await;
        let rep = RepSocket::connect(&req.bound()[0]).await.unwrap();
        soon(send).await.unwrap();
        assert_eq!(soon(rep.recv()).await.unwrap(), "hello".into());
    });
}

/// RFC 28, REQ, outgoing: no request is thrown away because it cannot be sent yet.
#[test]
fn a_request_to_a_server_that_comes_later_arrives() {
    on_two_threads(async || {
        let name = ipc();
        let req = ReqSocket::connect(&name).await.unwrap();
        let mut monitor = req.monitor();
        soon(req.send("early")).await.unwrap();
        event(&mut monitor, |event| {
            matches!(event, millhand::net::Event::ConnectFailed { .. }).then_some(())
        })
        .await;
        let rep = RepSocket::bind(&name).await.unwrap();
        assert_eq!(soon(rep.recv()).await.unwrap(), "early".into());
        rep.send("late").await.unwrap();
        assert_eq!(soon(req.recv()).await.unwrap(), "late".into());
    });
}

/// A REQ with two peers by hand: the one that was asked first, and the other.
async fn asked_one_of_two(req: &ReqSocket) -> (Raw, Raw) {
    let mut monitor = req.monitor();
    let mut a = Raw::connect(&req.bound()[0], "ROUTER").await;
    let mut b = Raw::connect(&req.bound()[0], "ROUTER").await;
    connected(&mut monitor, 2).await;
    soon(req.send("?")).await.unwrap();
    let (mut from_a, mut from_b) = ([0], [0]);
    let is_a = tokio::select! {
        peeked = a.stream.peek(&mut from_a) => peeked.is_ok(),
        peeked = b.stream.peek(&mut from_b) => peeked.is_err(),
    };
    if !is_a {
        std::mem::swap(&mut a, &mut b);
    }
    assert_eq!(a.recv().await, [&b""[..], b"?"]);
    (a, b)
}

/// RFC 28, REQ, incoming: a reply counts only if it is from the peer that was asked; others are thrown
/// away in silence.
#[test]
fn only_the_peer_that_was_asked_can_reply() {
    on_two_threads(async || {
        let req = ReqSocket::bind(TCP).await.unwrap();
        let (mut asked, mut other) = asked_one_of_two(&req).await;
        other.send(&["", "not mine to say"]).await;
        other.fence().await;
        let mut recv = pin!(req.recv());
        waits(recv.as_mut()).await;
        asked.send(&["", "right"]).await;
        assert_eq!(soon(recv).await.unwrap(), "right".into());
    });
}

/// The same, when the stray one comes behind the reply: it is not taken for the answer to the next
/// request, which goes to the peer that it is from.
#[test]
fn a_stray_reply_is_not_the_answer_to_a_later_request() {
    on_two_threads(async || {
        let req = ReqSocket::bind(TCP).await.unwrap();
        let (mut asked, mut other) = asked_one_of_two(&req).await;
        asked.send(&["", "right"]).await;
        assert_eq!(soon(req.recv()).await.unwrap(), "right".into());
        other.send(&["", "unasked"]).await;
        other.fence().await;
        soon(req.send("!")).await.unwrap();
        assert_eq!(other.recv().await, [&b""[..], b"!"]);
        other.send(&["", "asked"]).await;
        assert_eq!(soon(req.recv()).await.unwrap(), "asked".into());
    });
}

/// A peer that answers twice: the second answer is not the one to the next request (RFC 28, REQ: exactly
/// one message at a time).
#[test]
fn a_second_reply_is_not_the_answer_to_the_next_request() {
    on_two_threads(async || {
        let (listener, endpoint) = listener().await;
        let req = ReqSocket::connect(&endpoint).await.unwrap();
        soon(req.send("1?")).await.unwrap();
        let mut rep = Raw::serve(&listener, "REP").await;
        rep.recv().await;
        rep.send(&["", "1"]).await;
        rep.send(&["", "1 again"]).await;
        rep.fence().await;
        assert_eq!(soon(req.recv()).await.unwrap(), "1".into());
        soon(req.send("2?")).await.unwrap();
        rep.recv().await;
        rep.send(&["", "2"]).await;
        assert_eq!(soon(req.recv()).await.unwrap(), "2".into());
    });
}

/// A reply without the empty frame, or with nothing behind it, is none (RFC 28, REQ, wire format).
#[test]
fn a_malformed_reply_is_passed_over() {
    on_two_threads(async || {
        let (listener, endpoint) = listener().await;
        let req = ReqSocket::connect(&endpoint).await.unwrap();
        soon(req.send("?")).await.unwrap();
        let mut rep = Raw::serve(&listener, "REP").await;
        rep.recv().await;
        rep.send(&["no delimiter"]).await;
        rep.send(&[""]).await;
        rep.send(&["", "right"]).await;
        assert_eq!(soon(req.recv()).await.unwrap(), "right".into());
    });
}

/// Trap 19: when the peer that was asked goes away, the request is over, and the next can be sent.
#[test]
fn a_lost_server_ends_the_request() {
    on_two_threads(async || {
        let req = ReqSocket::bind(TCP).await.unwrap();
        let mut monitor = req.monitor();
        let mut rep = Raw::connect(&req.bound()[0], "REP").await;
        connected(&mut monitor, 1).await;
        soon(req.send("?")).await.unwrap();
        rep.recv().await;
        let mut recv = pin!(req.recv());
        waits(recv.as_mut()).await;
        drop(rep);
        assert_eq!(soon(recv).await, Err(RecvError::PeerLost));
        let rep = RepSocket::connect(&req.bound()[0]).await.unwrap();
        soon(req.send("again")).await.unwrap();
        assert_eq!(soon(rep.recv()).await.unwrap(), "again".into());
    });
}

/// Trap 19: a reply that had come before its peer went away still counts.
#[test]
fn the_last_reply_of_a_lost_server_is_received() {
    on_two_threads(async || {
        let (listener, endpoint) = listener().await;
        let req = ReqSocket::connect(&endpoint).await.unwrap();
        let mut monitor = req.monitor();
        soon(req.send("?")).await.unwrap();
        let mut rep = Raw::serve(&listener, "REP").await;
        rep.recv().await;
        rep.send(&["", "last words"]).await;
        drop(rep);
        disconnected(&mut monitor).await;
        assert_eq!(soon(req.recv()).await.unwrap(), "last words".into());
    });
}

/// `req_correlate`: a number stands before the empty frame, and a reply with another number is none.
#[test]
fn a_correlated_reply_must_repeat_the_number() {
    on_two_threads(async || {
        let (listener, endpoint) = listener().await;
        let req = ReqSocket::new(Options::new().req_correlate(true)).unwrap();
        req.also_connect(&endpoint).await.unwrap();
        soon(req.send("?")).await.unwrap();
        assert_eq!(req.send("!").await, Err(SendError::OutOfTurn("!".into())));
        let mut rep = Raw::serve(&listener, "ROUTER").await;
        let request = rep.recv().await;
        assert_eq!((request[0].len(), &request[1..]), (4, &[vec![], b"?".to_vec()][..]));
        rep.send(&[&b"none"[..], b"", b"wrong"]).await;
        rep.send(&[&b""[..], b"none"]).await;
        rep.send(&[&request[0][..], b"", b"right"]).await;
        assert_eq!(soon(req.recv()).await.unwrap(), "right".into());
        soon(req.send("?")).await.unwrap();
        assert_ne!(rep.recv().await[0], request[0]);
    });
}

/// `req_relaxed`: a new request may be sent before the reply, and the old one's reply is thrown away.
#[test]
fn a_relaxed_socket_asks_again_and_forgets_the_first_request() {
    on_two_threads(async || {
        let (listener, endpoint) = listener().await;
        let req = ReqSocket::new(Options::new().req_relaxed(true)).unwrap();
        req.also_connect(&endpoint).await.unwrap();
        soon(req.send("1?")).await.unwrap();
        soon(req.send("2?")).await.unwrap();
        let mut rep = Raw::serve(&listener, "ROUTER").await;
        let (first, second) = (rep.recv().await, rep.recv().await);
        rep.send(&[&first[0][..], b"", b"1"]).await;
        rep.send(&[&second[0][..], b"", b"2"]).await;
        assert_eq!(soon(req.recv()).await.unwrap(), "2".into());
    });
}

/// REP peers repeat the number by themselves.
#[test]
fn correlated_requests_to_a_rep_work() {
    on_two_threads(async || {
        let rep = RepSocket::bind(TCP).await.unwrap();
        let req = ReqSocket::new(Options::new().req_correlate(true)).unwrap();
        req.also_connect(&rep.bound()[0]).await.unwrap();
        for round in ["a", "b", "c"] {
            soon(req.send(round)).await.unwrap();
            assert_eq!(soon(rep.recv()).await.unwrap(), round.into());
            rep.send(awkward()).await.unwrap();
            assert_eq!(soon(req.recv()).await.unwrap(), awkward());
        }
    });
}

/// RFC 28, overview: REQ and DEALER, which speaks the envelope itself, are interchangeable for a REP.
#[test]
fn a_dealer_with_an_empty_frame_is_a_req() {
    on_two_threads(async || {
        let rep = RepSocket::bind(TCP).await.unwrap();
        let dealer = DealerSocket::connect(&rep.bound()[0]).await.unwrap();
        soon(dealer.send(["", "?"])).await.unwrap();
        assert_eq!(soon(rep.recv()).await.unwrap(), "?".into());
        rep.send("!").await.unwrap();
        assert_eq!(soon(dealer.recv()).await.unwrap(), ["", "!"].into());
    });
}
