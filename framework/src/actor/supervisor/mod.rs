//! Supervisors: who starts workers, restarts what fails, and stops them in order.
//!
//! [`policy`] is what a supervisor is told, [`event`] what happens to it, [`plan`] its decisions, [`child`] what it can do to a child.
//! This file carries decisions out.
//!
//! A supervisor has no task of its own. Whoever has news for it (the driver on which a child ended, the
//! timekeeper, a caller) puts the event into its line and, unless somebody is at it already, takes the
//! lock, asks the plan, and carries the actions out: so actions happen in the order in which they were
//! decided, and a child that answers an order at once does not wait for its own supervisor. Nobody
//! waits for that lock but those who add children or look at them.
//!
//! No user code runs under that lock, nor under the parent's or a child's that is taken meanwhile. What
//! would call some (a waker, the drop of a constructor, the end of a worker that no driver will run) is
//! left in [`LEFT`] until this thread has let go of the outermost.

pub(crate) mod child;

pub(crate) mod event;

pub(crate) mod plan;

pub(crate) mod policy;

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, OnceLock, TryLockError, Weak};

use child::Child;
use event::{Action, ChildId, ChildPolicy, Event, TimerNumber};
use plan::Plan;
use policy::{Backoff, Intensity, Strategy};
use tokio::sync::oneshot;
use tokio::time::Instant;

use crate::actor::cell::Parent;
use crate::actor::dispatcher::Dispatcher;
use crate::actor::exit::ExitReason;
use crate::contain::contain;
use crate::observe::events;
use crate::sync::{Mutex, MutexGuard, lock};
use crate::time::{Alarm, AlarmKey};

/// What a supervisor is declared with.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct SupervisorSpec {
    pub(crate) strategy: Strategy,
    pub(crate) intensity: Intensity,
    pub(crate) backoff: Backoff,
}

impl SupervisorSpec {
    pub(crate) fn validate(&self) -> Result<(), String> {
        self.intensity.validate()?;
        self.backoff.validate()
    }
}

/// Who keeps the names, and the record of a shutdown.
pub(crate) trait Registrar: Send + Sync {
    /// This child has ended for good.
    fn forget(&self, path: &Arc<str>);

    /// This worker lost something, because its time to end for good ran out.
    fn note_cut_short(&self, path: &Arc<str>);
}

/// How a start ended, for whoever waits for it.
pub(crate) type StartOutcome = Result<(), ExitReason>;

pub(crate) struct SupervisorCore {
    path: Arc<str>,
    registrar: Arc<dyn Registrar>,
    dispatcher: Arc<Dispatcher>,
    /// The clock of the plan counts from here.
    epoch: Instant,
    inner: Mutex<Inner>,
    /// Events that nobody has taken in yet.
    line: Mutex<VecDeque<Event>>,
    /// Itself, for timers and for its children.
    this: Weak<SupervisorCore>,
    parent: OnceLock<(Arc<dyn Parent>, ChildId)>,
}

struct Inner {
    plan: Plan,
    children: BTreeMap<ChildId, Entry>,
    next_id: ChildId,
    /// What is to be done once the lock is free.
    left: Vec<Left>,
}

/// What may call user code.
enum Left {
    /// A child that has ended, with what its constructor holds.
    Gone(Entry),
    /// Somebody waits for the outcome of a first start.
    Tell(oneshot::Sender<StartOutcome>, StartOutcome),
}

thread_local! {
    /// Supervisors whose lock this thread holds.
    static HELD: Cell<u32> = const { Cell::new(0) };

    static LEFT: RefCell<Vec<Left>> = const { RefCell::new(Vec::new()) };
}

struct Entry {
    child: Arc<dyn Child>,
    /// Waits for the first start.
    waiting: Option<oneshot::Sender<StartOutcome>>,
    /// Why there will be no further start. Who waits is told when the child is gone and its name free.
    given_up: Option<ExitReason>,
    /// Whether it has been told to start before.
    started_before: bool,
    /// The timer that was set for it last.
    timer: Option<AlarmKey>,
    /// What it had lost when its time to end ran out.
    losses_in_time: Option<u64>,
}

/// What is told to the parent.
enum Report {
    Started,
    Exited(ExitReason),
    Gone,
}

impl SupervisorCore {
    pub(crate) fn new(
        path: Arc<str>,
        spec: SupervisorSpec,
        registrar: Arc<dyn Registrar>,
        dispatcher: Arc<Dispatcher>,
    ) -> Arc<Self> {
        let plan = Plan::new(
            Arc::clone(&path),
            spec.strategy,
            spec.intensity,
            spec.backoff,
            fastrand::u64(..),
        );
        Arc::new_cyclic(|this| Self {
            path,
            registrar,
            dispatcher,
            epoch: Instant::now(),
            inner: Mutex::new(Inner {
                plan,
                children: BTreeMap::new(),
                next_id: 0,
                left: Vec::new(),
            }),
            line: Mutex::new(VecDeque::new()),
            this: this.clone(),
            parent: OnceLock::new(),
        })
    }

    pub(crate) fn set_parent(&self, parent: Arc<dyn Parent>, child: ChildId) {
        let _ = self.parent.set((parent, child));
    }

    pub(crate) fn path(&self) -> &Arc<str> {
        &self.path
    }

    fn shared(&self) -> Arc<Self> {
        match self.this.upgrade() {
            Some(this) => this,
            None => unreachable!("called through an `Arc`"),
        }
    }

    /// Adds a child and starts it in its turn. `make` gets the supervisor and the child's number; what it
    /// returns besides the child goes back to the caller with the receiver of the first start's outcome.
    ///
    /// `None`: the supervisor is stopping, or has stopped.
    pub(crate) fn add<T>(
        &self,
        policy: ChildPolicy,
        make: impl FnOnce(Arc<dyn Parent>, ChildId) -> (Arc<dyn Child>, T),
    ) -> Option<(T, oneshot::Receiver<StartOutcome>)> {
        let (sender, receiver) = oneshot::channel();
        // Out here, so that what is refused is not dropped in there.
        let mut make = Some(make);
        let made = self.with_inner(|inner| {
            if !inner.plan.accepts_children() {
                return None;
            }
            let make = make.take()?;
            let id = inner.next_id;
            inner.next_id += 1;
            let (child, made) = make(self.shared(), id);
            let entry = Entry {
                child,
                waiting: Some(sender),
                given_up: None,
                started_before: false,
                timer: None,
                losses_in_time: None,
            };
            inner.children.insert(id, entry);
            self.report(self.decide(inner, Event::Add(id, policy)));
            Some(made)
        })?;
        Some((made, receiver))
    }

    /// Takes in an event now, or leaves it to whoever is at it.
    pub(crate) fn handle(&self, event: Event) {
        lock(&self.line).push_back(event);
        self.work_off();
    }

    /// Takes in what stands in line. Nobody's event is left behind: it was put there before a failed
    /// attempt at the lock, and who holds the lock looks at the line again after letting go.
    fn work_off(&self) {
        while !lock(&self.line).is_empty() {
            let inner = match self.inner.try_lock() {
                Ok(inner) => inner,
                Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
                Err(TryLockError::WouldBlock) => return,
            };
            self.under(inner, |inner| {
                while let Some(event) = self.next_event() {
                    let reports = self.decide(inner, event);
                    self.report(reports);
                }
            });
        }
    }

    /// Does something under the lock, lets go of it, and then does what had to be left.
    fn under<R>(&self, mut inner: MutexGuard<'_, Inner>, act: impl FnOnce(&mut Inner) -> R) -> R {
        HELD.set(HELD.get() + 1);
        let mut result = None;
        // Whoever clears the queues may have to end workers: that is for later as well.
        self.dispatcher.before_clearing(|| result = Some(act(&mut inner)));
        let left = std::mem::take(&mut inner.left);
        drop(inner);
        HELD.set(HELD.get() - 1);
        let mut left = Some(left);
        let kept = LEFT.try_with(|all| all.borrow_mut().extend(left.take().into_iter().flatten()));
        if HELD.get() == 0 {
            // A thread that is ending has nowhere to leave anything.
            left.into_iter().flatten().for_each(Left::settle);
            while kept.is_ok()
                && let Ok(Some(left)) = LEFT.try_with(|all| all.borrow_mut().pop())
            {
                left.settle();
            }
            self.dispatcher.clear_queues_if_down();
        }
        let Some(result) = result else { unreachable!("it has been called") };
        result
    }

    fn next_event(&self) -> Option<Event> {
        lock(&self.line).pop_front()
    }

    fn with_inner<R>(&self, f: impl FnOnce(&mut Inner) -> R) -> R {
        let result = self.under(lock(&self.inner), f);
        self.work_off();
        result
    }

    /// The parent only puts it into its line if it is busy, so the lock may be held here.
    fn report(&self, reports: Vec<Report>) {
        let Some((parent, child)) = self.parent.get() else {
            return;
        };
        for report in reports {
            match report {
                Report::Started => parent.child_started(*child),
                Report::Exited(reason) => parent.child_exited(*child, reason, false),
                Report::Gone => parent.child_gone(*child),
            }
        }
    }

    fn decide(&self, inner: &mut Inner, event: Event) -> Vec<Report> {
        let now = self.epoch.elapsed();
        if let Event::Started(id) = event
            && let Some(waiting) =
                inner.children.get_mut(&id).and_then(|entry| entry.waiting.take())
        {
            inner.left.push(Left::Tell(waiting, Ok(())));
        }
        let gone = if let Event::Gone(id) = event { Some(id) } else { None };
        let exited = if let Event::Exited(id, ..) = event { Some(id) } else { None };
        let children = &inner.children;
        let name = |id: ChildId| {
            children.get(&id).map_or_else(|| Arc::from("?"), |entry| Arc::clone(entry.child.path()))
        };
        let actions = inner.plan.on(event, now, &name);
        if let Some(id) = exited.or(gone)
            && !inner.plan.has_timer(id)
            && let Some(timer) = inner.children.get_mut(&id).and_then(|entry| entry.timer.take())
        {
            self.dispatcher.alarms.cancel(timer);
        }
        if let Some(entry) = gone.and_then(|id| inner.children.remove(&id)) {
            self.part_with(inner, entry);
        }
        let mut reports = Vec::new();
        for action in actions {
            self.carry_out(inner, action, &mut reports);
        }
        reports
    }

    /// A child is gone: its name is free, and whoever waited for its first start learns why there was none.
    fn part_with(&self, inner: &mut Inner, mut entry: Entry) {
        let path = entry.child.path();
        if let Some(in_time) = entry.losses_in_time
            && entry.child.losses().is_some_and(|losses| losses > in_time)
        {
            self.registrar.note_cut_short(path);
        }
        self.registrar.forget(path);
        if let (Some(waiting), Some(reason)) = (entry.waiting.take(), entry.given_up.take()) {
            inner.left.push(Left::Tell(waiting, Err(reason)));
        }
        inner.left.push(Left::Gone(entry));
    }

    fn carry_out(&self, inner: &mut Inner, action: Action, reports: &mut Vec<Report>) {
        let entry = |id| inner.children.get(&id);
        match action {
            Action::Start(id) => {
                if let Some(entry) = inner.children.get_mut(&id) {
                    entry.child.start(std::mem::replace(&mut entry.started_before, true));
                }
            }
            Action::Halt(id) => entry(id).into_iter().for_each(|entry| entry.child.halt()),
            Action::Drain(id) => entry(id).into_iter().for_each(|entry| entry.child.drain()),
            Action::Kill(id) => entry(id).into_iter().for_each(|entry| {
                events::worker_killed(entry.child.path());
                entry.child.kill();
            }),
            Action::Retire(id) => entry(id).into_iter().for_each(|entry| entry.child.retire()),
            Action::SetTimer(id, number, delay) => {
                if let Some(entry) = inner.children.get_mut(&id) {
                    let before = entry.timer.replace(self.set_timer(id, number, delay));
                    before.into_iter().for_each(|timer| self.dispatcher.alarms.cancel(timer));
                }
            }
            Action::OutOfTime(id) => {
                if let Some(entry) = inner.children.get_mut(&id) {
                    entry.losses_in_time = entry.child.losses();
                }
            }
            Action::GiveUp(id, reason) => {
                if let Some(entry) = inner.children.get_mut(&id) {
                    entry.given_up = Some(reason);
                }
            }
            Action::Restarting(id, delay) => entry(id)
                .into_iter()
                .for_each(|entry| events::worker_restarting(entry.child.path(), delay)),
            Action::ReportStarted => reports.push(Report::Started),
            Action::ReportExited(reason) => {
                if let ExitReason::Escalated { .. } = reason {
                    events::supervisor_escalated(&self.path, &reason);
                    // Whoever still waits for a first start learns why there will be none.
                    for entry in inner.children.values_mut() {
                        if entry.given_up.is_none()
                            && let Some(waiting) = entry.waiting.take()
                        {
                            inner.left.push(Left::Tell(waiting, Err(reason.clone())));
                        }
                    }
                }
                reports.push(Report::Exited(reason));
            }
            Action::ReportGone => reports.push(Report::Gone),
        }
    }

    fn set_timer(&self, id: ChildId, number: TimerNumber, delay: std::time::Duration) -> AlarmKey {
        let this = self.this.clone();
        let ring = move || {
            if let Some(this) = this.upgrade() {
                this.handle(Event::Timer(id, number));
            }
        };
        self.dispatcher.alarms.set(crate::time::after(delay), Alarm::Call(Box::new(ring)))
    }

    /// The children, last first.
    pub(crate) fn children(&self) -> Vec<Arc<dyn Child>> {
        self.with_inner(|inner| {
            inner.children.values().rev().map(|entry| Arc::clone(&entry.child)).collect()
        })
    }
}

impl Left {
    fn settle(self) {
        contain(|| match self {
            Self::Gone(entry) => drop(entry),
            // Whoever waited may have gone away.
            Self::Tell(waiting, outcome) => drop(waiting.send(outcome)),
        });
    }
}

impl Parent for SupervisorCore {
    fn child_started(&self, child: ChildId) {
        self.handle(Event::Started(child));
    }

    fn child_exited(&self, child: ChildId, reason: ExitReason, fruitful: bool) {
        self.handle(Event::Exited(child, reason, fruitful));
    }

    fn child_gone(&self, child: ChildId) {
        self.handle(Event::Gone(child));
    }
}
