//! Runs the programs of the book's part on sockets: ours, and, with the feature `peers`, every mixture of ours
//! and pyzmq's in which each side can take the other's place.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

/// After so long without a line, a program hangs.
const DEADLINE: Duration = Duration::from_secs(60);

/// Where the system chooses the port.
const ANYWHERE: &str = "tcp://127.0.0.1:0";

/// Our programs, as they were built for this test.
const OURS: [(&str, &str); 19] = [
    ("ask/server", env!("CARGO_BIN_EXE_guide-ask-server")),
    ("ask/client", env!("CARGO_BIN_EXE_guide-ask-client")),
    ("news/publisher", env!("CARGO_BIN_EXE_guide-news-publisher")),
    ("news/subscriber", env!("CARGO_BIN_EXE_guide-news-subscriber")),
    ("work/ventilator", env!("CARGO_BIN_EXE_guide-work-ventilator")),
    ("work/worker", env!("CARGO_BIN_EXE_guide-work-worker")),
    ("work/sink", env!("CARGO_BIN_EXE_guide-work-sink")),
    ("watch/station", env!("CARGO_BIN_EXE_guide-watch-station")),
    ("broker/broker", env!("CARGO_BIN_EXE_guide-broker-broker")),
    ("broker/server", env!("CARGO_BIN_EXE_guide-broker-server")),
    ("relay/relay", env!("CARGO_BIN_EXE_guide-relay-relay")),
    ("talk/server", env!("CARGO_BIN_EXE_guide-talk-server")),
    ("talk/client", env!("CARGO_BIN_EXE_guide-talk-client")),
    ("safe/keys", env!("CARGO_BIN_EXE_guide-safe-keys")),
    ("safe/server", env!("CARGO_BIN_EXE_guide-safe-server")),
    ("safe/client", env!("CARGO_BIN_EXE_guide-safe-client")),
    ("device/queue", env!("CARGO_BIN_EXE_guide-device-queue")),
    ("device/steer", env!("CARGO_BIN_EXE_guide-device-steer")),
    ("device/tap", env!("CARGO_BIN_EXE_guide-device-tap")),
];

/// Whose program it is.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Side {
    Ours,
    #[cfg(feature = "peers")]
    Theirs,
}

/// Every way to choose a side for each of `N` programs.
fn mixtures<const N: usize>() -> Vec<[Side; N]> {
    #[cfg(feature = "peers")]
    let choice = |theirs| if theirs { Side::Theirs } else { Side::Ours };
    #[cfg(not(feature = "peers"))]
    let choice = |_| Side::Ours;
    let all = if cfg!(feature = "peers") { 1 << N } else { 1 };
    (0..all).map(|bits| std::array::from_fn(|at| choice(bits >> at & 1 == 1))).collect()
}

/// A program that runs; it is killed when this is dropped.
struct Program {
    name: String,
    child: Child,
    lines: Receiver<String>,
}

impl Program {
    fn start(side: Side, name: &str, arguments: &[&str]) -> Program {
        let mut command = match side {
            Side::Ours => {
                let ours = OURS.iter().find(|(known, _)| *known == name);
                Command::new(ours.expect("it is listed").1)
            }
            #[cfg(feature = "peers")]
            Side::Theirs => {
                let mut python = Command::new(peers::python());
                python.arg(format!("{}/{name}.py", env!("CARGO_MANIFEST_DIR")));
                python
            }
        };
        let name = format!("{name} ({side:?})");
        let mut child = command.args(arguments).stdout(Stdio::piped()).spawn().expect(&name);
        let output = BufReader::new(child.stdout.take().expect("it is piped"));
        let (sender, lines) = channel();
        // Ends with the program's output.
        thread::spawn(move || {
            for line in output.lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    break;
                }
            }
        });
        Program { name, child, lines }
    }

    /// The next line that it prints.
    fn line(&self) -> String {
        match self.lines.recv_timeout(DEADLINE) {
            Ok(line) => line,
            Err(error) => panic!("{} printed no line: {error}", self.name),
        }
    }

    /// Whether it has printed nothing that was not looked at, so far.
    fn is_silent(&self) -> bool {
        self.lines.try_recv().is_err()
    }

    fn has_ended(&mut self) -> bool {
        self.child.try_wait().expect(&self.name).is_some()
    }

    /// All lines that it still prints, once it has ended well.
    fn rest(mut self) -> Vec<String> {
        let mut lines = Vec::new();
        loop {
            match self.lines.recv_timeout(DEADLINE) {
                Ok(line) => lines.push(line),
                Err(std::sync::mpsc::RecvTimeoutError::Disconnected) => break,
                Err(error) => panic!("{} has not ended after {lines:?}: {error}", self.name),
            }
        }
        let ended = self.child.wait().expect(&self.name);
        assert!(ended.success(), "{}: {ended} after {lines:?}", self.name);
        lines
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _: Result<ExitStatus, _> = self.child.wait();
    }
}

#[cfg(feature = "peers")]
mod peers {
    //! A Python with pyzmq, in the environment that `tests/wire` makes and pins.

    use std::path::PathBuf;
    use std::process::Command;
    use std::sync::OnceLock;

    /// Makes the environment if it is not there. A peer that cannot be had is a failure.
    pub(super) fn python() -> &'static PathBuf {
        static PYTHON: OnceLock<PathBuf> = OnceLock::new();
        PYTHON.get_or_init(|| {
            let made = Command::new("python3")
                .args(["-c", "from environment import Environment as E; print(E.ready().python)"])
                .env("PYTHONPATH", concat!(env!("CARGO_MANIFEST_DIR"), "/../wire"))
                .output()
                .expect("python3 is installed");
            let problem = String::from_utf8_lossy(&made.stderr);
            assert!(made.status.success(), "there is no pyzmq: {problem}");
            String::from_utf8(made.stdout).expect("a path in UTF-8").trim_end().into()
        })
    }
}

const GREETINGS: [&str; 3] = ["Hello, Ada", "Hello, Grace", "Hello, Mary"];

#[test]
fn who_asks_is_greeted() {
    for [one, other] in mixtures() {
        let server = Program::start(one, "ask/server", &[ANYWHERE]);
        let client = Program::start(other, "ask/client", &[&server.line()]);
        assert_eq!(client.rest(), GREETINGS, "{one:?}, {other:?}");
    }
}

#[test]
fn who_subscribes_hears_of_these_cities_only() {
    for [one, other] in mixtures() {
        let publisher = Program::start(one, "news/publisher", &[ANYWHERE]);
        let endpoint = publisher.line();
        for (topic, cities) in [("Lima", &["Lima"][..]), ("Ber", &["Bergen", "Berlin"])] {
            let subscriber = Program::start(other, "news/subscriber", &[&endpoint, topic]);
            heard(&subscriber.rest(), cities);
        }
    }
}

/// There are six reports, of all of these cities and no others.
#[track_caller]
fn heard(reports: &[String], cities: &[&str]) {
    let of =
        |city: &&str| reports.iter().filter(|line| line.starts_with(&format!("{city}: "))).count();
    let counts: Vec<_> = cities.iter().map(of).collect();
    assert_eq!(counts, vec![6 / cities.len(); cities.len()], "{reports:?}");
}

#[test]
fn work_is_dealt_out_and_gathered() {
    for [first, second, third] in mixtures() {
        let ventilator = Program::start(first, "work/ventilator", &[ANYWHERE]);
        let sink = Program::start(third, "work/sink", &[ANYWHERE]);
        let ends = [ventilator.line(), sink.line()];
        let ends: Vec<_> = ends.iter().map(String::as_str).collect();
        let _workers = [second, Side::Ours].map(|side| Program::start(side, "work/worker", &ends));
        assert_eq!(sink.rest(), ["338350"], "{first:?}, {second:?}, {third:?}");
        assert!(ventilator.rest().is_empty());
    }
}

#[test]
fn work_and_news_come_side_by_side() {
    for [first, second, third] in mixtures() {
        let ventilator = Program::start(first, "work/ventilator", &[ANYWHERE]);
        let publisher = Program::start(second, "news/publisher", &[ANYWHERE]);
        let ends = [ventilator.line(), publisher.line()];
        let ends: Vec<_> = ends.iter().map(String::as_str).collect();
        let station = Program::start(third, "watch/station", &ends);
        assert_eq!(station.rest(), ["100 tasks, and reports of the weather"]);
    }
}

#[test]
fn a_broker_brings_clients_and_servers_together() {
    for [first, second, third] in mixtures() {
        let broker = Program::start(second, "broker/broker", &[ANYWHERE, ANYWHERE]);
        let (front, back) = (broker.line(), broker.line());
        let clients = [first, Side::Ours].map(|side| Program::start(side, "ask/client", &[&front]));
        let _servers =
            [third, Side::Ours].map(|side| Program::start(side, "broker/server", &[&back]));
        for client in clients {
            assert_eq!(client.rest(), GREETINGS, "{first:?}, {second:?}, {third:?}");
        }
    }
}

#[test]
fn news_and_subscriptions_pass_a_relay() {
    for [first, second, third] in mixtures() {
        let publisher = Program::start(first, "news/publisher", &[ANYWHERE]);
        let relay = Program::start(second, "relay/relay", &[&publisher.line(), ANYWHERE]);
        let subscriber = Program::start(third, "news/subscriber", &[&relay.line(), "Ber"]);
        heard(&subscriber.rest(), &["Bergen", "Berlin"]);
    }
}

#[test]
fn every_client_gets_its_own_replies() {
    for [one, other] in mixtures() {
        let server = Program::start(one, "talk/server", &[ANYWHERE]);
        let endpoint = server.line();
        let clients = ["Ada", "Grace"]
            .map(|name| (name, Program::start(other, "talk/client", &[&endpoint, name])));
        for (name, client) in clients {
            let mut calls = client.rest();
            calls.sort();
            let wanted = ["10", "20", "30"].map(|pause| format!("{name}, it is time: {pause}"));
            assert_eq!(calls, wanted, "{one:?}, {other:?}");
        }
    }
}

/// Whoever made the keys, both sides read them.
#[test]
fn friends_are_known_by_their_keys() {
    for [first, second, third] in mixtures() {
        let keys = format!("{}/keys-{}", env!("CARGO_TARGET_TMPDIR"), std::process::id());
        std::fs::create_dir(&keys).expect("a new directory");
        for name in ["mill", "anna"] {
            let made = Program::start(first, "safe/keys", &[&keys, name]).rest();
            assert_eq!(made, ["key", "key_secret"].map(|end| format!("{keys}/{name}.{end}")));
        }
        let server = Program::start(second, "safe/server", &[ANYWHERE, &keys]);
        let client = Program::start(third, "safe/client", &[&server.line(), &keys]);
        assert_eq!(client.rest(), ["Hello, Anna"], "{first:?}, {second:?}, {third:?}");
        std::fs::remove_dir_all(&keys).expect("the directory is there");
    }
}

#[test]
fn a_queue_does_what_it_is_told_and_shows_what_passes() {
    for [one, other] in mixtures() {
        let queue = Program::start(one, "device/queue", &[ANYWHERE; 4]);
        let [front, back, control, capture] = std::array::from_fn(|_| queue.line());
        let order = |order| Program::start(other, "device/steer", &[&control, order]).rest();
        let client = || Program::start(Side::Ours, "ask/client", &[&front]);
        let _server = Program::start(Side::Ours, "broker/server", &[&back]);
        assert_eq!(client().rest(), GREETINGS);
        // A routing id of 5 octets, an empty frame, and what was said. libzmq counts the frames.
        let messages = if one == Side::Ours { 3 } else { 9 };
        let requests = format!("{messages} messages, 27 octets");
        let replies = format!("{messages} messages, 48 octets");
        let passed = [
            format!("front received: {requests}"),
            format!("front sent: {replies}"),
            format!("back received: {replies}"),
            format!("back sent: {requests}"),
        ];
        assert_eq!(order("STATISTICS"), passed, "{one:?}, {other:?}");

        // libzmq 4.3.5 takes PAUSE for RESUME, and RESUME for PAUSE.
        if one == Side::Ours {
            assert_eq!(order("PAUSE"), [""; 0], "{other:?}");
            let patient = client();
            assert_eq!(order("STATISTICS"), passed, "{other:?}");
            assert!(patient.is_silent(), "{other:?}");
            assert_eq!(order("RESUME"), [""; 0], "{other:?}");
            assert_eq!(patient.rest(), GREETINGS);
        }

        let mut tap = Program::start(other, "device/tap", &[&capture, "6"]);
        // The first copies may be made before it has subscribed.
        while !tap.has_ended() {
            assert_eq!(client().rest(), GREETINGS);
        }
        let mut copies = tap.rest();
        copies.sort();
        let [ada, grace, mary] = GREETINGS;
        assert_eq!(copies, ["Ada", "Grace", ada, grace, mary, "Mary"], "{one:?}, {other:?}");

        assert_eq!(order("TERMINATE"), [""; 0], "{one:?}, {other:?}");
        assert_eq!(queue.rest(), [""; 0], "{one:?}, {other:?}");
    }
}

/// Every program in this folder is one that a test runs, and is there for both sides.
#[test]
fn no_program_is_forgotten() {
    let mut files = Vec::new();
    for folder in std::fs::read_dir(env!("CARGO_MANIFEST_DIR")).expect("this folder") {
        let path = folder.expect("an entry").path();
        if path.is_dir() {
            let inside = std::fs::read_dir(&path).expect("a folder");
            files.extend(inside.map(|entry| entry.expect("an entry").path()));
        }
    }
    files.retain(|path| {
        path.extension().is_some_and(|end| end == OsStr::new("rs") || end == OsStr::new("py"))
    });
    let test = include_str!("guide.rs");
    for (name, _) in OURS {
        assert!(test.matches(&format!("\"{name}\"")).count() > 1, "{name} is run by no test");
        for end in ["rs", "py"] {
            let file = format!("{}/{name}.{end}", env!("CARGO_MANIFEST_DIR"));
            assert!(files.iter().any(|path| path == OsStr::new(&file)), "{file} is missing");
        }
    }
    assert_eq!(files.len(), 2 * OURS.len(), "{files:?}");
}
