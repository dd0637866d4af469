//! What a socket that is closed or dropped still has to send.

use std::pin::pin;

use millhand::net::{Options, PullSocket, PushSocket, RepSocket, ReqSocket};

use crate::raw::*;
use crate::stage::*;

/// A close waits until what was sent is on its way, here to a server that comes later.
#[test]
fn a_close_waits_for_what_was_sent() {
    on_two_threads(async || {
        let name = ipc();
        let push = PushSocket::connect(&name).await.unwrap();
        for n in 0..100 {
            push.send(format!("{n}")).await.unwrap();
        }
        let mut close = pin!(push.close());
        waits(close.as_mut()).await;
        let pull = PullSocket::bind(&name).await.unwrap();
        soon(close).await;
        for n in 0..100 {
            assert_eq!(counted(&soon(pull.recv()).await.unwrap()), n);
        }
    });
}

/// To drop a socket does the same in the background.
#[test]
fn a_dropped_socket_sends_what_it_was_given() {
    on_two_threads(async || {
        for endpoint in [TCP.to_owned(), ipc()] {
            let pull = PullSocket::bind(&endpoint).await.unwrap();
            for n in 0..50 {
                let push = PushSocket::connect(&pull.bound()[0]).await.unwrap();
                push.send([format!("{n}").into_bytes(), vec![0; 100_000]]).await.unwrap();
                push.send("end").await.unwrap();
                drop(push);
                let message = soon(pull.recv()).await.unwrap();
                assert_eq!(message[0], format!("{n}"));
                assert_eq!(soon(pull.recv()).await.unwrap(), "end".into());
            }
        }
    });
}

/// A linger of zero waits for nobody, and drops what was not sent.
#[test]
fn without_linger_what_was_not_sent_is_dropped() {
    on_two_threads(async || {
        let name = ipc();
        let options = Options::new().linger(std::time::Duration::ZERO);
        let close = PushSocket::new(options.clone()).unwrap();
        let drops = PushSocket::new(options).unwrap();
        for push in [&close, &drops] {
            push.also_connect(&name).await.unwrap();
            push.send("too late").await.unwrap();
        }
        soon(close.close()).await;
        drop(drops);
        settle().await;
        let pull = PullSocket::bind(&name).await.unwrap();
        let push = PushSocket::connect(&name).await.unwrap();
        soon(push.send("in time")).await.unwrap();
        assert_eq!(soon(pull.recv()).await.unwrap(), "in time".into());
        assert!(pull.try_recv().is_err());
    });
}

/// When the linger is over, so is the close.
#[test]
fn a_close_ends_when_its_linger_does() {
    with_a_stopped_clock(async || {
        let push = PushSocket::new(Options::new().linger(secs(3))).unwrap();
        push.also_connect(ipc()).await.unwrap();
        push.send("for nobody").await.unwrap();
        let mut close = pin!(push.close());
        waits(close.as_mut()).await;
        advance(ms(2900)).await;
        waits(close.as_mut()).await;
        advance(ms(200)).await;
        soon(close).await;
    });
}

/// The same with a peer that does not read, where a write is stalled (trap 22).
#[test]
fn a_close_ends_in_the_midst_of_a_stalled_write() {
    with_a_stopped_clock(async || {
        let push = PushSocket::new(Options::new().linger(secs(3)).send_high_water_mark(4)).unwrap();
        let endpoint = push.also_bind(TCP).await.unwrap();
        let mut monitor = push.monitor();
        let mut deaf = Raw::connect(&endpoint, "PULL").await;
        connected(&mut monitor, 1).await;
        let mut refused = 0;
        while refused < 3 {
            refused = if push.try_send(vec![0; 1 << 20]).is_ok() { 0 } else { refused + 1 };
            settle().await;
        }
        let mut close = pin!(push.close());
        waits(close.as_mut()).await;
        advance(ms(3100)).await;
        soon(close).await;
        deaf.ended().await;
    });
}

/// All that was sent before a close arrives, much though it be, at a receiver that is slow to begin.
#[test]
fn all_that_was_sent_arrives_after_a_close() {
    on_two_threads(async || {
        let pull = PullSocket::bind(TCP).await.unwrap();
        let push = PushSocket::connect(&pull.bound()[0]).await.unwrap();
        for n in 0..900 {
            push.send([format!("{n}").into_bytes(), vec![0; 20_000]]).await.unwrap();
        }
        let closing = tokio::spawn(push.close());
        for n in 0..900 {
            assert_eq!(soon(pull.recv()).await.unwrap()[0], format!("{n}"));
        }
        soon(closing).await.unwrap();
    });
}

/// A socket with nothing to send has nothing to wait for, though its peer neither reads nor goes.
#[test]
fn a_close_with_nothing_to_send_does_not_wait_for_peers() {
    with_a_stopped_clock(async || {
        let pull = PullSocket::bind(TCP).await.unwrap();
        let mut monitor = pull.monitor();
        let peer = Raw::connect(&pull.bound()[0], "PUSH").await;
        connected(&mut monitor, 1).await;
        // The clock stands still, so the linger does not end: a close that waits for it hangs.
        let mut close = pin!(pull.close());
        for _ in 0..50 {
            if now(close.as_mut()).is_some() {
                return drop(peer);
            }
            settle().await;
        }
        panic!("the close waits for a peer that owes nothing");
    });
}

/// A reply that was sent before the close arrives.
#[test]
fn the_last_reply_arrives_after_a_close() {
    on_two_threads(async || {
        for _ in 0..20 {
            let rep = RepSocket::bind(TCP).await.unwrap();
            let req = ReqSocket::connect(&rep.bound()[0]).await.unwrap();
            soon(req.send("?")).await.unwrap();
            soon(rep.recv()).await.unwrap();
            rep.send("!").await.unwrap();
            soon(rep.close()).await;
            assert_eq!(soon(req.recv()).await.unwrap(), "!".into());
        }
    });
}

/// When the runtime ends under a socket, nobody waits for ever.
#[test]
fn the_end_of_a_runtime_ends_what_waits() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let pull = runtime.block_on(PullSocket::bind(TCP)).unwrap();
    drop(runtime);
    on_two_threads(async move || {
        assert_eq!(soon(pull.recv()).await, Err(millhand::net::RecvError::Closed));
    });
}
