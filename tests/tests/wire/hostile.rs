//! Peers that mean harm, or seem to.

use std::time::Instant;

use millhand::net::wire::error::WireError;
use millhand::net::{Failure, Multipart, Options, PullSocket, PushSocket, SubSocket, XPubSocket};

use crate::raw::*;
use crate::stage::*;

fn claims(flags: u8, length: u64) -> Vec<u8> {
    [&[flags | LONG][..], &length.to_be_bytes()].concat()
}

/// A frame that claims to be as long as can be ends its connection at once.
#[test]
fn a_frame_longer_than_allowed_ends_its_connection() {
    on_two_threads(async || {
        let pull = PullSocket::new(Options::new().longest_message(1000)).unwrap();
        let endpoint = pull.also_bind(TCP).await.unwrap();
        let mut monitor = pull.monitor();
        for claim in [1001, 1 << 32, (1 << 63) - 1] {
            for flags in [0, MORE, COMMAND] {
                if flags == COMMAND && claim == 1001 {
                    continue;
                }
                let mut peer = Raw::connect(&endpoint, "PUSH").await;
                peer.say(&claims(flags, claim)).await;
                peer.ended().await;
                let reason = disconnected(&mut monitor).await;
                assert!(
                    matches!(reason, Failure::Wire(WireError::TooLong { size, .. }) if size == claim),
                    "{reason}"
                );
            }
        }
    });
}

/// `longest_message` counts all frames of a message; exactly so many octets are welcome. Its default is 64
/// MiB (trap 25).
#[test]
fn the_frames_of_a_message_count_together() {
    on_two_threads(async || {
        let pull = PullSocket::new(Options::new().longest_message(1000)).unwrap();
        let endpoint = pull.also_bind(TCP).await.unwrap();
        let mut monitor = pull.monitor();
        let mut peer = Raw::connect(&endpoint, "PUSH").await;
        for _ in 0..3 {
            peer.send(&[vec![1; 600], vec![2; 400], vec![]]).await;
            assert_eq!(soon(pull.recv()).await.unwrap().octets(), 1000);
        }
        peer.send(&["fine"]).await;
        peer.try_say(&message(&[vec![1; 600], vec![2; 401]])).await;
        peer.ended().await;
        assert!(matches!(
            disconnected(&mut monitor).await,
            Failure::Wire(WireError::TooLong { .. })
        ));
        assert_eq!(soon(pull.recv()).await.unwrap(), "fine".into());
        assert!(pull.try_recv().is_err());

        let pull = PullSocket::bind(TCP).await.unwrap();
        let mut monitor = pull.monitor();
        let mut peer = Raw::connect(&pull.bound()[0], "PUSH").await;
        peer.say(&claims(0, 64 * 1024 * 1024 + 1)).await;
        peer.ended().await;
        assert!(matches!(
            disconnected(&mut monitor).await,
            Failure::Wire(WireError::TooLong { .. })
        ));
    });
}

/// The most memory that this process has reserved so far, octets.
#[cfg(target_os = "linux")]
fn reserved() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmPeak:")).unwrap();
    peak.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1024
}

/// Nothing is allocated by a length that is merely claimed: here 200 GiB in all, by sockets without a limit.
#[cfg(target_os = "linux")]
#[test]
fn a_claimed_length_reserves_no_memory() {
    on_two_threads(async || {
        let pull = PullSocket::new(Options::new().longest_message(u64::MAX)).unwrap();
        let endpoint = pull.also_bind(TCP).await.unwrap();
        let before = reserved();
        let mut peers = Vec::new();
        for n in 0..200 {
            let mut peer = Raw::connect(&endpoint, "PUSH").await;
            peer.say(&frame(MORE, b"begin")).await;
            let claim = if n % 2 == 0 { 1 << 31 } else { (1 << 63) - 1 };
            peer.say(&claims(0, claim)).await;
            peer.say(&[0; 20_000]).await;
            peers.push(peer);
        }
        settle().await;
        let mut honest = Raw::connect(&endpoint, "PUSH").await;
        honest.send(&["x"]).await;
        assert_eq!(soon(pull.recv()).await.unwrap(), "x".into());
        let more = reserved() - before;
        assert!(more < 50 << 30, "{} GiB more are reserved", more >> 30);
    });
}

/// A message of too many frames ends its connection.
#[test]
fn a_message_of_endless_frames_ends_its_connection() {
    on_two_threads(async || {
        let pull = PullSocket::bind(TCP).await.unwrap();
        let mut monitor = pull.monitor();
        let mut peer = Raw::connect(&pull.bound()[0], "PUSH").await;
        peer.send(&vec![""; 10_000]).await;
        assert_eq!(soon(pull.recv()).await.unwrap().len(), 10_000);
        peer.try_say(&frame(MORE, b"").repeat(100_000)).await;
        peer.ended().await;
        let reason = disconnected(&mut monitor).await;
        assert!(matches!(reason, Failure::Wire(WireError::TooManyFrames { .. })), "{reason}");
    });
}

/// A subscriber that wants more topics than it may ends its connection; those who want less are served.
#[test]
fn endless_subscriptions_end_their_connection() {
    on_two_threads(async || {
        for as_message in [false, true] {
            let publisher = XPubSocket::new(Options::new().most_subscriptions(3)).unwrap();
            let endpoint = publisher.also_bind(TCP).await.unwrap();
            let mut monitor = publisher.monitor();
            let mut honest = Raw::connect(&endpoint, "SUB").await;
            let mut greedy = Raw::connect(&endpoint, "SUB").await;
            for topic in ["1", "2", "3", "3", "1", "4"] {
                let wish = match as_message {
                    true => message(&[format!("\x01{topic}")]),
                    false => command("SUBSCRIBE", topic.as_bytes()),
                };
                greedy.try_say(&wish).await;
            }
            greedy.ended().await;
            let reason = disconnected(&mut monitor).await;
            assert_eq!(reason, Failure::TooManySubscriptions { most: 3 });
            honest.say(&command("SUBSCRIBE", b"1")).await;
            honest.fence().await;
            publisher.send("1").await.unwrap();
            assert_eq!(honest.recv().await, [b"1"]);
        }
    });
}

/// Octets of any kind, at any stage, end at most their own connection.
#[test]
fn any_octets_harm_nobody_else() {
    on_two_threads(async || {
        let pull = PullSocket::bind(TCP).await.unwrap();
        let endpoint = pull.bound()[0].clone();
        let mut honest = Raw::connect(&endpoint, "PUSH").await;
        // xorshift, from a fixed seed: the same octets each time.
        let mut state = 0x9e37_79b9_7f4a_7c15u64;
        let mut random = || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state
        };
        let start = [greeting(3, 1, "NULL"), ready(&[("Socket-Type", b"PUSH")])].concat();
        for round in 0..300 {
            let mut octets = start.clone();
            match round % 3 {
                // Nonsense after the handshake, in it, or one octet that is wrong.
                0 => octets.extend((0..random() % 300).map(|_| random() as u8)),
                1 => {
                    octets.truncate(64 + random() as usize % 20);
                    octets.extend((0..random() % 300).map(|_| random() as u8));
                }
                _ => {
                    octets.extend(message(&["x", "y"]));
                    let at = random() as usize % octets.len();
                    octets[at] = random() as u8;
                }
            }
            let mut peer = Raw::open(&endpoint).await;
            peer.try_say(&octets).await;
        }
        honest.send(&["honest"]).await;
        // Some nonsense is a message by chance.
        soon(async { while pull.recv().await.unwrap() != "honest".into() {} }).await;
    });
}

/// A peer that asks and asks and never reads the answers is no harm to memory or to others for the while
/// that it does.
#[test]
fn a_flood_of_pings_holds_nobody_up() {
    on_two_threads(async || {
        let pull = PullSocket::bind(TCP).await.unwrap();
        let endpoint = pull.bound()[0].clone();
        let mut flood = Raw::connect(&endpoint, "PUSH").await;
        let flooding = tokio::spawn(async move {
            let pings = command("PING", b"\0\0sixteen octets!!").repeat(1000);
            for _ in 0..100 {
                flood.try_say(&pings).await;
            }
            flood
        });
        let push = PushSocket::connect(&endpoint).await.unwrap();
        for n in 0..500 {
            soon(push.send(format!("{n}"))).await.unwrap();
            assert_eq!(counted(&soon(pull.recv()).await.unwrap()), n);
        }
        flooding.abort();
    });
}

/// A subscriber with a hundred thousand topics gets what it asked for, and takes all of it along when it
/// goes.
#[test]
fn a_flood_of_subscriptions_is_served_and_forgotten() {
    on_two_threads(async || {
        let publisher = XPubSocket::new(Options::new().receive_high_water_mark(0)).unwrap();
        let endpoint = publisher.also_bind(TCP).await.unwrap();
        let mut monitor = publisher.monitor();
        let mut flood = Raw::connect(&endpoint, "SUB").await;
        let all: Vec<u8> =
            (0..100_000).flat_map(|n| command("SUBSCRIBE", format!("{n:06}").as_bytes())).collect();
        flood.say(&all).await;
        flood.fence().await;
        publisher.send("099999 and more").await.unwrap();
        publisher.send("100000").await.unwrap();
        flood.fence_keeping().await;
        assert_eq!(flood.kept(), [b"099999 and more"]);
        assert!(flood.has_kept_nothing());
        drop(flood);
        connected(&mut monitor, 1).await;
        disconnected(&mut monitor).await;
        for octet in [b'\x01', b'\0'] {
            for _ in 0..100_000 {
                assert_eq!(soon(publisher.recv()).await.unwrap()[0][0], octet);
            }
        }
        let sub = SubSocket::connect(&endpoint).await.unwrap();
        sub.subscribe("x");
        assert_eq!(soon(publisher.recv()).await.unwrap(), "\x01x".into());
        publisher.send("x").await.unwrap();
        assert_eq!(soon(sub.recv()).await.unwrap(), "x".into());
    });
}

/// Lets this process have as many descriptors as it may; the sockets below need 4,000.
fn many_descriptors() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit { current: limit.maximum, maximum: limit.maximum };
    setrlimit(Resource::Nofile, raised).expect("a process may use what it may have");
}

/// Two thousand connections that say nothing, or an octet at a time: who is honest comes in within a second.
#[test]
fn an_honest_client_comes_in_among_two_thousand_idle_ones() {
    many_descriptors();
    on_two_threads(async || {
        let pull = PullSocket::bind(TCP).await.unwrap();
        let endpoint = pull.bound()[0].clone();
        let mut stalled = Vec::new();
        for _ in 0..2000 {
            stalled.push(Raw::open(&endpoint).await);
        }
        let dripping = tokio::spawn(async move {
            for octet in greeting(3, 1, "NULL").into_iter().take(63).cycle().take(63) {
                for peer in stalled.iter_mut().step_by(2) {
                    peer.try_say(&[octet]).await;
                    tokio::task::yield_now().await;
                }
            }
            stalled
        });
        let mut times = Vec::new();
        for n in 0..5 {
            let begin = Instant::now();
            let push = PushSocket::connect(&endpoint).await.unwrap();
            soon(push.send(format!("{n}"))).await.unwrap();
            assert_eq!(counted(&soon(pull.recv()).await.unwrap()), n);
            times.push(begin.elapsed());
        }
        assert!(times.iter().min() < Some(&secs(1)), "{times:?}");
        drop(soon(dripping).await.unwrap());
    });
}

/// Trap 25: there is a bound on connections in their handshakes: beyond it the oldest makes room, so that
/// however many come, an honest one gets in.
#[test]
fn too_many_strangers_make_room_oldest_first() {
    many_descriptors();
    on_two_threads(async || {
        let pull = PullSocket::bind(TCP).await.unwrap();
        let endpoint = pull.bound()[0].clone();
        let mut oldest = Raw::open(&endpoint).await;
        oldest.greeting().await;
        let mut stalled = Vec::new();
        for n in 0..4096 + 100 {
            stalled.push(Raw::open(&endpoint).await);
            if n % 100 == 0 {
                // The backlog of the system is not to overflow.
                stalled.last_mut().unwrap().greeting().await;
            }
        }
        oldest.ended().await;
        let push = PushSocket::connect(&endpoint).await.unwrap();
        soon(push.send("x")).await.unwrap();
        assert_eq!(soon(pull.recv()).await.unwrap(), "x".into());
        let newest = stalled.last_mut().unwrap();
        newest.greeting().await;
    });
}

/// A topic of megabytes was once put into a tree that is walked by recursion, and ended the process. It is
/// ignored now, as is a tower of topics each a little longer than the one before.
#[test]
fn endless_topics_harm_nobody() {
    on_two_threads(async || {
        let publisher = XPubSocket::bind(TCP).await.unwrap();
        let mut peer = Raw::connect(&publisher.bound()[0], "SUB").await;
        peer.send(&[[&[1][..], &vec![b'a'; 4 << 20]].concat()]).await;
        for length in (0..3000).step_by(7) {
            peer.send(&[[&[1][..], &vec![b'b'; length]].concat()]).await;
        }
        peer.send(&[b"\x01c"]).await;
        loop {
            let news = soon(publisher.recv()).await.unwrap();
            assert!(news[0].len() <= 1 + 1024);
            if news == Multipart::from(b"\x01c") {
                break;
            }
        }
        drop(peer);
        while soon(publisher.recv()).await.unwrap() != Multipart::from(b"\x00c") {}
    });
}
