//! Messages and commands between two peers that know each other (RFC 37, "Framing" to "Connection
//! Heartbeating").

use millhand::net::wire::error::WireError;
use millhand::net::{DealerSocket, Failure, Options, PullSocket, PushSocket};

use crate::raw::*;
use crate::stage::*;

/// RFC 37, "Framing": a short frame has up to 255 octets, a longer one the long form. The long form of a
/// short frame is legal, too.
#[test]
fn frames_are_read_and_written_in_both_forms() {
    on_two_threads(async || {
        let dealer = DealerSocket::bind(TCP).await.unwrap();
        let mut peer = Raw::connect(&dealer.bound()[0], "DEALER").await;
        peer.say(&[&[LONG][..], &3u64.to_be_bytes(), b"abc"].concat()).await;
        assert_eq!(soon(dealer.recv()).await.unwrap(), "abc".into());
        peer.say(&message(awkward().frames())).await;
        assert_eq!(soon(dealer.recv()).await.unwrap(), awkward());
        soon(dealer.send(awkward())).await.unwrap();
        let expected = message(awkward().frames());
        assert_eq!(peer.octets(expected.len()).await, expected);
    });
}

/// RFC 37, "Framing": bits 7 to 3 of the flags are zero; a command has no MORE; RFC 37, "Formal Grammar": a
/// size has 63 bits. What breaks that ends its connection, and no other.
#[test]
fn a_broken_frame_ends_its_connection_and_no_other() {
    on_two_threads(async || {
        let pull = PullSocket::bind(TCP).await.unwrap();
        let mut bystander = Raw::connect(&pull.bound()[0], "PUSH").await;
        let mut monitor = pull.monitor();
        let mut broken: Vec<Vec<u8>> = (3..8).map(|bit| vec![1 << bit, 0]).collect();
        broken.push(frame(COMMAND | MORE, b"\x04PING\0\0"));
        broken.push([&[LONG][..], &(1u64 << 63).to_be_bytes()].concat());
        broken.push([&[LONG][..], &u64::MAX.to_be_bytes()].concat());
        broken.push(frame(COMMAND, b""));
        broken.push(frame(COMMAND, b"\0"));
        broken.push(frame(COMMAND, b"\xffPING"));
        broken.push(command("PING", b"\0"));
        for octets in broken {
            let mut peer = Raw::connect(&pull.bound()[0], "PUSH").await;
            peer.send(&["before"]).await;
            peer.say(&octets).await;
            peer.try_say(&message(&["after"])).await;
            peer.ended().await;
            let reason = disconnected(&mut monitor).await;
            assert!(matches!(reason, Failure::Wire(_)), "{reason}: {}", octets.escape_ascii());
            assert_eq!(soon(pull.recv()).await.unwrap(), "before".into());
        }
        bystander.send(&["still here"]).await;
        assert_eq!(soon(pull.recv()).await.unwrap(), "still here".into());
    });
}

/// RFC 37, "Messages" and "Socket Semantics": a message arrives whole or not at all: one that was cut short
/// by the end of its connection is never seen, nor joined with the next.
#[test]
fn a_message_cut_short_is_never_delivered() {
    on_two_threads(async || {
        let pull = PullSocket::bind(TCP).await.unwrap();
        let mut monitor = pull.monitor();
        let whole = message(awkward().frames());
        for cut in [1, 2, 5, 100, 1000, whole.len() - 70_000, whole.len() - 1] {
            let mut peer = Raw::connect(&pull.bound()[0], "PUSH").await;
            peer.say(&whole[..cut]).await;
            drop(peer);
            disconnected(&mut monitor).await;
        }
        let mut peer = Raw::connect(&pull.bound()[0], "PUSH").await;
        peer.say(&whole).await;
        assert_eq!(soon(pull.recv()).await.unwrap(), awkward());
        assert!(pull.try_recv().is_err());
    });
}

/// RFC 37, "Formal Grammar": commands and messages may be intermixed; unknown commands are passed over (trap
/// 9), also in a message's midst.
#[test]
fn unknown_commands_are_passed_over() {
    on_two_threads(async || {
        for minor in [0, 1] {
            let pull = PullSocket::bind(TCP).await.unwrap();
            let mut peer = Raw::open(&pull.bound()[0]).await;
            peer = peer.meet(minor, &[("Socket-Type", b"PUSH")]).await;
            for unknown in [
                command("FUTURE", b"whatever"),
                command("JOIN", b"group"),
                command("X", &[0; 60_000]),
                command("READY", b""),
                command("PONG", b"unasked"),
                command("SUBSCRIBE", b""),
            ] {
                peer.say(&unknown).await;
                peer.say(&frame(MORE, b"a")).await;
                peer.say(&unknown).await;
                peer.say(&frame(0, b"b")).await;
                assert_eq!(soon(pull.recv()).await.unwrap(), ["a", "b"].into());
            }
        }
    });
}

/// RFC 37, "Socket Semantics": all messages between two peers arrive in order, and none twice. Here: of all
/// sizes, mixed, both ways at once.
#[test]
fn messages_arrive_once_and_in_order() {
    on_two_threads(async || {
        for endpoint in [TCP.to_owned(), ipc()] {
            let one = DealerSocket::bind(&endpoint).await.unwrap();
            let two = DealerSocket::connect(&one.bound()[0]).await.unwrap();
            let length = |n: usize| [0, 40, 300, 3000, 70_000][n * 7 % 5];
            let send = async |socket: &DealerSocket| {
                for n in 0..5000 {
                    let message = [format!("{n}").into_bytes(), vec![n as u8; length(n)]];
                    soon(socket.send(message)).await.unwrap();
                }
            };
            let recv = async |socket: &DealerSocket| {
                for n in 0..5000 {
                    let message = soon(socket.recv()).await.unwrap();
                    assert_eq!(message[0], format!("{n}"));
                    assert_eq!(message[1], vec![n as u8; length(n)]);
                }
            };
            tokio::join!(send(&one), send(&two), recv(&one), recv(&two));
        }
    });
}

/// RFC 37, "Socket Semantics": none is delivered twice, and the order stays, also when connections break
/// and are opened again. What was under way when one broke may be lost.
#[test]
fn no_message_comes_twice_over_broken_connections() {
    on_two_threads(async || {
        let (listener, endpoint) = listener().await;
        let options = Options::new().reconnect(millhand::Backoff {
            first: ms(1),
            longest: ms(1),
            jitter: 0.0,
        });
        let push = PushSocket::new(options).unwrap();
        push.also_connect(&endpoint).await.unwrap();
        let sending = tokio::spawn(async move {
            for n in 0usize.. {
                let message = [format!("{n}").into_bytes(), vec![0xee; n * 7 % 3000]];
                push.send(message).await.unwrap();
            }
        });
        let (mut last, mut got) = (None, 0);
        for cuts in 0..8 {
            let mut peer = Raw::serve(&listener, "PULL").await;
            // The end of each connection falls somewhere in a message.
            let mut left = 100_000 + cuts * 12_345usize;
            while left > 0 {
                let (flags, body) = peer.frame().await.expect("the sender never ends");
                left = left.saturating_sub(body.len());
                if flags == MORE {
                    let number = String::from_utf8(body).unwrap().parse::<usize>().unwrap();
                    assert!(Some(number) > last, "{number} after {last:?}");
                    last = Some(number);
                    got += 1;
                } else {
                    // Each connection begins with a whole message, not where the last one broke.
                    let whole = last.is_some_and(|n| body == vec![0xee; n * 7 % 3000]);
                    assert!(flags == 0 && whole, "{flags}: {} octets", body.len());
                }
            }
        }
        assert!(got > 500, "{got}");
        sending.abort();
    });
}

/// RFC 37, "Connection Heartbeating": a PING is answered by a PONG with its context, which has at most 16
/// octets (trap 10: what is longer is cut), whatever the version (trap 9).
#[test]
fn a_ping_is_answered_with_its_context() {
    on_two_threads(async || {
        let push = PushSocket::bind(TCP).await.unwrap();
        for minor in [0, 1] {
            let mut peer = Raw::open(&push.bound()[0]).await;
            peer = peer.meet(minor, &[("Socket-Type", b"PULL")]).await;
            for context in [&b""[..], b"x", b"sixteen octets!!", b"\0\xff\0"] {
                peer.say(&command("PING", &[b"\0\0", context].concat())).await;
                assert_eq!(peer.command().await, [b"\x04PONG", context].concat());
            }
            peer.say(&command("PING", b"\0\0more than sixteen octets")).await;
            assert_eq!(peer.command().await, b"\x04PONGmore than sixtee");
        }
    });
}

/// An ERROR in traffic ends the connection.
#[test]
fn an_error_in_traffic_ends_the_connection() {
    on_two_threads(async || {
        let push = PushSocket::bind(TCP).await.unwrap();
        let mut monitor = push.monitor();
        let mut peer = Raw::connect(&push.bound()[0], "PULL").await;
        peer.say(&command("ERROR", b"\x04busy")).await;
        let reason = disconnected(&mut monitor).await;
        assert!(matches!(reason, Failure::Wire(WireError::Refused { .. })), "{reason}");
    });
}
