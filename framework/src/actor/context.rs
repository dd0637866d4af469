//! What a handler can do besides changing its worker's state.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use crate::actor::address::Address;
use crate::actor::cell::Core;
use crate::actor::message::Message;
use crate::actor::orders::Order;
use crate::actor::worker::{Accepts, Worker};
use crate::time::{Alarm, AlarmKey, after};

/// A handler's view of its own worker: its address, its timers, its wish to stop.
///
/// It belongs to one incarnation. If that incarnation is abandoned (see
/// [`ExitReason::Abandoned`](crate::ExitReason::Abandoned)), its context loses its effect.
pub struct Context<W: Worker> {
    core: Arc<Core<W>>,
    generation: u32,
    attempt: u32,
    stopping: bool,
    timers: Option<Box<Timers<W>>>,
}

/// Timers of one incarnation, soonest first. They wake the worker through the control lane, so they
/// neither wait for room in the mailbox nor take any.
struct Timers<W: Worker> {
    next_number: u64,
    set: BTreeMap<(Instant, u64), Due<W>>,
    /// When each is due, by its number.
    due: BTreeMap<u64, Instant>,
    /// Those that were due then are being handled.
    until: Option<Instant>,
    /// The alarm for the earliest of them.
    armed: Option<(Instant, AlarmKey)>,
}

impl<W: Worker> Timers<W> {
    fn insert(&mut self, due: Instant, number: u64, what: Due<W>) {
        self.set.insert((due, number), what);
        self.due.insert(number, due);
    }
}

enum Due<W: Worker> {
    Once(W::Inbox),
    Every { period: Duration, make: Box<dyn FnMut() -> W::Inbox + Send> },
}

/// Names a timer, to cancel it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct TimerId {
    number: u64,
    /// A number of an earlier life names nothing in this one.
    generation: u32,
}

impl<W: Worker> Context<W> {
    pub(crate) fn new(core: Arc<Core<W>>, generation: u32) -> Self {
        Self { core, generation, attempt: 1, stopping: false, timers: None }
    }

    /// The worker's own address.
    pub fn address(&self) -> Address<W> {
        Address::local(Arc::clone(&self.core))
    }

    /// The worker's path in the supervision tree.
    pub fn path(&self) -> &str {
        self.core.path()
    }

    /// Which attempt at the message in hand this is: 1, or more after crashes with
    /// `#[worker(on_crash = retry(n))]`.
    pub fn attempt(&self) -> u32 {
        self.attempt
    }

    /// Ends this incarnation after the message in hand, with the reason
    /// [`Normal`](crate::ExitReason::Normal). A permanent worker is started again; a transient or
    /// temporary one ends for good, and what is left in its mailbox is given up.
    pub fn stop(&mut self) {
        self.stopping = true;
    }

    /// Whether this incarnation has lost its rights because it did not return in time. A handler that
    /// does long work without an `await` can look from time to time, and return.
    pub fn is_abandoned(&self) -> bool {
        self.core.generation() != self.generation
    }

    /// Handles `message` once, after `delay`. Timers end with the incarnation; a due timer goes before
    /// the messages in the mailbox, as long as a message gets its turn now and then. Resolution: 1 ms.
    pub fn after<M: Message>(&mut self, delay: Duration, message: M) -> TimerId
    where
        W: Accepts<M>,
    {
        self.set_timer(after(delay), Due::Once(W::wrap(message)))
    }

    /// Handles a clone of `message` every `period`, the first after one period. If the worker is late,
    /// it skips the missed ones and keeps the rhythm. A period below 1 ms is taken as 1 ms.
    pub fn every<M: Message + Clone>(&mut self, period: Duration, message: M) -> TimerId
    where
        W: Accepts<M>,
    {
        let period = period.max(Duration::from_millis(1));
        let make = Box::new(move || W::wrap(message.clone()));
        self.set_timer(after(period), Due::Every { period, make })
    }

    /// Cancels a timer. True: it was still set.
    pub fn cancel(&mut self, timer: TimerId) -> bool {
        if timer.generation != self.generation {
            return false;
        }
        let Some(timers) = &mut self.timers else {
            return false;
        };
        let due = timers.due.remove(&timer.number);
        due.is_some_and(|due| timers.set.remove(&(due, timer.number)).is_some())
    }

    fn set_timer(&mut self, due: Instant, what: Due<W>) -> TimerId {
        let timers = self.timers.get_or_insert_with(|| {
            Box::new(Timers {
                next_number: 0,
                set: BTreeMap::new(),
                due: BTreeMap::new(),
                until: None,
                armed: None,
            })
        });
        let number = timers.next_number;
        timers.next_number += 1;
        timers.insert(due, number, what);
        self.arm();
        TimerId { number, generation: self.generation }
    }

    /// Sets the alarm for the earliest timer, if it is not set already.
    fn arm(&mut self) {
        if self.is_abandoned() {
            return;
        }
        let Some(timers) = &mut self.timers else {
            return;
        };
        let Some((&(due, _), _)) = timers.set.first_key_value() else {
            return;
        };
        let alarms = &self.core.header.dispatcher().alarms;
        if let Some((armed, key)) = timers.armed {
            if armed <= due {
                return;
            }
            alarms.cancel(key);
        }
        let worker = Arc::downgrade(&self.core);
        let ring = move || {
            if let Some(worker) = worker.upgrade() {
                worker.header.order(Order::Timer);
            }
        };
        timers.armed = Some((due, alarms.set(due, Alarm::Call(Box::new(ring)))));
    }

    /// The timers that are due now are about to be handled.
    pub(crate) fn begin_timers(&mut self) {
        if let Some(timers) = &mut self.timers {
            timers.until = Some(Instant::now());
        }
    }

    /// The message of one of those timers; `None` when there are no more.
    pub(crate) fn due_timer(&mut self) -> Option<W::Inbox> {
        let timers = self.timers.as_mut()?;
        let until = timers.until?;
        let now = Instant::now();
        if timers.armed.is_some_and(|(armed, _)| armed <= now) {
            timers.armed = None;
        }
        let is_due = timers.set.first_key_value().is_some_and(|((due, _), _)| *due <= until);
        let first = if is_due { timers.set.pop_first() } else { None };
        let inbox = first.map(|((due, number), what)| match what {
            Due::Once(inbox) => {
                timers.due.remove(&number);
                inbox
            }
            Due::Every { period, mut make } => {
                let inbox = make();
                let late = now.duration_since(due).as_nanos() / period.as_nanos();
                let skip = u32::try_from(late).unwrap_or(u32::MAX).saturating_add(1);
                timers.insert(due + period * skip, number, Due::Every { period, make });
                inbox
            }
        });
        self.arm();
        inbox
    }

    pub(crate) fn set_attempt(&mut self, attempt: u32) {
        self.attempt = attempt;
    }

    pub(crate) fn wants_to_stop(&self) -> bool {
        self.stopping
    }
}

impl<W: Worker> Drop for Context<W> {
    fn drop(&mut self) {
        if let Some((_, key)) = self.timers.as_ref().and_then(|timers| timers.armed) {
            self.core.header.dispatcher().alarms.cancel(key);
        }
    }
}

impl<W: Worker> fmt::Debug for Context<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Context({})", self.path())
    }
}
