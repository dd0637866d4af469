//! The same seed does the same again.

use std::sync::{Arc, Mutex};

use super::*;
use crate::net::wire::frame::{Flags, Header};
use crate::net::wire::greeting::{Greeting, Mechanism};

/// Some hosts that talk to one while everything goes wrong that can: the log, and what was read.
fn simulate(seed: u64) -> (Log, Vec<Vec<u8>>) {
    run(async {
        let network = Network::with_capacity(seed, 1000);
        network.faults(Faults {
            split: 0.3,
            short: 0.3,
            shortest_delay: Duration::from_millis(1),
            longest_delay: Duration::from_millis(30),
            stall: 0.01,
            half_cut: 0.002,
            cut: 0.005,
            drop: 0.1,
            duplicate: 0.1,
            reorder: 0.1,
        });
        let mut listener = network.listen("server").unwrap();
        for host in ["b", "c", "d"] {
            let network = network.clone();
            tokio::spawn(async move {
                while let Ok(mut link) = network.connect(host, "server").await {
                    let mut octets = BytesMut::new();
                    Greeting::encode(Mechanism::Null, false, &mut octets);
                    for number in 0..20 {
                        Header { flags: Flags::message(false), length: 100 }.encode(&mut octets);
                        octets.resize(octets.len() + 100, number);
                    }
                    let _ = write_all(&mut *link.writer, &octets).await;
                }
            });
        }
        let read = Arc::new(Mutex::new(Vec::new()));
        let all = read.clone();
        tokio::spawn(async move {
            loop {
                let mut link = accept(&mut *listener).await;
                let all = all.clone();
                tokio::spawn(async move {
                    let octets = read_to_end(&mut *link.reader, 300).await.0;
                    all.lock().unwrap().push(octets);
                });
            }
        });
        for _ in 0..5 {
            tokio::time::sleep(Duration::from_millis(300)).await;
            network.partition("c", "server");
            tokio::time::sleep(Duration::from_millis(100)).await;
            network.heal();
        }
        network.cut_all();
        let read = std::mem::take(&mut *read.lock().unwrap());
        (network.log(), read)
    })
}

#[test]
fn the_same_seed_has_the_same_faults() {
    for seed in 0..5 {
        let (first, second) = (simulate(seed), simulate(seed));
        assert_eq!(first.0.to_string(), second.0.to_string());
        assert!(first == second);
        assert!(first.0.count() > 500 && !first.1.is_empty(), "{}", first.0);
    }
}

#[test]
fn another_seed_has_other_faults() {
    let logs: Vec<_> = (0..5).map(|seed| simulate(seed).0).collect();
    for (index, log) in logs.iter().enumerate() {
        assert!(!logs[..index].contains(log));
    }
}

#[test]
fn every_fault_happens_in_some_run() {
    let mut seen: Vec<_> = (0..5)
        .flat_map(|seed| acts(&simulate(seed).0))
        .map(|act| format!("{act:?}").chars().take_while(|c| c.is_alphabetic()).collect::<String>())
        .collect();
    seen.sort();
    seen.dedup();
    let all = "Cut Delay Drop Duplicate HalfCut Heal Partition Reorder Short Split Stall";
    assert_eq!(seen.join(" "), all);
}

#[test]
fn a_log_is_bounded_and_compares_what_it_forgot() {
    let log = |first: usize| {
        let mut log = Log::new(tokio::time::Instant::now());
        log.note("a", Act::Drop(first));
        (0..5000).for_each(|_| log.note("a", Act::Stall));
        log
    };
    run(async {
        assert_eq!(log(1).latest().count(), 4096);
        assert_eq!(log(1).count(), 5001);
        assert!(log(1) == log(1));
        assert!(log(1) != log(2));
        assert!(log(1).to_string().starts_with("… 905 earlier\n"));
    });
}
