//! Sockets over a network that goes wrong on purpose, in stopped time, from a seed that repeats a run.

use std::time::Duration;

use super::handle::Handle;
use crate::net::multipart::Multipart;
use crate::net::options::Options;
use crate::net::transport::endpoint::Endpoint;
use crate::net::transport::faulty::{Faults, Network};
use crate::net::wire::socket_type::SocketType;

/// How many seeds a test tries. `MILLHAND_SEEDS=1000 cargo test …` builds one that tries more.
fn seeds() -> std::ops::Range<u64> {
    let more = option_env!("MILLHAND_SEEDS").and_then(|seeds| seeds.parse().ok());
    0..more.unwrap_or(40)
}

/// Runs `test` with every seed, each in a runtime of its own with stopped time.
fn each<F: Future<Output = String>>(test: impl Fn(u64) -> F) {
    for seed in seeds() {
        let run = || {
            // The jitter of reconnects.
            fastrand::seed(seed);
            let mut builder = tokio::runtime::Builder::new_current_thread();
            builder.enable_all().start_paused(true);
            let runtime = builder.build().unwrap();
            let hours = Duration::from_secs(3600);
            runtime.block_on(async {
                match tokio::time::timeout(hours, test(seed)).await {
                    Ok(log) => log,
                    Err(_) => panic!("seed {seed}: not over after an hour"),
                }
            })
        };
        // The same seed does the same.
        if seed % 8 == 0 {
            assert_eq!(run(), run(), "seed {seed}");
        } else {
            run();
        }
    }
}

fn socket(socket_type: SocketType, options: Options) -> Handle {
    Handle::new(socket_type, options).unwrap()
}

fn connect(socket: &Handle, network: &Network, from: &'static str, to: &'static str) {
    let network = network.clone();
    let endpoint = Endpoint::Inproc(to.to_owned());
    let opener = Box::new(move || network.connect(from, to));
    socket.connect_through(endpoint, opener).unwrap();
}

fn number(message: &Multipart) -> u64 {
    u64::from_le_bytes(message.first()[..8].try_into().unwrap())
}

/// A message of its number, and of a length that goes with it.
fn message(number: u64) -> Multipart {
    let length = [8, 20, 300, 5000, 40_000][number as usize % 5];
    let mut octets = vec![number as u8; length];
    octets[..8].copy_from_slice(&number.to_le_bytes());
    octets.into()
}

/// Short reads, short writes and delays change nothing: all comes, once, in order.
#[test]
fn nothing_is_lost_on_a_slow_network() {
    each(|seed| async move {
        let network = Network::new(seed);
        network.faults(Faults {
            split: 0.3,
            short: 0.3,
            shortest_delay: Duration::from_micros(10),
            longest_delay: Duration::from_millis(5),
            ..Faults::default()
        });
        let pull = socket(SocketType::Pull, Options::new().receive_high_water_mark(3));
        pull.bind_through(network.listen("pull").unwrap()).unwrap();
        let push = socket(SocketType::Push, Options::new().send_high_water_mark(4));
        connect(&push, &network, "push", "pull");
        let sends = async {
            for number in 0..100 {
                push.deal(message(number)).await.unwrap();
            }
        };
        let receives = async {
            for number in 0..100 {
                assert_eq!(pull.take().await.unwrap(), message(number), "seed {seed}");
            }
        };
        tokio::join!(sends, receives);
        network.log().to_string()
    });
}

/// However often connections are cut: what arrives is whole, in order and comes once; what was on its way may
/// be lost, and what is sent after the last cut is not.
#[test]
fn cuts_lose_what_is_on_its_way_and_nothing_else() {
    each(|seed| async move {
        let network = Network::new(seed);
        let pull = socket(SocketType::Pull, Options::new());
        pull.bind_through(network.listen("pull").unwrap()).unwrap();
        let push = socket(SocketType::Push, Options::new());
        connect(&push, &network, "push", "pull");
        let sends = async {
            for number in 0..200 {
                network.faults(Faults { cut: 0.05, split: 0.1, ..Faults::default() });
                push.deal(message(number)).await.unwrap();
                if number % 20 == 0 {
                    tokio::time::sleep(Duration::from_millis(300)).await;
                }
            }
            network.faults(Faults::default());
            network.heal();
            // Whatever was cut is there again after this.
            tokio::time::sleep(Duration::from_secs(20)).await;
            for number in 200..220 {
                push.deal(message(number)).await.unwrap();
            }
        };
        let receives = async {
            let mut last = None;
            let mut late = 0;
            while last != Some(219) {
                let received = pull.take().await.unwrap();
                let number = number(&received);
                assert_eq!(received, message(number), "seed {seed}");
                assert!(last < Some(number), "seed {seed}: {number} after {last:?}");
                late += u32::from(number >= 200);
                last = Some(number);
            }
            assert_eq!(late, 20, "seed {seed}");
        };
        tokio::join!(sends, receives);
        network.log().to_string()
    });
}
