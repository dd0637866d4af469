//! Round trips, from REQ to REP and back.

use std::time::Instant;

use millhand::net::{RepSocket, ReqSocket};

use super::{place, print};
use crate::arguments::{Measurement, Side};
use crate::failure::{Failure, say};

/// The side that binds.
pub(super) async fn answer(measurement: &Measurement) -> Result<(), Failure> {
    let rep = place!(RepSocket, measurement);
    for _ in 0..measurement.count {
        let request = rep.recv().await.map_err(Failure::failed)?;
        measurement.check(&request)?;
        rep.send(request).await.map_err(Failure::failed)?;
    }
    rep.close().await;
    Ok(())
}

/// The side that connects.
pub(super) async fn ask(measurement: &Measurement) -> Result<(), Failure> {
    /// Room for so many times is made at once.
    const ROOM: u64 = 1 << 20;
    let req = place!(ReqSocket, measurement);
    let message = measurement.message();
    let mut times = Vec::with_capacity(measurement.count.min(ROOM) as usize);
    for _ in 0..measurement.count {
        let asked = Instant::now();
        req.send(message.clone()).await.map_err(Failure::failed)?;
        let reply = req.recv().await.map_err(Failure::failed)?;
        times.push(asked.elapsed().as_secs_f64() * 1e6);
        measurement.check(&reply)?;
    }
    times.sort_unstable_by(f64::total_cmp);
    let mean = times.iter().sum::<f64>() / times.len() as f64;
    let (count, size) = (measurement.count, measurement.size);
    print(&format!(
        "{count} round trips of {size} octets: mean {mean:.1} µs, p50 {:.1} µs, p99 {:.1} µs",
        rank(&times, 50),
        rank(&times, 99)
    ))
}

/// The smallest time that so many of a hundred do not exceed. 0 if there are none.
fn rank(sorted: &[f64], percent: usize) -> f64 {
    let rank = (sorted.len() * percent).div_ceil(100).max(1);
    sorted.get(rank - 1).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentile_is_a_time_that_was_measured() {
        let hundred: Vec<f64> = (1..=100).map(f64::from).collect();
        assert_eq!((rank(&hundred, 50), rank(&hundred, 99)), (50.0, 99.0));
        assert_eq!((rank(&[7.0], 50), rank(&[7.0], 99)), (7.0, 7.0));
        assert_eq!(rank(&[1.0, 2.0], 99), 2.0);
        assert_eq!(rank(&[], 50), 0.0);
    }
}
