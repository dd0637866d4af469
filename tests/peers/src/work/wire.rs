//! One of the two processes of a workload on the wire: what it does, and what it tells the harness.
//!
//! ```text
//!   harness                the one that binds               the one that connects
//!      |---- starts -------------->|
//!      |<--- "at tcp://..." -------|
//!      |---- starts -------------------------------------------------->|
//!      |                           |<------------ messages ----------->|
//!      |<--- a sample: of the one that measures ------------------ or -|
//!      |---- end of input -------->|                               --->|
//!      |<--- a sample: of the other one, for its CPU time -------- or -|
//! ```
//!
//! Every message carries its number in its first eight octets, little-endian. The warm-up and the
//! measurement are one stream of messages, numbered throughout.
//!
//! - [`Source`] makes what is sent.
//! - [`Sink`] verifies what was received.
//! - [`Trips`] times round trips.
//! - [`told`] and [`found`] are the line to the harness.

use std::io::{Read, Write};
use std::thread;
use std::time::Instant;

use crate::meter::{Meter, Sample, of_thousand};
use crate::workload::wire::{Pattern, Transport, Wire};

/// What one process does.
#[derive(Debug, Clone)]
pub struct Side {
    pub part: Part,
    pub wire: Wire,
    /// Messages or round trips of the measurement; a tenth of them more are the warm-up.
    pub operations: u64,
    /// Where to bind, with port 0 for one of the system's choice, or where to connect to: `tcp://ADDRESS`
    /// or `ipc://PATH`.
    pub endpoint: String,
}

/// Whose part. The first of each pair binds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    Pull,
    Push,
    Rep,
    Req,
    Router,
    Dealer,
}

impl Part {
    const ALL: [Self; 6] =
        [Self::Pull, Self::Push, Self::Rep, Self::Req, Self::Router, Self::Dealer];

    /// Who binds, and who connects.
    pub fn pair(pattern: Pattern) -> [Self; 2] {
        match pattern {
            Pattern::PushPull => [Self::Pull, Self::Push],
            Pattern::ReqRep => [Self::Rep, Self::Req],
            Pattern::DealerRouter => [Self::Router, Self::Dealer],
        }
    }

    pub fn binds(self) -> bool {
        matches!(self, Self::Pull | Self::Rep | Self::Router)
    }

    /// Whether it finds the value; the other one only adds its CPU time.
    pub fn measures(self) -> bool {
        matches!(self, Self::Pull | Self::Req | Self::Dealer)
    }

    pub fn name(self) -> &'static str {
        match self {
            Self::Pull => "pull",
            Self::Push => "push",
            Self::Rep => "rep",
            Self::Req => "req",
            Self::Router => "router",
            Self::Dealer => "dealer",
        }
    }

    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|part| part.name() == name)
    }
}

impl Side {
    /// `ADDRESS` or `PATH` of the endpoint.
    pub fn address(&self) -> &str {
        let scheme = match self.wire.transport {
            Transport::Tcp => "tcp://",
            Transport::Ipc => "ipc://",
        };
        self.endpoint.strip_prefix(scheme).expect("an endpoint of the workload's transport")
    }

    fn warm_up(&self) -> u64 {
        self.operations / 10
    }
}

/// Makes the messages, and meters the one that sends them.
pub struct Source {
    body: Vec<u8>,
    next: u64,
    phases: Phases,
}

impl Source {
    pub fn of(side: &Side) -> Self {
        let body = (0..side.wire.size).map(|octet| octet as u8).collect();
        Self { body, next: 0, phases: Phases::of(side) }
    }

    /// The body of the next message, to be copied into one: each candidate copies it once to have a message
    /// of its own.
    pub fn next(&mut self) -> Option<&[u8]> {
        if !self.phases.pass(self.next) {
            return None;
        }
        self.body[..8].copy_from_slice(&self.next.to_le_bytes());
        self.next += 1;
        Some(&self.body)
    }

    /// After all of it has arrived.
    pub fn sample(self) -> Sample {
        self.phases.stop()
    }
}

/// Verifies number and length of each message, and meters the one that receives them. One that is lost,
/// comes twice or comes too early makes the process fail.
pub struct Sink {
    size: usize,
    due: u64,
    phases: Phases,
}

impl Sink {
    pub fn of(side: &Side) -> Self {
        Self { size: side.wire.size, due: 0, phases: Phases::of(side) }
    }

    /// Whether there is more to come.
    pub fn take(&mut self, body: &[u8]) -> bool {
        verify(body, self.due, self.size);
        self.due += 1;
        self.phases.pass(self.due)
    }

    pub fn sample(self) -> Sample {
        let mut sample = self.phases.stop();
        // Messages per second.
        sample.value = 1e9 / sample.value;
        sample
    }
}

/// Makes the questions, verifies the answers, and times the round trips.
pub struct Trips {
    source: Source,
    size: usize,
    warm_up: usize,
    since: Instant,
    /// Of all round trips, in nanoseconds.
    times: Vec<u64>,
}

impl Trips {
    pub fn of(side: &Side) -> Self {
        let times = Vec::with_capacity((side.warm_up() + side.operations) as usize);
        let warm_up = side.warm_up() as usize;
        let (source, size) = (Source::of(side), side.wire.size);
        Self { source, size, warm_up, since: Instant::now(), times }
    }

    /// The body of the next question.
    pub fn next(&mut self) -> Option<&[u8]> {
        let next = self.source.next();
        self.since = Instant::now();
        next
    }

    /// The answer is here.
    pub fn answered(&mut self, body: &[u8]) {
        self.times.push(self.since.elapsed().as_nanos() as u64);
        verify(body, self.times.len() as u64 - 1, self.size);
    }

    pub fn sample(mut self) -> Sample {
        let sample = self.source.sample();
        let measured = &mut self.times[self.warm_up..];
        measured.sort_unstable();
        sample.also("p50", of_thousand(measured, 500)).also("p99", of_thousand(measured, 990))
    }
}

/// Says when the warm-up is over, and when all of it is.
struct Phases {
    operations: u64,
    /// The number at which the phase changes.
    until: u64,
    end: u64,
    meter: Option<Meter>,
}

impl Phases {
    fn of(side: &Side) -> Self {
        let (operations, until) = (side.operations, side.warm_up());
        Self { operations, until, end: until + operations, meter: None }
    }

    /// With so many messages behind: whether there are more to come.
    fn pass(&mut self, done: u64) -> bool {
        done < self.until || self.change()
    }

    #[cold]
    fn change(&mut self) -> bool {
        let goes_on = self.until < self.end;
        if goes_on {
            self.until = self.end;
            self.meter = Some(Meter::start());
        }
        goes_on
    }

    fn stop(self) -> Sample {
        self.meter.expect("a measurement that has begun").stop(self.operations)
    }
}

fn verify(body: &[u8], due: u64, size: usize) {
    assert_eq!(body.len(), size, "octets of message {due}");
    let number = body[..8].try_into().map(u64::from_le_bytes).expect("eight octets");
    assert_eq!(number, due, "the number of the message that is here, and of the one that is due");
}

/// Tells the harness where the other process can connect to.
pub fn told(endpoint: &str) {
    say(&format!("at {endpoint}"));
}

/// Tells the harness what was found.
pub fn found(sample: &Sample) {
    say(&serde_json::to_string(sample).expect("plain figures"));
}

/// Any panic, also one of a library's thread, ends this process, and tells the harness why.
pub fn tell_of_panics() {
    std::panic::set_hook(Box::new(|panic| {
        say(&format!("failed {}", panic.to_string().replace('\n', " ")));
        std::process::exit(101);
    }));
}

/// Waits until the harness says that the other process needs this one no more.
pub async fn over() {
    let (tell, end) = tokio::sync::oneshot::channel();
    thread::spawn(move || {
        over_blocking();
        let _ = tell.send(());
    });
    end.await.expect("the thread that reads");
}

/// The same for a thread.
pub fn over_blocking() {
    let mut nothing = Vec::new();
    std::io::stdin().read_to_end(&mut nothing).expect("standard input");
}

fn say(line: &str) {
    let mut output = std::io::stdout().lock();
    // Without a harness there is nobody to tell.
    let _ = writeln!(output, "{line}").and_then(|()| output.flush());
}

#[cfg(test)]
mod tests {
    use super::{Part, Side, Sink, Source};
    use crate::workload::wire::Wire;

    fn side(part: Part) -> Side {
        Side { part, wire: Wire::ALL[0], operations: 100, endpoint: String::new() }
    }

    #[test]
    fn what_the_source_makes_the_sink_takes_to_the_last() {
        let (mut source, mut sink) = (Source::of(&side(Part::Push)), Sink::of(&side(Part::Pull)));
        let mut taken = 0;
        while let Some(body) = source.next() {
            taken += 1;
            assert_eq!(sink.take(body), taken < 110, "a tenth of them before the measurement");
        }
        assert_eq!(taken, 110);
        assert!(sink.sample().value > 0.0);
        assert!(source.sample().cpu_ns >= 0.0);
    }

    #[test]
    #[should_panic(expected = "the one that is due")]
    fn a_lost_message_is_noticed() {
        let (mut source, mut sink) = (Source::of(&side(Part::Push)), Sink::of(&side(Part::Pull)));
        source.next();
        sink.take(source.next().unwrap());
    }

    #[test]
    #[should_panic(expected = "octets of message 0")]
    fn a_cut_message_is_noticed() {
        let (mut source, mut sink) = (Source::of(&side(Part::Push)), Sink::of(&side(Part::Pull)));
        sink.take(&source.next().unwrap()[..15]);
    }
}
