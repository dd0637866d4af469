//! Taking a system down: drain, stop in order, and be done by the deadline whatever happens.
//!
//! 1. The root supervisor stops its children in reverse order of their start. Each closes its mailbox,
//!    handles what is in it, and ends; only then is the one before it stopped, so that a worker's
//!    dependencies, which were started before it, outlive it.
//! 2. One kill grace before the deadline (at half time, if that is later), patience ends: whatever is
//!    left is killed. Those that lose a message by that, or by the end of their own time, are named.
//! 3. An eighth of that before the deadline, handlers that have not returned are abandoned.
//! 4. At the deadline, what has still not ended is named and left behind: its mailbox is closed, whoever
//!    waits for it fails, and it is ended as far as that is possible without its thread.
//!
//! The runtime's timers drive this, and the watchdog's thread as well: if every thread of the runtime is
//! stuck in a handler, no timer fires.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use crate::actor::supervisor::child::Child;
use crate::actor::supervisor::event::Event;
use crate::observe::events;
use crate::system::error::ShutdownError;
use crate::system::{Shared, System};
use crate::time::{Alarm, after};

impl System {
    /// Drains and stops all workers, in reverse order of their start, and ends the system.
    ///
    /// Returns by the system's [`shutdown_deadline`](crate::SystemBuilder::shutdown_deadline) in any
    /// case, as long as one thread can run the caller. Calling it again, or on another clone, waits for
    /// the same end.
    ///
    /// # Errors
    ///
    /// [`ShutdownError`] names the workers that were killed with work left, because their time or the
    /// system's ran out, and those that did not end even then. (The runtime waits for its threads when it
    /// is dropped; if any was abandoned, use `Runtime::shutdown_background` or `std::process::exit`.)
    ///
    /// # Cancel safety
    ///
    /// The shutdown goes on when the future is dropped.
    pub async fn shutdown(&self) -> Result<(), ShutdownError> {
        self.shutdown_within(self.shared().shutdown_deadline).await
    }

    /// As [`shutdown`](Self::shutdown), with a deadline of its own.
    ///
    /// # Errors
    ///
    /// As for `shutdown`.
    ///
    /// # Cancel safety
    ///
    /// As for `shutdown`.
    pub async fn shutdown_within(&self, deadline: Duration) -> Result<(), ShutdownError> {
        let shared = self.shared();
        shared.registry.begin_shutdown();
        shared.root.handle(Event::Retire);
        let grace = shared.dispatcher.kill_grace.min(deadline / 2);
        let patience = deadline - grace;
        at(shared, patience, |shared| shared.root.handle(Event::Kill));
        // A little before the end, so that there is time for the rest when the stuck are given up.
        at(shared, deadline - grace / 8, |shared| shared.root.abandon());
        at(shared, deadline, |shared| shared.give_up());
        shared.end.ended().await;
        let abandoned = shared.dispatcher.abandoned();
        let mut killed = shared.registry.cut_short();
        killed.retain(|path| !abandoned.contains(path));
        if !abandoned.is_empty() {
            events::system_abandoned(&shared.name, &abandoned);
        }
        if abandoned.is_empty() && killed.is_empty() {
            return Ok(());
        }
        Err(ShutdownError { abandoned, killed })
    }
}

/// Does something after a while of the runtime's time, or of real time if the runtime is stuck.
fn at(shared: &Arc<Shared>, delay: Duration, act: fn(&Shared)) {
    let weak = Arc::downgrade(shared);
    let ring = move || {
        if let Some(shared) = weak.upgrade() {
            act(&shared);
        }
    };
    shared.dispatcher.alarms.set(after(delay), Alarm::Call(Box::new(ring.clone())));
    shared.dispatcher.watchdog.appoint(delay, Alarm::call(ring));
}

impl Shared {
    /// The deadline has come: names what is left, and ends the system without it.
    fn give_up(&self) {
        if self.end.has_ended() {
            return;
        }
        let mut left = Vec::new();
        self.root.workers(&mut left);
        for (path, _) in left.iter().rev() {
            self.dispatcher.note_abandoned(path);
        }
        self.root.leave_behind();
        self.end.end();
        // What is called to end the rest is user code, which may block: nobody waits for it.
        let dispatcher = Arc::clone(&self.dispatcher);
        // Without a thread for it, the rest stays as it is.
        let thread = thread::Builder::new().name("millhand-end".into());
        drop(thread.spawn(move || dispatcher.go_down()));
    }
}
