//! The plan against a model of the world: random children, random failures, and what must always hold.

use std::collections::{BTreeMap, BTreeSet};

use std::time::Duration;

use proptest::prelude::{Just, any, prop, prop_oneof};
use proptest::strategy::Strategy as Strategy_;
use proptest::test_runner::{Config, TestRunner};

use super::*;

/// A child as the world sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Life {
    Down,
    Starting,
    Up,
    /// Asked to stop.
    Stopping,
    Retiring,
}

/// The world: carries out the plan's actions, and checks that each makes sense.
struct World {
    plan: Plan,
    strategy: Strategy,
    intensity: Intensity,
    children: BTreeMap<ChildId, (Life, ChildPolicy)>,
    timers: Vec<(Moment, ChildId, TimerNumber)>,
    now: Moment,
    next_id: ChildId,
    /// Fruitless restarts that were allowed, by time: the model of the intensity.
    fruitless: Vec<Moment>,
    up: bool,
    gone: bool,
    escalations: usize,
    /// Children that have ended and are not to come back.
    over: BTreeSet<ChildId>,
    fault: Option<Fault>,
    log: Vec<String>,
}

/// What can be planted between the plan and the world, to see the model notice it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    /// A timer is never set.
    LoseTimer,
    /// A child is not asked to stop.
    LoseHalt,
    /// A child is started twice.
    StartTwice,
    /// Children are retired while they run.
    RetireEarly,
    /// The supervisor gives up one restart late.
    GiveUpLate,
}

#[derive(Debug, Clone)]
enum Step {
    Add(Restart, Shutdown),
    /// The n-th child that is starting comes up.
    Start(usize),
    /// The n-th live child ends.
    Exit(usize, bool, bool),
    /// The n-th child that retires is gone.
    Gone(usize),
    /// Time passes until the next timer, or this long.
    Pass(Duration),
    Halt,
    Restart,
}

impl World {
    fn new(strategy: Strategy, intensity: Intensity) -> Self {
        Self::with_fault(strategy, intensity, None)
    }

    fn with_fault(strategy: Strategy, intensity: Intensity, fault: Option<Fault>) -> Self {
        let backoff = Backoff { jitter: 0.0, ..Backoff::default() };
        let mut planned = intensity;
        if fault == Some(Fault::GiveUpLate) {
            planned.fruitless += 1;
        }
        let mut world = Self {
            plan: Plan::new("s".into(), strategy, planned, backoff, 1),
            strategy,
            intensity,
            children: BTreeMap::new(),
            timers: Vec::new(),
            now: Moment::ZERO,
            next_id: 0,
            fruitless: Vec::new(),
            up: true,
            gone: false,
            escalations: 0,
            over: BTreeSet::new(),
            fault,
            log: Vec::new(),
        };
        world.feed(Event::Start);
        world
    }

    fn feed(&mut self, event: Event) {
        self.log.push(format!("{:?} {event:?}", self.now));
        let mut actions = Vec::new();
        self.plan.on(event, &|| self.now, &|id| format!("{id}").into(), &mut actions);
        for action in actions {
            self.log.push(format!("    {action:?}"));
            match (self.fault, &action) {
                (Some(Fault::LoseTimer), Action::SetTimer(..))
                | (Some(Fault::LoseHalt), Action::Halt(_)) => {}
                (Some(Fault::StartTwice), Action::Start(_)) => {
                    self.act(action.clone());
                    self.act(action);
                }
                (Some(Fault::RetireEarly), Action::Drain(id)) => self.act(Action::Retire(*id)),
                _ => self.act(action),
            }
        }
        self.check();
    }

    fn life(&mut self, id: ChildId) -> &mut Life {
        let log = &self.log;
        let Some((life, _)) = self.children.get_mut(&id) else {
            panic!("an action for a child that is gone: {id}\n{}", log.join("\n"))
        };
        life
    }

    fn expect(&self, holds: bool, what: &str) {
        assert!(holds, "{what}\n{}", self.log.join("\n"));
    }

    fn act(&mut self, action: Action) {
        match action {
            Action::Start(id) => {
                let was = *self.life(id);
                self.expect(was == Life::Down, "a child is started that is not down");
                self.expect(!self.over.contains(&id), "a child is started that has ended for good");
                if self.strategy != Strategy::OneForOne {
                    let earlier_up = self
                        .children
                        .range(..id)
                        .all(|(_, (life, _))| matches!(life, Life::Up | Life::Retiring));
                    self.expect(earlier_up, "a child is started before the ones before it are up");
                }
                *self.life(id) = Life::Starting;
            }
            Action::Halt(id) | Action::Drain(id) => {
                let was = *self.life(id);
                self.expect(matches!(was, Life::Starting | Life::Up), "stops what does not run");
                let later_down = self
                    .children
                    .range(id + 1..)
                    .all(|(_, (life, _))| matches!(life, Life::Down | Life::Retiring));
                // Once patience has ended, all end at once.
                self.expect(
                    later_down || self.plan.impatient,
                    "a child is stopped before the ones after it are down",
                );
                *self.life(id) = Life::Stopping;
            }
            Action::Kill(id) => {
                let was = *self.life(id);
                self.expect(
                    matches!(was, Life::Starting | Life::Up | Life::Stopping),
                    "kills what does not run",
                );
                *self.life(id) = Life::Stopping;
            }
            Action::Retire(id) => {
                let was = *self.life(id);
                self.expect(was == Life::Down, "retires a child that is not down");
                *self.life(id) = Life::Retiring;
            }
            Action::SetTimer(id, number, delay) => self.timers.push((self.now + delay, id, number)),
            Action::OutOfTime(id) => {
                let (_, policy) = self.children[&id];
                self.expect(policy.shutdown != Shutdown::Kill, "runs out of time it never had");
            }
            Action::GiveUp(..) | Action::Restarting(..) | Action::ReportStarted => {}
            Action::ReportExited(reason) => {
                self.up = false;
                if matches!(reason, ExitReason::Escalated { .. }) {
                    self.escalations += 1;
                }
                let all_down = self
                    .children
                    .values()
                    .all(|(life, _)| matches!(life, Life::Down | Life::Retiring));
                self.expect(all_down, "reports its end while a child lives");
            }
            Action::ReportGone => {
                self.expect(!self.gone, "reports twice that it is gone");
                self.gone = true;
                self.expect(self.children.is_empty(), "is gone before its children are");
            }
        }
    }

    /// No child is forgotten: whatever is down and wanted has something that will start it.
    fn check(&mut self) {
        if !self.up || self.gone || self.escalating() {
            return;
        }
        let busy = |life: &Life| matches!(life, Life::Starting | Life::Stopping);
        // Children that come up one after the other wait for each other.
        let in_turn = self.strategy != Strategy::OneForOne || self.plan.report_start;
        for (id, (life, _)) in &self.children {
            if *life != Life::Down {
                continue;
            }
            let timer = self.timers.iter().any(|(_, other, number)| {
                let current = self.plan.children.get(*other).is_some_and(|c| c.has_timer(*number));
                current && (in_turn || other == id)
            });
            let sibling = in_turn && self.children.values().any(|(life, _)| busy(life));
            self.expect(timer || sibling, "a child is down and nothing will start it");
        }
    }

    fn escalating(&self) -> bool {
        matches!(self.plan.mode, Mode::Stopping(_))
    }

    fn nth(&self, n: usize, of: impl Fn(Life) -> bool) -> Option<ChildId> {
        let matching: Vec<_> =
            self.children.iter().filter(|(_, (life, _))| of(*life)).map(|(&id, _)| id).collect();
        if matching.is_empty() { None } else { Some(matching[n % matching.len()]) }
    }

    fn step(&mut self, step: &Step) {
        match *step {
            Step::Add(restart, shutdown) => {
                if self.plan.accepts_children() && self.children.len() < 6 {
                    let policy = ChildPolicy { restart, shutdown };
                    self.children.insert(self.next_id, (Life::Down, policy));
                    self.next_id += 1;
                    self.feed(Event::Add(self.next_id - 1, policy));
                }
            }
            Step::Start(n) => {
                if let Some(id) = self.nth(n, |life| life == Life::Starting) {
                    *self.life(id) = Life::Up;
                    self.feed(Event::Started(id));
                }
            }
            Step::Exit(n, fruitful, normal) => self.exit(n, fruitful, normal),
            Step::Gone(n) => {
                if let Some(id) = self.nth(n, |life| life == Life::Retiring) {
                    self.children.remove(&id);
                    self.feed(Event::Gone(id));
                }
            }
            Step::Pass(least) => self.pass(least),
            Step::Halt => {
                if self.up && !self.escalating() {
                    self.feed(Event::Halt);
                }
            }
            Step::Restart => {
                if !self.up && !self.gone {
                    self.up = true;
                    self.fruitless.clear();
                    self.feed(Event::Start);
                }
            }
        }
    }

    fn exit(&mut self, n: usize, fruitful: bool, normal: bool) {
        let live = |life| matches!(life, Life::Starting | Life::Up | Life::Stopping);
        let Some(id) = self.nth(n, live) else { return };
        let (life, policy) = self.children[&id];
        let asked = life == Life::Stopping;
        let fruitful = fruitful && life != Life::Starting;
        let reason = match (asked, normal) {
            (true, _) => ExitReason::Shutdown,
            (false, true) => ExitReason::Normal,
            (false, false) => ExitReason::Panicked("boom".into()),
        };
        *self.life(id) = Life::Down;
        // The model of the intensity, kept apart from the plan's.
        let restarts = match policy.restart {
            Restart::Permanent => true,
            Restart::Transient => !reason.is_normal(),
            Restart::Temporary => false,
        };
        if !restarts && (!asked || policy.restart == Restart::Temporary) {
            self.over.insert(id);
        }
        let mut too_many = false;
        if !asked && restarts && !fruitful && !self.escalating() {
            let oldest = self.now.saturating_sub(self.intensity.within);
            self.fruitless.push(self.now);
            let recent = self.fruitless.iter().filter(|&&moment| moment >= oldest).count();
            too_many = recent > self.intensity.fruitless as usize;
        }
        let before = self.escalating();
        let escalations = self.escalations;
        self.feed(Event::Exited(id, reason, fruitful));
        let escalated = (!before && self.escalating()) || self.escalations > escalations;
        if !before {
            self.expect(escalated == too_many, "gives up too early, or too late");
        }
    }

    /// Time passes; a timer that comes due is reported.
    fn pass(&mut self, least: Duration) {
        let due = self.timers.iter().map(|(due, ..)| *due).min();
        self.now = match due {
            Some(due) if due <= self.now + least => due.max(self.now),
            _ => self.now + least,
        };
        while let Some(at) = self.timers.iter().position(|(due, ..)| *due <= self.now) {
            let (_, id, number) = self.timers.swap_remove(at);
            self.feed(Event::Timer(id, number));
        }
    }

    /// Everything goes well from now on: all children come up, and stay.
    fn heal(&mut self) {
        for _ in 0..200 {
            self.step(&Step::Restart);
            self.step(&Step::Gone(0));
            let stopping = self.nth(0, |life| life == Life::Stopping);
            if let Some(id) = stopping {
                *self.life(id) = Life::Down;
                self.feed(Event::Exited(id, ExitReason::Shutdown, false));
            }
            self.step(&Step::Start(0));
            self.pass(Duration::from_secs(1));
        }
        let all_up = self.children.values().all(|(life, _)| *life == Life::Up);
        self.expect(self.up && all_up, "does not come up though nothing fails any more");
    }

    /// The end: children stop one after the other, the last first.
    fn retire(&mut self) {
        self.feed(Event::Retire);
        for _ in 0..50 {
            if let Some(id) = self.nth(0, |life| life == Life::Stopping) {
                *self.life(id) = Life::Down;
                self.feed(Event::Exited(id, ExitReason::Shutdown, true));
            }
            self.step(&Step::Gone(0));
        }
        self.expect(self.gone, "does not end");
    }
}

fn steps() -> impl Strategy_<Value = Vec<Step>> {
    let restart = prop_oneof![
        4 => Just(Restart::Permanent),
        2 => Just(Restart::Transient),
        1 => Just(Restart::Temporary)
    ];
    let shutdown = prop_oneof![
        3 => Just(Shutdown::Within(Duration::from_secs(5))),
        1 => Just(Shutdown::Forever),
        1 => Just(Shutdown::Kill)
    ];
    let step = prop_oneof![
        2 => (restart, shutdown).prop_map(|(restart, shutdown)| Step::Add(restart, shutdown)),
        6 => (0..6usize).prop_map(Step::Start),
        6 => (0..6usize, any::<bool>(), prop::bool::weighted(0.2))
            .prop_map(|(n, fruitful, normal)| Step::Exit(n, fruitful, normal)),
        2 => (0..6usize).prop_map(Step::Gone),
        4 => (0..3000u64).prop_map(|millis| Step::Pass(Duration::from_millis(millis))),
        1 => Just(Step::Halt),
        2 => Just(Step::Restart),
    ];
    prop::collection::vec(step, 0..80)
}

fn strategies() -> impl Strategy_<Value = Strategy> {
    prop_oneof![Just(Strategy::OneForOne), Just(Strategy::OneForAll), Just(Strategy::RestForOne)]
}

/// Explores random histories; the error is the smallest that breaks a promise.
fn explore(cases: u32, fault: Option<Fault>) -> Result<(), String> {
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    let mut runner = TestRunner::new(config);
    let histories = (strategies(), 0..4u32, steps());
    runner
        .run(&histories, |(strategy, limit, steps)| {
            let intensity = Intensity { fruitless: limit, ..Intensity::default() };
            let mut world = World::with_fault(strategy, intensity, fault);
            for step in &steps {
                world.step(step);
            }
            world.heal();
            world.retire();
            Ok(())
        })
        .map_err(|failure| failure.to_string())
}

/// Whatever children do: they start in order and stop in reverse, none is forgotten or touched twice,
/// the supervisor gives up exactly when its intensity says, recovers when failures end, and ends when
/// it is told to.
#[test]
fn a_supervisor_keeps_its_promises() {
    if let Err(failure) = explore(5_000, None) {
        panic!("{failure}");
    }
}

/// The model is no good if it does not see what it is there to see.
#[test]
fn the_model_notices_each_planted_fault() {
    use Fault::{GiveUpLate, LoseHalt, LoseTimer, RetireEarly, StartTwice};
    for fault in [LoseTimer, LoseHalt, StartTwice, RetireEarly, GiveUpLate] {
        assert!(explore(1_000, Some(fault)).is_err(), "{fault:?} was not noticed");
    }
}

fn started(strategy: Strategy, children: usize) -> World {
    let mut world = World::new(strategy, Intensity::default());
    for _ in 0..children {
        world.step(&Step::Add(Restart::Permanent, Shutdown::default()));
        world.step(&Step::Start(0));
    }
    world
}

/// What the plan did since, as text.
fn actions(world: &mut World, event: Event) -> Vec<String> {
    let before = world.log.len();
    if let Event::Exited(id, ..) = event {
        *world.life(id) = Life::Down;
    }
    world.feed(event);
    world.log[before + 1..].iter().map(|line| line.trim().to_owned()).collect()
}

fn panicked() -> ExitReason {
    ExitReason::Panicked("boom".into())
}

#[test]
fn a_fruitful_crash_is_followed_by_an_immediate_start() {
    let mut world = started(Strategy::OneForOne, 2);
    let done = actions(&mut world, Event::Exited(0, panicked(), true));
    assert_eq!(done, ["Restarting(0, 0ns)", "Start(0)"]);
}

#[test]
fn fruitless_crashes_wait_twice_as_long_each_time_up_to_the_longest() {
    let mut world = started(Strategy::OneForOne, 1);
    let mut delays = Vec::new();
    for _ in 0..10 {
        let done = actions(&mut world, Event::Exited(0, panicked(), false));
        delays.push(done[0].clone());
        world.pass(Duration::from_secs(1));
    }
    let expected = [10, 20, 40, 80, 160, 320, 640, 1000, 1000, 1000]
        .map(|millis| format!("Restarting(0, {:?})", Duration::from_millis(millis)));
    assert_eq!(delays, expected);
    let done = actions(&mut world, Event::Exited(0, panicked(), false));
    assert!(done[0].starts_with("ReportExited(Escalated"), "{done:?}");
}

#[test]
fn a_message_handled_between_resets_the_delay() {
    let mut world = started(Strategy::OneForOne, 1);
    for _ in 0..3 {
        actions(&mut world, Event::Exited(0, panicked(), false));
        world.pass(Duration::from_secs(1));
    }
    world.step(&Step::Start(0));
    let done = actions(&mut world, Event::Exited(0, panicked(), true));
    assert_eq!(done, ["Restarting(0, 0ns)", "Start(0)"]);
    let done = actions(&mut world, Event::Exited(0, panicked(), false));
    assert_eq!(done[0], "Restarting(0, 10ms)");
}

#[test]
fn restarts_older_than_the_window_do_not_count() {
    let mut world = started(Strategy::OneForOne, 1);
    for _ in 0..100 {
        let done = actions(&mut world, Event::Exited(0, panicked(), false));
        assert!(done[0].starts_with("Restarting"), "{done:?}");
        world.now += Duration::from_secs(2);
        world.pass(Duration::from_secs(1));
    }
}

#[test]
fn one_for_all_stops_the_others_in_reverse_and_starts_all_in_order() {
    let mut world = started(Strategy::OneForAll, 3);
    assert_eq!(
        actions(&mut world, Event::Exited(1, panicked(), true)),
        ["Restarting(1, 0ns)", "Halt(2)", "SetTimer(2, 1, 5s)"]
    );
    assert_eq!(
        actions(&mut world, Event::Exited(2, ExitReason::Shutdown, true)),
        ["Halt(0)", "SetTimer(0, 2, 5s)"]
    );
    assert_eq!(actions(&mut world, Event::Exited(0, ExitReason::Shutdown, true)), ["Start(0)"]);
    *world.life(0) = Life::Up;
    assert_eq!(actions(&mut world, Event::Started(0)), ["Start(1)"]);
    *world.life(1) = Life::Up;
    assert_eq!(actions(&mut world, Event::Started(1)), ["Start(2)"]);
}

#[test]
fn rest_for_one_leaves_earlier_children_alone() {
    let mut world = started(Strategy::RestForOne, 3);
    assert_eq!(
        actions(&mut world, Event::Exited(1, panicked(), true)),
        ["Restarting(1, 0ns)", "Halt(2)", "SetTimer(2, 1, 5s)"]
    );
    assert_eq!(actions(&mut world, Event::Exited(2, ExitReason::Shutdown, true)), ["Start(1)"]);
}

/// An earlier sibling's crash takes the group down and up again, but shortens nobody's wait.
#[test]
fn a_backoff_outlives_a_crash_of_an_earlier_sibling() {
    let mut world = started(Strategy::RestForOne, 2);
    for _ in 0..7 {
        actions(&mut world, Event::Exited(1, panicked(), false));
        world.pass(Duration::from_secs(1));
        world.step(&Step::Start(0));
    }
    actions(&mut world, Event::Exited(1, panicked(), false));
    world.now += Duration::from_millis(400);
    assert_eq!(
        actions(&mut world, Event::Exited(0, panicked(), true)),
        ["Restarting(0, 0ns)", "Start(0)"]
    );
    *world.life(0) = Life::Up;
    let done = actions(&mut world, Event::Started(0));
    assert!(done[0].starts_with("SetTimer(1, ") && done[0].ends_with(", 600ms)"), "{done:?}");
}

#[test]
fn a_child_that_does_not_stop_in_time_is_killed() {
    let mut world = started(Strategy::OneForOne, 1);
    assert_eq!(actions(&mut world, Event::Retire), ["Drain(0)", "SetTimer(0, 1, 5s)"]);
    let before = world.log.len();
    world.pass(Duration::from_secs(5));
    assert!(world.log[before..].iter().any(|line| line.trim() == "Kill(0)"));
}

/// Before it was up, a supervisor that gave up is a start that failed; afterwards, a crash like any other.
#[test]
fn a_supervisor_that_gives_up_before_it_was_up_is_not_started_again() {
    let gave_up = || ExitReason::Escalated {
        supervisor: "s/1".into(),
        child: "s/1/w".into(),
        cause: Box::new(panicked()),
    };
    let mut world = started(Strategy::OneForOne, 1);
    let done = actions(&mut world, Event::Exited(0, gave_up(), false));
    assert_eq!(done[0], "Restarting(0, 10ms)");
    world.step(&Step::Add(Restart::Permanent, Shutdown::Forever));
    let done = actions(&mut world, Event::Exited(1, gave_up(), false));
    assert!(done[0].starts_with("GiveUp(1, Escalated"), "{done:?}");
    assert_eq!(done[1..], ["Retire(1)"]);
}

#[test]
fn when_patience_has_ended_no_child_waits_for_a_later_one() {
    let mut world = started(Strategy::OneForOne, 3);
    actions(&mut world, Event::Retire);
    actions(&mut world, Event::Exited(2, ExitReason::Shutdown, true));
    // 2 does not come to its end.
    assert_eq!(
        actions(&mut world, Event::Kill),
        ["Drain(0)", "OutOfTime(0)", "Kill(0)", "Drain(1)", "OutOfTime(1)", "Kill(1)"]
    );
    assert_eq!(actions(&mut world, Event::Exited(0, ExitReason::Killed, true)), ["Retire(0)"]);
    assert_eq!(actions(&mut world, Event::Exited(1, ExitReason::Killed, true)), ["Retire(1)"]);
}

#[test]
fn the_jitter_stays_within_its_bounds() {
    let backoff = Backoff::default();
    for n in 1..12 {
        let exact = Backoff { jitter: 0.0, ..backoff }.delay(n, 0.5);
        assert_eq!(backoff.delay(n, 0.0), exact.mul_f64(0.9));
        assert!(backoff.delay(n, 0.999) <= exact.mul_f64(1.1));
    }
}
