//! Whether anything still happens.

use std::cell::Cell;
use std::future::pending;
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use crate::failure::Failure;

/// When something happened last.
pub(crate) struct Progress {
    last: Cell<Instant>,
    timeout: Option<Duration>,
}

impl Progress {
    pub(crate) fn new(timeout: Option<Duration>) -> Progress {
        Progress { last: Cell::new(Instant::now()), timeout }
    }

    /// Something was sent or received.
    pub(crate) fn made(&self) {
        self.last.set(Instant::now());
    }

    /// Waits until nothing has happened for too long. Never, if nothing is too long.
    pub(crate) async fn stalled(&self) -> Failure {
        let Some(timeout) = self.timeout else { return pending().await };
        // Longer than tokio's clock goes is for ever.
        while let Some(due) = self.last.get().checked_add(timeout) {
            if Instant::now() >= due {
                return Failure::failed(format!("nothing was sent or received for {timeout:?}"));
            }
            sleep_until(due).await;
        }
        pending().await
    }
}
