//! Signs of life: PING, PONG and times to live (RFC 37, "Connection Heartbeating"). The clock stands still
//! but for the test.

use std::pin::pin;

use millhand::net::{Event, Failure, Heartbeat, Options, PullSocket, PushSocket};

use crate::raw::*;
use crate::stage::*;

/// A PUSH with this heartbeat, and its peer.
async fn beating(heartbeat: Heartbeat) -> (PushSocket, Raw, millhand::net::Monitor) {
    let push = PushSocket::new(Options::new().heartbeat(heartbeat)).unwrap();
    let mut monitor = push.monitor();
    let endpoint = push.also_bind(TCP).await.unwrap();
    let peer = Raw::connect(&endpoint, "PULL").await;
    connected(&mut monitor, 1).await;
    settle().await;
    (push, peer, monitor)
}

/// Nothing has been said to the peer but what is said now.
async fn is_quiet(peer: &mut Raw) {
    peer.fence_keeping().await;
    assert!(peer.has_kept_nothing());
}

/// A silent peer is asked once the interval is over, and given up once the timeout is.
#[test]
fn a_silent_peer_is_asked_and_then_left() {
    with_a_stopped_clock(async || {
        let heartbeat = Heartbeat::every(secs(10)).timeout(secs(30));
        let (_push, mut peer, mut monitor) = beating(heartbeat).await;
        advance(ms(9_990)).await;
        let mut one = [0];
        assert!(peer.stream.try_read(&mut one).is_err(), "a PING too early");
        advance(ms(20)).await;
        assert_eq!(peer.command().await, b"\x04PING\0\0");
        advance(ms(29_900)).await;
        assert!(peer.stream.try_read(&mut one).is_err(), "a second PING, or the end too early");
        advance(ms(200)).await;
        assert_eq!(disconnected(&mut monitor).await, Failure::Silent);
        peer.ended().await;
    });
}

/// A peer that answers is asked again and again, and stays.
#[test]
fn a_peer_that_answers_stays() {
    with_a_stopped_clock(async || {
        let (push, mut peer, _monitor) = beating(Heartbeat::every(secs(10))).await;
        for _ in 0..20 {
            advance(ms(10_010)).await;
            assert_eq!(peer.command().await, b"\x04PING\0\0");
            advance(secs(9)).await;
            peer.say(&command("PONG", b"")).await;
            settle().await;
        }
        push.send("x").await.unwrap();
        assert_eq!(peer.recv().await, [b"x"]);
    });
}

/// Whatever comes is a sign of life: while messages come, nobody is asked.
#[test]
fn any_traffic_is_life() {
    with_a_stopped_clock(async || {
        let options = Options::new().heartbeat(Heartbeat::every(secs(10)));
        let pull = PullSocket::new(options).unwrap();
        let endpoint = pull.also_bind(TCP).await.unwrap();
        let mut peer = Raw::connect(&endpoint, "PUSH").await;
        for _ in 0..20 {
            peer.send(&["x"]).await;
            soon(pull.recv()).await.unwrap();
            settle().await;
            advance(secs(9)).await;
        }
        peer.send(&["x"]).await;
        soon(pull.recv()).await.unwrap();
        settle().await;
        let mut one = [0];
        assert!(peer.stream.try_read(&mut one).is_err(), "asked all the same");
        // And an answer to a PING is not needed where something else came.
        advance(ms(10_010)).await;
        assert_eq!(peer.command().await, b"\x04PING\0\0");
        advance(secs(9)).await;
        peer.send(&["x"]).await;
        settle().await;
        advance(secs(2)).await;
        peer.send(&["y"]).await;
        assert_eq!(soon(pull.recv()).await.unwrap(), "x".into());
        assert_eq!(soon(pull.recv()).await.unwrap(), "y".into());
    });
}

/// A time to live is sent in tenths of a second; trap 10: at most 60 s, since libzmq reckons wrongly beyond
/// 65.
#[test]
fn a_time_to_live_is_told_and_bounded() {
    with_a_stopped_clock(async || {
        for (ttl, tenths) in [(ms(1500), 15u16), (secs(60), 600), (secs(3600), 600)] {
            let (_push, mut peer, _monitor) = beating(Heartbeat::every(secs(1)).ttl(ttl)).await;
            advance(ms(1010)).await;
            assert_eq!(peer.command().await, [b"\x04PING", &tenths.to_be_bytes()[..]].concat());
        }
    });
}

/// A peer that names a time to live and is then silent for longer is left, by sockets without a heartbeat
/// as well.
#[test]
fn a_peer_that_outlives_its_time_is_left() {
    with_a_stopped_clock(async || {
        let push = PushSocket::bind(TCP).await.unwrap();
        let mut monitor = push.monitor();
        let mut peer = Raw::connect(&push.bound()[0], "PULL").await;
        peer.say(&command("PING", b"\0\x14x")).await;
        assert_eq!(peer.command().await, b"\x04PONGx");
        for _ in 0..5 {
            advance(ms(1900)).await;
            peer.say(&command("PONG", b"")).await;
            settle().await;
        }
        is_quiet(&mut peer).await;
        // The last PING named no time, which takes the promise back.
        advance(secs(3600)).await;
        is_quiet(&mut peer).await;
        peer.say(&command("PING", b"\0\x14x")).await;
        assert_eq!(peer.command().await, b"\x04PONGx");
        advance(ms(1900)).await;
        assert!(peer.stream.try_read(&mut [0]).is_err(), "left too early");
        advance(ms(200)).await;
        assert_eq!(disconnected(&mut monitor).await, Failure::Silent);
    });
}

/// Without a heartbeat nobody is asked, and silence is fine.
#[test]
fn without_a_heartbeat_silence_is_fine() {
    with_a_stopped_clock(async || {
        let push = PushSocket::bind(TCP).await.unwrap();
        let mut peer = Raw::connect(&push.bound()[0], "PULL").await;
        for _ in 0..100 {
            advance(secs(3600)).await;
        }
        is_quiet(&mut peer).await;
    });
}

/// Who was left for its silence is connected to again.
#[test]
fn after_a_failed_heartbeat_the_connection_is_opened_again() {
    with_a_stopped_clock(async || {
        let (listener, endpoint) = listener().await;
        let push = PushSocket::new(Options::new().heartbeat(Heartbeat::every(secs(10)))).unwrap();
        push.also_connect(&endpoint).await.unwrap();
        let mut first = Raw::serve(&listener, "PULL").await;
        settle().await;
        advance(ms(10_010)).await;
        assert_eq!(first.command().await, b"\x04PING\0\0");
        advance(ms(10_010)).await;
        first.ended().await;
        advance(secs(1)).await;
        let mut second = Raw::serve(&listener, "PULL").await;
        push.send("x").await.unwrap();
        assert_eq!(second.recv().await, [b"x"]);
    });
}

/// A peer whose messages wait since nobody receives them is not silent: it is we who do not read.
#[test]
fn a_peer_that_is_not_read_is_not_taken_for_dead() {
    with_a_stopped_clock(async || {
        let options =
            Options::new().heartbeat(Heartbeat::every(secs(10))).receive_high_water_mark(5);
        let pull = PullSocket::new(options).unwrap();
        let mut monitor = pull.monitor();
        let endpoint = pull.also_bind(TCP).await.unwrap();
        let mut peer = Raw::connect(&endpoint, "PUSH").await;
        connected(&mut monitor, 1).await;
        for n in 0..100 {
            peer.send(&[format!("{n}")]).await;
        }
        settle().await;
        for _ in 0..10 {
            advance(secs(9)).await;
            peer.say(&command("PONG", b"")).await;
            settle().await;
        }
        for n in 0..100 {
            assert_eq!(counted(&soon(pull.recv()).await.unwrap()), n);
        }
        peer.send(&["100"]).await;
        assert_eq!(counted(&soon(pull.recv()).await.unwrap()), 100);
    });
}

/// And it is not taken for dead by the peer, though it does not hear its PINGs. Once, a sender with a heartbeat
/// left a receiver that was busy for longer than that.
#[test]
fn a_receiver_that_is_busy_is_not_taken_for_dead() {
    with_a_stopped_clock(async || {
        let pull = PullSocket::new(Options::new().receive_high_water_mark(5)).unwrap();
        let endpoint = pull.also_bind(TCP).await.unwrap();
        let push = PushSocket::new(Options::new().heartbeat(Heartbeat::every(secs(10)))).unwrap();
        let mut monitor = push.monitor();
        push.also_connect(&endpoint).await.unwrap();
        connected(&mut monitor, 1).await;
        for n in 0..100 {
            push.send(format!("{n}")).await.unwrap();
        }
        settle().await;
        for _ in 0..100 {
            advance(secs(1)).await;
            settle().await;
        }
        for n in 0..100 {
            assert_eq!(counted(&soon(pull.recv()).await.unwrap()), n);
        }
        while let Some(Some(event)) = now(pin!(monitor.next())) {
            assert!(!matches!(event, Event::Disconnected { .. }), "{event:?}");
        }
    });
}
