//! Memory: what a message costs of the heap, and what stays on it in the long run.

/// The allocator.
mod counter;

mod growth;
mod messages;

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

/// Longer than any of these tests takes.
const PATIENCE: Duration = Duration::from_secs(300);

/// Runs a body while no other is measured, on a thread of its own, so that a hang is a failure.
fn guarded<T: Send + 'static>(body: impl FnOnce() -> T + Send + 'static) -> T {
    let (done, finished) = mpsc::channel();
    thread::spawn(move || {
        let _alone = counter::alone();
        // Nobody listens any more when patience has ended.
        let _ = done.send(catch_unwind(AssertUnwindSafe(body)));
    });
    match finished.recv_timeout(PATIENCE) {
        Ok(Ok(value)) => value,
        Ok(Err(panic)) => resume_unwind(panic),
        Err(_) => panic!("hangs"),
    }
}
