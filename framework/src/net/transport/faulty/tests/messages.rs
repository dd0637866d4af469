//! Faults of whole messages.

use super::*;
use crate::net::wire::command::Command;
use crate::net::wire::frame::{Flags, Header};
use crate::net::wire::greeting::{Greeting, Mechanism};

/// A greeting, and a command as in a handshake.
fn start(mechanism: Mechanism) -> Vec<u8> {
    let mut octets = BytesMut::new();
    Greeting::encode(mechanism, false, &mut octets);
    Command::Unknown { name: b"READY", data: b"" }.encode(&mut octets);
    octets.to_vec()
}

/// A message of two frames, known by its number.
fn message(number: usize, length: usize) -> Vec<u8> {
    let mut octets = BytesMut::new();
    let first = format!("{number}");
    Header { flags: Flags::message(true), length: first.len() as u64 }.encode(&mut octets);
    octets.extend_from_slice(first.as_bytes());
    Header { flags: Flags::message(false), length: length as u64 }.encode(&mut octets);
    octets.resize(octets.len() + length, number as u8);
    octets.to_vec()
}

fn ping() -> Vec<u8> {
    let mut octets = BytesMut::new();
    Command::Ping { ttl: 1, context: b"now" }.encode(&mut octets);
    octets.to_vec()
}

/// The numbers of the messages that `octets` consist of, each of which must be whole, and how many
/// commands there are.
fn numbers(mut octets: &[u8], length: impl Fn(usize) -> usize) -> (Vec<usize>, usize) {
    let (mut numbers, mut commands) = (Vec::new(), 0);
    while !octets.is_empty() {
        let header = Header::decode(octets).unwrap().unwrap();
        if header.flags.is_command() {
            octets = octets.strip_prefix(&ping()[..]).expect("a whole command");
            commands += 1;
        } else {
            let body = &octets[header.size()..][..header.length as usize];
            let number = std::str::from_utf8(body).unwrap().parse().unwrap();
            let whole = message(number, length(number));
            octets = octets.strip_prefix(&whole[..]).expect("a whole message");
            numbers.push(number);
        }
    }
    (numbers, commands)
}

/// Sends ten messages with a command after each, and closes; returns what was read after the start.
async fn ten(network: &Network, faults: Faults) -> (Vec<usize>, usize) {
    network.faults(faults);
    let (mut connector, mut acceptor) = pair(network).await;
    let mut octets = start(Mechanism::Null);
    for number in 0..10 {
        octets.extend(message(number, 20));
        octets.extend(ping());
    }
    write_all(&mut *connector.writer, &octets).await.unwrap();
    drop(connector);
    let (read, end) = read_to_end(&mut *acceptor.reader, 1000).await;
    end.unwrap();
    let start = start(Mechanism::Null);
    assert!(read.starts_with(&start), "greeting and handshake are let alone");
    numbers(&read[start.len()..], |_| 20)
}

#[test]
fn dropped_messages_do_not_arrive_but_commands_do() {
    run(async {
        let network = Network::new(1);
        let all = ten(&network, Faults { drop: 1.0, ..Faults::default() }).await;
        assert_eq!(all, (vec![], 10));
        assert_eq!(acts(&network.log()), [Act::Drop(message(0, 20).len()); 10]);
        let (some, _) = ten(&network, Faults { drop: 0.5, ..Faults::default() }).await;
        assert!((1..10).contains(&some.len()) && some.is_sorted(), "{some:?}");
    });
}

#[test]
fn duplicated_messages_arrive_twice_but_commands_once() {
    run(async {
        let network = Network::new(1);
        let all = ten(&network, Faults { duplicate: 1.0, ..Faults::default() }).await;
        assert_eq!(all, ((0..20).map(|index| index / 2).collect(), 10));
        assert_eq!(acts(&network.log()), [Act::Duplicate(message(0, 20).len()); 10]);
    });
}

#[test]
fn reordered_messages_arrive_once_after_later_ones() {
    let mut overtaking = Vec::new();
    for seed in 0..20 {
        run(async {
            let network = Network::new(seed);
            let (mut all, commands) =
                ten(&network, Faults { reorder: 0.5, ..Faults::default() }).await;
            let sorted = all.is_sorted();
            all.sort_unstable();
            assert_eq!((all, commands), ((0..10).collect(), 10));
            let acts = acts(&network.log());
            let overtaken = acts.iter().map(|act| match act {
                Act::Reorder { overtaken_by, .. } => *overtaken_by,
                act => panic!("{act:?}"),
            });
            let overtaken: Vec<_> = overtaken.collect();
            assert_eq!(sorted, overtaken.iter().all(|by| *by == 0), "{overtaken:?}");
            overtaking.extend(overtaken);
        });
    }
    for by in 1..=4 {
        assert!(overtaking.contains(&by), "{by} in {overtaking:?}");
    }
    assert!(overtaking.iter().all(|by| *by <= 4));
}

#[test]
fn a_message_that_nothing_overtakes_arrives_after_100_ms() {
    run(async {
        let network = Network::new(1);
        network.faults(Faults { reorder: 1.0, ..Faults::default() });
        let (mut connector, mut acceptor) = pair(&network).await;
        let (greeting, message) = (start(Mechanism::Null), message(0, 9));
        write(&mut connector, &greeting).unwrap();
        write(&mut connector, &message).unwrap();
        assert_eq!(read(&mut acceptor).await.unwrap(), greeting);
        let now = tokio::time::Instant::now();
        assert_eq!(read(&mut acceptor).await.unwrap(), message);
        assert_eq!(now.elapsed().as_millis(), 100);
        assert_eq!(acts(&network.log()), [Act::Reorder { size: message.len(), overtaken_by: 0 }]);
    });
}

#[test]
fn a_message_that_is_never_finished_arrives_as_far_as_it_was_written() {
    run(async {
        let network = Network::new(1);
        network.faults(Faults { reorder: 1.0, ..Faults::default() });
        let (mut connector, mut acceptor) = pair(&network).await;
        let mut octets = start(Mechanism::Null);
        octets.extend(&message(0, 9)[..7]);
        write(&mut connector, &octets).unwrap();
        drop(connector);
        assert_eq!(read_to_end(&mut *acceptor.reader, 1000).await.0, octets);
    });
}

#[test]
fn messages_of_other_mechanisms_are_let_alone() {
    run(async {
        let network = Network::new(1);
        network.faults(Faults { drop: 0.5, duplicate: 0.5, reorder: 0.5, ..Faults::default() });
        let (mut connector, mut acceptor) = pair(&network).await;
        let mut octets = start(Mechanism::Plain);
        (0..50).for_each(|number| octets.extend(message(number, 9)));
        write(&mut connector, &octets).unwrap();
        assert_eq!(read(&mut acceptor).await.unwrap(), octets);
        assert_eq!(network.log().count(), 0);
    });
}

#[test]
fn any_faults_leave_each_message_whole_and_the_memory_bounded() {
    const CAPACITY: usize = 4000;
    // Up to twice a quarter of the capacity.
    let length = |number: usize| number * 37 % 2000;
    let (mut lost, mut repeated, mut overtaken) = (0, 0, 0);
    for seed in 0..40 {
        run(async {
            let network = Network::with_capacity(seed, CAPACITY);
            network.faults(Faults {
                split: 0.5,
                short: 0.5,
                longest_delay: Duration::from_millis(40),
                drop: 0.2,
                duplicate: 0.2,
                reorder: 0.2,
                ..Faults::default()
            });
            let (mut connector, mut acceptor) = pair(&network).await;
            let mut octets = start(Mechanism::Null);
            (0..100).for_each(|number| octets.extend(message(number, length(number))));
            let writer = tokio::spawn(async move {
                write_all(&mut *connector.writer, &octets).await.unwrap();
            });
            let mut read = Vec::new();
            loop {
                let octets = read_into(&mut *acceptor.reader, 700).await.unwrap();
                assert!(network.held() <= CAPACITY + CAPACITY / 2, "{}", network.held());
                if octets.is_empty() {
                    break;
                }
                read.extend(octets);
            }
            writer.await.unwrap();
            let (arrived, _) = numbers(&read[start(Mechanism::Null).len()..], length);
            let times = |number| arrived.iter().filter(|other| **other == number).count();
            for number in 0..100 {
                assert!(times(number) <= 2);
                lost += usize::from(times(number) == 0);
                repeated += usize::from(times(number) == 2);
                let is_long = message(number, length(number)).len() > CAPACITY / 4;
                assert!(!is_long || times(number) < 2, "too long to be copied");
            }
            overtaken += usize::from(!arrived.is_sorted());
        });
    }
    assert!(lost > 400 && repeated > 100 && overtaken > 20, "{lost} {repeated} {overtaken}");
}

#[test]
fn a_claimed_length_reserves_nothing() {
    run(async {
        let network = Network::with_capacity(1, 1000);
        network.faults(Faults { reorder: 1.0, ..Faults::default() });
        let (mut connector, mut acceptor) = pair(&network).await;
        let mut octets = start(Mechanism::Null);
        octets.extend([2, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]);
        write(&mut connector, &octets).unwrap();
        for _ in 0..100 {
            let _ = write(&mut connector, &[7; 100]);
            assert!(network.held() <= 1500);
        }
        assert_eq!(kind(write(&mut connector, b"n")), ErrorKind::WouldBlock);
        assert!(read(&mut acceptor).await.unwrap().starts_with(&octets));
    });
}
