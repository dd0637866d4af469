//! Many tasks at one socket, many sockets in one process, on runtimes of any number of threads.

use std::collections::HashSet;
use std::sync::Arc;

use millhand::net::{
    DealerSocket, Options, PullSocket, PushSocket, RouterSocket, SubSocket, XPubSocket,
};
use tokio::task::JoinSet;

use crate::stage::*;

/// Messages of each sender.
const MESSAGES: usize = 1000;

async fn all(mut tasks: JoinSet<()>) {
    while let Some(done) = soon(tasks.join_next()).await {
        done.unwrap();
    }
}

/// Eight tasks send on one socket, one receives on another: none is lost or doubled, and each sender's
/// order stays.
#[test]
fn many_senders_at_one_socket_keep_their_order() {
    on_every_runtime(async || {
        for endpoint in [TCP.to_owned(), ipc()] {
            let pull = PullSocket::bind(&endpoint).await.unwrap();
            let push = Arc::new(PushSocket::connect(&pull.bound()[0]).await.unwrap());
            let mut tasks = JoinSet::new();
            for sender in 0..8usize {
                let push = push.clone();
                tasks.spawn(async move {
                    for n in 0..MESSAGES {
                        push.send([format!("{sender}"), format!("{n}")]).await.unwrap();
                    }
                });
            }
            let mut next = [0; 8];
            for _ in 0..8 * MESSAGES {
                let message = soon(pull.recv()).await.unwrap();
                let number = |at: usize| message[at].as_str().unwrap().parse::<usize>().unwrap();
                assert_eq!(number(1), next[number(0)]);
                next[number(0)] += 1;
            }
            all(tasks).await;
            assert!(pull.try_recv().is_err());
        }
    });
}

/// Eight tasks receive on one socket, with little room: each message comes to one of them, once, and nobody
/// sleeps while there is work.
#[test]
fn many_receivers_at_one_socket_share_its_messages() {
    on_every_runtime(async || {
        let options = Options::new().receive_high_water_mark(8).send_high_water_mark(8);
        let pull = PullSocket::new(options.clone()).unwrap();
        let endpoint = pull.also_bind(TCP).await.unwrap();
        let pull = Arc::new(pull);
        let push = Arc::new(PushSocket::new(options).unwrap());
        push.also_connect(&endpoint).await.unwrap();
        let mut tasks = JoinSet::new();
        let (found, mut finds) = tokio::sync::mpsc::unbounded_channel();
        for _ in 0..8 {
            let (pull, found) = (pull.clone(), found.clone());
            tasks.spawn(async move {
                while let Ok(message) = pull.recv().await {
                    found.send(counted(&message)).unwrap();
                }
            });
        }
        for sender in 0..4 {
            let push = push.clone();
            tasks.spawn(async move {
                for n in 0..MESSAGES {
                    push.send(format!("{}", sender * MESSAGES + n)).await.unwrap();
                }
            });
        }
        let mut seen = HashSet::new();
        for _ in 0..4 * MESSAGES {
            assert!(seen.insert(soon(finds.recv()).await.unwrap()), "twice");
        }
        tasks.abort_all();
    });
}

/// A ROUTER is received from and sent on by several tasks at once, to several dealers, each with several
/// tasks.
#[test]
fn many_tasks_ask_and_answer_over_one_router() {
    on_every_runtime(async || {
        // A ROUTER drops what its peer has no room for: it has room.
        let router = RouterSocket::new(Options::new().send_high_water_mark(0)).unwrap();
        let endpoint = router.also_bind(TCP).await.unwrap();
        let router = Arc::new(router);
        let mut servers = JoinSet::new();
        for _ in 0..4 {
            let router = router.clone();
            servers.spawn(async move {
                while let Ok(request) = router.recv().await {
                    router.send(request).await.unwrap();
                }
            });
        }
        let mut clients = JoinSet::new();
        for _ in 0..4 {
            let endpoint = endpoint.clone();
            clients.spawn(async move {
                let dealer = Arc::new(DealerSocket::connect(&endpoint).await.unwrap());
                let asks = dealer.clone();
                let asking = tokio::spawn(async move {
                    for n in 0..500 {
                        asks.send(format!("{n}")).await.unwrap();
                    }
                });
                let mut seen = HashSet::new();
                for _ in 0..500 {
                    assert!(seen.insert(counted(&soon(dealer.recv()).await.unwrap())), "twice");
                }
                asking.await.unwrap();
            });
        }
        all(clients).await;
        servers.abort_all();
    });
}

/// Several tasks publish on one socket to several subscribers: each gets all, each publisher's in order.
#[test]
fn many_publishers_at_one_socket_reach_all_subscribers() {
    on_every_runtime(async || {
        let publisher = XPubSocket::new(Options::new().send_high_water_mark(0)).unwrap();
        let endpoint = publisher.also_bind(TCP).await.unwrap();
        let publisher = Arc::new(publisher);
        let mut subs = Vec::new();
        for n in 0..6 {
            let sub = SubSocket::connect(&endpoint).await.unwrap();
            sub.subscribe("");
            // Of the same topic an XPUB hears once: each has one of its own to be heard of.
            sub.subscribe(format!("only {n}"));
            while soon(publisher.recv()).await.unwrap()[0] != format!("\x01only {n}") {}
            subs.push(sub);
        }
        // Subscriptions are said in any order: the second may have been heard before the first.
        publisher.send("ready?").await.unwrap();
        let mut tasks = JoinSet::new();
        for sender in 0..4usize {
            let publisher = publisher.clone();
            tasks.spawn(async move {
                for n in 0..300usize {
                    publisher.send([format!("{sender}"), format!("{n}")]).await.unwrap();
                }
            });
        }
        for sub in &subs {
            assert_eq!(soon(sub.recv()).await.unwrap(), "ready?".into());
            let mut next = [0; 4];
            for _ in 0..4 * 300 {
                let message = soon(sub.recv()).await.unwrap();
                let number = |at: usize| message[at].as_str().unwrap().parse::<usize>().unwrap();
                assert_eq!(number(1), next[number(0)]);
                next[number(0)] += 1;
            }
        }
        all(tasks).await;
    });
}

/// Peers come and go while messages flow: those that stay get theirs, and nothing is stuck.
#[test]
fn peers_that_come_and_go_do_not_disturb_others() {
    on_every_runtime(async || {
        let pull = PullSocket::bind(TCP).await.unwrap();
        let endpoint = pull.bound()[0].clone();
        let mut tasks = JoinSet::new();
        for guest in 0..20 {
            let endpoint = endpoint.clone();
            tasks.spawn(async move {
                for n in 0..10 {
                    let push = PushSocket::connect(&endpoint).await.unwrap();
                    push.send([format!("guest {guest}"), format!("{n}")]).await.unwrap();
                    push.close().await;
                }
            });
        }
        let stays = PushSocket::connect(&endpoint).await.unwrap();
        tasks.spawn(async move {
            for n in 0..MESSAGES {
                stays.send(["host".to_owned(), format!("{n}")]).await.unwrap();
            }
            stays.close().await;
        });
        let (mut guests, mut next) = (HashSet::new(), 0);
        for _ in 0..200 + MESSAGES {
            let message = soon(pull.recv()).await.unwrap();
            if message[0] == "host" {
                assert_eq!(message[1], format!("{next}"));
                next += 1;
            } else {
                assert!(guests.insert(message.frames().to_vec()), "twice: {message:?}");
            }
        }
        all(tasks).await;
    });
}
