//! Where sockets listen and connect: several places at once, ports that the system chooses, places that are
//! left again, and places that are refused.

use millhand::net::wire::handshake::{Secret, Security};
use millhand::net::{
    BindError, ConnectError, DealerSocket, Endpoint, Options, PullSocket, PushSocket,
};

use crate::raw::*;
use crate::stage::*;

/// Port 0 is a port of its own each time, and `bound` and `also_bind` say which.
#[test]
fn the_system_chooses_a_port() {
    on_two_threads(async || {
        let pull = PullSocket::new(Options::new()).unwrap();
        let mut ports = Vec::new();
        for text in [TCP, "tcp://127.0.0.1:*", "tcp://[::1]:0"] {
            let endpoint = pull.also_bind(text).await.unwrap();
            let Endpoint::Tcp { port, .. } = endpoint else { panic!("{endpoint}") };
            assert_ne!(port, 0);
            ports.push(port);
            let push = PushSocket::connect(&endpoint).await.unwrap();
            soon(push.send(text)).await.unwrap();
            assert_eq!(soon(pull.recv()).await.unwrap(), text.into());
        }
        assert_ne!(ports[0], ports[1]);
        assert_eq!(pull.bound().len(), 3);
    });
}

/// One socket is bound and connected to several places at once, over several transports.
#[test]
fn a_socket_has_many_endpoints() {
    on_two_threads(async || {
        let here = DealerSocket::new(Options::new()).unwrap();
        let mut others = Vec::new();
        for endpoint in [TCP.to_owned(), ipc(), TCP.to_owned()] {
            let bound = here.also_bind(&endpoint).await.unwrap();
            others.push(DealerSocket::connect(&bound).await.unwrap());
        }
        for endpoint in [TCP.to_owned(), ipc(), TCP.to_owned()] {
            let other = DealerSocket::bind(&endpoint).await.unwrap();
            here.also_connect(&other.bound()[0]).await.unwrap();
            others.push(other);
        }
        for (n, other) in others.iter().enumerate() {
            soon(other.send(format!("{n}"))).await.unwrap();
        }
        let mut got = Vec::new();
        for _ in &others {
            got.push(counted(&soon(here.recv()).await.unwrap()));
        }
        got.sort();
        assert_eq!(got, [0, 1, 2, 3, 4, 5]);
        for _ in &others {
            soon(here.send("to each")).await.unwrap();
        }
        for other in &others {
            assert_eq!(soon(other.recv()).await.unwrap(), "to each".into());
        }
    });
}

/// After `unbind` nobody new comes, whoever is there stays, and another can listen there.
#[test]
fn a_place_that_is_left_is_free_and_its_connections_stay() {
    on_two_threads(async || {
        for endpoint in [TCP.to_owned(), ipc()] {
            let pull = PullSocket::bind(&endpoint).await.unwrap();
            let endpoint = pull.bound()[0].clone();
            let push = PushSocket::connect(&endpoint).await.unwrap();
            soon(push.send("before")).await.unwrap();
            assert_eq!(soon(pull.recv()).await.unwrap(), "before".into());
            assert!(pull.unbind(&endpoint));
            assert!(!pull.unbind(&endpoint));
            assert_eq!(pull.bound(), []);
            // The listener goes in the background.
            let next = soon(async {
                loop {
                    match PullSocket::bind(&endpoint).await {
                        Ok(next) => return next,
                        Err(BindError::Io { .. }) => settle().await,
                        Err(other) => panic!("{other}"),
                    }
                }
            })
            .await;
            soon(push.send("after")).await.unwrap();
            assert_eq!(soon(pull.recv()).await.unwrap(), "after".into());
            let other = PushSocket::connect(&endpoint).await.unwrap();
            soon(other.send("to the next")).await.unwrap();
            assert_eq!(soon(next.recv()).await.unwrap(), "to the next".into());
        }
    });
}

/// After `disconnect`, what was sent still arrives; then the connection ends, and others go on.
#[test]
fn a_connection_that_is_left_ends_when_all_is_sent() {
    on_two_threads(async || {
        let (stays, goes) =
            (PullSocket::bind(TCP).await.unwrap(), PullSocket::bind(TCP).await.unwrap());
        let push = PushSocket::new(Options::new()).unwrap();
        let mut monitor = push.monitor();
        push.also_connect(&goes.bound()[0]).await.unwrap();
        connected(&mut monitor, 1).await;
        for n in 0..500 {
            soon(push.send(format!("{n}"))).await.unwrap();
        }
        push.also_connect(&stays.bound()[0]).await.unwrap();
        connected(&mut monitor, 1).await;
        assert!(push.disconnect(&goes.bound()[0]));
        assert!(!push.disconnect(&goes.bound()[0]));
        for n in 0..500 {
            assert_eq!(counted(&soon(goes.recv()).await.unwrap()), n);
        }
        disconnected(&mut monitor).await;
        for n in 0..100 {
            soon(push.send(format!("{n}"))).await.unwrap();
            assert_eq!(counted(&soon(stays.recv()).await.unwrap()), n);
        }
    });
}

/// After `disconnect`, nothing is dealt out to that connection any more.
#[test]
fn a_connection_that_is_left_gets_nothing_more() {
    on_two_threads(async || {
        let (stays, goes) =
            (PullSocket::bind(TCP).await.unwrap(), PullSocket::bind(TCP).await.unwrap());
        let push = PushSocket::new(Options::new()).unwrap();
        let mut monitor = push.monitor();
        push.also_connect(&goes.bound()[0]).await.unwrap();
        push.also_connect(&stays.bound()[0]).await.unwrap();
        connected(&mut monitor, 2).await;
        assert!(push.disconnect(&goes.bound()[0]));
        for n in 0..100 {
            soon(push.send(format!("{n}"))).await.unwrap();
        }
        for n in 0..100 {
            assert_eq!(counted(&soon(stays.recv()).await.unwrap()), n);
        }
    });
}

/// What is in use, malformed or nowhere is an error at once.
#[test]
fn an_endpoint_that_cannot_be_used_is_an_error() {
    on_two_threads(async || {
        let pull = PullSocket::bind(TCP).await.unwrap();
        let ipc = ipc();
        pull.also_bind(&ipc).await.unwrap();
        for taken in pull.bound() {
            let error = PullSocket::bind(&taken).await.unwrap_err();
            assert!(matches!(&error, BindError::Io { endpoint, .. } if *endpoint == taken));
            assert!(error.to_string().contains(&taken.to_string()), "{error}");
        }
        for text in
            ["", "localhost", "tcp://127.0.0.1", "udp://127.0.0.1:1", "tcp://127.0.0.1:65536"]
        {
            assert!(matches!(PullSocket::bind(text).await, Err(BindError::Endpoint(_))), "{text}");
            assert!(
                matches!(PullSocket::connect(text).await, Err(ConnectError::Endpoint(_))),
                "{text}"
            );
        }
        for text in [TCP, "tcp://*:1"] {
            assert!(
                matches!(PullSocket::connect(text).await, Err(ConnectError::Nowhere { .. })),
                "{text}"
            );
        }
        // An address that is not this host's (RFC 5737 keeps it for books).
        assert!(matches!(
            PullSocket::new(Options::new().allow_insecure(true))
                .unwrap()
                .also_bind("tcp://192.0.2.1:0")
                .await,
            Err(BindError::Io { .. })
        ));
    });
}

/// Where other hosts can come in, they must have to say who they are, or the bind is an error. A PLAIN
/// client that binds asks nobody: it would tell its password to whoever comes.
#[test]
fn an_open_door_is_refused() {
    on_two_threads(async || {
        let client = Security::PlainClient { user: "u".into(), password: Secret::from("p") };
        for security in [Security::Null, client] {
            for text in ["tcp://0.0.0.0:0", "tcp://*:0", "tcp://[::]:0"] {
                let options = Options::new().security(security.clone());
                let pull = PullSocket::new(options.clone()).unwrap();
                let refused = pull.also_bind(text).await;
                assert!(
                    matches!(refused, Err(BindError::Insecure { .. })),
                    "{text} with {security:?}: {refused:?}"
                );
                assert_eq!(pull.bound(), []);
            }
        }
        let guarded = Options::new().security(Security::PlainServer);
        let known = Options::new().allow_insecure(true);
        for options in [guarded, known] {
            let pull = PullSocket::new(options).unwrap();
            let endpoint = pull.also_bind("tcp://0.0.0.0:0").await.unwrap();
            assert!(pull.unbind(endpoint));
        }
        for local in ["tcp://127.0.0.1:0", "tcp://[::1]:0", "tcp://localhost:0"] {
            PullSocket::bind(local).await.unwrap();
        }
    });
}

/// An ipc path is a file while somebody listens, and no longer; what a dead process left is replaced.
#[test]
fn an_ipc_file_comes_and_goes_with_its_socket() {
    on_two_threads(async || {
        let path = std::env::temp_dir().join(format!("mh-{}-{}", std::process::id(), number()));
        let endpoint = Endpoint::Ipc(path.clone());
        // A dead process's: bound, and closed without being removed.
        drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
        assert!(path.exists());
        let pull = PullSocket::bind(&endpoint).await.unwrap();
        let push = PushSocket::connect(&endpoint).await.unwrap();
        soon(push.send("x")).await.unwrap();
        assert_eq!(soon(pull.recv()).await.unwrap(), "x".into());
        drop(push);
        soon(pull.close()).await;
        eventually("the file goes", || !path.exists()).await;
        // What is no socket is left alone.
        std::fs::write(&path, "precious").unwrap();
        assert!(matches!(PullSocket::bind(&endpoint).await, Err(BindError::Io { .. })));
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "precious");
        std::fs::remove_file(&path).unwrap();
    });
}

/// A bound socket that is closed lets its place go.
#[test]
fn a_closed_socket_frees_its_place() {
    on_two_threads(async || {
        for endpoint in [TCP.to_owned(), ipc()] {
            let pull = PullSocket::bind(&endpoint).await.unwrap();
            let endpoint = pull.bound()[0].clone();
            soon(pull.close()).await;
            PullSocket::bind(&endpoint).await.unwrap();
        }
    });
}

/// A peer by hand reaches a port as others do.
#[test]
fn a_bound_port_is_reached_from_outside() {
    on_two_threads(async || {
        let pull = PullSocket::bind("tcp://localhost:0").await.unwrap();
        let mut peer = Raw::connect(&pull.bound()[0], "PUSH").await;
        peer.send(&["x"]).await;
        assert_eq!(soon(pull.recv()).await.unwrap(), "x".into());
    });
}

/// What waits for a connection that is left before it is there is sent once it is.
#[test]
fn what_waits_for_a_connection_that_is_left_is_sent_when_it_comes() {
    on_two_threads(async || {
        let endpoint = ipc();
        let push = PushSocket::connect(&endpoint).await.unwrap();
        soon(push.send("waits")).await.unwrap();
        assert!(push.disconnect(&endpoint));
        assert!(!push.disconnect(&endpoint));
        let pull = PullSocket::bind(&endpoint).await.unwrap();
        assert_eq!(soon(pull.recv()).await.unwrap(), "waits".into());
    });
}
