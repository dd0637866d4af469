//! Faults of octets and connections.

use super::*;
use crate::net::wire::handshake::{Handshake, Progress, Security, Settings};
use crate::net::wire::socket_type::SocketType;

fn some_octets() -> Vec<u8> {
    (0..200).collect()
}

#[test]
fn split_reads_get_pieces_of_random_size_down_to_one_octet() {
    run(async {
        let network = Network::new(1);
        network.faults(Faults { split: 1.0, ..Faults::default() });
        let (mut connector, mut acceptor) = pair(&network).await;
        let (mut all, mut sizes) = (Vec::new(), Vec::new());
        write(&mut connector, &some_octets()).unwrap();
        while all.len() < 200 {
            let octets = read(&mut acceptor).await.unwrap();
            sizes.push(octets.len());
            all.extend(octets);
        }
        assert_eq!(all, some_octets());
        assert!(sizes.len() > 2 && sizes.contains(&1), "{sizes:?}");
        let splits = acts(&network.log()).iter().filter(|act| matches!(act, Act::Split(_))).count();
        assert_eq!(splits, sizes.len() - 1, "all but the last, which took the rest");
    });
}

#[test]
fn short_writes_take_a_part() {
    run(async {
        let network = Network::new(1);
        network.faults(Faults { short: 1.0, ..Faults::default() });
        let (mut connector, mut acceptor) = pair(&network).await;
        let taken = write(&mut connector, &some_octets()).unwrap();
        assert!((1..200).contains(&taken));
        assert_eq!(read(&mut acceptor).await.unwrap(), some_octets()[..taken]);
        assert_eq!(acts(&network.log()), [Act::Short(taken)]);
    });
}

#[test]
fn delayed_pieces_arrive_late_and_in_order() {
    run(async {
        let network = Network::new(1);
        let (shortest_delay, longest_delay) =
            (Duration::from_millis(20), Duration::from_millis(90));
        network.faults(Faults { shortest_delay, longest_delay, ..Faults::default() });
        let (mut connector, mut acceptor) = pair(&network).await;
        let start = tokio::time::Instant::now();
        for octet in 0..50 {
            write(&mut connector, &[octet]).unwrap();
        }
        let (mut all, mut times) = (Vec::new(), Vec::new());
        while all.len() < 50 {
            all.extend(read(&mut acceptor).await.unwrap());
            times.push(start.elapsed());
        }
        assert_eq!(all, (0..50).collect::<Vec<u8>>());
        assert!(times.len() > 1, "each piece has its own time");
        assert!(times[0] >= shortest_delay);
        // The timer's grain is a millisecond.
        assert!(*times.last().unwrap() <= longest_delay + Duration::from_millis(1));
        let delays = acts(&network.log());
        assert_eq!(delays.len(), 50);
        for act in delays {
            let Act::Delay(delay) = act else { panic!("{act:?}") };
            assert!((shortest_delay..=longest_delay).contains(&delay));
        }

        network.faults(Faults::default());
        write(&mut connector, b"soon").unwrap();
        let start = tokio::time::Instant::now();
        assert_eq!(read(&mut acceptor).await.unwrap(), b"soon");
        assert_eq!(start.elapsed(), Duration::ZERO);
    });
}

#[test]
fn the_end_comes_after_what_is_under_way() {
    run(async {
        let network = Network::new(1);
        network.faults(Faults { longest_delay: Duration::from_secs(1), ..Faults::default() });
        let (mut connector, mut acceptor) = pair(&network).await;
        write(&mut connector, b"last").unwrap();
        drop(connector);
        assert_eq!(read(&mut acceptor).await.unwrap(), b"last");
        assert_eq!(read(&mut acceptor).await.unwrap(), b"");
    });
}

#[test]
fn a_stall_holds_everything_up_until_it_is_healed() {
    run(async {
        let network = Network::with_capacity(1, 10);
        let (mut connector, mut acceptor) = pair(&network).await;
        write(&mut connector, b"before ").unwrap();
        network.faults(Faults { stall: 1.0, ..Faults::default() });
        write(&mut connector, b"it").unwrap();
        network.faults(Faults::default());
        assert!(reads_nothing(&mut acceptor).await);
        // The writer is not told, but has no more room than before.
        assert_eq!(write(&mut connector, b"on").unwrap(), 1);
        assert_eq!(kind(write(&mut connector, b"n")), ErrorKind::WouldBlock);
        write(&mut acceptor, b"back").unwrap();
        assert_eq!(read(&mut connector).await.unwrap(), b"back");
        network.heal();
        assert_eq!(read(&mut acceptor).await.unwrap(), b"before ito");
        assert_eq!(acts(&network.log()), [Act::Stall, Act::Heal]);
    });
}

#[test]
fn who_closes_while_it_stalls_is_noticed_when_it_is_healed() {
    run(async {
        let network = Network::with_capacity(1, 10);
        network.faults(Faults { stall: 1.0, ..Faults::default() });
        let (mut connector, mut acceptor) = pair(&network).await;
        write(&mut acceptor, b"bye").unwrap();
        write(&mut connector, b"hello").unwrap();
        drop(acceptor);
        assert!(reads_nothing(&mut connector).await);
        assert_eq!(write(&mut connector, &[0; 20]).unwrap(), 5);
        assert_eq!(kind(write(&mut connector, b"n")), ErrorKind::WouldBlock);
        network.heal();
        assert_eq!(read(&mut connector).await.unwrap(), b"bye");
        assert_eq!(read(&mut connector).await.unwrap(), b"");
        assert_eq!(kind(write(&mut connector, b"n")), ErrorKind::ConnectionReset);
    });
}

#[test]
fn a_cut_resets_both_ends_and_lets_a_random_part_through() {
    let mut arrived = Vec::new();
    for seed in 0..40 {
        run(async {
            let network = Network::new(seed);
            let (mut connector, mut acceptor) = pair(&network).await;
            write(&mut acceptor, b"lost").unwrap();
            network.faults(Faults { cut: 1.0, ..Faults::default() });
            assert_eq!(write(&mut connector, &some_octets()).unwrap(), 200);
            let (octets, end) = read_to_end(&mut *acceptor.reader, 1000).await;
            assert_eq!(octets, some_octets()[..octets.len()]);
            assert_eq!(kind(end), ErrorKind::ConnectionReset);
            assert_eq!(kind(read(&mut connector).await), ErrorKind::ConnectionReset);
            for link in [&mut connector, &mut acceptor] {
                poll_fn(|cx| link.writer.poll_writable(cx)).await.unwrap();
                assert_eq!(kind(write(link, b"more")), ErrorKind::ConnectionReset);
                assert_eq!(kind(write(link, b"more")), ErrorKind::BrokenPipe);
            }
            assert_eq!(acts(&network.log()), [Act::Cut(200 - octets.len()), Act::Cut(4)]);
            arrived.push(octets.len());
        });
    }
    arrived.sort_unstable();
    arrived.dedup();
    assert!(arrived.len() > 10, "{arrived:?}");
}

#[test]
fn a_half_cut_kills_one_direction_for_good_and_in_silence() {
    run(async {
        let network = Network::with_capacity(1, 10);
        let (mut connector, mut acceptor) = pair(&network).await;
        network.faults(Faults { half_cut: 1.0, ..Faults::default() });
        write(&mut connector, b"lost").unwrap();
        network.faults(Faults::default());
        network.heal();
        assert!(reads_nothing(&mut acceptor).await);
        write(&mut acceptor, b"back").unwrap();
        assert_eq!(read(&mut connector).await.unwrap(), b"back");
        assert_eq!(write(&mut connector, &[0; 10]).unwrap(), 6);
        assert_eq!(kind(write(&mut connector, b"n")), ErrorKind::WouldBlock);
        network.cut_all();
        assert_eq!(kind(read(&mut acceptor).await), ErrorKind::ConnectionReset);
        assert_eq!(kind(write(&mut connector, b"n")), ErrorKind::ConnectionReset);
        assert_eq!(acts(&network.log()), [Act::HalfCut, Act::Heal, Act::Cut(10), Act::Cut(0)]);
    });
}

#[test]
fn cut_all_resets_each_connection_and_new_ones_are_whole() {
    run(async {
        let network = Network::new(1);
        let (mut connector, mut acceptor) = pair(&network).await;
        let mut listener = network.listen("c").unwrap();
        let mut waiting = network.connect("b", "c").await.unwrap();
        write(&mut connector, b"lost").unwrap();
        write(&mut waiting, b"lost").unwrap();
        network.cut_all();
        network.cut_all();
        for link in [&mut connector, &mut acceptor, &mut waiting, &mut accept(&mut *listener).await]
        {
            assert_eq!(kind(read(link).await), ErrorKind::ConnectionReset);
            assert_eq!(kind(write(link, b"more")), ErrorKind::ConnectionReset);
        }
        assert_eq!(network.log().count(), 4, "two directions each, once:\n{}", network.log());
        let (mut connector, mut acceptor) = pair(&network).await;
        write(&mut connector, b"whole").unwrap();
        assert_eq!(read(&mut acceptor).await.unwrap(), b"whole");
    });
}

#[test]
fn a_partition_parts_two_hosts_and_no_others() {
    run(async {
        let network = Network::new(1);
        let mut listener = network.listen("a:1").unwrap();
        let mut of_b = network.connect("b", "a:1").await.unwrap();
        let mut at_b = accept(&mut *listener).await;
        let mut of_c = network.connect("c", "a:1").await.unwrap();
        let mut at_c = accept(&mut *listener).await;

        network.partition("b", "a");
        write(&mut of_b, b"there").unwrap();
        write(&mut at_b, b"back").unwrap();
        assert!(reads_nothing(&mut at_b).await);
        assert!(reads_nothing(&mut of_b).await);
        write(&mut of_c, b"through").unwrap();
        assert_eq!(read(&mut at_c).await.unwrap(), b"through");
        let mut next = network.connect("b", "a:1");
        assert!(waits(&mut next).await);
        assert!(!waits(&mut network.connect("c", "a:1")).await);

        network.heal();
        assert_eq!(read(&mut at_b).await.unwrap(), b"there");
        assert_eq!(read(&mut of_b).await.unwrap(), b"back");
        assert!(!waits(&mut next).await);
        assert_eq!(acts(&network.log()), [Act::Partition, Act::Heal]);
    });
}

#[test]
fn a_handshake_in_crumbs_and_with_delays_is_done() {
    async fn shake(mut link: Link, socket_type: SocketType) -> SocketType {
        let (mut input, mut output) = (BytesMut::new(), BytesMut::new());
        let mut handshake = Handshake::new(Settings::new(socket_type, Security::Null), &mut output);
        loop {
            let progress = handshake.advance(&mut input, &mut output).unwrap();
            write_all(&mut *link.writer, &output.split()).await.unwrap();
            if let Progress::Done(peer, _) = progress {
                return peer.socket_type;
            }
            input.extend_from_slice(&read(&mut link).await.unwrap());
        }
    }
    for seed in 0..20 {
        run(async {
            let network = Network::new(seed);
            let longest_delay = Duration::from_millis(5);
            network.faults(Faults { split: 0.9, short: 0.9, longest_delay, ..Faults::default() });
            let (connector, acceptor) = pair(&network).await;
            let both =
                tokio::join!(shake(connector, SocketType::Push), shake(acceptor, SocketType::Pull));
            assert_eq!(both, (SocketType::Pull, SocketType::Push));
        });
    }
}
