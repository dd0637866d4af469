//! A `tracing` subscriber that panics at every event of the library: nobody goes on any the worse for it.
//!
//! Events come from drivers, from the timekeeper and from the watchdog, so the subscriber must be that of
//! all threads. Each test runs in a process of its own.

use std::collections::BTreeSet;
use std::fmt::Debug;
use std::sync::{Mutex, PoisonError};

use millhand::prelude::*;
use millhand::{Backoff, Intensity};
use tracing::field::{Field, Visit};
use tracing::{Event, Metadata, Subscriber, span};

use crate::stage::*;

/// Names of events at which a subscriber has panicked.
static PANICKED_AT: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());

struct Panicking;

#[derive(Default)]
struct Name(String);

impl Visit for Name {
    fn record_debug(&mut self, _: &Field, _: &dyn Debug) {}

    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "event" {
            value.clone_into(&mut self.0);
        }
    }
}

impl Subscriber for Panicking {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == "millhand"
    }

    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }

    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}

    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut name = Name::default();
        event.record(&mut name);
        PANICKED_AT.lock().unwrap_or_else(PoisonError::into_inner).insert(name.0);
        panic!("planned: a subscriber panics");
    }

    fn enter(&self, _: &span::Id) {}

    fn exit(&self, _: &span::Id) {}
}

/// True: in a process of its own, where every event makes the subscriber panic.
fn alone_with_the_subscriber(test: &str) -> bool {
    let alone = alone(&format!("subscribers::{test}"));
    if alone {
        silence_planned_panics();
        tracing::subscriber::set_global_default(Panicking).expect("the only one");
    }
    alone
}

fn panicked_at() -> BTreeSet<String> {
    PANICKED_AT.lock().unwrap_or_else(PoisonError::into_inner).clone()
}

fn exact() -> Backoff {
    Backoff { jitter: 0.0, ..Default::default() }
}

#[test]
fn a_subscriber_that_panics_costs_no_restart() {
    if !alone_with_the_subscriber("a_subscriber_that_panics_costs_no_restart") {
        return;
    }
    on_every_runtime(async || {
        let group = Group::new();
        let system = System::builder("test").backoff(exact()).start().await.unwrap();
        let supervisor = system.supervisor("s").strategy(Strategy::OneForAll);
        let supervisor = supervisor.start().await.unwrap();
        let crashing = supervisor.worker("c", group.member("c")).start().await.unwrap();
        let sibling = supervisor.worker("s", group.member("s")).start().await.unwrap();
        // At once, and with its siblings; then after a delay, which the timekeeper keeps.
        assert_eq!(crashing.ask(Note(1)).await, Ok(1));
        for n in 0..3 {
            assert_eq!(failure(crashing.ask(Run::crash()).await), "Restarted");
            eventually("its sibling is restarted", || sibling.counters().restarts == n + 1).await;
            assert_eq!(sibling.ask(Note(n)).await, Ok(n));
        }
        assert_eq!(crashing.ask(Note(2)).await, Ok(2));
        assert_eq!(crashing.counters().restarts, 3);
        system.shutdown().await.unwrap();
        assert_eq!(group.members.alive(), 0);
    });
    let expected = ["message.lost", "worker.exited", "worker.restarting"];
    let panicked_at = panicked_at();
    assert!(expected.iter().all(|event| panicked_at.contains(*event)), "{panicked_at:?}");
}

/// Sets a timer, and hears of it.
#[derive(Worker)]
#[worker(handles(Note), overflow = drop_newest, mailbox = 1, lifecycle)]
struct Ticking {
    ticks: Log,
}

impl Lifecycle for Ticking {
    async fn started(&mut self, cx: &mut Context<Self>) -> Result<(), millhand::BoxError> {
        cx.every(ms(1), Note(0));
        Ok(())
    }
}

impl Handle<Note> for Ticking {
    async fn handle(&mut self, Note(n): Note, _: &mut Context<Self>) -> u64 {
        self.ticks.push(n);
        n
    }
}

/// What the timekeeper calls panics inside: it goes on, for workers' timers, asks and stops.
#[test]
fn a_subscriber_that_panics_stops_no_timer() {
    if !alone_with_the_subscriber("a_subscriber_that_panics_stops_no_timer") {
        return;
    }
    on_every_runtime(async || {
        let (group, ticks) = (Group::new(), Log::new());
        let system = System::builder("test").backoff(exact()).start().await.unwrap();
        let written = ticks.clone();
        let ticking = system.worker("t", move || Ticking { ticks: written.clone() });
        let ticking = ticking.start().await.unwrap();
        // A message that is dropped is an event, on the sender's thread.
        for _ in 0..1_000 {
            ticking.tell(Note(1)).await.unwrap();
        }
        // Times up: killed by the timekeeper, in the middle of a supervisor's decision.
        let short = Shutdown::Within(ms(5));
        let supervisor = system.supervisor("s").strategy(Strategy::OneForAll);
        let supervisor = supervisor.start().await.unwrap();
        let slow = supervisor.worker("slow", group.member("slow")).shutdown(short);
        let slow = slow.start().await.unwrap();
        let other = supervisor.worker("other", group.member("other")).start().await.unwrap();
        let (entered, never) = (Gate::new(), Gate::new());
        let mut hung = slow.ask(Run::held(&entered, &never)).no_timeout();
        poll_once(&mut hung).await;
        entered.opened().await;
        other.tell(Run::crash()).await.unwrap();
        assert_eq!(failure(hung.await), "Restarted");
        let late = other.ask(Run::new(std::future::pending())).timeout(ms(20)).await;
        assert_eq!(failure(late), "Timeout(None)");
        let before = ticks.len();
        eventually("the timer goes on", || ticks.len() > before + 10).await;
        drop(system);
        eventually("all is gone", || group.members.alive() == 0).await;
    });
    let expected = ["message.dropped", "worker.killed", "worker.restarting"];
    let panicked_at = panicked_at();
    assert!(expected.iter().all(|event| panicked_at.contains(*event)), "{panicked_at:?}");
}

/// G17: an abandonment is told on the watchdog's thread, which is there for the next one.
#[test]
fn a_subscriber_that_panics_does_not_stop_the_watchdog() {
    if !alone_with_the_subscriber("a_subscriber_that_panics_does_not_stop_the_watchdog") {
        return;
    }
    guarded("four threads", || {
        multi_thread(4).block_on(async {
            let release = Release::new();
            let end = ReleaseAtEnd(release.clone());
            let group = Group::new();
            let system = impatient().shutdown_deadline(secs(10)).start().await.unwrap();
            let supervisor = system.supervisor("s").strategy(Strategy::OneForAll);
            let supervisor = supervisor.start().await.unwrap();
            let stuck = supervisor.worker("stuck", group.member("stuck")).shutdown(Shutdown::Kill);
            let stuck = stuck.start().await.unwrap();
            let other = supervisor.worker("other", group.member("other")).start().await.unwrap();
            for n in 1..=2 {
                let (entered, held) = (Gate::new(), release.clone());
                let inside = entered.clone();
                let spin = Run::new(async move {
                    inside.open();
                    held.block();
                    0
                });
                let mut asked = stuck.ask(spin).queued().no_timeout();
                poll_once(&mut asked).await;
                entered.opened().await;
                other.tell(Run::crash()).await.unwrap();
                assert_eq!(failure(asked.await), "Restarted");
                assert_eq!(stuck.ask(Note(n)).await, Ok(n));
                assert_eq!(stuck.counters().abandoned, n);
            }
            let left = system.shutdown().await.unwrap_err();
            assert_eq!(left.abandoned, ["s/stuck"]);
            assert!(!release.is_given());
            drop(end);
        });
    });
    let expected = ["message.lost", "system.abandoned", "worker.killed", "worker.restarting"];
    let panicked_at = panicked_at();
    assert!(expected.iter().all(|event| panicked_at.contains(*event)), "{panicked_at:?}");
}

#[test]
fn a_subscriber_that_panics_keeps_no_system_from_its_end() {
    if !alone_with_the_subscriber("a_subscriber_that_panics_keeps_no_system_from_its_end") {
        return;
    }
    on_every_runtime(async || {
        let log = Log::new();
        let never = Intensity { fruitless: 0, ..Default::default() };
        let system = System::builder("test").intensity(never).start().await.unwrap();
        let clerk = system.worker("c", Clerk::writing(&log)).start().await.unwrap();
        clerk.tell(Run::crash()).await.unwrap();
        let ended = system.stopped().await;
        assert!(matches!(ended, ExitReason::Escalated { .. }), "{ended}");
        assert!(clerk.is_stopped());
    });
    let expected = ["supervisor.escalated", "system.started", "system.stopped"];
    let panicked_at = panicked_at();
    assert!(expected.iter().all(|event| panicked_at.contains(*event)), "{panicked_at:?}");
}
