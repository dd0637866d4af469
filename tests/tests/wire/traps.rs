//! Traps that other implementations fell into, as far as no other file here has them.
//!
//! | number, in the collected list | what | where |
//! |---|---|---|
//! | 9 | a PING to a peer of 3.0; unknown commands | `traffic` |
//! | 10 | times to live of more than 65 s, long contexts | `heartbeat`, `traffic` |
//! | 11 | unknown properties, upper and lower case | `handshake` |
//! | 12 | reserved identities, two peers of one identity | `handshake`, `router` |
//! | 13 | which types belong together | `types` |
//! | 14 | the last messages before a failed write | here, `pipeline` |
//! | 15 | refusals, final and temporary | `security`, `handshake` |
//! | 16 | subscriptions under the high-water mark | `subscribe` |
//! | 17, 18 | lost calls, dropped futures | `cancel` |
//! | 19 | replies from the wrong peer or too late | `request` |
//! | 20 | subscriptions counted, and said again | `publish`, `subscribe` |
//! | 21 | bound and mute, connecting and not | `pipeline` |
//! | 22 | control while a write is stalled | here, `dealer`, `linger` |
//! | 23 | slow subscribers | `publish` |
//! | 24 | short frames that hold long memory | documented at `Frame`; not seen from outside |
//! | 25 | limits before the handshake is over | `handshake`, `hostile` |
//! | 26 | no descriptors left | here |
//! | 27 | no delay of small messages | not seen from outside |
//! | 28 | a SUB that binds | `subscribe` |

use millhand::net::{DealerSocket, Endpoint, Event, Options, PullSocket, PushSocket};

use crate::raw::*;
use crate::stage::*;

/// Trap 14: when writing fails, what the peer had sent before it went is still received, though it was not
/// read yet. Over ipc: where tcp resets a connection, the system may throw away what had come.
#[cfg(unix)]
#[test]
fn what_had_come_is_received_though_writing_fails() {
    use std::io::Write;
    use std::os::unix::net::UnixStream;

    on_two_threads(async || {
        for _ in 0..10 {
            let path = std::env::temp_dir().join(format!("mh-{}-{}", std::process::id(), number()));
            let dealer = DealerSocket::new(Options::new().receive_high_water_mark(5)).unwrap();
            dealer.also_bind(Endpoint::Ipc(path.clone())).await.unwrap();
            let mut monitor = dealer.monitor();
            let mut peer = UnixStream::connect(&path).unwrap();
            let mut octets = greeting(3, 1, "NULL");
            octets.extend(ready(&[("Socket-Type", b"DEALER")]));
            octets.extend((0..100).flat_map(|n| message(&[format!("{n}")])));
            peer.write_all(&octets).unwrap();
            connected(&mut monitor, 1).await;
            drop(peer);
            for _ in 0..10 {
                let _ = dealer.try_send("nobody reads this");
                settle().await;
            }
            for n in 0..100 {
                assert_eq!(counted(&soon(dealer.recv()).await.unwrap()), n);
            }
            disconnected(&mut monitor).await;
        }
    });
}

/// Trap 22: a PING is answered, and the peer's end is noticed, though more waits to be written than the
/// connection takes.
#[test]
fn a_stalled_write_keeps_nothing_else_from_happening() {
    on_two_threads(async || {
        let push = PushSocket::new(Options::new().send_high_water_mark(4)).unwrap();
        let endpoint = push.also_bind(TCP).await.unwrap();
        let mut monitor = push.monitor();
        let mut peer = Raw::connect(&endpoint, "PULL").await;
        connected(&mut monitor, 1).await;
        let mut refused = 0;
        while refused < 5 {
            refused = if push.try_send(vec![0; 1 << 20]).is_ok() { 0 } else { refused + 1 };
            settle().await;
        }
        // Its answer comes behind what waits.
        peer.fence().await;
        while push.try_send(vec![0; 1 << 20]).is_ok() {
            settle().await;
        }
        drop(peer);
        disconnected(&mut monitor).await;
    });
}

/// True: this is a process of its own, for what takes in the whole process. Otherwise runs the test of this
/// name in one, which must pass; then there is nothing more to do here.
fn alone(test: &str) -> bool {
    const ALONE: &str = "WIRE_ALONE";
    if std::env::var_os(ALONE).is_some() {
        return true;
    }
    let this = std::env::current_exe().expect("a test runs in a program");
    let run = std::process::Command::new(this).args(["--exact", test]).env(ALONE, "1").output();
    let run = run.expect("it can be run again");
    let said = String::from_utf8_lossy(&run.stdout);
    assert!(run.status.success() && said.contains("1 passed"), "{said}");
    false
}

/// Trap 26: when there are no descriptors left, a listener says so and goes on: a stranger makes room, and
/// who comes later is served.
#[test]
fn a_listener_survives_the_lack_of_descriptors() {
    if !alone("traps::a_listener_survives_the_lack_of_descriptors") {
        return;
    }
    on_two_threads(async || {
        use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
        let pull = PullSocket::bind(TCP).await.unwrap();
        let endpoint = pull.bound()[0].clone();
        let mut monitor = pull.monitor();
        let mut here = Raw::connect(&endpoint, "PUSH").await;
        let limit = getrlimit(Resource::Nofile);
        let few = Rlimit { current: Some(64), maximum: limit.maximum };
        setrlimit(Resource::Nofile, few).expect("fewer are always allowed");
        let mut idle = Vec::new();
        while let Ok(stream) = tokio::net::TcpStream::connect(address(&endpoint)).await {
            idle.push(stream);
        }
        event(&mut monitor, |event| matches!(event, Event::AcceptFailed { .. }).then_some(()))
            .await;
        here.send(&["still here"]).await;
        assert_eq!(soon(pull.recv()).await.unwrap(), "still here".into());
        drop(idle);
        let push = PushSocket::connect(&endpoint).await.unwrap();
        soon(push.send("x")).await.unwrap();
        assert_eq!(soon(pull.recv()).await.unwrap(), "x".into());
    });
}
