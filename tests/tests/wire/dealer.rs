//! DEALER: dealt out in turn, received in turn (RFC 28, "The DEALER Socket Type").

use std::pin::pin;

use millhand::net::{DealerSocket, Options, RouterSocket, SendError};

use crate::raw::*;
use crate::stage::*;

/// RFC 28, DEALER: nothing is changed or left out, either way.
#[test]
fn nothing_is_changed() {
    on_two_threads(async || {
        let one = DealerSocket::bind(TCP).await.unwrap();
        let two = DealerSocket::connect(&one.bound()[0]).await.unwrap();
        for (from, to) in [(&one, &two), (&two, &one)] {
            soon(from.send(awkward())).await.unwrap();
            assert_eq!(soon(to.recv()).await.unwrap(), awkward());
        }
    });
}

/// RFC 28, DEALER: a connection that is being opened has a queue, and keeps it while it is lost.
#[test]
fn messages_wait_for_a_connection_before_it_is_there_and_while_it_is_lost() {
    on_two_threads(async || {
        let (listener, endpoint) = listener().await;
        let dealer = DealerSocket::connect(&endpoint).await.unwrap();
        let mut monitor = dealer.monitor();
        for n in 0..3 {
            soon(dealer.send(format!("early {n}"))).await.unwrap();
        }
        let mut first = Raw::serve(&listener, "DEALER").await;
        for n in 0..3 {
            assert_eq!(first.recv().await, [format!("early {n}").into_bytes()]);
        }
        drop(first);
        disconnected(&mut monitor).await;
        for n in 0..3 {
            soon(dealer.send(format!("meanwhile {n}"))).await.unwrap();
        }
        let mut second = Raw::serve(&listener, "DEALER").await;
        for n in 0..3 {
            assert_eq!(second.recv().await, [format!("meanwhile {n}").into_bytes()]);
        }
    });
}

/// RFC 28, DEALER: the two queues of a peer are independent: what comes is received while nothing can be
/// sent. (Trap 22: reading goes on while a write is stalled.)
#[test]
fn receiving_goes_on_while_sending_is_stalled() {
    on_two_threads(async || {
        let dealer = DealerSocket::new(Options::new().send_high_water_mark(2)).unwrap();
        let endpoint = dealer.also_bind(TCP).await.unwrap();
        let mut monitor = dealer.monitor();
        let mut deaf = Raw::connect(&endpoint, "DEALER").await;
        connected(&mut monitor, 1).await;
        fill(&dealer).await;
        for n in 0..100 {
            deaf.send(&[format!("{n}")]).await;
        }
        for n in 0..100 {
            assert_eq!(counted(&soon(dealer.recv()).await.unwrap()), n);
        }
    });
}

/// Sends until there is no room any more, however long other tasks run. How many messages there was room
/// for.
async fn fill(dealer: &DealerSocket) -> usize {
    let (mut sent, mut refused) = (0, 0);
    while refused < 20 {
        match dealer.try_send(vec![b'x'; 64 * 1024]) {
            Ok(()) => (sent, refused) = (sent + 1, 0),
            Err(SendError::Full(_)) => {
                refused += 1;
                settle().await;
            }
            Err(other) => panic!("{other}"),
        }
    }
    sent
}

/// RFC 28, DEALER: the queue of a peer that connected goes with it, and what is in it is not for others.
#[test]
fn the_queue_of_a_lost_client_is_thrown_away() {
    on_two_threads(async || {
        let dealer = DealerSocket::new(Options::new().send_high_water_mark(4)).unwrap();
        let endpoint = dealer.also_bind(TCP).await.unwrap();
        let mut monitor = dealer.monitor();
        let deaf = Raw::connect(&endpoint, "DEALER").await;
        connected(&mut monitor, 1).await;
        assert!(fill(&dealer).await > 4);
        drop(deaf);
        disconnected(&mut monitor).await;
        assert!(matches!(dealer.try_send("nobody"), Err(SendError::Full(_))));
        let mut next = Raw::connect(&endpoint, "DEALER").await;
        soon(dealer.send("news")).await.unwrap();
        assert_eq!(next.recv().await, [b"news"]);
    });
}

/// RFC 28, DEALER, outgoing: messages go to the peers in turn.
#[test]
fn messages_go_to_peers_in_turn() {
    on_two_threads(async || {
        let dealer = DealerSocket::bind(TCP).await.unwrap();
        let mut monitor = dealer.monitor();
        let mut peers = Vec::new();
        for _ in 0..3 {
            peers.push(Raw::connect(&dealer.bound()[0], "DEALER").await);
        }
        connected(&mut monitor, 3).await;
        for n in 0..30 {
            soon(dealer.send(format!("{n}"))).await.unwrap();
        }
        for peer in &mut peers {
            let mut got = Vec::new();
            for _ in 0..10 {
                let message = peer.recv().await;
                got.push(String::from_utf8_lossy(&message[0]).parse::<usize>().unwrap());
            }
            assert!(got.windows(2).all(|two| two[0] + 3 == two[1]), "{got:?}");
        }
    });
}

/// RFC 28, DEALER, outgoing: a peer whose queue is full is passed over, and all goes to the others.
#[test]
fn a_full_peer_is_passed_over() {
    on_two_threads(async || {
        let dealer = DealerSocket::new(Options::new().send_high_water_mark(4)).unwrap();
        let endpoint = dealer.also_bind(TCP).await.unwrap();
        let mut monitor = dealer.monitor();
        let _deaf = Raw::connect(&endpoint, "DEALER").await;
        connected(&mut monitor, 1).await;
        fill(&dealer).await;
        let mut reads = Raw::connect(&endpoint, "DEALER").await;
        connected(&mut monitor, 1).await;
        for n in 0..100 {
            soon(dealer.send(format!("{n}"))).await.unwrap();
            assert_eq!(reads.recv().await, [format!("{n}").into_bytes()]);
        }
    });
}

/// RFC 28, DEALER, outgoing: without a peer that has room, a send waits or says so; nothing is accepted,
/// and nothing is lost.
#[test]
fn without_room_a_send_waits_and_loses_nothing() {
    on_two_threads(async || {
        let dealer = DealerSocket::bind(TCP).await.unwrap();
        assert_eq!(dealer.try_send("no"), Err(SendError::Full("no".into())));
        let mut send = pin!(dealer.send("yes"));
        waits(send.as_mut()).await;
        let router = RouterSocket::connect(&dealer.bound()[0]).await.unwrap();
        soon(send).await.unwrap();
        let message = soon(router.recv()).await.unwrap();
        assert_eq!(message[1], "yes");
        assert!(router.try_recv().is_err());
    });
}

/// RFC 28, DEALER, incoming: peers take turns, and all that comes is delivered.
#[test]
fn peers_take_turns() {
    on_two_threads(async || {
        let dealer = DealerSocket::bind(TCP).await.unwrap();
        let _peers = three_that_sent(&dealer.bound()[0], "ROUTER").await;
        let mut got = Vec::new();
        for _ in 0..30 {
            got.push(text(&soon(dealer.recv()).await.unwrap()).to_owned());
        }
        assert_turns(&got);
    });
}
