//! Measurements give one line, whatever its numbers.

use crate::program::{Ended, start};

/// Both sides, to their ends.
fn measure(what: &str, more: &[&str]) -> [Ended; 2] {
    let arguments = |side, endpoint| {
        let all = ["bench", what, side, endpoint, "100", "2000"];
        all.into_iter().chain(more.iter().copied()).map(str::to_owned).collect::<Vec<_>>()
    };
    let mut bind = start(arguments("bind", "tcp://127.0.0.1:0"));
    let endpoint = bind.bound();
    let connect = start(arguments("connect", &endpoint));
    let ended = [bind.ended(), connect.ended()];
    ended.iter().for_each(Ended::well);
    ended
}

#[test]
fn throughput_is_one_line_on_each_side() {
    for threads in ["1", "2"] {
        let [received, sent] = measure("thr", &["--threads", threads]);
        for (ended, verb) in [(received, "received"), (sent, "sent")] {
            let [line] = ended.stdout.as_slice() else { panic!("{ended:?}") };
            assert!(line.starts_with(&format!("{verb} 2000 messages of 100 octets: ")), "{line}");
            for unit in [" messages/s", " MB/s", " µs of processor per message"] {
                assert!(line.contains(unit), "{line}");
            }
        }
    }
}

#[test]
fn latency_is_one_line_where_it_is_measured() {
    let [answers, asks] = measure("lat", &[]);
    assert_eq!(answers.stdout, [""; 0]);
    let [line] = asks.stdout.as_slice() else { panic!("{asks:?}") };
    let numbers: Vec<f64> = ["mean ", "p50 ", "p99 "]
        .into_iter()
        .map(|name| {
            let (_, rest) = line.split_once(name).unwrap();
            rest.split_once(" µs").unwrap().0.parse().unwrap()
        })
        .collect();
    assert!(numbers[0] > 0.0 && numbers[1] <= numbers[2], "{line}");
}

#[test]
fn sides_that_disagree_on_the_size_find_out() {
    let mut bind = start(["bench", "thr", "bind", "tcp://127.0.0.1:0", "10", "5"]);
    let endpoint = bind.bound();
    let _connect = start(["bench", "thr", "connect", &endpoint, "11", "5"]);
    bind.ended().badly(1, "a message of 11 octets came, not 10");
}
