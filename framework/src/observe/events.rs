//! The library's `tracing` events, all in one place because their names and fields are an interface.
//!
//! Target `millhand`. Each event has the field `event`, its name, and `worker` or `supervisor`, a path:
//!
//! | event | level | further fields |
//! |---|---|---|
//! | `worker.exited` | INFO if normal, else WARN | `reason`, `fruitful` |
//! | `worker.restarting` | INFO | `delay_ms` |
//! | `worker.killed` | WARN | |
//! | `worker.hook_panicked` | ERROR | `reason` |
//! | `message.lost` | WARN | `crashes`, `reason` |
//! | `message.dropped` | DEBUG | `overflow` |
//! | `drop.panicked` | ERROR | `reason` (no `worker`) |
//! | `supervisor.escalated` | ERROR | `reason` |
//! | `system.started`, `system.stopped` | INFO | `system` |
//! | `system.abandoned` | ERROR | `system`, `workers` |

//!
//! A subscriber that panics keeps nobody from going on. A supervisor's decisions are reported while it decides: a subscriber must not call back into the
//! system (sending a message is fine, `System::counters` is not).

use std::time::Duration;

use tracing::{debug, error, info, warn};

use crate::actor::exit::ExitReason;
use crate::actor::worker::Overflow;
use crate::contain::contain;

const MILLHAND: &str = "millhand";

pub(crate) fn worker_exited(worker: &str, reason: &ExitReason, fruitful: bool) {
    if reason.is_normal() {
        contain(|| info!(target: MILLHAND, event = "worker.exited", worker, %reason, fruitful));
    } else {
        contain(|| warn!(target: MILLHAND, event = "worker.exited", worker, %reason, fruitful));
    }
}

pub(crate) fn worker_restarting(worker: &str, delay: Duration) {
    let delay_ms = delay.as_millis() as u64;
    contain(|| info!(target: MILLHAND, event = "worker.restarting", worker, delay_ms));
}

pub(crate) fn worker_killed(worker: &str) {
    contain(|| warn!(target: MILLHAND, event = "worker.killed", worker));
}

pub(crate) fn stopped_hook_panicked(worker: &str, reason: &ExitReason) {
    contain(|| error!(target: MILLHAND, event = "worker.hook_panicked", worker, %reason));
}

pub(crate) fn message_lost(worker: &str, crashes: u32, reason: &ExitReason) {
    contain(|| warn!(target: MILLHAND, event = "message.lost", worker, crashes, %reason));
}

pub(crate) fn message_dropped(worker: &str, overflow: Overflow) {
    contain(|| debug!(target: MILLHAND, event = "message.dropped", worker, ?overflow));
}

pub(crate) fn drop_panicked(reason: &ExitReason) {
    contain(|| error!(target: MILLHAND, event = "drop.panicked", %reason));
}

pub(crate) fn supervisor_escalated(supervisor: &str, reason: &ExitReason) {
    contain(|| error!(target: MILLHAND, event = "supervisor.escalated", supervisor, %reason));
}

pub(crate) fn system_started(system: &str) {
    contain(|| info!(target: MILLHAND, event = "system.started", system));
}

pub(crate) fn system_stopped(system: &str) {
    contain(|| info!(target: MILLHAND, event = "system.stopped", system));
}

pub(crate) fn system_abandoned(system: &str, workers: &[String]) {
    contain(|| error!(target: MILLHAND, event = "system.abandoned", system, ?workers));
}
