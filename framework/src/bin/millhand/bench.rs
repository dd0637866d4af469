//! `millhand bench`: how fast, and how long.
//!
//! Every message has the size that both sides were given; one of another size ends the measurement, for
//! then they do not measure the same.

mod latency;

mod throughput;

use std::time::Duration;

use millhand::net::{Multipart, Options};

use crate::arguments::{Bench, Measurement, Side};
use crate::failure::Failure;

/// Runs the command.
pub(crate) async fn run(bench: Bench) -> Result<(), Failure> {
    match bench {
        Bench::Thr(measurement) if measurement.side == Side::Bind => {
            throughput::receive(&measurement).await
        }
        Bench::Thr(measurement) => throughput::send(&measurement).await,
        Bench::Lat(measurement) if measurement.side == Side::Bind => {
            latency::answer(&measurement).await
        }
        Bench::Lat(measurement) => latency::ask(&measurement).await,
    }
}

impl Measurement {
    fn options(&self) -> Result<Options, Failure> {
        /// The rest of a message: what REQ and REP put before it.
        const ENVELOPE: u64 = 64;
        /// What was sent is waited for, however long it takes: else it would not have been measured.
        const LINGER: Duration = Duration::from_secs(365 * 24 * 60 * 60);
        let options = Options::new().linger(LINGER);
        let options = match u64::from(self.size) + ENVELOPE {
            longest if longest > 64 << 20 => options.longest_message(longest),
            _ => options,
        };
        self.security.apply(options)
    }

    /// One of the messages.
    fn message(&self) -> Multipart {
        vec![0; self.size as usize].into()
    }

    fn check(&self, message: &Multipart) -> Result<(), Failure> {
        let (octets, size) = (message.octets(), self.size);
        if octets == size as usize {
            return Ok(());
        }
        Err(Failure::failed(format!("a message of {octets} octets came, not {size}")))
    }
}

/// Makes a socket, and binds or connects it.
macro_rules! place {
    ($socket:ident, $measurement:expr) => {{
        let measurement: &Measurement = $measurement;
        let socket = $socket::new(measurement.options()?).map_err(Failure::usage)?;
        if measurement.side == Side::Bind {
            let bound = socket.also_bind(&measurement.endpoint).await.map_err(Failure::bind)?;
            say(format_args!("bound {bound}"));
        } else {
            socket.also_connect(&measurement.endpoint).await.map_err(Failure::usage)?;
        }
        socket
    }};
}

use place;

/// Prints the one line.
fn print(line: &str) -> Result<(), Failure> {
    use std::io::{ErrorKind, Write};
    let mut output = std::io::stdout().lock();
    match output.write_all(format!("{line}\n").as_bytes()).and_then(|()| output.flush()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Err(Failure::Quiet),
        Err(error) => Err(Failure::failed(format!("cannot write standard output: {error}"))),
        Ok(()) => Ok(()),
    }
}
