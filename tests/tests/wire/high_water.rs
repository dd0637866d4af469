//! High-water marks: how much waits, and who waits when it is too much.

use std::pin::pin;

use millhand::net::{Options, PullSocket, PushSocket, SendError};

use crate::raw::*;
use crate::stage::*;

/// The length of a message here, octets.
const LONG: usize = 64 * 1024;

/// More than the kernel holds between two sockets on loopback, octets: the defaults of Linux end at 4 MiB
/// for the sender and 6 MiB for the receiver.
const KERNEL: usize = 16 * 1024 * 1024;

fn numbered(n: usize) -> [Vec<u8>; 2] {
    [format!("{n}").into_bytes(), vec![n as u8; LONG]]
}

/// Sends at least so many messages, and on until there is no room. How many there was room for.
async fn fill(push: &PushSocket, least: usize) -> usize {
    let (mut sent, mut refused) = (0, 0);
    soon(async {
        while sent < least || refused < 50 {
            match push.try_send(numbered(sent)) {
                Ok(()) => (sent, refused) = (sent + 1, 0),
                Err(SendError::Full(_)) => {
                    refused += 1;
                    settle().await;
                }
                Err(other) => panic!("{other}"),
            }
        }
    })
    .await;
    sent
}

/// A receiver that stalls stops its sender, after what both marks and the kernel hold; when it reads, the
/// sender goes on, and nothing is lost. (A sender that was stopped goes on when half of its lane is written,
/// so half of its mark may be free.)
#[test]
fn a_stalled_receiver_stops_its_sender_until_it_reads() {
    on_two_threads(async || {
        for endpoint in [TCP.to_owned(), ipc()] {
            let pull = PullSocket::new(Options::new().receive_high_water_mark(20)).unwrap();
            let endpoint = pull.also_bind(&endpoint).await.unwrap();
            let push = PushSocket::new(Options::new().send_high_water_mark(10)).unwrap();
            push.also_connect(&endpoint).await.unwrap();
            let mut sent = fill(&push, 25).await;
            assert!(sent <= 30 + KERNEL / LONG, "{sent} messages wait");

            for _ in 0..3 {
                let mut send = pin!(push.send(numbered(sent)));
                waits(send.as_mut()).await;
                for n in 0..sent {
                    let message = soon(pull.recv()).await.unwrap();
                    assert_eq!(message, numbered(n).into());
                }
                soon(send).await.unwrap();
                assert_eq!(soon(pull.recv()).await.unwrap(), numbered(sent).into());
                sent = fill(&push, 25).await;
                assert!(sent <= 30 + KERNEL / LONG, "{sent}");
            }
        }
    });
}

/// The marks are what bounds it: higher ones hold so many messages more.
#[test]
fn higher_marks_hold_more() {
    on_two_threads(async || {
        let pull = PullSocket::new(Options::new().receive_high_water_mark(1000)).unwrap();
        let endpoint = pull.also_bind(TCP).await.unwrap();
        let push = PushSocket::new(Options::new().send_high_water_mark(500)).unwrap();
        push.also_connect(&endpoint).await.unwrap();
        let sent = fill(&push, 1250).await;
        assert!(sent <= 1500 + KERNEL / LONG, "{sent}");
    });
}

/// Before there is a connection, exactly as many messages wait as the mark says; 0 means no mark, and
/// 1,000 is the default.
#[test]
fn as_many_messages_wait_for_a_connection_as_the_mark_says() {
    on_two_threads(async || {
        for (options, most) in [
            (Options::new().send_high_water_mark(1), 1),
            (Options::new().send_high_water_mark(7), 7),
            (Options::new(), 1000),
            (Options::new().send_high_water_mark(0), 5000),
        ] {
            let name = ipc();
            let push = PushSocket::new(options).unwrap();
            push.also_connect(&name).await.unwrap();
            let sent = (0..5000).take_while(|n| push.try_send(format!("{n}")).is_ok()).count();
            assert_eq!(sent, most);
            let pull = PullSocket::bind(&name).await.unwrap();
            for n in 0..most {
                assert_eq!(counted(&soon(pull.recv()).await.unwrap()), n);
            }
        }
    });
}

/// A receiver's mark bounds what it takes from each peer, and one peer's stall does not stop another.
#[test]
fn a_full_lane_does_not_stop_other_peers() {
    on_two_threads(async || {
        let pull = PullSocket::new(Options::new().receive_high_water_mark(2)).unwrap();
        let endpoint = pull.also_bind(TCP).await.unwrap();
        let mut loud = Raw::connect(&endpoint, "PUSH").await;
        for _ in 0..1000 {
            loud.send(&["loud"]).await;
        }
        let mut quiet = Raw::connect(&endpoint, "PUSH").await;
        quiet.send(&["quiet"]).await;
        quiet.fence().await;
        let mut got = Vec::new();
        for _ in 0..4 {
            got.push(text(&soon(pull.recv()).await.unwrap()).to_owned());
        }
        assert!(got.contains(&"quiet".to_owned()), "{got:?}");
    });
}

/// A mark of 1 works, too: message by message, nothing is stuck.
#[test]
fn marks_of_one_pass_all_messages() {
    on_every_runtime(async || {
        let options = || Options::new().send_high_water_mark(1).receive_high_water_mark(1);
        let pull = PullSocket::new(options()).unwrap();
        let endpoint = pull.also_bind(TCP).await.unwrap();
        let push = PushSocket::new(options()).unwrap();
        push.also_connect(&endpoint).await.unwrap();
        let sending = tokio::spawn(async move {
            for n in 0..2000 {
                push.send(format!("{n}")).await.unwrap();
            }
            push.close().await;
        });
        for n in 0..2000 {
            assert_eq!(counted(&soon(pull.recv()).await.unwrap()), n);
        }
        soon(sending).await.unwrap();
    });
}
