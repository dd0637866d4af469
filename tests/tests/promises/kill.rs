//! Kill and abandonment: a handler that is suspended is dropped; one that does not return loses its
//! rights, and nobody waits for it.
//!
//! These tests need real time, because a handler that does not return uses up real time. They set the
//! kill grace low and order everything else by flags.

use millhand::prelude::*;

use crate::stage::*;

/// Never returns, never suspends, until released.
fn spin(entered: &Gate, release: &Release) -> Run {
    let (entered, release) = (entered.clone(), release.clone());
    Run::new(async move {
        entered.open();
        release.block();
        1
    })
}

/// Opens its gate when it is dropped.
struct Dropped(Gate);

impl Drop for Dropped {
    fn drop(&mut self) {
        self.0.open();
    }
}

#[test]
fn a_suspended_handler_is_dropped_at_the_kill() {
    on_every_runtime(async || {
        let group = Group::new();
        let system = system().await;
        let member =
            system.worker("m", group.member("m")).shutdown(Shutdown::Kill).start().await.unwrap();
        let (entered, dropped) = (Gate::new(), Gate::new());
        let inside = (entered.clone(), Dropped(dropped.clone()));
        let hang = Run::new(async move {
            inside.0.open();
            std::future::pending::<()>().await;
            drop(inside.1);
            0
        });
        member.tell(hang).await.unwrap();
        entered.opened().await;
        system.shutdown().await.unwrap();
        assert!(dropped.is_open());
        assert_eq!(group.log.take(), ["+m", "-m killed"]);
        assert_eq!(member.counters().lost, 1);
    });
}

/// G17
#[test]
fn a_stuck_handler_does_not_stop_the_other_worker() {
    on_two_threads(async || {
        let release = Release::new();
        let _end = ReleaseAtEnd(release.clone());
        let group = Group::new();
        let system = impatient().start().await.unwrap();
        let stuck = system.worker("stuck", group.member("s")).start().await;
        let stuck = stuck.unwrap();
        let other = system.worker("other", group.member("o")).start().await;
        let other = other.unwrap();
        let entered = Gate::new();
        stuck.tell(spin(&entered, &release)).await.unwrap();
        entered.opened().await;
        for n in 0..2_000 {
            assert_eq!(other.ask(Note(n)).await, Ok(n));
        }
        assert!(!release.is_given());
    });
}

/// G17
///
/// What a handler has set going before it got stuck is on the stuck thread's own queues.
#[test]
fn workers_woken_by_a_handler_that_gets_stuck_run_elsewhere() {
    on_two_threads(async || woken_by_one_that_gets_stuck(impatient().start().await.unwrap()).await);
}

/// G17
///
/// No driver is idle, and comes to look for work that waits with another.
#[test]
fn workers_woken_by_a_handler_that_gets_stuck_run_beside_a_busy_one() {
    on_two_threads(async || {
        let system = impatient().start().await.unwrap();
        let busy = system.worker("busy", || Busy).start().await.unwrap();
        busy.tell(Note(0)).await.unwrap();
        woken_by_one_that_gets_stuck(system).await;
    });
}

async fn woken_by_one_that_gets_stuck(system: System) {
    let release = Release::new();
    let _end = ReleaseAtEnd(release.clone());
    let log = Log::new();
    let stuck = system.worker("stuck", Clerk::writing(&log)).start().await;
    let stuck = stuck.unwrap();
    let mut others = Vec::new();
    for n in 0..20 {
        let other = system.worker(n.to_string(), Clerk::writing(&log));
        others.push(other.start().await.unwrap());
    }
    let told = others.clone();
    let held = release.clone();
    let last_act = Run::new(async move {
        for (n, other) in (0..).zip(&told) {
            other.try_tell(Note(n)).unwrap();
        }
        held.block();
        0
    });
    stuck.tell(last_act).await.unwrap();
    eventually("all notes are handled", || log.len() == 20).await;
    assert!(!release.is_given());
}

/// Has always something to do.
#[derive(Worker)]
#[worker(handles(Note))]
struct Busy;

impl Handle<Note> for Busy {
    async fn handle(&mut self, Note(n): Note, cx: &mut Context<Self>) -> u64 {
        cx.address().try_tell(Note(n)).unwrap();
        n
    }
}

/// G5, G17
///
/// A handler that sets a timer and gets stuck: the timekeeper must not be stuck behind it.
#[test]
fn timeouts_go_on_beside_a_handler_that_set_a_timer_and_got_stuck() {
    on_two_threads(async || {
        let release = Release::new();
        let _end = ReleaseAtEnd(release.clone());
        let group = Group::new();
        let system = impatient().start().await.unwrap();
        let stuck = system.worker("stuck", group.member("s")).start().await;
        let stuck = stuck.unwrap();
        let other = system.worker("other", group.member("o")).start().await;
        let other = other.unwrap();
        let (entered, held) = (Gate::new(), release.clone());
        let inside = entered.clone();
        let set_and_spin = With::new(move |cx| {
            cx.after(secs(3_600), Note(0));
            inside.open();
            held.block();
        });
        stuck.tell(set_and_spin).await.unwrap();
        entered.opened().await;
        let hang = Run::new(std::future::pending());
        let late = other.ask(hang).timeout(ms(20)).await;
        assert_eq!(failure(late), "Timeout(None)");
        assert!(!release.is_given());
    });
}

/// G17
#[test]
fn a_handler_that_does_not_return_is_abandoned_and_has_a_successor() {
    on_two_threads(async || {
        let release = Release::new();
        let _end = ReleaseAtEnd(release.clone());
        let group = Group::new();
        let system = impatient().start().await.unwrap();
        let supervisor =
            system.supervisor("s").strategy(Strategy::OneForAll).start().await.unwrap();
        let stuck = supervisor
            .worker("stuck", group.member("stuck"))
            .shutdown(Shutdown::Kill)
            .start()
            .await
            .unwrap();
        let other = supervisor.worker("other", group.member("other"));
        let other = other.start().await.unwrap();
        let entered = Gate::new();
        let mut ask = stuck.ask(spin(&entered, &release)).no_timeout();
        poll_once(&mut ask).await;
        stuck.tell(Note(1)).await.unwrap();
        entered.opened().await;
        // The crash of its sibling stops it; it does not stop.
        other.tell(Run::crash()).await.unwrap();
        assert_eq!(failure(ask.await), "Restarted");
        // The successor handles what was waiting, and what comes.
        assert_eq!(stuck.ask(Note(2)).await, Ok(2));
        assert!(!release.is_given());
        assert_eq!(stuck.counters().abandoned, 1);
        assert_eq!(stuck.counters().restarts, 1);
        let log = group.log.take();
        let of_stuck: Vec<_> = log.iter().filter(|entry| entry.contains("stuck")).collect();
        // An abandoned state is still in use: `stopped` is not called on it.
        assert_eq!(of_stuck, ["+stuck", "+stuck", "stuck 1", "stuck 2"]);
        // The system says at its end that it had to leave something behind.
        let left = system.shutdown().await.unwrap_err();
        assert_eq!(left.abandoned, ["s/stuck"]);
        drop(_end);
        eventually("the abandoned state is dropped by its thread", || group.members.alive() == 0)
            .await;
    });
}

/// G17
///
/// After its abandonment a handler comes back: it cannot reply, consume, set timers, or stop.
#[test]
fn an_abandoned_handler_that_returns_has_no_effect() {
    on_two_threads(async || {
        let release = Release::new();
        let _end = ReleaseAtEnd(release.clone());
        let group = Group::new();
        let system = impatient().start().await.unwrap();
        let supervisor =
            system.supervisor("s").strategy(Strategy::OneForAll).start().await.unwrap();
        let stuck = supervisor
            .worker("stuck", group.member("stuck"))
            .shutdown(Shutdown::Kill)
            .start()
            .await
            .unwrap();
        let other = supervisor.worker("other", group.member("other"));
        let other = other.start().await.unwrap();
        let (entered, returned, held) = (Gate::new(), Gate::new(), release.clone());
        let inside = (entered.clone(), returned.clone());
        let spin = With::new(move |cx| {
            assert!(!cx.is_abandoned());
            inside.0.open();
            held.block();
            assert!(cx.is_abandoned());
            cx.after(ms(0), Note(666_666));
            cx.every(ms(1), Note(666_666));
            cx.stop();
            inside.1.open();
        });
        let mut ask = stuck.ask(spin).queued().no_timeout();
        poll_once(&mut ask).await;
        entered.opened().await;
        other.tell(Run::crash()).await.unwrap();
        assert_eq!(failure(ask.await), "Restarted");
        assert_eq!(stuck.ask(Note(1)).await, Ok(1));
        drop(_end);
        returned.opened().await;
        eventually("its state is dropped", || group.members.alive() == 2).await;
        for n in 0..600 {
            assert_eq!(stuck.ask(Note(n)).await, Ok(n));
        }
        eventually("every message is counted", || stuck.counters().handled == 601).await;
        let after = stuck.counters();
        assert_eq!(after.lost, 1);
        assert_eq!((after.restarts, after.abandoned), (1, 1));
        assert!(group.log.take().iter().all(|entry| !entry.contains("666666")));
        // It is not left behind any more.
        system.shutdown().await.unwrap();
    });
}

/// G19
#[test]
fn shutdown_returns_by_its_deadline_and_names_what_it_left_behind() {
    for threads in [1, 2, 8] {
        guarded("a stuck handler", move || {
            let runtime = multi_thread(threads);
            let release = Release::new();
            let end = ReleaseAtEnd(release.clone());
            runtime.block_on(async {
                let group = Group::new();
                // Time enough between giving up the stuck one and the deadline, also on a busy machine.
                let patient = impatient().kill_grace(ms(480)).shutdown_deadline(ms(1_000));
                let system = patient.start().await.unwrap();
                let first = system.worker("first", group.member("first"));
                let first = first.start().await.unwrap();
                let stuck = system.worker("stuck", group.member("stuck"));
                let stuck = stuck.start().await.unwrap();
                let last = system.worker("last", group.member("last"));
                let last = last.start().await.unwrap();
                let entered = Gate::new();
                stuck.tell(spin(&entered, &release)).await.unwrap();
                entered.opened().await;
                let left = system.shutdown().await.unwrap_err();
                assert!(left.abandoned.contains(&"stuck".into()), "{:?}", left.abandoned);
                if threads > 1 {
                    assert_eq!(left.abandoned, ["stuck"]);
                    assert!(first.is_stopped() && last.is_stopped());
                }
                assert_eq!(
                    left.to_string(),
                    format!("abandoned {}, which did not stop in time", left.abandoned.join(", "))
                );
                assert!(!release.is_given());
                drop(end);
                eventually("its thread has dropped the state", || group.members.alive() == 0).await;
            });
        });
    }
}

/// G20
///
/// `shutdown_background` with a stuck thread: asks on another runtime fail all the same.
#[test]
fn a_runtime_that_is_dropped_with_a_stuck_thread_fails_every_pending_ask() {
    guarded("a pending ask", || {
        let runtime = multi_thread(2);
        let release = Release::new();
        let _end = ReleaseAtEnd(release.clone());
        let group = Group::new();
        let (_system, stuck, other) = runtime.block_on(async {
            let system = impatient().start().await.unwrap();
            let stuck = system.worker("stuck", group.member("stuck"));
            let stuck = stuck.start().await.unwrap();
            let other = system.worker("other", group.member("other"));
            (system, stuck, other.start().await.unwrap())
        });
        current_thread().block_on(async {
            let entered = Gate::new();
            stuck.tell(spin(&entered, &release)).await.unwrap();
            entered.opened().await;
            let mut ask = other.ask(Run::new(std::future::pending())).no_timeout();
            poll_once(&mut ask).await;
            runtime.shutdown_background();
            let failed = tokio::time::timeout(secs(10), ask).await;
            assert_eq!(failed.map(failure).ok().as_deref(), Some("Stopped(None)"));
        });
    });
}

/// What is killed because the system ends has stopped; it was not restarted.
#[test]
fn an_ask_in_hand_when_the_system_is_dropped_fails_with_stopped() {
    on_every_runtime(async || {
        let log = Log::new();
        let system = system().await;
        let clerk = system.worker("clerk", Clerk::writing(&log)).start().await.unwrap();
        let (entered, leave) = (Gate::new(), Gate::new());
        let mut in_hand = clerk.ask(Run::held(&entered, &leave)).no_timeout();
        poll_once(&mut in_hand).await;
        let mut queued = clerk.ask(Note(1)).no_timeout();
        poll_once(&mut queued).await;
        entered.opened().await;
        drop(system);
        assert_eq!(failure(queued.await), "Stopped(None)");
        assert_eq!(failure(in_hand.await), "Stopped(None)");
    });
}

#[test]
fn an_ask_in_hand_when_the_worker_is_killed_at_shutdown_fails_with_stopped() {
    for shutdown in [Shutdown::Kill, Shutdown::Within(secs(1))] {
        paused(async move || {
            let group = Group::new();
            let system = system().await;
            let member =
                system.worker("m", group.member("m")).shutdown(shutdown).start().await.unwrap();
            let hang = Run::new(std::future::pending());
            let mut in_hand = member.ask(hang).no_timeout();
            poll_once(&mut in_hand).await;
            until_idle().await;
            assert_eq!(system.shutdown().await.is_err(), shutdown != Shutdown::Kill);
            assert_eq!(failure(in_hand.await), "Stopped(None)");
        });
    }
}
