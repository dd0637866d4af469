//! Futures that are dropped before they are done, at every poll: nothing is lost, nothing comes twice, and
//! nobody is stuck (traps 17 and 18).

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Wake, Waker};

use futures_core::Stream;
use futures_sink::Sink;
use millhand::net::{
    DealerSocket, Options, PullSocket, PushSocket, RepSocket, ReqSocket, RouterSocket, SubSocket,
    XPubSocket,
};

use crate::raw::*;
use crate::stage::*;

const MESSAGES: usize = 3000;

/// Runs `attempt` with more and more polls until it is done.
async fn at_last<T, F: Future<Output = T>>(mut attempt: impl FnMut() -> F) -> T {
    soon(async {
        for polls in (0..4).cycle() {
            if let Some(output) = dropped_after(polls, attempt()).await {
                return output;
            }
            tokio::task::yield_now().await;
        }
        unreachable!("the attempts never end")
    })
    .await
}

/// A sender and a receiver both of whose futures are dropped again and again, with so little room that
/// both have to wait.
#[test]
fn nothing_is_lost_or_doubled_when_sends_and_receives_are_dropped() {
    on_every_runtime(async || {
        let options = || Options::new().send_high_water_mark(3).receive_high_water_mark(3);
        let pull = PullSocket::new(options()).unwrap();
        let endpoint = pull.also_bind(TCP).await.unwrap();
        let push = PushSocket::new(options()).unwrap();
        push.also_connect(&endpoint).await.unwrap();
        let sending = tokio::spawn(async move {
            for n in 0..MESSAGES {
                at_last(|| push.send(format!("{n}"))).await.unwrap();
            }
            push.close().await;
        });
        for n in 0..MESSAGES {
            assert_eq!(counted(&at_last(|| pull.recv()).await.unwrap()), n);
        }
        soon(sending).await.unwrap();
        assert!(pull.try_recv().is_err());
    });
}

/// The same of the other types that deal and receive.
#[test]
fn dealers_and_routers_lose_and_double_nothing() {
    on_every_runtime(async || {
        // A ROUTER drops what its peer has no room for: it has room.
        let router = RouterSocket::new(Options::new().send_high_water_mark(0)).unwrap();
        let endpoint = router.also_bind(TCP).await.unwrap();
        let dealer = DealerSocket::new(Options::new().send_high_water_mark(3)).unwrap();
        dealer.also_connect(&endpoint).await.unwrap();
        let sending = tokio::spawn(async move {
            for n in 0..MESSAGES {
                at_last(|| dealer.send(format!("{n}"))).await.unwrap();
            }
            for n in 0..MESSAGES {
                assert_eq!(counted(&at_last(|| dealer.recv()).await.unwrap()), n);
            }
        });
        let mut id = None;
        for n in 0..MESSAGES {
            let message = at_last(|| router.recv()).await.unwrap();
            assert_eq!(message[1], format!("{n}"));
            id = Some(message[0].clone());
        }
        let id = id.unwrap();
        for n in 0..MESSAGES {
            at_last(|| router.send([id.clone(), format!("{n}").into()])).await.unwrap();
        }
        soon(sending).await.unwrap();
    });
}

/// Subscribers, too.
#[test]
fn subscribers_lose_nothing() {
    on_every_runtime(async || {
        let publisher = XPubSocket::new(Options::new().send_high_water_mark(0)).unwrap();
        let endpoint = publisher.also_bind(TCP).await.unwrap();
        let sub = SubSocket::connect(&endpoint).await.unwrap();
        sub.subscribe("");
        soon(publisher.recv()).await.unwrap();
        for n in 0..MESSAGES {
            at_last(|| publisher.send(format!("{n}"))).await.unwrap();
        }
        for n in 0..MESSAGES {
            assert_eq!(counted(&at_last(|| sub.recv()).await.unwrap()), n);
        }
    });
}

/// REQ and REP: whatever is dropped, the two keep their turns, and each request has its reply.
#[test]
fn requests_and_replies_keep_their_turns() {
    on_every_runtime(async || {
        let rep = RepSocket::bind(TCP).await.unwrap();
        let req = ReqSocket::connect(&rep.bound()[0]).await.unwrap();
        let serving = tokio::spawn(async move {
            for n in 0..MESSAGES / 3 {
                let request = at_last(|| rep.recv()).await.unwrap();
                assert_eq!(counted(&request), n);
                at_last(|| rep.send(format!("{n}"))).await.unwrap();
            }
            rep.close().await;
        });
        for n in 0..MESSAGES / 3 {
            at_last(|| req.send(format!("{n}"))).await.unwrap();
            assert_eq!(counted(&at_last(|| req.recv()).await.unwrap()), n);
        }
        soon(serving).await.unwrap();
    });
}

/// A REQ whose first send is dropped while it waits can be sent from again.
#[test]
fn a_request_that_was_dropped_was_not_sent() {
    on_two_threads(async || {
        let req = ReqSocket::bind(TCP).await.unwrap();
        for n in 0..5 {
            assert!(dropped_after(n, req.send("never")).await.is_none());
        }
        let rep = RepSocket::connect(&req.bound()[0]).await.unwrap();
        soon(req.send("once")).await.unwrap();
        assert_eq!(soon(rep.recv()).await.unwrap(), "once".into());
        rep.send("!").await.unwrap();
        assert_eq!(soon(req.recv()).await.unwrap(), "!".into());
    });
}

/// In a `select!`, where the other branch wins now and then.
#[test]
fn a_select_loop_loses_nothing() {
    on_every_runtime(async || {
        let pull = PullSocket::new(Options::new().receive_high_water_mark(10)).unwrap();
        let endpoint = pull.also_bind(TCP).await.unwrap();
        let push = PushSocket::new(Options::new().send_high_water_mark(10)).unwrap();
        push.also_connect(&endpoint).await.unwrap();
        let (mut sent, mut got, mut turns) = (0, 0, 0);
        soon(async {
            while got < 2 * MESSAGES {
                tokio::select! {
                    result = push.send(format!("{sent}")), if sent < 2 * MESSAGES => {
                        result.unwrap();
                        sent += 1;
                    }
                    message = pull.recv() => {
                        assert_eq!(counted(&message.unwrap()), got);
                        got += 1;
                    }
                    () = tokio::task::yield_now() => turns += 1,
                }
            }
        })
        .await;
        assert!(turns > 0);
        assert!(pull.try_recv().is_err());
    });
}

/// A task that counts how often it is woken.
#[derive(Default)]
struct Woken(AtomicUsize);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

impl Woken {
    fn times(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

/// Trap 17: a receiver that was woken for a message and goes away without it passes the call on.
#[test]
fn a_call_that_is_not_used_is_passed_on() {
    on_two_threads(async || {
        let pull = PullSocket::bind(TCP).await.unwrap();
        let mut peer = Raw::connect(&pull.bound()[0], "PUSH").await;
        for _ in 0..100 {
            let tasks: Vec<_> = (0..3).map(|_| Arc::new(Woken::default())).collect();
            let mut waiting = Vec::new();
            for task in &tasks {
                let mut recv = Box::pin(pull.recv());
                let waker = Waker::from(task.clone());
                assert!(recv.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
                waiting.push(recv);
            }
            peer.send(&["x"]).await;
            eventually("the first is woken", || tasks[0].times() > 0).await;
            assert_eq!((tasks[1].times(), tasks[2].times()), (0, 0), "more woken than messages");
            drop(waiting.remove(0));
            assert_eq!(tasks[1].times(), 1, "the call was lost");
            drop(waiting.remove(0));
            assert_eq!(tasks[2].times(), 1, "the call was lost");
            assert_eq!(soon(waiting.remove(0)).await.unwrap(), "x".into());
        }
    });
}

/// The same of senders that wait for room.
#[test]
fn room_that_is_not_used_is_passed_on() {
    on_two_threads(async || {
        for _ in 0..20 {
            let push = PushSocket::bind(TCP).await.unwrap();
            let tasks: Vec<_> = (0..3).map(|_| Arc::new(Woken::default())).collect();
            let mut waiting = Vec::new();
            for (n, task) in tasks.iter().enumerate() {
                let mut send = Box::pin(push.send(format!("{n}")));
                let waker = Waker::from(task.clone());
                assert!(send.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
                waiting.push(send);
            }
            let mut peer = Raw::connect(&push.bound()[0], "PULL").await;
            eventually("the first is woken", || tasks[0].times() > 0).await;
            drop(waiting.remove(0));
            drop(waiting.remove(0));
            eventually("the last is woken", || tasks[2].times() > 0).await;
            soon(waiting.remove(0)).await.unwrap();
            assert_eq!(peer.recv().await, [b"2"]);
        }
    });
}

/// Streams and sinks that are dropped lose nothing but what a sink was given and had no room for.
#[test]
fn streams_and_sinks_can_be_dropped() {
    on_every_runtime(async || {
        let pull = PullSocket::new(Options::new().receive_high_water_mark(3)).unwrap();
        let endpoint = pull.also_bind(TCP).await.unwrap();
        let push = PushSocket::new(Options::new().send_high_water_mark(3)).unwrap();
        push.also_connect(&endpoint).await.unwrap();
        let sending = tokio::spawn(async move {
            let mut sink = pin!(push.sink());
            for n in 0..MESSAGES {
                std::future::poll_fn(|cx| Sink::<String>::poll_ready(sink.as_mut(), cx))
                    .await
                    .unwrap();
                sink.as_mut().start_send(format!("{n}")).unwrap();
                std::future::poll_fn(|cx| Sink::<String>::poll_flush(sink.as_mut(), cx))
                    .await
                    .unwrap();
            }
        });
        for n in 0..MESSAGES {
            let message = at_last(|| async {
                let mut stream = pin!(pull.stream());
                std::future::poll_fn(|cx| stream.as_mut().poll_next(cx)).await
            });
            assert_eq!(counted(&message.await.unwrap()), n);
        }
        soon(sending).await.unwrap();
    });
}

/// A close that is dropped ends all the same, when the linger is over.
#[test]
fn a_dropped_close_ends_with_its_linger() {
    with_a_stopped_clock(async || {
        for polls in 0..4 {
            let push = PushSocket::new(Options::new().linger(secs(3))).unwrap();
            let mut monitor = push.monitor();
            push.also_connect(ipc()).await.unwrap();
            push.send("for nobody").await.unwrap();
            assert!(dropped_after(polls, push.close()).await.is_none());
            for _ in 0..10 {
                advance(secs(1)).await;
            }
            while soon(monitor.next()).await.is_some() {}
        }
    });
}

/// A close that is dropped closes all the same.
#[test]
fn a_dropped_close_sends_what_waits() {
    on_two_threads(async || {
        for polls in 0..4 {
            let name = ipc();
            let push = PushSocket::connect(&name).await.unwrap();
            push.send("x").await.unwrap();
            assert!(dropped_after(polls, push.close()).await.is_none());
            let pull = PullSocket::bind(&name).await.unwrap();
            assert_eq!(soon(pull.recv()).await.unwrap(), "x".into());
        }
    });
}
