//! What a plan costs when there are many children: counted in looks at children, not in time.

use std::cell::Cell;
use std::collections::VecDeque;

use super::*;

const CROWD: usize = 16_000;

thread_local! {
    /// How many children plans have looked at on this thread, one after the other, to find one.
    static LOOKS: Cell<usize> = const { Cell::new(0) };
}

pub(super) fn looks(children: usize) {
    LOOKS.set(LOOKS.get() + children);
}

/// Counts a search that went through these and ended with `found`.
pub(super) fn looks_until<'a>(
    found: Option<(ChildId, Phase)>,
    searched: impl Iterator<Item = (ChildId, &'a Child)>,
) {
    let last = found.map_or(ChildId::MAX, |(id, _)| id);
    looks(searched.take_while(|&(id, _)| id <= last).count());
}

fn on(plan: &mut Plan, event: Event) -> Vec<Action> {
    let mut actions = Vec::new();
    plan.on(event, &|| Moment::ZERO, &|_| "c".into(), &mut actions);
    actions
}

/// A crowd of children that do as they are told at once.
fn crowd(strategy: Strategy, restart: Restart) -> (Plan, VecDeque<Event>) {
    let mut plan = Plan::new("s".into(), strategy, Intensity::default(), Backoff::default(), 1);
    let policy = ChildPolicy { restart, shutdown: Shutdown::Forever };
    for id in 0..CROWD {
        on(&mut plan, Event::Add(id, policy));
    }
    (plan, [Event::Start].into())
}

/// How many children were looked at until nothing was left to do; and how many orders were given.
fn work_off(plan: &mut Plan, mut events: VecDeque<Event>) -> (usize, usize) {
    LOOKS.set(0);
    let mut orders = 0;
    while let Some(event) = events.pop_front() {
        for action in on(plan, event) {
            orders += 1;
            match action {
                Action::Start(id) => events.push_back(Event::Started(id)),
                Action::Halt(id) | Action::Drain(id) => {
                    events.push_back(Event::Exited(id, ExitReason::Shutdown, true));
                }
                Action::Kill(id) => {
                    events.push_back(Event::Exited(id, ExitReason::Killed, true));
                }
                Action::Retire(id) => events.push_back(Event::Gone(id)),
                _ => {}
            }
        }
    }
    (LOOKS.get(), orders)
}

/// As many orders as there are children, and for each order a few looks, however many children there are.
#[test]
fn a_crowd_is_started_and_stopped_in_few_steps() {
    for strategy in [Strategy::OneForOne, Strategy::OneForAll, Strategy::RestForOne] {
        let (mut plan, start) = crowd(strategy, Restart::Permanent);
        for (what, events, at_least) in [
            ("start", start, CROWD),
            (
                "a crash of the first",
                [Event::Exited(0, ExitReason::Panicked("boom".into()), true)].into(),
                1,
            ),
            ("halt", [Event::Halt].into(), CROWD),
            ("start again", [Event::Start].into(), CROWD),
            ("retire", [Event::Retire].into(), 2 * CROWD),
        ] {
            let (looks, orders) = work_off(&mut plan, events);
            assert!(orders >= at_least, "{strategy:?}, {what}: {orders} orders");
            assert!(looks <= 4 * CROWD, "{strategy:?}, {what}: {looks} looks");
        }
    }
}

#[test]
fn a_crowd_that_ends_by_itself_is_not_looked_at_each_time() {
    let (mut plan, start) = crowd(Strategy::OneForOne, Restart::Temporary);
    work_off(&mut plan, start);
    let ends = (0..CROWD).map(|id| Event::Exited(id, ExitReason::Normal, true)).collect();
    let (looks, orders) = work_off(&mut plan, ends);
    assert!(orders >= CROWD, "{orders} orders");
    assert!(looks <= CROWD, "{looks} looks");
}

/// Those that drain are killed; they end in an order of their own.
#[test]
fn a_crowd_that_is_killed_is_not_looked_at_each_time() {
    for strategy in [Strategy::OneForOne, Strategy::OneForAll, Strategy::RestForOne] {
        let (mut plan, start) = crowd(strategy, Restart::Permanent);
        work_off(&mut plan, start);
        let (looks, orders) = work_off(&mut plan, [Event::Retire, Event::Kill].into());
        assert!(orders >= 3 * CROWD, "{strategy:?}: {orders} orders");
        assert!(looks <= 4 * CROWD, "{strategy:?}: {looks} looks");
        assert!(!plan.accepts_children());
    }
}

#[test]
fn a_crowd_that_comes_one_by_one_is_not_looked_at_each_time() {
    for strategy in [Strategy::OneForOne, Strategy::OneForAll, Strategy::RestForOne] {
        let (mut plan, start) = crowd(strategy, Restart::Permanent);
        work_off(&mut plan, start);
        let policy = ChildPolicy::default();
        let newcomers = (CROWD..CROWD + 100).map(|id| Event::Add(id, policy)).collect();
        let (looks, orders) = work_off(&mut plan, newcomers);
        assert_eq!(orders, 100, "{strategy:?}");
        assert!(looks <= CROWD, "{strategy:?}: {looks} looks");
    }
}
