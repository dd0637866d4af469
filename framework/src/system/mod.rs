//! The system: the tree of workers, the dispatcher under it, and the way in and out of both.
//!
//! This is the only part that knows all the others. [`builder`] starts a system, [`tree`] puts workers,
//! pools and supervisors into it, [`registry`] keeps their names, [`shutdown`] takes it down.

pub(crate) mod builder;

pub(crate) mod tree;

pub(crate) mod registry;

pub(crate) mod shutdown;

pub(crate) mod error;

use std::fmt;
use std::sync::{Arc, Weak};
use std::time::Duration;

use tokio::sync::watch;

use crate::actor::address::Address;
use crate::actor::cell::Parent;
use crate::actor::dispatcher::Dispatcher;
use crate::actor::exit::ExitReason;
use crate::actor::supervisor::SupervisorCore;
use crate::actor::supervisor::child::Child;
use crate::actor::supervisor::event::Event;
use crate::actor::worker::Worker;
use crate::observe::counters::Counters;
use crate::observe::events;
use crate::sync::{Mutex, lock};
use builder::SystemBuilder;
use registry::Registry;

/// A running system. Cheap to clone; when the last clone is dropped without
/// [`shutdown`](System::shutdown), every worker is killed, and what is in the mailboxes is given up.
///
/// A worker whose state, or whose constructor, holds a clone keeps its own system alive: then only
/// `shutdown` ends it. Let workers hold an [`Address`] of whom they send to, or a
/// [`Supervisor`](crate::Supervisor) to start others under: neither keeps the system alive.
#[derive(Clone)]
pub struct System {
    owner: Arc<Owner>,
}

/// What all parts of a system share.
pub(crate) struct Shared {
    pub(crate) name: Arc<str>,
    pub(crate) dispatcher: Arc<Dispatcher>,
    pub(crate) registry: Arc<Registry>,
    pub(crate) root: Arc<SupervisorCore>,
    pub(crate) shutdown_deadline: Duration,
    pub(crate) end: Arc<End>,
}

/// How a system ends. The root supervisor reports here; it must find it even when nobody holds the
/// system any more.
pub(crate) struct End {
    name: Arc<str>,
    dispatcher: Arc<Dispatcher>,
    root: Weak<SupervisorCore>,
    /// Why the system is stopping, if it was not asked to.
    failure: Mutex<Option<ExitReason>>,
    /// Why the system has ended, once it has.
    ended: watch::Sender<Option<ExitReason>>,
}

/// Ends the system when nobody can any more.
struct Owner {
    shared: Arc<Shared>,
}

impl System {
    /// Begins to build a system. The name appears in events and reasons.
    pub fn builder(name: impl Into<String>) -> SystemBuilder {
        SystemBuilder::new(name.into())
    }

    pub(crate) fn new(shared: Shared) -> Self {
        Self { owner: Arc::new(Owner { shared: Arc::new(shared) }) }
    }

    pub(crate) fn shared(&self) -> &Arc<Shared> {
        &self.owner.shared
    }

    /// The system's name.
    pub fn name(&self) -> &str {
        &self.shared().name
    }

    /// Finds a worker by its path: `"collector"`, or `"pipeline/hashers/3"`. `None` if there is none, or
    /// if it is of another type.
    pub fn lookup<W: Worker>(&self, path: &str) -> Option<Address<W>> {
        self.shared().registry.lookup(path)
    }

    /// All workers, in the order in which they were started, with what they have done so far.
    pub fn counters(&self) -> Vec<(String, Counters)> {
        let mut workers = Vec::new();
        self.shared().root.workers(&mut workers);
        workers
    }

    /// Waits until the system has ended: after a shutdown ([`ExitReason::Shutdown`]), or because its
    /// outermost supervisor gave up ([`ExitReason::Escalated`]).
    ///
    /// # Cancel safety
    ///
    /// Safe to drop and call again.
    pub async fn stopped(&self) -> ExitReason {
        self.shared().end.ended().await
    }
}

impl End {
    pub(crate) fn new(
        name: Arc<str>,
        dispatcher: Arc<Dispatcher>,
        root: &Arc<SupervisorCore>,
    ) -> Self {
        Self {
            name,
            dispatcher,
            root: Arc::downgrade(root),
            failure: Mutex::new(None),
            ended: watch::Sender::new(None),
        }
    }

    pub(crate) async fn ended(&self) -> ExitReason {
        let mut ended = self.ended.subscribe();
        match ended.wait_for(Option::is_some).await {
            Ok(reason) => reason.clone().unwrap_or(ExitReason::Shutdown),
            Err(_) => ExitReason::Shutdown,
        }
    }

    pub(crate) fn has_ended(&self) -> bool {
        self.ended.borrow().is_some()
    }

    /// The system is over: the drivers finish, and whoever waits for the end learns of it.
    pub(crate) fn end(&self) {
        let reason = lock(&self.failure).take().unwrap_or(ExitReason::Shutdown);
        self.dispatcher.end();
        let first = self.ended.send_if_modified(|ended| {
            let first = ended.is_none();
            ended.get_or_insert(reason);
            first
        });
        if first {
            events::system_stopped(&self.name);
        }
    }

    /// No driver is left, because the runtime was dropped: nothing will run again, so everything that
    /// waits for something must fail now.
    pub(crate) fn runtime_gone(&self) {
        self.dispatcher.before_clearing(|| {
            if let Some(root) = self.root.upgrade() {
                root.extinguish();
                root.handle(Event::Retire);
                root.handle(Event::Kill);
            }
        });
        self.dispatcher.clear_queues();
        self.end();
    }
}

impl Parent for End {
    fn child_started(&self, _child: usize) {}

    /// The root gave up: there is nobody above it to restart it, so the system ends.
    fn child_exited(&self, _child: usize, reason: ExitReason, _fruitful: bool) {
        lock(&self.failure).get_or_insert(reason);
        if let Some(root) = self.root.upgrade() {
            root.handle(Event::Retire);
        }
    }

    fn child_gone(&self, _child: usize) {
        self.end();
    }
}

impl Drop for Owner {
    fn drop(&mut self) {
        let root = &self.shared.root;
        root.handle(Event::Retire);
        root.handle(Event::Kill);
    }
}

impl fmt::Debug for System {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "System({})", self.name())
    }
}
