//! All eleven types: who may talk with whom, and from which end (RFC 37, "The Socket-Type Property" and
//! "Socket Semantics").

use millhand::net::wire::error::WireError;
use millhand::net::*;

use crate::raw::*;
use crate::stage::*;

const TYPES: [&str; 11] =
    ["PAIR", "PUB", "SUB", "XPUB", "XSUB", "PUSH", "PULL", "REQ", "REP", "DEALER", "ROUTER"];

/// Which pairs are legal, as the RFC's table has it; each stands there once.
const LEGAL: [(&str, &str); 12] = [
    ("PAIR", "PAIR"),
    ("PUB", "SUB"),
    ("PUB", "XSUB"),
    ("XPUB", "SUB"),
    ("XPUB", "XSUB"),
    ("PUSH", "PULL"),
    ("REQ", "REP"),
    ("REQ", "ROUTER"),
    ("DEALER", "REP"),
    ("DEALER", "DEALER"),
    ("DEALER", "ROUTER"),
    ("ROUTER", "ROUTER"),
];

fn is_legal(one: &str, two: &str) -> bool {
    LEGAL.contains(&(one, two)) || LEGAL.contains(&(two, one))
}

/// A socket of this type meets peers of all types, and of one that does not exist.
macro_rules! meets {
    ($socket:ident, $own:literal) => {{
        let socket = $socket::bind(TCP).await.unwrap();
        let mut monitor = socket.monitor();
        for peer in TYPES.into_iter().chain(["CLIENT", "pair", ""]) {
            let mut raw = Raw::open(&socket.bound()[0]).await;
            raw.say(&greeting(3, 1, "NULL")).await;
            raw.say(&ready(&[("Socket-Type", peer.as_bytes())])).await;
            raw.greeting().await;
            let said = raw.command().await;
            let own =
                [&b"\x05READY\x0bSocket-Type\0\0\0"[..], &[$own.len() as u8], $own.as_bytes()];
            assert!(said.starts_with(&own.concat()), "{}", said.escape_ascii());
            if is_legal($own, peer) {
                connected(&mut monitor, 1).await;
                drop(raw);
                disconnected(&mut monitor).await;
            } else {
                let error = raw.command().await;
                assert!(error.starts_with(b"\x05ERROR"), "{} met {peer}", $own);
                raw.ended().await;
                let reason = failed(&mut monitor).await;
                assert!(
                    matches!(
                        reason,
                        Failure::Wire(
                            WireError::Incompatible { .. } | WireError::UnknownSocketType { .. }
                        )
                    ),
                    "{reason}"
                );
            }
        }
    }};
}

/// RFC 37, "The Socket-Type Property": it is announced, the peer's is compared with the table (trap 13), and
/// a peer of another type gets an ERROR and is disconnected.
#[test]
fn each_type_meets_those_of_the_table_and_no_others() {
    on_two_threads(async || {
        meets!(PairSocket, "PAIR");
        meets!(PubSocket, "PUB");
        meets!(SubSocket, "SUB");
        meets!(XPubSocket, "XPUB");
        meets!(XSubSocket, "XSUB");
        meets!(PushSocket, "PUSH");
        meets!(PullSocket, "PULL");
        meets!(ReqSocket, "REQ");
        meets!(RepSocket, "REP");
        meets!(DealerSocket, "DEALER");
        meets!(RouterSocket, "ROUTER");
    });
}

/// Both ways to join two types, over both transports; the body gets the first and the second.
macro_rules! joined {
    ($one:ident, $two:ident, $body:expr) => {
        for endpoint in [TCP.to_owned(), ipc()] {
            let one = $one::bind(&endpoint).await.unwrap();
            let two = $two::connect(&one.bound()[0]).await.unwrap();
            $body(&one, &two).await;
        }
        for endpoint in [TCP.to_owned(), ipc()] {
            let two = $two::bind(&endpoint).await.unwrap();
            let one = $one::connect(&two.bound()[0]).await.unwrap();
            $body(&one, &two).await;
        }
    };
}

/// RFC 37, "Socket Semantics": every socket can accept connections and make them.
#[test]
fn every_type_can_bind_and_connect() {
    on_two_threads(async || {
        joined!(PairSocket, PairSocket, async |one: &PairSocket, two: &PairSocket| {
            soon(one.send("1")).await.unwrap();
            soon(two.send("2")).await.unwrap();
            assert_eq!(soon(two.recv()).await.unwrap(), "1".into());
            assert_eq!(soon(one.recv()).await.unwrap(), "2".into());
        });
        joined!(PushSocket, PullSocket, async |one: &PushSocket, two: &PullSocket| {
            soon(one.send("1")).await.unwrap();
            assert_eq!(soon(two.recv()).await.unwrap(), "1".into());
        });
        joined!(ReqSocket, RepSocket, async |one: &ReqSocket, two: &RepSocket| {
            soon(one.send("1")).await.unwrap();
            assert_eq!(soon(two.recv()).await.unwrap(), "1".into());
            two.send("2").await.unwrap();
            assert_eq!(soon(one.recv()).await.unwrap(), "2".into());
        });
        joined!(ReqSocket, RouterSocket, async |one: &ReqSocket, two: &RouterSocket| {
            soon(one.send("1")).await.unwrap();
            let mut message = soon(two.recv()).await.unwrap();
            assert_eq!(message.split_off(1), ["", "1"].into());
            message.extend(["", "2"]);
            two.send(message).await.unwrap();
            assert_eq!(soon(one.recv()).await.unwrap(), "2".into());
        });
        joined!(DealerSocket, RepSocket, async |one: &DealerSocket, two: &RepSocket| {
            soon(one.send(["", "1"])).await.unwrap();
            assert_eq!(soon(two.recv()).await.unwrap(), "1".into());
            two.send("2").await.unwrap();
            assert_eq!(soon(one.recv()).await.unwrap(), ["", "2"].into());
        });
        joined!(DealerSocket, DealerSocket, async |one: &DealerSocket, two: &DealerSocket| {
            soon(one.send("1")).await.unwrap();
            soon(two.send("2")).await.unwrap();
            assert_eq!(soon(two.recv()).await.unwrap(), "1".into());
            assert_eq!(soon(one.recv()).await.unwrap(), "2".into());
        });
        joined!(DealerSocket, RouterSocket, async |one: &DealerSocket, two: &RouterSocket| {
            soon(one.send("1")).await.unwrap();
            let mut message = soon(two.recv()).await.unwrap();
            assert_eq!(message.split_off(1), "1".into());
            message.push("2");
            two.send(message).await.unwrap();
            assert_eq!(soon(one.recv()).await.unwrap(), "2".into());
        });
    });
}

/// A router that has a name.
async fn named(name: &'static str) -> RouterSocket {
    let router = RouterSocket::new(Options::new().routing_id(name)).unwrap();
    router.also_bind(TCP).await.unwrap();
    router
}

/// The same, of two ROUTERs, which have to know each other's names.
#[test]
fn routers_can_talk_with_each_other() {
    on_two_threads(async || {
        let (one, two) = (named("one").await, named("two").await);
        let mut monitor = two.monitor();
        one.also_connect(&two.bound()[0]).await.unwrap();
        connected(&mut monitor, 1).await;
        two.send(["one", "x"]).await.unwrap();
        assert_eq!(soon(one.recv()).await.unwrap(), ["two", "x"].into());
        one.send(["two", "y"]).await.unwrap();
        assert_eq!(soon(two.recv()).await.unwrap(), ["one", "y"].into());
    });
}

/// The same, of publishers and subscribers.
#[test]
fn publishers_and_subscribers_can_bind_and_connect() {
    on_two_threads(async || {
        joined!(XPubSocket, SubSocket, async |one: &XPubSocket, two: &SubSocket| {
            two.subscribe("x");
            assert_eq!(soon(one.recv()).await.unwrap(), "\x01x".into());
            one.send(["x", "1"]).await.unwrap();
            assert_eq!(soon(two.recv()).await.unwrap(), ["x", "1"].into());
        });
        joined!(XPubSocket, XSubSocket, async |one: &XPubSocket, two: &XSubSocket| {
            two.send("\x01x").await.unwrap();
            assert_eq!(soon(one.recv()).await.unwrap(), "\x01x".into());
            one.send(["x", "1"]).await.unwrap();
            assert_eq!(soon(two.recv()).await.unwrap(), ["x", "1"].into());
        });
        // A PUB says nothing of who has subscribed: it sends until it is heard.
        joined!(PubSocket, SubSocket, async |one: &PubSocket, two: &SubSocket| {
            two.subscribe("x");
            let mut heard = std::pin::pin!(two.recv());
            while now(heard.as_mut()).is_none() {
                one.send("x").await.unwrap();
                tokio::task::yield_now().await;
            }
        });
        joined!(PubSocket, XSubSocket, async |one: &PubSocket, two: &XSubSocket| {
            two.send("\x01x").await.unwrap();
            let mut heard = std::pin::pin!(two.recv());
            while now(heard.as_mut()).is_none() {
                one.send("x").await.unwrap();
                tokio::task::yield_now().await;
            }
        });
    });
}
