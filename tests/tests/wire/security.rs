//! Who may come in: PLAIN (RFC 24), and the application's own judgement (RFC 27's part, as a function).

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use millhand::net::wire::error::WireError;
use millhand::net::wire::handshake::{Credentials, Denial, Secret, Security};
use millhand::net::{Event, Failure, Options, PullSocket, PushSocket, Verdict};

use crate::raw::*;
use crate::stage::*;

fn client(user: &str, password: &str) -> Options {
    let (user, password) = (user.to_owned(), Secret::from(password));
    Options::new().security(Security::PlainClient { user, password })
}

/// A server that knows one user.
fn server() -> Options {
    Options::new().security(Security::PlainServer).authenticator(|applicant| async move {
        match applicant.credentials {
            Credentials::Plain { user, password }
                if user == "admin" && password == Secret::from("secret") =>
            {
                Verdict::allow_as("the admin")
            }
            _ => Verdict::DENY,
        }
    })
}

/// RFC 24: with the right password a client comes in, under the name that the application gave it.
#[test]
fn the_right_password_opens() {
    on_two_threads(async || {
        let pull = PullSocket::new(server()).unwrap();
        let endpoint = pull.also_bind(TCP).await.unwrap();
        let mut monitor = pull.monitor();
        let push = PushSocket::new(client("admin", "secret")).unwrap();
        push.also_connect(&endpoint).await.unwrap();
        soon(push.send("x")).await.unwrap();
        assert_eq!(soon(pull.recv()).await.unwrap(), "x".into());
        let user = event(&mut monitor, |event| match event {
            Event::Connected { peer, .. } => Some(peer.user_id.clone()),
            _ => None,
        });
        assert_eq!(user.await.as_deref(), Some("the admin"));
    });
}

/// RFC 24, roles: the client can be the one that binds (trap 3: who is server is a matter of settings).
#[test]
fn the_client_can_be_the_one_that_binds() {
    on_two_threads(async || {
        let pull = PullSocket::new(client("admin", "secret")).unwrap();
        let endpoint = pull.also_bind(TCP).await.unwrap();
        let push = PushSocket::new(server()).unwrap();
        push.also_connect(&endpoint).await.unwrap();
        soon(push.send("x")).await.unwrap();
        assert_eq!(soon(pull.recv()).await.unwrap(), "x".into());
    });
}

/// RFC 24: with a wrong one it does not, is told so, and does not try again (trap 15: status 400).
#[test]
fn a_wrong_password_is_refused_for_good() {
    with_a_stopped_clock(async || {
        let pull = PullSocket::new(server()).unwrap();
        let endpoint = pull.also_bind(TCP).await.unwrap();
        let mut at_server = pull.monitor();
        for (user, password) in [("admin", "wrong"), ("admin", ""), ("nobody", "secret"), ("", "")]
        {
            let push = PushSocket::new(client(user, password)).unwrap();
            let mut at_client = push.monitor();
            push.also_connect(&endpoint).await.unwrap();
            push.try_send("let me in").unwrap();
            let reason = failed(&mut at_client).await;
            assert_eq!(reason, Failure::Wire(WireError::Refused { reason: "400".into() }));
            let reason = failed(&mut at_server).await;
            let status = Denial::NotAllowed;
            assert_eq!(reason, Failure::Wire(WireError::Denied { status }));
            for _ in 0..100 {
                advance(secs(10)).await;
            }
            drop(push);
            assert!(soon(at_client.next()).await.is_none());
        }
        assert!(pull.try_recv().is_err());
    });
}

/// Passwords that nobody checks open nothing.
#[test]
fn a_server_without_an_authenticator_lets_nobody_in() {
    on_two_threads(async || {
        let pull = PullSocket::new(Options::new().security(Security::PlainServer)).unwrap();
        let endpoint = pull.also_bind(TCP).await.unwrap();
        let push = PushSocket::new(client("admin", "secret")).unwrap();
        let mut monitor = push.monitor();
        push.also_connect(&endpoint).await.unwrap();
        failed(&mut monitor).await;
    });
}

/// What a PLAIN server of libzmq and others say and hear, octet by octet (RFC 24).
#[test]
fn plain_is_spoken_octet_by_octet() {
    on_two_threads(async || {
        let pull = PullSocket::new(server()).unwrap();
        let endpoint = pull.also_bind(TCP).await.unwrap();
        let mut peer = Raw::open(&endpoint).await;
        peer.say(&greeting(3, 1, "PLAIN")).await;
        let mut expected = greeting(3, 1, "PLAIN");
        expected[32] = 1;
        assert_eq!(peer.greeting().await, expected);
        peer.say(&command("HELLO", b"\x05admin\x06secret")).await;
        assert_eq!(peer.command().await, b"\x07WELCOME");
        peer.say(&command("INITIATE", &metadata(&[("Socket-Type", b"PUSH")]))).await;
        assert!(peer.command().await.starts_with(b"\x05READY\x0bSocket-Type\0\0\0\x04PULL"));
        peer.send(&["x"]).await;
        assert_eq!(soon(pull.recv()).await.unwrap(), "x".into());

        let (listener, endpoint) = listener().await;
        let push = PushSocket::new(client("admin", "secret")).unwrap();
        push.also_connect(&endpoint).await.unwrap();
        let mut peer = Raw::accept(&listener).await;
        assert_eq!(peer.greeting().await, greeting(3, 1, "PLAIN"));
        // As libzmq sends it: a length in the padding, and as-server 0.
        let mut octets = greeting(3, 1, "PLAIN");
        octets[8] = 1;
        peer.say(&octets).await;
        assert_eq!(peer.command().await, b"\x05HELLO\x05admin\x06secret");
        peer.say(&command("WELCOME", b"")).await;
        assert!(peer.command().await.starts_with(b"\x08INITIATE\x0bSocket-Type\0\0\0\x04PUSH"));
        peer.say(&ready(&[("Socket-Type", b"PULL")])).await;
        soon(push.send("x")).await.unwrap();
        assert_eq!(peer.recv().await, [b"x"]);
    });
}

/// Trap 8: the ERROR of libzmq's PLAIN server, whose name is spoilt, is one.
#[test]
fn the_spoilt_error_of_libzmq_is_understood() {
    on_two_threads(async || {
        let (listener, endpoint) = listener().await;
        let push = PushSocket::new(client("admin", "wrong")).unwrap();
        let mut monitor = push.monitor();
        push.also_connect(&endpoint).await.unwrap();
        let mut peer = Raw::accept(&listener).await;
        peer.say(&greeting(3, 1, "PLAIN")).await;
        peer.say(&frame(COMMAND, b"\x5eRROR\x03400")).await;
        let reason = failed(&mut monitor).await;
        assert_eq!(reason, Failure::Wire(WireError::Refused { reason: "400".into() }));
    });
}

/// Whatever is malformed, or comes out of turn, ends the handshake, before anybody is let in.
#[test]
fn a_malformed_plain_handshake_is_refused() {
    on_two_threads(async || {
        let pull = PullSocket::new(server()).unwrap();
        let endpoint = pull.also_bind(TCP).await.unwrap();
        let mut monitor = pull.monitor();
        let initiate = command("INITIATE", &metadata(&[("Socket-Type", b"PUSH")]));
        for octets in [
            ready(&[("Socket-Type", b"PUSH")]),
            initiate.clone(),
            command("HELLO", b""),
            command("HELLO", b"\x05adm"),
            command("HELLO", b"\x05admin\x06secret and more"),
            command("HELLO", b"\x05admin\xffsecret"),
            [command("HELLO", b"\x05admin\x06secret"), message(&["x"])].concat(),
            [command("HELLO", b"\x05admin\x06secret"), command("HELLO", b"\x05admin\x06secret")]
                .concat(),
            [command("HELLO", b"\x05admin\x05wrong"), initiate.clone(), message(&["x"])].concat(),
        ] {
            let mut peer = Raw::open(&endpoint).await;
            peer.say(&greeting(3, 1, "PLAIN")).await;
            peer.try_say(&octets).await;
            peer.ended().await;
            assert!(matches!(failed(&mut monitor).await, Failure::Wire(_)));
        }
        assert!(pull.try_recv().is_err());
    });
}

/// The application is asked about peers without credentials, too, and sees where they come from.
#[test]
fn an_authenticator_judges_addresses() {
    on_two_threads(async || {
        let asked = Arc::new(AtomicUsize::new(0));
        let count = asked.clone();
        let options = Options::new().authenticator(move |applicant| {
            let first = count.fetch_add(1, Ordering::SeqCst) == 0;
            assert!(applicant.address.starts_with("127.0.0.1:"), "{}", applicant.address);
            assert_eq!(applicant.credentials, Credentials::Null);
            async move { if first { Verdict::DENY } else { Verdict::ALLOW } }
        });
        let pull = PullSocket::new(options).unwrap();
        let endpoint = pull.also_bind(TCP).await.unwrap();
        let mut monitor = pull.monitor();
        let mut peer = Raw::open(&endpoint).await;
        peer.say(&greeting(3, 1, "NULL")).await;
        peer.greeting().await;
        // Nothing but the ERROR: no READY before the application has said yes.
        assert_eq!(peer.command().await, b"\x05ERROR\x03400");
        peer.ended().await;
        failed(&mut monitor).await;
        let mut peer = Raw::connect(&endpoint, "PUSH").await;
        peer.send(&["x"]).await;
        assert_eq!(soon(pull.recv()).await.unwrap(), "x".into());
        assert_eq!(asked.load(Ordering::SeqCst), 2);
    });
}

/// An authenticator that panics, at once or later, lets nobody in, and takes nobody with it.
#[test]
fn an_authenticator_that_panics_denies() {
    on_two_threads(async || {
        let calls = Arc::new(AtomicUsize::new(0));
        let options = Options::new().authenticator(move |_| {
            let call = calls.fetch_add(1, Ordering::SeqCst);
            assert_ne!(call, 0, "planned: it panics at once");
            async move {
                tokio::task::yield_now().await;
                assert_ne!(call, 1, "planned: it panics later");
                Verdict::ALLOW
            }
        });
        let pull = PullSocket::new(options).unwrap();
        let endpoint = pull.also_bind(TCP).await.unwrap();
        let mut monitor = pull.monitor();
        for _ in 0..2 {
            let mut peer = Raw::open(&endpoint).await;
            peer.say(&greeting(3, 1, "NULL")).await;
            peer.greeting().await;
            assert_eq!(peer.command().await, b"\x05ERROR\x03500");
            peer.ended().await;
            let status = Denial::Failure;
            assert_eq!(failed(&mut monitor).await, Failure::Wire(WireError::Denied { status }));
        }
        let mut peer = Raw::connect(&endpoint, "PUSH").await;
        peer.send(&["x"]).await;
        assert_eq!(soon(pull.recv()).await.unwrap(), "x".into());
    });
}

/// One that takes too long is cut off by the handshake's deadline, and holds up nobody else.
#[test]
fn an_authenticator_that_is_late_is_not_waited_for() {
    with_a_stopped_clock(async || {
        let calls = AtomicUsize::new(0);
        let options = Options::new().handshake_timeout(secs(5)).authenticator(move |_| {
            let first = calls.fetch_add(1, Ordering::SeqCst) == 0;
            async move {
                if first {
                    std::future::pending::<()>().await;
                }
                Verdict::ALLOW
            }
        });
        let pull = PullSocket::new(options).unwrap();
        let endpoint = pull.also_bind(TCP).await.unwrap();
        let mut monitor = pull.monitor();
        let mut late = Raw::open(&endpoint).await;
        late.say(&greeting(3, 1, "NULL")).await;
        late.greeting().await;
        settle().await;
        let mut peer = Raw::connect(&endpoint, "PUSH").await;
        peer.send(&["x"]).await;
        assert_eq!(soon(pull.recv()).await.unwrap(), "x".into());
        advance(ms(5100)).await;
        assert_eq!(failed(&mut monitor).await, Failure::TimedOut);
        late.ended().await;
    });
}

/// Trap 15, status 300: the peer is told nothing, and tries again.
#[test]
fn a_temporary_denial_is_silent_and_tried_again() {
    with_a_stopped_clock(async || {
        let calls = AtomicUsize::new(0);
        let options = Options::new().authenticator(move |_| {
            let call = calls.fetch_add(1, Ordering::SeqCst);
            async move { if call < 3 { Verdict::Deny(Denial::Temporary) } else { Verdict::ALLOW } }
        });
        let pull = PullSocket::new(options).unwrap();
        let endpoint = pull.also_bind(TCP).await.unwrap();
        let mut peer = Raw::open(&endpoint).await;
        peer.say(&greeting(3, 1, "NULL")).await;
        peer.greeting().await;
        assert_eq!(peer.frame().await, None);
        let push = PushSocket::connect(&endpoint).await.unwrap();
        push.send("x").await.unwrap();
        let mut recv = std::pin::pin!(pull.recv());
        for _ in 0..100 {
            if let Some(message) = now(recv.as_mut()) {
                assert_eq!(message.unwrap(), "x".into());
                return;
            }
            advance(secs(1)).await;
        }
        panic!("it did not try again");
    });
}
