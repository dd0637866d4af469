//! One life: constructor, `started`, messages, `stopped`, and the end of the state.

use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use millhand::prelude::*;
use millhand::{BoxError, ExitReason, StartError};

use crate::stage::*;

/// G14
#[test]
fn started_comes_before_the_first_message() {
    on_every_runtime(async || {
        let group = Group::new();
        let system = system().await;
        let member = system.worker("m", group.member("m")).start().await.unwrap();
        // Whoever waited for `start` finds it done.
        assert_eq!(group.log.take(), ["+m"]);
        member.tell(Note(1)).await.unwrap();
        member.tell(Run::crash()).await.unwrap();
        member.tell(Note(2)).await.unwrap();
        system.shutdown().await.unwrap();
        assert_eq!(group.log.take(), ["m 1", "-m panicked", "+m", "m 2", "-m shutdown"]);
    });
}

/// A worker whose life is a script.
#[derive(Worker)]
#[worker(handles(Note, Run, Bomb, With2), lifecycle)]
struct Actor {
    script: Arc<Script>,
    log: Log<String>,
    count: u64,
    _alive: Alive,
}

#[derive(Default)]
struct Script {
    /// `started` fails this many times.
    fails_to_start: AtomicU32,
    /// `started` panics this many times.
    panics_in_started: AtomicU32,
    panics_in_stopped: AtomicU32,
    panics_in_drop: AtomicU32,
    /// `started` asks for a stop.
    stops_in_started: AtomicU32,
}

fn next(times: &AtomicU32) -> bool {
    let less = |left: u32| left.checked_sub(1);
    times.fetch_update(Ordering::SeqCst, Ordering::SeqCst, less).is_ok()
}

/// A message whose drop panics.
#[derive(Message)]
#[message(local)]
struct Bomb(#[expect(dead_code, reason = "only its drop matters")] Fuse);

struct Fuse {
    _alive: Alive,
}

impl Drop for Fuse {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            panic!("planned, in the drop of a message");
        }
    }
}

impl Bomb {
    fn new(population: &Population) -> Self {
        Self(Fuse { _alive: population.born() })
    }
}

#[derive(Message)]
#[message(local)]
struct With2(Box<dyn FnOnce(&mut Context<Actor>) + Send>);

impl Lifecycle for Actor {
    async fn started(&mut self, cx: &mut Context<Self>) -> Result<(), BoxError> {
        if next(&self.script.fails_to_start) {
            return Err("not today".into());
        }
        if next(&self.script.panics_in_started) {
            panic!("planned, in started");
        }
        if next(&self.script.stops_in_started) {
            cx.stop();
        }
        self.log.push("started".into());
        Ok(())
    }

    fn stopped(&mut self, reason: &ExitReason) {
        self.log.push(format!("stopped at {}: {reason}", self.count));
        if next(&self.script.panics_in_stopped) {
            panic!("planned, in stopped");
        }
    }
}

impl Drop for Actor {
    fn drop(&mut self) {
        if next(&self.script.panics_in_drop) {
            panic!("planned, in the drop of a state");
        }
    }
}

impl Handle<Note> for Actor {
    async fn handle(&mut self, Note(n): Note, _cx: &mut Context<Self>) -> u64 {
        self.count += 1;
        n
    }
}

impl Handle<Run> for Actor {
    async fn handle(&mut self, run: Run, _cx: &mut Context<Self>) -> u64 {
        run.body().await
    }
}

impl Handle<Bomb> for Actor {
    async fn handle(&mut self, bomb: Bomb, _cx: &mut Context<Self>) {
        drop(bomb);
    }
}

impl Handle<With2> for Actor {
    async fn handle(&mut self, With2(body): With2, cx: &mut Context<Self>) {
        body(cx);
    }
}

/// A script, what it writes, and who lives.
#[derive(Clone)]
struct Play {
    script: Arc<Script>,
    log: Log<String>,
    actors: Population,
}

impl Play {
    fn new() -> Self {
        silence_planned_panics();
        Self { script: Arc::default(), log: Log::new(), actors: Population::default() }
    }

    fn actor(&self) -> impl Fn() -> Actor + Send + Sync + 'static {
        let play = self.clone();
        move || Actor {
            script: Arc::clone(&play.script),
            log: play.log.clone(),
            count: 0,
            _alive: play.actors.born(),
        }
    }
}

#[test]
fn stopped_sees_the_state_and_the_reason() {
    paused(async || {
        let play = Play::new();
        let system = system().await;
        let actor = system.worker("a", play.actor()).start().await.unwrap();
        actor.tell(Note(1)).await.unwrap();
        actor.tell(Note(2)).await.unwrap();
        actor.tell(Run::crash()).await.unwrap();
        actor.tell(Note(3)).await.unwrap();
        actor.tell(With2(Box::new(Context::stop))).await.unwrap();
        for _ in 0..4 {
            actor.tell(Note(4)).await.unwrap();
        }
        until_idle().await;
        system.shutdown().await.unwrap();
        assert_eq!(
            play.log.take(),
            [
                "started",
                "stopped at 2: panicked: planned crash",
                "started",
                "stopped at 1: stopped itself",
                "started",
                "stopped at 4: was stopped by its supervisor",
            ]
        );
    });
}

#[test]
fn stopped_sees_a_kill() {
    paused(async || {
        let play = Play::new();
        let system = system().await;
        let actor =
            system.worker("a", play.actor()).shutdown(Shutdown::Kill).start().await.unwrap();
        actor.tell(Note(1)).await.unwrap();
        actor.tell(Run::new(std::future::pending())).await.unwrap();
        until_idle().await;
        system.shutdown().await.unwrap();
        assert_eq!(
            play.log.take(),
            ["started", "stopped at 1: was killed: it did not stop in time"]
        );
        assert_eq!(play.actors.alive(), 0);
    });
}

#[test]
fn a_start_that_fails_is_tried_again() {
    paused(async || {
        let play = Play::new();
        play.script.fails_to_start.store(2, Ordering::SeqCst);
        play.script.panics_in_started.store(1, Ordering::SeqCst);
        let system = system().await;
        let actor = system.worker("a", play.actor()).start().await.unwrap();
        assert_eq!(actor.ask(Note(1)).await, Ok(1));
        system.shutdown().await.unwrap();
        assert_eq!(
            play.log.take(),
            [
                "stopped at 0: failed to start: not today",
                "stopped at 0: failed to start: not today",
                "stopped at 0: panicked: planned, in started",
                "started",
                "stopped at 1: was stopped by its supervisor",
            ]
        );
        assert_eq!((play.actors.alive(), play.actors.ever()), (0, 4));
        assert_eq!(play.actors.most(), 1);
    });
}

#[test]
fn a_temporary_worker_that_fails_to_start_says_why() {
    on_every_runtime(async || {
        let play = Play::new();
        play.script.fails_to_start.store(1, Ordering::SeqCst);
        let system = system().await;
        let failed = system
            .worker("a", play.actor())
            .restart(Restart::temporary())
            .start()
            .await
            .unwrap_err();
        let StartError::Failed { path, reason } = &failed else {
            panic!("{failed:?}");
        };
        assert_eq!(path, "a");
        assert!(matches!(reason, ExitReason::Failed(_)), "{reason:?}");
        assert_eq!(failed.to_string(), "`a` did not start: it failed to start: not today");
        // A panic is told as well.
        play.script.panics_in_started.store(1, Ordering::SeqCst);
        let failed = system
            .worker("b", play.actor())
            .restart(Restart::temporary())
            .start()
            .await
            .unwrap_err();
        assert!(failed.to_string().contains("planned, in started"), "{failed}");
        assert!(failed.source().is_none());
        // So is one in the constructor.
        let failed = system
            .worker("c", || -> Actor { panic!("planned, in the constructor") })
            .restart(Restart::temporary())
            .start()
            .await
            .unwrap_err();
        assert!(failed.to_string().contains("planned, in the constructor"), "{failed}");
        system.shutdown().await.unwrap();
        assert_eq!(play.actors.alive(), 0);
    });
}

/// G13
#[test]
fn a_constructor_may_fail_and_panic_before_it_succeeds() {
    paused(async || {
        let play = Play::new();
        let (attempts, make) = (Arc::new(AtomicU32::new(0)), play.actor());
        let counted = Arc::clone(&attempts);
        let constructor = move || match counted.fetch_add(1, Ordering::SeqCst) {
            0 => Err("no"),
            1 => panic!("planned, in the constructor"),
            _ => Ok(make()),
        };
        let system = system().await;
        let actor = system.worker("a", constructor).start().await.unwrap();
        assert_eq!(actor.ask(Note(1)).await, Ok(1));
        assert_eq!(attempts.load(Ordering::SeqCst), 3);
        system.shutdown().await.unwrap();
    });
}

/// G13
#[test]
fn a_panic_in_stopped_hurts_nobody() {
    paused(async || {
        let play = Play::new();
        play.script.panics_in_stopped.store(2, Ordering::SeqCst);
        let system = system().await;
        let actor = system.worker("a", play.actor()).start().await.unwrap();
        actor.tell(Run::crash()).await.unwrap();
        assert_eq!(actor.ask(Note(1)).await, Ok(1));
        system.shutdown().await.unwrap();
        assert_eq!((play.actors.alive(), play.actors.ever()), (0, 2));
        assert_eq!(actor.counters().restarts, 1);
    });
}

/// G13
#[test]
fn a_panic_in_the_drop_of_a_state_hurts_nobody() {
    paused(async || {
        let play = Play::new();
        play.script.panics_in_drop.store(2, Ordering::SeqCst);
        let system = system().await;
        let actor = system.worker("a", play.actor()).start().await.unwrap();
        actor.tell(Run::crash()).await.unwrap();
        assert_eq!(actor.ask(Note(1)).await, Ok(1));
        system.shutdown().await.unwrap();
        assert_eq!((play.actors.alive(), play.actors.ever()), (0, 2));
    });
}

#[test]
fn a_panic_in_the_drop_of_a_message_in_hand_is_a_crash() {
    paused(async || {
        let play = Play::new();
        let bombs = Population::default();
        let system = system().await;
        let actor = system.worker("a", play.actor()).start().await.unwrap();
        let crashed = actor.ask(Bomb::new(&bombs)).await;
        assert_eq!(failure(crashed), "Restarted");
        assert_eq!(actor.ask(Note(1)).await, Ok(1));
        system.shutdown().await.unwrap();
        assert_eq!(bombs.alive(), 0);
        assert_eq!(actor.counters().lost, 1);
    });
}

/// G13
///
/// Messages that nobody handles are dropped by the library; their panics end there.
#[test]
fn a_panic_in_the_drop_of_a_message_that_is_given_up_hurts_nobody() {
    paused(async || {
        let play = Play::new();
        let bombs = Population::default();
        let system = system().await;
        let actor =
            system.worker("a", play.actor()).shutdown(Shutdown::Kill).start().await.unwrap();
        actor.tell(Run::new(std::future::pending())).await.unwrap();
        for _ in 0..5 {
            actor.tell(Bomb::new(&bombs)).await.unwrap();
        }
        let mut given_up = actor.ask(Bomb::new(&bombs));
        poll_once(&mut given_up).await;
        until_idle().await;
        system.shutdown().await.unwrap();
        assert_eq!(failure(given_up.await), "Stopped(None)");
        assert_eq!(bombs.alive(), 0);
        assert_eq!(actor.counters().dropped, 6);
    });
}

/// G13
#[test]
fn a_panic_in_the_drop_of_an_expired_message_hurts_nobody() {
    paused(async || {
        let play = Play::new();
        let bombs = Population::default();
        let system = system().await;
        let actor = system.worker("a", play.actor()).start().await.unwrap();
        let (entered, leave) = (Gate::new(), Gate::new());
        actor.tell(Run::held(&entered, &leave)).await.unwrap();
        let expired = actor.ask(Bomb::new(&bombs)).timeout(ms(1)).await;
        assert_eq!(failure(expired), "Timeout(None)");
        leave.open();
        assert_eq!(actor.ask(Note(1)).await, Ok(1));
        assert_eq!(bombs.alive(), 0);
        assert_eq!(actor.counters().restarts, 0);
        system.shutdown().await.unwrap();
    });
}

/// G13
#[test]
fn a_payload_whose_own_drop_panics_hurts_nobody() {
    struct Payload;

    impl Drop for Payload {
        fn drop(&mut self) {
            std::panic::panic_any(Payload);
        }
    }

    paused(async || {
        // No text that the hook could know it by; its report is part of the output.
        let play = Play::new();
        let system = system().await;
        let actor = system.worker("a", play.actor()).start().await.unwrap();
        let crash = Run::new(async { std::panic::resume_unwind(Box::new(PlannedPayload)) });
        assert_eq!(failure(actor.ask(crash).await), "Restarted");
        assert_eq!(actor.ask(Note(1)).await, Ok(1));
        system.shutdown().await.unwrap();
        assert_eq!(play.actors.alive(), 0);
        let _ = |payload: Payload| payload;
    });

    /// Its drop panics with a payload whose drop panics as well.
    struct PlannedPayload;

    impl Drop for PlannedPayload {
        fn drop(&mut self) {
            std::panic::resume_unwind(Box::new(Payload2));
        }
    }

    struct Payload2;

    impl Drop for Payload2 {
        fn drop(&mut self) {
            std::panic::resume_unwind(Box::new("planned, in the drop of a payload"));
        }
    }
}

/// The reply of a `tell` is dropped by the library, on the worker.
#[test]
fn a_panic_in_the_drop_of_a_reply_nobody_wants_is_a_crash_at_most() {
    #[derive(Message)]
    #[message(local, reply = Reply)]
    struct Ask;

    struct Reply;

    impl Drop for Reply {
        fn drop(&mut self) {
            panic!("planned, in the drop of a reply");
        }
    }

    #[derive(Worker)]
    #[worker(handles(Ask, Note))]
    struct Replier;

    impl Handle<Ask> for Replier {
        async fn handle(&mut self, _: Ask, _cx: &mut Context<Self>) -> Reply {
            Reply
        }
    }

    impl Handle<Note> for Replier {
        async fn handle(&mut self, Note(n): Note, _cx: &mut Context<Self>) -> u64 {
            n
        }
    }

    paused(async || {
        silence_planned_panics();
        let system = system().await;
        let replier = system.worker("r", || Replier).start().await.unwrap();
        replier.tell(Ask).await.unwrap();
        assert_eq!(replier.ask(Note(1)).await, Ok(1));
        // A message before it, so that the reply is not there at once.
        replier.try_tell(Note(0)).unwrap();
        let mut ask = replier.ask(Ask);
        poll_once(&mut ask).await;
        drop(ask);
        assert_eq!(replier.ask(Note(2)).await, Ok(2));
        system.shutdown().await.unwrap();
        // Both were received, and each is accounted for once.
        let counters = replier.counters();
        assert_eq!(
            counters.received,
            counters.handled + counters.lost + counters.dropped,
            "{counters:?}"
        );
    });
}

/// G14
#[test]
fn each_state_is_dropped_exactly_once() {
    on_every_runtime(async || {
        let group = Group::new();
        let system = system().await;
        let mut members = Vec::new();
        for n in 0..20 {
            let member = system.worker(n.to_string(), group.member("m"));
            members.push(member.start().await.unwrap());
        }
        for round in 0..200 {
            for member in &members {
                if round % 2 == 0 {
                    member.tell(Note(1)).await.unwrap();
                } else {
                    member.tell(Run::crash()).await.unwrap();
                }
            }
        }
        system.shutdown().await.unwrap();
        // `Alive` panics when dropped twice.
        assert_eq!(group.members.alive(), 0);
        assert_eq!(group.members.most(), 20);
        // 100 crashes each; a member that crashed last may not have been started again before the end.
        let ever = group.members.ever();
        assert!((20 * 100..=20 * 101).contains(&ever), "{ever}, {:?}", members[0].counters());
        for member in &members {
            let counters = member.counters();
            assert_eq!((counters.handled, counters.lost), (100, 100));
        }
    });
}

#[test]
fn a_stop_in_started_ends_the_life() {
    paused(async || {
        let play = Play::new();
        play.script.stops_in_started.store(1, Ordering::SeqCst);
        let system = system().await;
        let actor =
            system.worker("a", play.actor()).restart(Restart::transient()).start().await.unwrap();
        until_idle().await;
        assert_eq!(play.log.take(), ["started", "stopped at 0: stopped itself"]);
        assert!(actor.is_stopped());
        system.shutdown().await.unwrap();
    });
}

/// What gave up is its supervisor, and the one above that tries again.
#[test]
fn a_worker_whose_start_has_failed_may_come_up_later() {
    paused(async || {
        let play = Play::new();
        // Three tries, and two more after the supervisor's own restart.
        play.script.fails_to_start.store(5, Ordering::SeqCst);
        let system = system().await;
        let bears_two = Intensity { fruitless: 2, ..Intensity::default() };
        let inner = system.supervisor("inner").intensity(bears_two).start().await.unwrap();
        let failed = inner.worker("a", play.actor()).start().await.unwrap_err();
        assert!(matches!(failed, StartError::Failed { .. }), "{failed:?}");
        assert_eq!(play.actors.ever(), 3);
        let taken = inner.worker("a", play.actor()).start().await.unwrap_err();
        assert!(matches!(taken, StartError::NameTaken { .. }), "{taken:?}");

        tokio::time::sleep(secs(1)).await;
        assert_eq!(play.actors.ever(), 6);
        let late = system.lookup::<Actor>("inner/a").unwrap();
        assert_eq!(late.ask(Note(1)).await, Ok(1));
        system.shutdown().await.unwrap();
    });
}

/// Whoever is told that a start failed can try again under the same name.
#[test]
fn a_name_is_free_once_its_start_is_said_to_have_failed() {
    on_every_runtime(async || {
        let system = system().await;
        for _ in 0..200 {
            let worker = system.worker("db", || Err::<Member, _>("no connection"));
            let failed = worker.restart(Restart::temporary()).start().await.unwrap_err();
            assert!(matches!(failed, StartError::Failed { .. }), "{failed:?}");
        }
        system.shutdown().await.unwrap();
    });
}
