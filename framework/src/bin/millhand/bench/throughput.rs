//! Messages per second, from PUSH to PULL.

use millhand::net::{PullSocket, PushSocket};

use super::{place, print};
use crate::arguments::{Measurement, Side};
use crate::clock::{Moment, Span};
use crate::failure::{Failure, say};

/// The side that binds.
pub(super) async fn receive(measurement: &Measurement) -> Result<(), Failure> {
    let pull = place!(PullSocket, measurement);
    measurement.check(&pull.recv().await.map_err(Failure::failed)?)?;
    // The first message only starts the clock.
    let start = Moment::now();
    for _ in 1..measurement.count {
        measurement.check(&pull.recv().await.map_err(Failure::failed)?)?;
    }
    let span = start.span();
    print(&line("received", measurement, measurement.count - 1, &span))
}

/// The side that connects.
pub(super) async fn send(measurement: &Measurement) -> Result<(), Failure> {
    let push = place!(PushSocket, measurement);
    let message = measurement.message();
    let start = Moment::now();
    for _ in 0..measurement.count {
        push.send(message.clone()).await.map_err(Failure::failed)?;
    }
    push.close().await;
    let span = start.span();
    print(&line("sent", measurement, measurement.count, &span))
}

/// `measured` messages passed in `span`.
fn line(verb: &str, measurement: &Measurement, measured: u64, span: &Span) -> String {
    let (count, size) = (measurement.count, measurement.size);
    let seconds = span.time.as_secs_f64();
    // A single message has no rate.
    let rate = if measured == 0 || seconds == 0.0 { 0.0 } else { measured as f64 / seconds };
    let megabytes = rate * f64::from(size) / 1e6;
    let processor = match span.processor {
        Some(time) => format!("{:.3} µs", time.as_secs_f64() * 1e6 / measured.max(1) as f64),
        None => "an unknown time".to_owned(),
    };
    format!(
        "{verb} {count} messages of {size} octets: {rate:.0} messages/s, {megabytes:.1} MB/s, \
         {processor} of processor per message"
    )
}
