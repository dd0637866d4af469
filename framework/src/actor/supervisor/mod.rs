//! Supervisors: who starts workers, restarts what fails, and stops them in order.
//!
//! [`policy`] is what a supervisor is told, [`event`] what happens to it, [`plan`] its decisions, [`child`] what it can do to a child.
//! This file carries decisions out.
//!
//! A supervisor has no task of its own. Whoever has news for it (the driver on which a child ended, the
//! timekeeper, a caller) takes the lock, asks the plan, and carries the actions out. If somebody is at it
//! already, the event is left for him in the supervisor's line: so actions happen in the order in which
//! they were decided, and a child that answers an order at once does not wait for its own supervisor.
//! Nobody waits for that lock but those who add children or look at them.
//!
//! No user code runs under that lock, nor under the parent's or a child's that is taken meanwhile. What
//! would call some (a waker, the drop of a constructor, the end of a worker that no driver will run) is
//! left in [`LEFT`] until this thread has let go of the outermost.

pub(crate) mod child;

pub(crate) mod event;

pub(crate) mod plan;

pub(crate) mod policy;

mod roster;

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::sync::{Arc, OnceLock, TryLockError, Weak};

use child::Child;
use event::{Action, ChildId, ChildPolicy, Event, Moment, TimerNumber};
use plan::Plan;
use policy::{Backoff, Intensity, Strategy};
use roster::Roster;
use tokio::sync::oneshot;
use tokio::time::Instant;

use crate::actor::cell::{Parent, Runnable};
use crate::actor::dispatcher::Dispatcher;
use crate::actor::exit::ExitReason;
use crate::contain::contain;
use crate::observe::events;
use crate::sync::{AtomicUsize, Mutex, MutexGuard, Ordering, fence, lock};
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
    fn forget(&self, path: &str);

    /// This worker lost something, because its time to end for good ran out.
    fn note_cut_short(&self, path: &str);
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
    /// How many they are. Written under the lock of the line; also the flag of a Dekker pair:
    ///
    /// | who has news and found the lock taken | who had the lock |
    /// |---|---|
    /// | puts them into the line (count) | lets go of the lock |
    /// | fence | fence |
    /// | tries the lock again | looks at the count |
    ///
    /// At least one of them sees the other, so no event is left behind.
    in_line: AtomicUsize,
    /// Itself, for timers.
    this: Weak<SupervisorCore>,
    parent: OnceLock<Arc<dyn Parent>>,
    /// Which of its parent's children it is.
    number: AtomicUsize,
}

struct Inner {
    plan: Plan,
    children: Roster<Entry>,
    next_id: ChildId,
    /// Empty between two decisions; kept for its memory.
    actions: Vec<Action>,
    /// The child that is being added, by somebody who may run it himself.
    adding: Option<ChildId>,
    /// The right to run it, if the plan has it start at once.
    granted: Option<Runnable>,
    /// How those first starts ended, or are going, about which whoever added the child has not asked yet.
    unasked: Vec<(ChildId, Option<ExitReason>)>,
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

/// How often to look for a lock before going to sleep, and how long in between, in turns of the processor's
/// pause: for some 20 µs in all, about what it takes to be woken.
const TRIES: u32 = 64;
const BETWEEN_TRIES: u32 = 8;

thread_local! {
    /// Supervisors whose lock this thread holds.
    static HELD: Cell<u32> = const { Cell::new(0) };

    static LEFT: RefCell<Vec<Left>> = const { RefCell::new(Vec::new()) };
}

struct Entry {
    child: Arc<dyn Child>,
    seldom: Option<Box<Seldom>>,
}

/// What few children have.
#[derive(Default)]
struct Seldom {
    /// Waits for the first start.
    waiting: Option<oneshot::Sender<StartOutcome>>,
    /// Why there will be no further start. Who waits is told when the child is gone and its name free.
    given_up: Option<ExitReason>,
    /// The timer that was set for it last.
    timer: Option<AlarmKey>,
    /// What it had lost when its time to end ran out.
    losses_in_time: Option<u64>,
}

impl Entry {
    fn seldom(&mut self) -> &mut Seldom {
        self.seldom.get_or_insert_default()
    }
}

impl Inner {
    fn take_unasked(&mut self, id: ChildId) -> Option<Option<ExitReason>> {
        // Those whose start is not over yet when it is asked about do not stay here, so there are few.
        let at = self.unasked.iter().position(|(other, _)| *other == id)?;
        Some(self.unasked.swap_remove(at).1)
    }

    /// A child has come up: whoever waits is told once the lock is free, whoever has not asked yet finds it up.
    fn came_up(&mut self, id: ChildId) {
        self.take_unasked(id);
        if let Some(entry) = self.children.get_mut(id)
            && let Some(seldom) = &mut entry.seldom
            && let Some(waiting) = seldom.waiting.take()
        {
            self.left.push(Left::Tell(waiting, Ok(())));
        }
    }
}

/// A child will not come up: whoever waits is told, for whoever has not asked yet it is written down.
fn failed(
    id: ChildId,
    waiting: Option<oneshot::Sender<StartOutcome>>,
    reason: &ExitReason,
    unasked: &mut [(ChildId, Option<ExitReason>)],
    left: &mut Vec<Left>,
) {
    if let Some((_, ended)) = unasked.iter_mut().find(|(other, _)| *other == id) {
        ended.get_or_insert_with(|| reason.clone());
    }
    left.extend(waiting.map(|waiting| Left::Tell(waiting, Err(reason.clone()))));
}

/// A child that has been added.
pub(crate) struct Added {
    pub(crate) id: ChildId,
    /// The right to run it, if it is a worker and is to start at once. Whoever adds it may run it himself.
    pub(crate) granted: Option<Runnable>,
}

/// How a child's first start has ended, or where to wait for that.
pub(crate) enum FirstStart {
    Ended(StartOutcome),
    Awaited(oneshot::Receiver<StartOutcome>),
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
                children: Roster::new(),
                next_id: 0,
                actions: Vec::new(),
                adding: None,
                granted: None,
                unasked: Vec::new(),
                left: Vec::new(),
            }),
            line: Mutex::new(VecDeque::new()),
            in_line: AtomicUsize::new(0),
            this: this.clone(),
            parent: OnceLock::new(),
            number: AtomicUsize::new(ChildId::MAX),
        })
    }

    pub(crate) fn set_parent(&self, parent: Arc<dyn Parent>) {
        let _ = self.parent.set(parent);
    }

    fn adopted(&self, id: ChildId) {
        // Ordering: Relaxed; written before it is told to start, under its lock.
        self.number.store(id, Ordering::Relaxed);
    }

    pub(crate) fn path(&self) -> &str {
        &self.path
    }

    pub(crate) fn dispatcher(&self) -> &Arc<Dispatcher> {
        &self.dispatcher
    }

    /// Adds a child, and starts it in its turn. Whoever adds it runs it, if he gets the right to, and then
    /// asks how its [first start](Self::first_start) has ended, if he wants to know.
    ///
    /// `None`: the supervisor is stopping, or has stopped.
    pub(crate) fn add(
        &self,
        policy: ChildPolicy,
        child: Arc<dyn Child>,
        wants_to_know: bool,
    ) -> Option<Added> {
        // Out here, so that what is refused is not dropped in there.
        let mut child = Some(child);
        self.with_inner(|inner| {
            if !inner.plan.accepts_children() {
                return None;
            }
            let child = child.take()?;
            let id = inner.next_id;
            inner.next_id += 1;
            child.adopted(id);
            inner.children.insert(id, Entry { child, seldom: None });
            if wants_to_know {
                inner.unasked.push((id, None));
            }
            inner.adding = Some(id);
            self.decide(inner, Event::Add(id, policy));
            inner.adding = None;
            Some(Added { id, granted: inner.granted.take() })
        })
    }

    /// How the first start of a child has ended, or will end. For whoever has added the child; he asks once.
    pub(crate) fn first_start(&self, id: ChildId) -> FirstStart {
        self.with_inner(|inner| {
            if let Some(reason) = inner.take_unasked(id).flatten() {
                return FirstStart::Ended(Err(reason));
            }
            if inner.plan.was_up(id) {
                return FirstStart::Ended(Ok(()));
            }
            let (sender, receiver) = oneshot::channel();
            if let Some(entry) = inner.children.get_mut(id) {
                entry.seldom().waiting = Some(sender);
            }
            FirstStart::Awaited(receiver)
        })
    }

    /// Takes in an event now, or leaves it to whoever is at it.
    pub(crate) fn handle(&self, event: Event) {
        match self.try_inner() {
            Some(inner) => self.under(inner, |inner| {
                // Ordering: Acquire pairs with the Release of whoever put an event there before this one.
                if self.in_line.load(Ordering::Acquire) != 0 {
                    self.take_in_line(inner);
                }
                self.decide(inner, event);
            }),
            None => {
                let mut line = lock(&self.line);
                line.push_back(event);
                self.in_line.store(line.len(), Ordering::Release);
            }
        }
        self.work_off();
    }

    /// Takes in what stands in line, unless somebody else will.
    fn work_off(&self) {
        loop {
            // Ordering: the table at `in_line`.
            fence(Ordering::SeqCst);
            if self.in_line.load(Ordering::Relaxed) == 0 {
                return;
            }
            let Some(inner) = self.try_inner() else { return };
            self.under(inner, |inner| self.take_in_line(inner));
        }
    }

    fn try_inner(&self) -> Option<MutexGuard<'_, Inner>> {
        match self.inner.try_lock() {
            Ok(inner) => Some(inner),
            Err(TryLockError::Poisoned(poisoned)) => Some(poisoned.into_inner()),
            Err(TryLockError::WouldBlock) => None,
        }
    }

    fn take_in_line(&self, inner: &mut Inner) {
        while let Some(event) = self.next_event() {
            self.decide(inner, event);
        }
    }

    fn next_event(&self) -> Option<Event> {
        let mut line = lock(&self.line);
        let event = line.pop_front();
        self.in_line.store(line.len(), Ordering::Release);
        event
    }

    /// Does something under the lock, lets go of it, and then does what had to be left.
    fn under<R>(&self, mut inner: MutexGuard<'_, Inner>, act: impl FnOnce(&mut Inner) -> R) -> R {
        HELD.set(HELD.get() + 1);
        let mut result = None;
        // Whoever clears the queues may have to end workers: that is for later as well.
        self.dispatcher.before_clearing(|| result = Some(act(&mut inner)));
        let mut left = None;
        if !inner.left.is_empty() {
            let kept = LEFT.try_with(|all| all.borrow_mut().append(&mut inner.left));
            if kept.is_err() {
                // A thread that is ending has nowhere to leave anything.
                left = Some(std::mem::take(&mut inner.left));
            }
        }
        drop(inner);
        HELD.set(HELD.get() - 1);
        if let Some(left) = left {
            left.into_iter().for_each(Left::settle);
        }
        if HELD.get() == 0 {
            while let Ok(Some(left)) = LEFT.try_with(|all| all.borrow_mut().pop()) {
                left.settle();
            }
            self.dispatcher.clear_queues_if_down();
        }
        let Some(result) = result else { unreachable!("it has been called") };
        result
    }

    fn with_inner<R>(&self, f: impl FnOnce(&mut Inner) -> R) -> R {
        let result = self.under(self.wait_for_inner(), f);
        self.work_off();
        result
    }

    /// No user code runs under the lock, so it is free soon: to wait for it awake is quicker than to be woken.
    fn wait_for_inner(&self) -> MutexGuard<'_, Inner> {
        for _ in 0..TRIES {
            if let Some(inner) = self.try_inner() {
                return inner;
            }
            // Each look takes the lock's line of memory from whoever has it.
            (0..BETWEEN_TRIES).for_each(|_| std::hint::spin_loop());
        }
        lock(&self.inner)
    }

    /// The parent only puts it into its line if it is busy, so the lock may be held here.
    fn report(&self, report: Report) {
        let Some(parent) = self.parent.get() else {
            return;
        };
        let child = self.number.load(Ordering::Relaxed);
        match report {
            Report::Started => parent.child_started(child),
            Report::Exited(reason) => parent.child_exited(child, reason, false),
            Report::Gone => parent.child_gone(child),
        }
    }

    fn decide(&self, inner: &mut Inner, event: Event) {
        let (exited, gone) = match &event {
            Event::Started(id) => {
                inner.came_up(*id);
                (None, None)
            }
            Event::Exited(id, ..) => (Some(*id), None),
            Event::Gone(id) => (None, Some(*id)),
            _ => (None, None),
        };
        let at = Cell::new(None);
        let now = || {
            let now: Moment = at.get().unwrap_or_else(|| self.epoch.elapsed());
            at.set(Some(now));
            now
        };
        let children = &inner.children;
        let name =
            |id: ChildId| Arc::from(children.get(id).map_or("?", |entry| entry.child.path()));
        let mut actions = std::mem::take(&mut inner.actions);
        inner.plan.on(event, &now, &name, &mut actions);
        if let Some(id) = exited.or(gone)
            && let Some(entry) = inner.children.get_mut(id)
            && let Some(seldom) = &mut entry.seldom
            && seldom.timer.is_some()
            && !inner.plan.has_timer(id)
            && let Some(timer) = seldom.timer.take()
        {
            self.dispatcher.alarms.cancel(timer);
        }
        if let Some(id) = gone
            && let Some(entry) = inner.children.remove(id)
        {
            self.part_with(inner, id, entry);
        }
        let mut reports = Vec::new();
        for action in actions.drain(..) {
            self.carry_out(inner, action, &mut reports);
        }
        inner.actions = actions;
        if !reports.is_empty() {
            reports.into_iter().for_each(|report| self.report(report));
        }
    }

    /// A child is gone: its name is free, and whoever waited for its first start learns why there was none.
    fn part_with(&self, inner: &mut Inner, id: ChildId, mut entry: Entry) {
        let path = entry.child.path();
        if let Some(in_time) = entry.seldom.as_ref().and_then(|seldom| seldom.losses_in_time)
            && entry.child.losses().is_some_and(|losses| losses > in_time)
        {
            self.registrar.note_cut_short(path);
        }
        self.registrar.forget(path);
        if let Some(seldom) = &mut entry.seldom
            && let Some(reason) = seldom.given_up.take()
        {
            let waiting = seldom.waiting.take();
            failed(id, waiting, &reason, &mut inner.unasked, &mut inner.left);
        }
        inner.left.push(Left::Gone(entry));
    }

    fn carry_out(&self, inner: &mut Inner, action: Action, reports: &mut Vec<Report>) {
        let entry = |id| inner.children.get(id);
        match action {
            Action::Start(id) => {
                let granted = entry(id).and_then(|entry| entry.child.start());
                if inner.adding == Some(id) {
                    inner.granted = granted;
                } else if let Some(runnable) = granted {
                    self.dispatcher.schedule(runnable);
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
                if let Some(entry) = inner.children.get_mut(id) {
                    let before = entry.seldom().timer.replace(self.set_timer(id, number, delay));
                    before.into_iter().for_each(|timer| self.dispatcher.alarms.cancel(timer));
                }
            }
            Action::OutOfTime(id) => {
                if let Some(entry) = inner.children.get_mut(id) {
                    entry.seldom().losses_in_time = entry.child.losses();
                }
            }
            Action::GiveUp(id, reason) => {
                let unasked = inner.unasked.iter().any(|(other, _)| *other == id);
                if let Some(entry) = inner.children.get_mut(id)
                    && (unasked || entry.seldom.as_ref().is_some_and(|s| s.waiting.is_some()))
                {
                    entry.seldom().given_up = Some(reason);
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
                    for (id, entry) in inner.children.range_mut(..) {
                        let seldom = entry.seldom.as_mut();
                        if seldom.as_ref().is_none_or(|seldom| seldom.given_up.is_none()) {
                            let waiting = seldom.and_then(|seldom| seldom.waiting.take());
                            failed(id, waiting, &reason, &mut inner.unasked, &mut inner.left);
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
            inner.children.iter().rev().map(|(_, entry)| Arc::clone(&entry.child)).collect()
        })
    }
}

impl FirstStart {
    /// Waits for the outcome. `None`: the child was stopped before it was up.
    pub(crate) async fn ended(self) -> Option<StartOutcome> {
        match self {
            Self::Ended(outcome) => Some(outcome),
            Self::Awaited(outcome) => outcome.await.ok(),
        }
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
