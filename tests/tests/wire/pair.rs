//! PAIR: two sockets, each the other's only peer (RFC 31).

use std::pin::pin;

use millhand::net::{Failure, Options, PairSocket, SendError};

use crate::raw::*;
use crate::stage::*;

/// RFC 31: nothing is changed or left out, either way.
#[test]
fn nothing_is_changed() {
    on_two_threads(async || {
        let one = PairSocket::bind(TCP).await.unwrap();
        let two = PairSocket::connect(&one.bound()[0]).await.unwrap();
        for (from, to) in [(&two, &one), (&one, &two)] {
            soon(from.send(awkward())).await.unwrap();
            assert_eq!(soon(to.recv()).await.unwrap(), awkward());
        }
    });
}

/// RFC 31: there is at most one peer. A second is turned away, and the first does not notice.
#[test]
fn a_second_peer_is_turned_away() {
    on_two_threads(async || {
        let pair = PairSocket::bind(TCP).await.unwrap();
        let mut monitor = pair.monitor();
        let mut first = Raw::connect(&pair.bound()[0], "PAIR").await;
        connected(&mut monitor, 1).await;
        let mut second = Raw::open(&pair.bound()[0]).await;
        second.say(&greeting(3, 1, "NULL")).await;
        second.say(&ready(&[("Socket-Type", b"PAIR")])).await;
        assert_eq!(failed(&mut monitor).await, Failure::Taken);
        second.ended().await;
        soon(pair.send("x")).await.unwrap();
        assert_eq!(first.recv().await, [b"x"]);
    });
}

/// RFC 31: once the peer is gone, another may come.
#[test]
fn after_the_peer_another_may_come() {
    on_two_threads(async || {
        let pair = PairSocket::bind(TCP).await.unwrap();
        let mut monitor = pair.monitor();
        for round in ["one", "two"] {
            let mut peer = Raw::connect(&pair.bound()[0], "PAIR").await;
            connected(&mut monitor, 1).await;
            soon(pair.send(round)).await.unwrap();
            assert_eq!(peer.recv().await, [round.as_bytes()]);
            peer.send(&[round]).await;
            assert_eq!(soon(pair.recv()).await.unwrap(), round.into());
            drop(peer);
            disconnected(&mut monitor).await;
        }
    });
}

/// RFC 31: a socket that has a peer sends to that one only, though it was told to connect elsewhere, too.
#[test]
fn all_goes_to_the_one_peer() {
    on_two_threads(async || {
        let one = PairSocket::bind(TCP).await.unwrap();
        let two = PairSocket::bind(TCP).await.unwrap();
        let pair = PairSocket::new(Options::new()).unwrap();
        let mut monitor = pair.monitor();
        pair.also_connect(&one.bound()[0]).await.unwrap();
        connected(&mut monitor, 1).await;
        pair.also_connect(&two.bound()[0]).await.unwrap();
        failed(&mut monitor).await;
        for n in 0..10 {
            soon(pair.send(format!("{n}"))).await.unwrap();
        }
        for n in 0..10 {
            assert_eq!(counted(&soon(one.recv()).await.unwrap()), n);
        }
        assert!(two.try_recv().is_err());
    });
}

/// RFC 31: a connection that is being opened has a queue, and keeps it while it is lost.
#[test]
fn messages_wait_for_a_connection_before_it_is_there_and_while_it_is_lost() {
    on_two_threads(async || {
        let (listener, endpoint) = listener().await;
        let pair = PairSocket::connect(&endpoint).await.unwrap();
        let mut monitor = pair.monitor();
        soon(pair.send("early")).await.unwrap();
        let mut first = Raw::serve(&listener, "PAIR").await;
        assert_eq!(first.recv().await, [b"early"]);
        drop(first);
        disconnected(&mut monitor).await;
        soon(pair.send("meanwhile")).await.unwrap();
        let mut second = Raw::serve(&listener, "PAIR").await;
        assert_eq!(second.recv().await, [b"meanwhile"]);
    });
}

/// RFC 31: the queue of a peer that connected goes with it.
#[test]
fn the_queue_of_a_lost_peer_is_thrown_away() {
    on_two_threads(async || {
        let pair = PairSocket::new(Options::new().send_high_water_mark(4)).unwrap();
        let endpoint = pair.also_bind(TCP).await.unwrap();
        let mut monitor = pair.monitor();
        let deaf = Raw::connect(&endpoint, "PAIR").await;
        connected(&mut monitor, 1).await;
        while pair.try_send(vec![0; 64 * 1024]).is_ok() {
            settle().await;
        }
        drop(deaf);
        disconnected(&mut monitor).await;
        let mut next = Raw::connect(&endpoint, "PAIR").await;
        soon(pair.send("news")).await.unwrap();
        assert_eq!(next.recv().await, [b"news"]);
    });
}

/// RFC 31, outgoing: without a peer that has room, a send waits or says so, and nothing is lost.
#[test]
fn without_a_peer_a_send_waits_and_loses_nothing() {
    on_two_threads(async || {
        let pair = PairSocket::bind(TCP).await.unwrap();
        assert_eq!(pair.try_send("no"), Err(SendError::Full("no".into())));
        let mut send = pin!(pair.send("yes"));
        waits(send.as_mut()).await;
        let other = PairSocket::connect(&pair.bound()[0]).await.unwrap();
        soon(send).await.unwrap();
        assert_eq!(soon(other.recv()).await.unwrap(), "yes".into());
        assert!(other.try_recv().is_err());
    });
}
