//! What a supervisor can do to a child, be it a worker or another supervisor.

use std::any::Any;
use std::sync::{Arc, Weak};
use std::time::Duration;

use crate::actor::cell::{Core, FIRST_GENERATION, Runnable};
use crate::actor::orders::Order;
use crate::actor::supervisor::SupervisorCore;
use crate::actor::supervisor::event::{ChildId, Event};
use crate::actor::worker::Worker;
use crate::observe::counters::Counters;
use crate::time::Alarm;

/// A child. All methods return at once; what they set going is reported to the parent.
pub(crate) trait Child: Send + Sync {
    /// As what it is.
    fn into_any(self: Arc<Self>) -> Arc<dyn Any + Send + Sync>;

    fn path(&self) -> &str;

    /// It is its supervisor's child of this number from now on.
    fn adopted(&self, id: ChildId);

    /// Begins an incarnation. What it returns is to be run, or scheduled.
    #[must_use]
    fn start(&self) -> Option<Runnable>;

    /// Ends the incarnation and keeps the mailbox for the next.
    fn halt(&self);

    /// Handles what is in the mailbox, then ends the incarnation.
    fn drain(&self);

    /// Ends the incarnation where it is suspended, or abandons it after the kill grace.
    fn kill(&self);

    /// Abandons what was killed and has not returned, without waiting for the grace to end.
    fn abandon(&self);

    /// Without an incarnation: ends for good.
    fn retire(&self);

    /// The workers below this child, itself included if it is one: path and counters.
    fn workers(&self, into: &mut Vec<(String, Counters)>);

    /// The system ends without it: closes the mailbox, so that nobody waits for it.
    fn leave_behind(&self);

    /// How many messages it has lost or given up so far, if it is a worker.
    fn losses(&self) -> Option<u64>;

    /// No driver will run it, because the runtime is gone or it will never be started: ends all that is
    /// below, on this thread.
    fn extinguish(&self);
}

/// How often the watchdog looks again at a killed worker that could not be abandoned, because it was
/// not inside user code just then.
const ABANDON_AGAIN: Duration = Duration::from_millis(10);

impl<W: Worker> Child for Core<W> {
    fn into_any(self: Arc<Self>) -> Arc<dyn Any + Send + Sync> {
        self
    }

    fn path(&self) -> &str {
        self.path()
    }

    fn adopted(&self, id: ChildId) {
        Core::adopted(self, id);
    }

    fn start(&self) -> Option<Runnable> {
        if self.generation() != FIRST_GENERATION {
            self.mishaps().restarted();
        }
        self.header.order_in_hand(Order::Start)
    }

    fn halt(&self) {
        self.header.order(Order::Halt);
    }

    fn drain(&self) {
        self.header.order(Order::Drain);
    }

    fn kill(&self) {
        // Before the order, which may end it at once.
        let generation = self.generation();
        self.header.order(Order::Kill);
        let grace = self.header.dispatcher().kill_grace;
        abandon_after(grace, self.weak(), generation);
    }

    fn abandon(&self) {
        Core::abandon(self, self.generation());
    }

    fn retire(&self) {
        self.header.order(Order::Retire);
    }

    fn workers(&self, into: &mut Vec<(String, Counters)>) {
        into.push((self.path().to_owned(), self.counters()));
    }

    fn leave_behind(&self) {
        self.header.word.close();
        self.mailbox.waiters.call_all();
    }

    fn losses(&self) -> Option<u64> {
        let counters = self.counters();
        Some(counters.lost + counters.dropped)
    }

    fn extinguish(&self) {
        self.extinguish_here();
    }
}

/// Abandons this generation after a while, unless it has ended by then.
fn abandon_after<W: Worker>(delay: Duration, worker: Weak<Core<W>>, generation: u32) {
    let Some(core) = worker.upgrade() else { return };
    core.header.dispatcher().watchdog.appoint(
        delay,
        Alarm::call(move || {
            if let Some(core) = worker.upgrade()
                && core.generation() == generation
                && core.header.orders.has(Order::Kill)
                && !core.abandon(generation)
            {
                abandon_after(ABANDON_AGAIN, worker, generation);
            }
        }),
    );
}

impl Child for SupervisorCore {
    fn into_any(self: Arc<Self>) -> Arc<dyn Any + Send + Sync> {
        self
    }

    fn path(&self) -> &str {
        self.path()
    }

    fn adopted(&self, id: ChildId) {
        SupervisorCore::adopted(self, id);
    }

    fn start(&self) -> Option<Runnable> {
        self.handle(Event::Start);
        None
    }

    fn halt(&self) {
        self.handle(Event::Halt);
    }

    /// A supervisor drains child by child, and retires each before the one that was started earlier.
    fn drain(&self) {
        self.handle(Event::Retire);
    }

    fn kill(&self) {
        self.handle(Event::Kill);
    }

    fn abandon(&self) {
        for child in self.children() {
            child.abandon();
        }
    }

    fn retire(&self) {
        self.handle(Event::Retire);
    }

    fn workers(&self, into: &mut Vec<(String, Counters)>) {
        for child in self.children().into_iter().rev() {
            child.workers(into);
        }
    }

    fn leave_behind(&self) {
        for child in self.children() {
            child.leave_behind();
        }
    }

    fn losses(&self) -> Option<u64> {
        None
    }

    fn extinguish(&self) {
        for child in self.children() {
            child.extinguish();
        }
    }
}
