//! PUSH and PULL: work dealt out and gathered (RFC 30).

use std::pin::pin;

use millhand::net::{Event, Options, PullSocket, PushSocket, SendError};

use crate::raw::*;
use crate::stage::*;

/// RFC 30, PUSH and PULL: nothing is changed or left out.
#[test]
fn nothing_is_changed() {
    on_two_threads(async || {
        for endpoint in [TCP.to_owned(), ipc()] {
            let pull = PullSocket::bind(&endpoint).await.unwrap();
            let push = PushSocket::connect(&pull.bound()[0]).await.unwrap();
            for _ in 0..3 {
                soon(push.send(awkward())).await.unwrap();
                assert_eq!(soon(pull.recv()).await.unwrap(), awkward());
            }
        }
    });
}

/// RFC 30, PUSH: a connection that is being opened has a queue, and keeps it while it is lost. Trap 21: it
/// takes messages before there is anybody.
#[test]
fn messages_wait_for_a_connection_before_it_is_there_and_while_it_is_lost() {
    on_two_threads(async || {
        let (listener, endpoint) = listener().await;
        let push = PushSocket::connect(&endpoint).await.unwrap();
        let mut monitor = push.monitor();
        push.try_send("early").unwrap();
        let mut first = Raw::serve(&listener, "PULL").await;
        assert_eq!(first.recv().await, [b"early"]);
        drop(first);
        disconnected(&mut monitor).await;
        push.try_send("meanwhile").unwrap();
        let mut second = Raw::serve(&listener, "PULL").await;
        assert_eq!(second.recv().await, [b"meanwhile"]);
    });
}

/// RFC 30, PUSH: the queue of a peer that connected goes with it.
#[test]
fn the_queue_of_a_lost_peer_is_thrown_away() {
    on_two_threads(async || {
        let push = PushSocket::new(Options::new().send_high_water_mark(4)).unwrap();
        let endpoint = push.also_bind(TCP).await.unwrap();
        let mut monitor = push.monitor();
        let deaf = Raw::connect(&endpoint, "PULL").await;
        connected(&mut monitor, 1).await;
        while push.try_send(vec![0; 64 * 1024]).is_ok() {
            settle().await;
        }
        drop(deaf);
        disconnected(&mut monitor).await;
        let mut next = Raw::connect(&endpoint, "PULL").await;
        soon(push.send("news")).await.unwrap();
        assert_eq!(next.recv().await, [b"news"]);
    });
}

/// RFC 30, PUSH, outgoing: messages go to the peers in turn.
#[test]
fn messages_go_to_peers_in_turn() {
    on_two_threads(async || {
        let push = PushSocket::new(Options::new()).unwrap();
        let mut monitor = push.monitor();
        let mut pulls = Vec::new();
        for _ in 0..3 {
            let pull = PullSocket::bind(TCP).await.unwrap();
            push.also_connect(&pull.bound()[0]).await.unwrap();
            pulls.push(pull);
        }
        connected(&mut monitor, 3).await;
        for n in 0..30 {
            soon(push.send(format!("{n}"))).await.unwrap();
        }
        for pull in &pulls {
            let mut got = Vec::new();
            for _ in 0..10 {
                got.push(counted(&soon(pull.recv()).await.unwrap()));
            }
            assert!(got.windows(2).all(|two| two[0] + 3 == two[1]), "{got:?}");
        }
    });
}

/// RFC 30, PUSH, outgoing: without a peer that has room, a send waits or says so, and nothing is lost.
/// Trap 21: one that is bound is mute until somebody has come.
#[test]
fn without_a_peer_a_send_waits_and_loses_nothing() {
    on_two_threads(async || {
        let push = PushSocket::bind(TCP).await.unwrap();
        assert_eq!(push.try_send("no"), Err(SendError::Full("no".into())));
        let mut send = pin!(push.send("yes"));
        waits(send.as_mut()).await;
        let pull = PullSocket::connect(&push.bound()[0]).await.unwrap();
        soon(send).await.unwrap();
        assert_eq!(soon(pull.recv()).await.unwrap(), "yes".into());
        assert!(pull.try_recv().is_err());
    });
}

/// RFC 30, PUSH: it sends only: what a peer sends to it all the same is thrown away, and does no harm.
#[test]
fn what_is_sent_to_a_push_is_thrown_away() {
    on_two_threads(async || {
        let push = PushSocket::bind(TCP).await.unwrap();
        let mut pull = Raw::connect(&push.bound()[0], "PULL").await;
        for _ in 0..5000 {
            pull.send(&["nonsense"]).await;
        }
        pull.fence().await;
        soon(push.send("sense")).await.unwrap();
        assert_eq!(pull.recv().await, [b"sense"]);
    });
}

/// RFC 30, PULL, incoming: peers take turns, and all that comes is delivered.
#[test]
fn peers_take_turns() {
    on_two_threads(async || {
        let pull = PullSocket::bind(TCP).await.unwrap();
        let _peers = three_that_sent(&pull.bound()[0], "PUSH").await;
        let mut got = Vec::new();
        for _ in 0..30 {
            got.push(text(&soon(pull.recv()).await.unwrap()).to_owned());
        }
        assert_turns(&got);
    });
}

/// RFC 30, PULL, says that what waits of a peer is thrown away when it goes. It is not: like libzmq, a PULL
/// delivers what had come (trap 14 is about those who lose it).
#[test]
fn what_had_come_of_a_lost_peer_is_delivered() {
    on_two_threads(async || {
        let pull = PullSocket::bind(TCP).await.unwrap();
        let mut monitor = pull.monitor();
        let mut push = Raw::connect(&pull.bound()[0], "PUSH").await;
        for n in 0..500 {
            push.send(&[format!("{n}")]).await;
        }
        drop(push);
        disconnected(&mut monitor).await;
        for n in 0..500 {
            assert_eq!(counted(&soon(pull.recv()).await.unwrap()), n);
        }
    });
}

/// RFC 30, PULL: it can connect as well, and keeps its connection.
#[test]
fn a_pull_that_connects_connects_again() {
    on_two_threads(async || {
        let (listener, endpoint) = listener().await;
        let pull = PullSocket::connect(&endpoint).await.unwrap();
        for round in ["one", "two"] {
            let mut push = Raw::serve(&listener, "PUSH").await;
            push.send(&[round]).await;
            assert_eq!(soon(pull.recv()).await.unwrap(), round.into());
        }
    });
}

/// `immediate`: nothing is given to a connection that is not there yet, and nothing to one that is lost.
#[test]
fn an_immediate_push_gives_nothing_to_who_is_not_there() {
    on_two_threads(async || {
        let (listener, endpoint) = listener().await;
        let push = PushSocket::new(Options::new().immediate(true)).unwrap();
        let mut monitor = push.monitor();
        push.also_connect(&endpoint).await.unwrap();
        assert_eq!(push.try_send("early"), Err(SendError::Full("early".into())));
        let first = Raw::serve(&listener, "PULL").await;
        connected(&mut monitor, 1).await;
        push.try_send("for the first").unwrap();
        drop(first);
        disconnected(&mut monitor).await;
        assert_eq!(push.try_send("meanwhile"), Err(SendError::Full("meanwhile".into())));
        let mut second = Raw::serve(&listener, "PULL").await;
        soon(push.send("for the second")).await.unwrap();
        loop {
            // What the first had not taken may come again, and comes first.
            let message = second.recv().await;
            if message != [b"for the first"] {
                assert_eq!(message, [b"for the second"]);
                break;
            }
        }
    });
}

/// `immediate`: with one server that is there and one that is not, all goes to the first.
#[test]
fn an_immediate_push_deals_to_those_only_that_are_there() {
    on_two_threads(async || {
        let pull = PullSocket::bind(TCP).await.unwrap();
        let push = PushSocket::new(Options::new().immediate(true)).unwrap();
        let mut monitor = push.monitor();
        push.also_connect(ipc()).await.unwrap();
        push.also_connect(&pull.bound()[0]).await.unwrap();
        event(&mut monitor, |event| matches!(event, Event::Connected { .. }).then_some(())).await;
        for n in 0..100 {
            soon(push.send(format!("{n}"))).await.unwrap();
            assert_eq!(counted(&soon(pull.recv()).await.unwrap()), n);
        }
    });
}
