//! Workers with nothing to do, and what that costs.

use std::time::{Duration, Instant};

use super::pause::pause;
use crate::meter::{Meter, Sample};
use crate::suite::Plan;

/// Idle workers; the control has only what runs them.
pub const IDLE: u64 = 10_000;

/// What comes to rest after the last message is not idling.
const SETTLING: Duration = Duration::from_millis(500);

/// CPU time per second, from now on.
pub async fn idle(plan: Plan) -> Sample {
    pause(SETTLING).await;
    let (meter, start) = (Meter::start(), Instant::now());
    pause(Duration::from_millis(plan.operations)).await;
    let spent = meter.stop_with(0.0, 1).cpu_ns / start.elapsed().as_secs_f64();
    Sample::new(spent, spent)
}
