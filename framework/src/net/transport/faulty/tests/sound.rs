//! Without faults it is a network like any other: it is sound, full, closed, refused.

use proptest::prelude::*;

use super::*;
use crate::net::transport::endpoint::Endpoint;
use crate::net::wire::greeting::{Greeting, Mechanism};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn what_is_written_is_read_in_order_in_pieces_of_any_size(
        greeted: bool,
        pieces in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..400), 0..20),
        capacity in 1..500_usize,
        room in 1..500_usize,
        in_crumbs: bool,
        seed: u64,
    ) {
        let mut sent = BytesMut::new();
        if greeted {
            Greeting::encode(Mechanism::Null, false, &mut sent);
        }
        sent.extend_from_slice(&pieces.concat());
        let (read, end, log) = run(async {
            let network = Network::with_capacity(seed, capacity);
            if in_crumbs {
                let longest_delay = Duration::from_millis(20);
                let crumbs = Faults { split: 0.5, short: 0.5, longest_delay, ..Faults::default() };
                network.faults(crumbs);
            }
            let (mut connector, mut acceptor) = pair(&network).await;
            let sent = sent.clone();
            tokio::spawn(async move { write_all(&mut *connector.writer, &sent).await.unwrap() });
            let (read, end) = read_to_end(&mut *acceptor.reader, room).await;
            (read, end, network.log())
        });
        prop_assert!(end.is_ok());
        prop_assert_eq!(&read[..], &sent[..]);
        prop_assert!(in_crumbs || log.count() == 0, "{}", log);
    }
}

#[test]
fn part_of_a_frame_is_read_before_the_rest_is_there() {
    run(async {
        let network = Network::new(1);
        let (mut connector, mut acceptor) = pair(&network).await;
        let mut greeting = BytesMut::new();
        Greeting::encode(Mechanism::Null, false, &mut greeting);
        for part in [&greeting[..], &[0], &[5], b"ab", b"cde", &[2, 0, 0]] {
            write(&mut connector, part).unwrap();
            assert_eq!(read(&mut acceptor).await.unwrap(), part);
        }
    });
}

#[test]
fn a_read_fills_no_more_than_the_room_in_its_buffer() {
    run(async {
        let network = Network::new(1);
        let (mut connector, mut acceptor) = pair(&network).await;
        write(&mut connector, &[7; 100]).unwrap();
        let mut buffer = BytesMut::with_capacity(64);
        let (room, start) = (buffer.capacity(), buffer.as_ptr());
        poll_fn(|cx| acceptor.reader.poll_read(cx, &mut buffer)).await.unwrap();
        assert_eq!((buffer.len(), buffer.capacity(), buffer.as_ptr()), (room, room, start));
    });
}

#[test]
fn who_listens_is_found_and_knows_who_comes() {
    run(async {
        let network = Network::new(1);
        assert_eq!(
            network.connect("b", "a").await.err().unwrap().kind(),
            ErrorKind::ConnectionRefused
        );
        let mut listener = network.listen("a:5555").unwrap();
        assert_eq!(listener.endpoint(), Endpoint::Tcp { host: "a".into(), port: 5555 });
        assert_eq!(network.listen("a:5555").err().unwrap().kind(), ErrorKind::AddrInUse);
        let other = network.listen("a").unwrap();
        assert_eq!(other.endpoint(), Endpoint::Tcp { host: "a".into(), port: 1 });

        let connector = network.clone().connect("b", "a:5555").await.unwrap();
        let acceptor = accept(&mut *listener).await;
        assert_eq!((&*connector.peer, &*acceptor.peer), ("a:5555", "b#1"));
        drop(listener);
        assert_eq!(
            network.connect("b", "a:5555").await.err().unwrap().kind(),
            ErrorKind::ConnectionRefused
        );
        network.listen("a:5555").unwrap();
    });
}

#[test]
fn a_full_direction_takes_nothing_until_something_is_read() {
    run(async {
        let network = Network::with_capacity(1, 10);
        let (mut connector, mut acceptor) = pair(&network).await;
        assert_eq!(write(&mut connector, &[1; 7]).unwrap(), 7);
        assert_eq!(write(&mut connector, &[2; 7]).unwrap(), 3);
        assert_eq!(kind(write(&mut connector, &[3; 7])), ErrorKind::WouldBlock);
        assert_eq!(write(&mut connector, &[]).unwrap(), 0);
        assert!(waits(&mut Box::pin(poll_fn(|cx| connector.writer.poll_writable(cx)))).await);
        assert_eq!(read_into(&mut *acceptor.reader, 4).await.unwrap(), [1; 4]);
        poll_fn(|cx| connector.writer.poll_writable(cx)).await.unwrap();
        assert_eq!(write(&mut connector, &[3; 7]).unwrap(), 4);
        assert_eq!(read(&mut acceptor).await.unwrap(), [1, 1, 1, 2, 2, 2, 3, 3, 3, 3]);
        // The other direction has room of its own.
        assert_eq!(write(&mut acceptor, &[4; 70]).unwrap(), 10);
        assert_eq!(network.held(), 10);
    });
}

#[test]
fn after_the_last_octets_comes_the_end() {
    run(async {
        let network = Network::new(1);
        let (mut connector, mut acceptor) = pair(&network).await;
        write(&mut connector, b"last").unwrap();
        poll_fn(|cx| connector.writer.poll_shutdown(cx)).await.unwrap();
        assert_eq!(kind(write(&mut connector, b"more")), ErrorKind::BrokenPipe);
        assert_eq!(read(&mut acceptor).await.unwrap(), b"last");
        assert_eq!(read(&mut acceptor).await.unwrap(), b"");
        assert_eq!(read(&mut acceptor).await.unwrap(), b"");
        // The other direction goes on.
        write(&mut acceptor, b"answer").unwrap();
        assert_eq!(read(&mut connector).await.unwrap(), b"answer");
    });
}

#[test]
fn one_write_after_the_other_end_closed_is_lost_and_the_next_one_fails() {
    run(async {
        let network = Network::new(1);
        let (mut connector, mut acceptor) = pair(&network).await;
        write(&mut acceptor, b"bye").unwrap();
        drop(acceptor);
        assert_eq!(read(&mut connector).await.unwrap(), b"bye");
        assert_eq!(read(&mut connector).await.unwrap(), b"");
        assert_eq!(write(&mut connector, b"lost").unwrap(), 4);
        assert_eq!(kind(write(&mut connector, b"more")), ErrorKind::BrokenPipe);
        assert_eq!(network.held(), 0);
    });
}

#[test]
fn to_close_with_something_unread_resets() {
    run(async {
        let network = Network::new(1);
        let (mut connector, mut acceptor) = pair(&network).await;
        write(&mut connector, b"unread").unwrap();
        write(&mut acceptor, b"arrived").unwrap();
        let second = Duration::from_secs(1);
        network.faults(Faults {
            shortest_delay: second,
            longest_delay: second,
            ..Faults::default()
        });
        write(&mut acceptor, b"under way").unwrap();
        drop(acceptor);
        assert_eq!(read(&mut connector).await.unwrap(), b"arrived");
        assert_eq!(kind(read(&mut connector).await), ErrorKind::ConnectionReset);
        assert_eq!(kind(write(&mut connector, b"more")), ErrorKind::ConnectionReset);
        assert_eq!(kind(write(&mut connector, b"more")), ErrorKind::BrokenPipe);
    });
}

#[test]
fn a_half_that_is_dropped_leaves_the_other_direction() {
    run(async {
        let network = Network::with_capacity(1, 10);
        let (mut connector, acceptor) = pair(&network).await;
        let Link { mut reader, writer, .. } = acceptor;
        drop(writer);
        assert_eq!(read(&mut connector).await.unwrap(), b"");
        write(&mut connector, b"on").unwrap();
        assert_eq!(read_into(&mut *reader, 10).await.unwrap(), b"on");
        drop(reader);

        let (mut connector, Link { reader, mut writer, .. }) = pair(&network).await;
        drop(reader);
        assert_eq!(write(&mut connector, &[0; 20]).unwrap(), 10);
        assert_eq!(kind(write(&mut connector, &[0; 20])), ErrorKind::WouldBlock);
        write_all(&mut *writer, b"on").await.unwrap();
        assert_eq!(read(&mut connector).await.unwrap(), b"on");
    });
}

#[test]
fn nothing_remains_of_connections_that_are_closed() {
    run(async {
        let network = Network::new(1);
        let mut listener = network.listen("a").unwrap();
        for _ in 0..10 {
            let mut connector = network.connect("b", "a").await.unwrap();
            write(&mut connector, b"unread").unwrap();
            let acceptor = accept(&mut *listener).await;
            drop((connector, acceptor));
        }
        let mut never_accepted = network.connect("b", "a").await.unwrap();
        drop(network.connect("b", "a").await.unwrap());
        write(&mut never_accepted, b"unread").unwrap();
        assert_eq!(network.with(|state| state.connections.len()), 2);
        drop(listener);
        assert_eq!(network.with(|state| state.connections.len()), 1);
        assert_eq!(kind(read(&mut never_accepted).await), ErrorKind::ConnectionReset);
        drop(never_accepted);
        assert_eq!(network.with(|state| state.connections.len()), 0);
        assert_eq!(std::sync::Arc::strong_count(&network.shared), 1);
    });
}

#[test]
fn a_full_backlog_makes_the_next_wait() {
    run(async {
        let network = Network::new(1);
        let mut listener = network.listen("a").unwrap();
        let mut links = Vec::new();
        for _ in 0..128 {
            links.push(network.connect("b", "a").await.unwrap());
        }
        let mut next = network.connect("b", "a");
        assert!(waits(&mut next).await);
        accept(&mut *listener).await;
        assert!(!waits(&mut next).await);
    });
}
