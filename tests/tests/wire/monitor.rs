//! What a monitor tells, and in which order.

use millhand::Backoff;
use millhand::net::wire::greeting::Mechanism;
use millhand::net::wire::socket_type::SocketType;
use millhand::net::{Event, Failure, Options, PullSocket, PushSocket};

use crate::raw::*;
use crate::stage::*;

/// One word for an event.
fn word(event: &Event) -> &'static str {
    match event {
        Event::Listening { .. } => "listening",
        Event::AcceptFailed { .. } => "accept failed",
        Event::ConnectFailed { .. } => "connect failed",
        Event::Retrying { .. } => "retrying",
        Event::HandshakeFailed { .. } => "handshake failed",
        Event::Connected { .. } => "connected",
        Event::Disconnected { .. } => "disconnected",
        _ => "unknown",
    }
}

async fn next(monitor: &mut millhand::net::Monitor) -> Event {
    soon(monitor.next()).await.expect("the socket lives")
}

/// The side that binds: it listens, somebody comes, somebody goes.
#[test]
fn the_events_of_a_bound_socket_come_in_order() {
    on_two_threads(async || {
        let pull = PullSocket::new(Options::new()).unwrap();
        let mut monitor = pull.monitor();
        let bound = pull.also_bind(TCP).await.unwrap();
        let Event::Listening { endpoint } = next(&mut monitor).await else { panic!() };
        assert_eq!(endpoint, bound);
        for _ in 0..3 {
            let raw = Raw::connect(&bound, "PUSH").await;
            let from = raw.stream.local_addr().unwrap().to_string();
            let Event::Connected { endpoint, address, peer } = next(&mut monitor).await else {
                panic!()
            };
            assert_eq!((&endpoint, &*address), (&bound, &*from));
            assert_eq!((peer.socket_type, peer.minor), (SocketType::Push, 1));
            assert_eq!(peer.mechanism, Mechanism::Null);
            drop(raw);
            let Event::Disconnected { endpoint, address, reason } = next(&mut monitor).await else {
                panic!()
            };
            assert_eq!((&endpoint, &*address), (&bound, &*from));
            assert_eq!(reason, Failure::ByPeer);
        }
    });
}

/// The side that connects: it fails, tries again, comes in, is lost, tries again. Trap 15, RFC 37 "Error
/// Handling": each failure doubles the delay, up to the longest; a success begins anew.
#[test]
fn the_events_of_a_connecting_socket_come_in_order() {
    with_a_stopped_clock(async || {
        let name = ipc();
        let backoff = Backoff { first: ms(100), longest: secs(1), jitter: 0.0 };
        let push = PushSocket::new(Options::new().reconnect(backoff)).unwrap();
        let mut monitor = push.monitor();
        push.also_connect(&name).await.unwrap();
        for delay in [100, 200, 400, 800, 1000, 1000] {
            assert_eq!(word(&next(&mut monitor).await), "connect failed");
            let Event::Retrying { delay: told, endpoint } = next(&mut monitor).await else {
                panic!()
            };
            assert_eq!((told, endpoint.to_string()), (ms(delay), name.clone()));
            settle().await;
            advance(told - ms(2)).await;
            settle().await;
            advance(ms(4)).await;
        }
        // Seven tries, the last of which waits for its time.
        for word_now in ["connect failed", "retrying"] {
            assert_eq!(word(&next(&mut monitor).await), word_now);
        }
        let pull = PullSocket::bind(&name).await.unwrap();
        advance(ms(1010)).await;
        assert_eq!(word(&next(&mut monitor).await), "connected");
        soon(pull.close()).await;
        assert_eq!(word(&next(&mut monitor).await), "disconnected");
        let Event::Retrying { delay, .. } = next(&mut monitor).await else { panic!() };
        assert_eq!(delay, ms(100));
    });
}

/// `no_reconnect`: once it is lost, that is the end.
#[test]
fn without_reconnect_a_lost_connection_is_not_tried_again() {
    with_a_stopped_clock(async || {
        let (listener, endpoint) = listener().await;
        let push = PushSocket::new(Options::new().no_reconnect()).unwrap();
        let mut monitor = push.monitor();
        push.also_connect(&endpoint).await.unwrap();
        drop(Raw::serve(&listener, "PULL").await);
        assert_eq!(word(&next(&mut monitor).await), "connected");
        assert_eq!(word(&next(&mut monitor).await), "disconnected");
        for _ in 0..100 {
            advance(secs(10)).await;
        }
        assert!(now(std::pin::pin!(listener.accept())).is_none());
        drop(push);
        assert!(soon(monitor.next()).await.is_none());
    });
}

/// A handshake that fails is told, and is no connection.
#[test]
fn a_failed_handshake_is_told_and_nothing_else() {
    on_two_threads(async || {
        let pull = PullSocket::bind(TCP).await.unwrap();
        let mut monitor = pull.monitor();
        let mut raw = Raw::open(&pull.bound()[0]).await;
        raw.try_say(b"GET / HTTP/1.0\r\n\r\n").await;
        let Event::HandshakeFailed { endpoint, reason, .. } = next(&mut monitor).await else {
            panic!()
        };
        assert_eq!(endpoint, pull.bound()[0]);
        // The reason tells the operator what it saw.
        assert!(reason.to_string().contains("GET / HTTP"), "{reason}");
        let _raw = Raw::connect(&pull.bound()[0], "PUSH").await;
        assert_eq!(word(&next(&mut monitor).await), "connected");
    });
}

/// A monitor ends with its socket, and sees its last disconnections before.
#[test]
fn a_monitor_ends_with_its_socket() {
    on_two_threads(async || {
        let pull = PullSocket::bind(TCP).await.unwrap();
        let push = PushSocket::connect(&pull.bound()[0]).await.unwrap();
        let mut monitor = push.monitor();
        connected(&mut monitor, 1).await;
        soon(push.close()).await;
        let mut words = Vec::new();
        while let Some(event) = soon(monitor.next()).await {
            words.push(word(&event));
        }
        assert_eq!(words, ["disconnected"]);
    });
}

/// To drop `next` between events loses none.
#[test]
fn no_event_is_lost_when_next_is_dropped() {
    on_two_threads(async || {
        let pull = PullSocket::bind(TCP).await.unwrap();
        let mut monitor = pull.monitor();
        for n in 0..50 {
            drop(Raw::connect(&pull.bound()[0], "PUSH").await);
            for expected in ["connected", "disconnected"] {
                let mut polls = n % 3;
                let event = soon(async {
                    loop {
                        if let Some(event) = dropped_after(polls, monitor.next()).await {
                            return event.unwrap();
                        }
                        polls = (polls + 1) % 3;
                        tokio::task::yield_now().await;
                    }
                });
                assert_eq!(word(&event.await), expected);
            }
        }
    });
}
