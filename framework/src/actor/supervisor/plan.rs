//! The decisions of a supervisor: a pure function of what it knows, what happens, and the time.
//!
//! Nothing here waits, sends or reads a clock. [`Plan::on`] takes an [`Event`] and returns the
//! [`Action`]s that the supervisor then carries out, in order.
//!
//! A child goes through these phases:
//!
//! ```text
//!            Start            started
//!   Down ───────────▶ Starting ──────▶ Up
//!    ▲ ▲                 │              │
//!    │ │ exited, wait    ▼              ▼      Halt, Drain
//!    │ Waiting ◀──── (exited) ◀──── (exited)   Stopping ──timeout──▶ Killed
//!    └──────────────────────────────────────────┴── exited ◀──────────┘
//!   Down ──Retire──▶ Retiring ──gone──▶ (forgotten)
//! ```
//!
//! The semantics are those of OTP's `supervisor`, with two additions: restarts after fruitless lives
//! wait, and only fruitless restarts count towards the default intensity.

mod restarts;
mod state;

use std::time::Duration;

use restarts::Restarts;
use state::{Child, Goal, Mode, Phase};

use crate::actor::exit::ExitReason;
use crate::actor::supervisor::event::{
    Action, ChildId, ChildPolicy, Event, Fruitful, Moment, Now, TimerNumber,
};
use crate::actor::supervisor::policy::{Backoff, Intensity, Restart, Shutdown, Strategy};
use crate::actor::supervisor::roster::Roster;

/// A supervisor's knowledge.
#[derive(Debug)]
pub(crate) struct Plan {
    path: std::sync::Arc<str>,
    strategy: Strategy,
    backoff: Backoff,
    random: fastrand::Rng,
    mode: Mode,
    children: Roster<Child>,
    /// While children are stopped in reverse order: those from here on are down.
    down_from: ChildId,
    /// The supervisor was told to start and has not yet reported that all children have.
    report_start: bool,
    /// The parent has lost patience: whatever still has to stop is killed.
    impatient: bool,
    restarts: Restarts,
    timers: TimerNumber,
}

impl Plan {
    pub(crate) fn new(
        path: std::sync::Arc<str>,
        strategy: Strategy,
        intensity: Intensity,
        backoff: Backoff,
        seed: u64,
    ) -> Self {
        Self {
            path,
            strategy,
            backoff,
            random: fastrand::Rng::with_seed(seed),
            mode: Mode::Down,
            children: Roster::new(),
            down_from: ChildId::MAX,
            report_start: false,
            impatient: false,
            restarts: Restarts::bounded_by(intensity),
            timers: 0,
        }
    }

    /// Takes in an event and says what to do. `name` names children in reasons.
    pub(crate) fn on(
        &mut self,
        event: Event,
        now: Now<'_>,
        name: &dyn Fn(ChildId) -> std::sync::Arc<str>,
        actions: &mut Vec<Action>,
    ) {
        match event {
            Event::Start => self.start(now, actions),
            Event::Add(id, policy) => self.add(id, policy, now, actions),
            Event::Started(id) => self.started(id, now, actions),
            Event::Exited(id, reason, fruitful) => {
                self.exited(id, &reason, fruitful, now, name, actions);
            }
            Event::Gone(id) => self.gone(id, actions),
            Event::Timer(id, number) => self.timer(id, number, actions),
            Event::Halt => self.halt(actions),
            Event::Retire => self.retire(actions),
            Event::Kill => self.kill(actions),
        }
    }

    fn start(&mut self, now: Now<'_>, actions: &mut Vec<Action>) {
        if !matches!(self.mode, Mode::Down) {
            return;
        }
        self.mode = Mode::Running;
        self.down_from = ChildId::MAX;
        self.report_start = true;
        self.impatient = false;
        self.restarts.forget();
        for (_, child) in self.children.range_mut(..) {
            if let Some(seldom) = child.seldom_if_any() {
                (seldom.fruitless, seldom.not_before) = (0, Moment::ZERO);
            }
        }
        self.start_next(now, actions);
    }

    fn add(&mut self, id: ChildId, policy: ChildPolicy, now: Now<'_>, actions: &mut Vec<Action>) {
        self.children.insert(id, Child::new(policy));
        match self.mode {
            // Siblings that do not share a fate need not wait for each other either.
            Mode::Running if !self.in_turn() => self.wait_or_start(id, now, actions),
            Mode::Running => {
                // The one before it is up only if all before that are.
                let before = self.children.range(..id).map(|(_, child)| child).rev();
                let last = { before }
                    .find(|child| child.phase != Phase::Retiring && !child.finished)
                    .map(|child| child.phase);
                if last.is_none_or(|phase| phase == Phase::Up) {
                    self.wait_or_start(id, now, actions);
                }
            }
            // Comes up with the others.
            Mode::Down | Mode::Regrouping { .. } => {}
            Mode::Stopping(_) | Mode::Gone => self.retire_child(id, actions),
        }
    }

    /// Whether children wait for those before them to come up.
    fn in_turn(&self) -> bool {
        self.report_start || self.strategy != Strategy::OneForOne
    }

    /// A child has come up: the next one's turn. All are looked at only when it was the last, and the parent
    /// waits to hear that all are up.
    fn start_after(&mut self, id: ChildId, now: Now<'_>, actions: &mut Vec<Action>) {
        let next = self.children.range(id + 1..).find_map(|(id, child)| {
            let waits = !matches!(child.phase, Phase::Up | Phase::Retiring) && !child.finished;
            waits.then_some((id, child.phase))
        });
        #[cfg(all(test, not(millhand_loom)))]
        crowd::looks_until(next, self.children.range(id + 1..));
        match next {
            Some((id, Phase::Down)) => {
                self.wait_or_start(id, now, actions);
            }
            Some(_) => {}
            None if self.report_start => self.start_next(now, actions),
            None => {}
        }
    }

    /// Starts the first child that is down, unless one before it is still on its way up.
    fn start_next(&mut self, now: Now<'_>, actions: &mut Vec<Action>) {
        let next = self.children.iter().find_map(|(id, child)| {
            let is_next = match child.phase {
                Phase::Up | Phase::Retiring => false,
                Phase::Down => !child.finished,
                Phase::Waiting | Phase::Starting | Phase::Stopping | Phase::Killed => true,
            };
            is_next.then_some((id, child.phase))
        });
        #[cfg(all(test, not(millhand_loom)))]
        crowd::looks_until(next, self.children.iter());
        match next {
            Some((id, Phase::Down)) => {
                self.wait_or_start(id, now, actions);
            }
            Some(_) => {}
            None if std::mem::take(&mut self.report_start) => actions.push(Action::ReportStarted),
            None => {}
        }
    }

    fn started(&mut self, id: ChildId, now: Now<'_>, actions: &mut Vec<Action>) {
        let Some(child) = self.children.get_mut(id) else {
            return;
        };
        if child.phase != Phase::Starting {
            return;
        }
        child.phase = Phase::Up;
        child.was_up = true;
        if self.in_turn() && matches!(self.mode, Mode::Running) {
            self.start_after(id, now, actions);
        }
    }

    fn exited(
        &mut self,
        id: ChildId,
        reason: &ExitReason,
        fruitful: Fruitful,
        now: Now<'_>,
        name: &dyn Fn(ChildId) -> std::sync::Arc<str>,
        actions: &mut Vec<Action>,
    ) {
        let Some(child) = self.children.get_mut(id) else {
            return;
        };
        if !child.phase.is_live() {
            return;
        }
        let was_asked = matches!(child.phase, Phase::Stopping | Phase::Killed);
        let phase = child.phase;
        if phase != Phase::Killed && self.goes_on_for_now(id, reason, fruitful, now) {
            actions.extend([Action::Restarting(id, Duration::ZERO), Action::Start(id)]);
            match phase {
                // The same timer goes on: the child has its time once, however often it crashes.
                Phase::Stopping => actions.push(Action::Drain(id)),
                _ => self.set_phase(id, Phase::Starting),
            }
            return;
        }
        let Some(child) = self.children.get_mut(id) else { return };
        child.phase = Phase::Down;
        if let Some(seldom) = child.seldom_if_any() {
            seldom.timer = 0;
        }
        let for_good = matches!(self.mode, Mode::Stopping(Goal::Retire));
        if was_asked && !for_good && child.restart == Restart::Temporary {
            // As in OTP: it goes down with its siblings, and stays down.
            self.finish_child(id, reason, actions);
        }
        match self.mode.clone() {
            Mode::Running => {
                if !self.should_restart(id, reason) {
                    self.finish_child(id, reason, actions);
                    if self.in_turn() {
                        self.start_next(now, actions);
                    }
                } else {
                    self.restart(id, reason, fruitful, now, name, actions);
                }
            }
            Mode::Regrouping { from } => {
                if was_asked {
                    self.regroup(from, now, actions);
                } else if !self.should_restart(id, reason) {
                    self.finish_child(id, reason, actions);
                    self.regroup(from, now, actions);
                } else {
                    self.restart(id, reason, fruitful, now, name, actions);
                }
            }
            Mode::Stopping(_) => {
                if !was_asked && !self.should_restart(id, reason) {
                    self.finish_child(id, reason, actions);
                }
                if for_good && self.impatient {
                    self.retire_if_down(id, actions);
                }
                self.stop_next(actions);
            }
            Mode::Down | Mode::Gone => {}
        }
    }

    fn set_phase(&mut self, id: ChildId, phase: Phase) {
        if let Some(child) = self.children.get_mut(id) {
            child.phase = phase;
        }
    }

    /// While the children end one after the other, one that crashes is started again: for the rest of
    /// its mailbox, or because those that end before it may need it. As far as the intensity allows.
    fn goes_on_for_now(
        &mut self,
        id: ChildId,
        reason: &ExitReason,
        fruitful: Fruitful,
        now: Now<'_>,
    ) -> bool {
        matches!(self.mode, Mode::Stopping(Goal::Retire))
            && !self.impatient
            && !matches!(reason, ExitReason::Shutdown)
            && self.should_restart(id, reason)
            && !self.restarts.is_one_too_many(fruitful, now())
    }

    fn should_restart(&self, id: ChildId, reason: &ExitReason) -> bool {
        self.children.get(id).is_some_and(|child| match child.restart {
            // A supervisor that gave up before it was up has tried often enough: as in OTP, its start
            // has failed, and whoever started it is told.
            _ if !child.was_up && matches!(reason, ExitReason::Escalated { .. }) => false,
            Restart::Permanent => true,
            Restart::Transient => !reason.is_normal(),
            Restart::Temporary => false,
        })
    }

    fn finish_child(&mut self, id: ChildId, reason: &ExitReason, actions: &mut Vec<Action>) {
        if let Some(child) = self.children.get_mut(id) {
            child.finished = true;
        }
        actions.push(Action::GiveUp(id, reason.clone()));
        self.retire_child(id, actions);
    }

    fn retire_child(&mut self, id: ChildId, actions: &mut Vec<Action>) {
        if let Some(child) = self.children.get_mut(id) {
            child.phase = Phase::Retiring;
            actions.push(Action::Retire(id));
        }
    }

    /// A child is to be restarted: counts it, and gives up or sets it (and its siblings) going.
    fn restart(
        &mut self,
        id: ChildId,
        reason: &ExitReason,
        fruitful: Fruitful,
        now: Now<'_>,
        name: &dyn Fn(ChildId) -> std::sync::Arc<str>,
        actions: &mut Vec<Action>,
    ) {
        if self.restarts.is_one_too_many(fruitful, now()) {
            let reason = ExitReason::Escalated {
                supervisor: self.path.clone(),
                child: name(id),
                cause: Box::new(reason.clone()),
            };
            self.mode = Mode::Stopping(Goal::Escalate(reason));
            self.stop_next(actions);
            return;
        }
        let random = self.random.f64();
        let Some(child) = self.children.get_mut(id) else {
            return;
        };
        let child = child.seldom();
        child.fruitless = if fruitful { 0 } else { child.fruitless.saturating_add(1) };
        let delay = match child.fruitless {
            0 => Duration::ZERO,
            n => self.backoff.delay(n, random),
        };
        child.not_before = match delay {
            Duration::ZERO => Moment::ZERO,
            delay => now() + delay,
        };
        actions.push(Action::Restarting(id, delay));
        match (self.strategy, &self.mode) {
            (Strategy::OneForOne, _) => self.wait_or_start(id, now, actions),
            (Strategy::OneForAll, _) => self.regroup(0, now, actions),
            (Strategy::RestForOne, &Mode::Regrouping { from }) => {
                self.regroup(id.min(from), now, actions);
            }
            (Strategy::RestForOne, _) => self.regroup(id, now, actions),
        }
    }

    /// Starts a child that is down as soon as its backoff has passed.
    fn wait_or_start(&mut self, id: ChildId, now: Now<'_>, actions: &mut Vec<Action>) {
        let Some(child) = self.children.get_mut(id) else {
            return;
        };
        let delay = match child.not_before() {
            Moment::ZERO => Duration::ZERO,
            not_before => not_before.saturating_sub(now()),
        };
        if delay.is_zero() {
            child.phase = Phase::Starting;
            actions.push(Action::Start(id));
        } else {
            self.set_timer(id, Phase::Waiting, delay, actions);
        }
    }

    fn set_timer(&mut self, id: ChildId, phase: Phase, delay: Duration, actions: &mut Vec<Action>) {
        self.timers += 1;
        if let Some(child) = self.children.get_mut(id) {
            child.phase = phase;
            child.seldom().timer = self.timers;
            actions.push(Action::SetTimer(id, self.timers, delay));
        }
    }

    /// Stops the group in reverse order; when it is down, starts it in order.
    fn regroup(&mut self, from: ChildId, now: Now<'_>, actions: &mut Vec<Action>) {
        self.mode = Mode::Regrouping { from };
        if self.stop_last(from, actions) {
            return;
        }
        self.mode = Mode::Running;
        self.down_from = ChildId::MAX;
        self.start_next(now, actions);
    }

    /// Sees to it that the last live child from `from` on is stopping. False: none is live.
    fn stop_last(&mut self, from: ChildId, actions: &mut Vec<Action>) -> bool {
        let down_from = self.down_from.max(from);
        let last = self.children.range_mut(from..down_from).rev().find_map(|(id, child)| {
            #[cfg(all(test, not(millhand_loom)))]
            crowd::looks(1);
            if child.phase == Phase::Waiting {
                // It needs no stopping.
                child.phase = Phase::Down;
            }
            child.phase.is_live().then_some((id, child.phase))
        });
        let Some((id, phase)) = last else { return false };
        self.down_from = id + 1;
        if matches!(phase, Phase::Starting | Phase::Up) {
            self.stop_child(id, false, actions);
        }
        true
    }

    fn stop_child(&mut self, id: ChildId, drain: bool, actions: &mut Vec<Action>) {
        let Some(child) = self.children.get_mut(id) else {
            return;
        };
        child.phase = Phase::Stopping;
        let shutdown = child.shutdown();
        if shutdown == Shutdown::Kill || self.impatient {
            if drain {
                actions.push(Action::Drain(id));
            }
            return self.cut_short(id, actions);
        }
        actions.push(if drain { Action::Drain(id) } else { Action::Halt(id) });
        if let Shutdown::Within(limit) = shutdown {
            self.set_timer(id, Phase::Stopping, limit, actions);
        }
    }

    fn timer(&mut self, id: ChildId, number: TimerNumber, actions: &mut Vec<Action>) {
        let Some(child) = self.children.get_mut(id).filter(|child| child.has_timer(number)) else {
            return;
        };
        match child.phase {
            Phase::Waiting => {
                let waits_for_group = match self.mode {
                    Mode::Running => false,
                    Mode::Regrouping { from } => id >= from,
                    Mode::Down | Mode::Stopping(_) | Mode::Gone => true,
                };
                if waits_for_group {
                    child.phase = Phase::Down;
                } else {
                    child.phase = Phase::Starting;
                    actions.push(Action::Start(id));
                }
            }
            Phase::Stopping => self.cut_short(id, actions),
            _ => {}
        }
    }

    /// Kills a child that was asked to stop; says so if it is the end, and the child wanted time for it.
    fn cut_short(&mut self, id: ChildId, actions: &mut Vec<Action>) {
        let for_good = matches!(self.mode, Mode::Stopping(Goal::Retire));
        let Some(child) = self.children.get_mut(id) else { return };
        child.phase = Phase::Killed;
        if for_good && child.shutdown() != Shutdown::Kill {
            actions.push(Action::OutOfTime(id));
        }
        actions.push(Action::Kill(id));
    }

    fn halt(&mut self, actions: &mut Vec<Action>) {
        match self.mode {
            Mode::Running | Mode::Regrouping { .. } => {
                self.mode = Mode::Stopping(Goal::Halt);
                self.stop_next(actions);
            }
            Mode::Down | Mode::Stopping(_) | Mode::Gone => {}
        }
    }

    fn retire(&mut self, actions: &mut Vec<Action>) {
        match self.mode {
            Mode::Gone | Mode::Stopping(Goal::Retire) => {}
            _ => {
                self.mode = Mode::Stopping(Goal::Retire);
                if self.impatient {
                    self.retire_all(actions);
                }
                self.stop_next(actions);
            }
        }
    }

    fn kill(&mut self, actions: &mut Vec<Action>) {
        self.impatient = true;
        if matches!(self.mode, Mode::Running | Mode::Regrouping { .. }) {
            self.halt(actions);
        }
        let for_good = matches!(self.mode, Mode::Stopping(Goal::Retire));
        let left = self.children.iter().map(|(id, child)| (id, child.phase));
        let left = left.filter(|(_, phase)| phase.is_live() && *phase != Phase::Killed);
        for (id, phase) in left.collect::<Vec<_>>() {
            if for_good && phase != Phase::Stopping {
                actions.push(Action::Drain(id));
            }
            self.cut_short(id, actions);
        }
        if for_good {
            // None waits for a later one any more, which may be stuck.
            self.retire_all(actions);
            self.stop_next(actions);
        }
    }

    /// One step of stopping everything: the last child first.
    fn stop_next(&mut self, actions: &mut Vec<Action>) {
        let Mode::Stopping(goal) = self.mode.clone() else {
            return;
        };
        if let Goal::Retire = goal {
            // One at a time, in reverse: stop it, retire it, then the one before.
            let Some((last, child)) = self.children.iter().next_back() else {
                self.mode = Mode::Gone;
                actions.push(Action::ReportGone);
                return;
            };
            match child.phase {
                // Each is retired when it ends.
                _ if self.impatient => {}
                Phase::Down | Phase::Waiting => self.retire_child(last, actions),
                Phase::Starting | Phase::Up => self.stop_child(last, true, actions),
                Phase::Stopping | Phase::Killed | Phase::Retiring => {}
            }
            return;
        }
        if self.stop_last(0, actions) {
            return;
        }
        self.mode = Mode::Down;
        actions.push(Action::ReportExited(match goal {
            Goal::Escalate(reason) => reason,
            _ => ExitReason::Shutdown,
        }));
    }

    /// Retires whatever is down, in reverse order.
    fn retire_all(&mut self, actions: &mut Vec<Action>) {
        let ids: Vec<_> = self.children.iter().map(|(id, _)| id).rev().collect();
        for id in ids {
            self.retire_if_down(id, actions);
        }
    }

    fn retire_if_down(&mut self, id: ChildId, actions: &mut Vec<Action>) {
        #[cfg(all(test, not(millhand_loom)))]
        crowd::looks(1);
        let phase = self.children.get(id).map(|child| child.phase);
        if matches!(phase, Some(Phase::Down | Phase::Waiting)) {
            self.retire_child(id, actions);
        }
    }

    /// Whether a child has been up, once at least.
    pub(crate) fn was_up(&self, id: ChildId) -> bool {
        self.children.get(id).is_some_and(|child| child.was_up)
    }

    /// Whether a timer that was set for this child may still be of use.
    pub(crate) fn has_timer(&self, id: ChildId) -> bool {
        let timed = |child: &Child| matches!(child.phase, Phase::Waiting | Phase::Stopping);
        self.children.get(id).is_some_and(timed)
    }

    fn gone(&mut self, id: ChildId, actions: &mut Vec<Action>) {
        if self.children.remove(id).is_none() {
            return;
        }
        if matches!(self.mode, Mode::Stopping(Goal::Retire)) {
            self.stop_next(actions);
        }
    }

    /// Whether children can be added.
    pub(crate) fn accepts_children(&self) -> bool {
        !matches!(self.mode, Mode::Stopping(_) | Mode::Gone)
    }
}

#[cfg(all(test, not(millhand_loom)))]
mod crowd;

#[cfg(all(test, not(millhand_loom)))]
mod tests;
