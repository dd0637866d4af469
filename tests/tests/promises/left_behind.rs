//! What a shutdown leaves behind because a thread is stuck: nobody waits for it any more.

use millhand::prelude::*;
use millhand::{AskError, TellError};
use tokio::runtime::Runtime;

use crate::stage::*;

/// A runtime's only thread, stuck in a handler, and workers that would need it.
struct Stuck {
    runtime: Runtime,
    system: System,
    stuck: Address<Clerk>,
    /// Has one message in its mailbox, and room for no other.
    full: Address<ClerkOf1>,
    /// Has something to do, and is not told to do it.
    idle: Address<Member>,
    group: Group,
    release: Release,
}

impl Stuck {
    fn new() -> Self {
        Self::between(async |_, _| {})
    }

    /// Others are started before and after them.
    fn between(start: impl AsyncFn(&System, &'static str)) -> Self {
        let (log, group, release) = (Log::new(), Group::new(), Release::new());
        let runtime = multi_thread(1);
        let (system, stuck, full, idle) = runtime.block_on(async {
            let system = impatient().start().await.unwrap();
            start(&system, "first").await;
            let idle = system.worker("idle", group.member("idle")).start().await.unwrap();
            let full = system.worker("full", ClerkOf1::writing(&log)).start().await.unwrap();
            let stuck = system.worker("stuck", Clerk::writing(&log)).start().await.unwrap();
            start(&system, "last").await;
            let (entered, held) = (Gate::new(), release.clone());
            let inside = entered.clone();
            let stick = Run::new(async move {
                inside.open();
                held.block();
                0
            });
            stuck.try_tell(stick).unwrap();
            entered.opened().await;
            full.try_tell(Note(1)).unwrap();
            (system, stuck, full, idle)
        });
        Self { runtime, system, stuck, full, idle, group, release }
    }

    async fn shut_down(&self) {
        let outcome = self.system.shutdown().await.unwrap_err();
        assert_eq!(outcome.abandoned, ["stuck", "full", "idle"]);
    }
}

/// Within a time in which no deadline of an ask ends it.
async fn soon<T>(what: &str, future: impl Future<Output = T>) -> T {
    let outcome = tokio::time::timeout(secs(4), future).await;
    outcome.unwrap_or_else(|_| panic!("still waits: {what}"))
}

/// G3, G5
#[test]
fn those_who_wait_for_a_worker_that_is_left_behind_fail_with_stopped() {
    guarded("a shutdown beside a stuck thread", || {
        let stage = Stuck::new();
        let _end = ReleaseAtEnd(stage.release.clone());
        current_thread().block_on(async {
            let Stuck { stuck, full, idle, .. } = &stage;
            let mut accepted = Vec::new();
            for ask in [stuck.ask(Note(2)), idle.ask(Note(2))] {
                let mut ask = ask.no_timeout();
                poll_once(&mut ask).await;
                accepted.push(ask);
            }
            let mut in_line = Box::pin(full.tell(Note(3)));
            poll_once(&mut in_line).await;
            let mut asks_in_line = full.ask(Note(4)).no_timeout();
            poll_once(&mut asks_in_line).await;
            let (teller, asker) = (full.clone(), full.clone());
            let (before, told) = (Gate::new(), Gate::new());
            let (tells, asks) = (before.clone(), told.clone());
            let telling = on_a_plain_thread(move || {
                tells.open();
                teller.tell_blocking(Note(5))
            });
            let asking = on_a_plain_thread(move || {
                asks.open();
                asker.ask_blocking(Note(6))
            });
            let (telling, asking) = (tokio::spawn(telling), tokio::spawn(asking));
            before.opened().await;
            told.opened().await;
            stage.shut_down().await;
            for ask in accepted {
                let failed = soon("an ask that was accepted", ask).await;
                assert_eq!(failed, Err(AskError::Stopped(None)));
            }
            let failed = soon("a tell in line", in_line).await;
            assert_eq!(failed, Err(TellError::Stopped(Note(3))));
            let failed = soon("an ask in line", asks_in_line).await;
            assert_eq!(failed, Err(AskError::Stopped(Some(Note(4)))));
            let failed = soon("a tell that blocks", telling).await.unwrap();
            assert_eq!(failed, Err(TellError::Stopped(Note(5))));
            let failed = soon("an ask that blocks", asking).await.unwrap();
            assert_eq!(failed, Err(AskError::Stopped(Some(Note(6)))));
        });
        stage.runtime.shutdown_background();
    });
}

/// G3
#[test]
fn workers_that_are_left_behind_take_no_messages() {
    guarded("a shutdown beside a stuck thread", || {
        let stage = Stuck::new();
        let _end = ReleaseAtEnd(stage.release.clone());
        current_thread().block_on(async {
            let Stuck { stuck, full, idle, .. } = &stage;
            stage.shut_down().await;
            assert_eq!(stuck.try_tell(Note(1)), Err(TellError::Stopped(Note(1))));
            assert_eq!(full.try_tell(Note(1)), Err(TellError::Stopped(Note(1))));
            assert_eq!(idle.try_tell(Note(1)), Err(TellError::Stopped(Note(1))));
            let refused = soon("a tell", full.tell(Note(1))).await;
            assert_eq!(refused, Err(TellError::Stopped(Note(1))));
            let refused = soon("an ask", full.ask(Note(1)).no_timeout()).await;
            assert_eq!(refused, Err(AskError::Stopped(Some(Note(1)))));
            let refused = idle.ask_blocking(Note(1));
            assert_eq!(refused, Err(AskError::Stopped(Some(Note(1)))));
            assert_eq!(full.tell_blocking(Note(1)), Err(TellError::Stopped(Note(1))));
        });
        stage.runtime.shutdown_background();
    });
}

/// Blocks its thread when it stops.
#[derive(Worker)]
#[worker(handles(Note), lifecycle)]
struct Clinging(Gate, Release);

impl Lifecycle for Clinging {
    fn stopped(&mut self, _: &ExitReason) {
        self.0.open();
        self.1.block();
    }
}

impl Handle<Note> for Clinging {
    async fn handle(&mut self, Note(n): Note, _: &mut Context<Self>) -> u64 {
        n
    }
}

/// G3, G19
///
/// The end of what is left behind is user code, and may get stuck as well.
#[test]
fn nobody_waits_for_the_end_of_those_that_are_left_behind() {
    guarded("a shutdown beside a stuck thread", || {
        let (clings, release) = (Gate::new(), Release::new());
        let _end = ReleaseAtEnd(release.clone());
        let stage = Stuck::between(async |system, name| {
            let (clings, release) = (clings.clone(), release.clone());
            let clinging = move || Clinging(clings.clone(), release.clone());
            system.worker(name, clinging).start().await.unwrap();
        });
        let _both = ReleaseAtEnd(stage.release.clone());
        current_thread().block_on(async {
            let mut in_line = Box::pin(stage.full.tell(Note(2)));
            poll_once(&mut in_line).await;
            let outcome = stage.system.shutdown().await.unwrap_err();
            assert_eq!(outcome.abandoned.len(), 5);
            soon("for an end", clings.opened()).await;
            let failed = soon("a tell in line", in_line).await;
            assert_eq!(failed, Err(TellError::Stopped(Note(2))));
            assert_eq!(stage.full.try_tell(Note(3)), Err(TellError::Stopped(Note(3))));
            assert_eq!(stage.idle.try_tell(Note(3)), Err(TellError::Stopped(Note(3))));
        });
        stage.runtime.shutdown_background();
    });
}

/// G14, G21
///
/// Those that are not stuck themselves end, and are dropped, though their thread never comes.
#[test]
fn the_states_of_those_that_are_left_behind_are_dropped() {
    guarded("a shutdown beside a stuck thread", || {
        let stage = Stuck::new();
        let _end = ReleaseAtEnd(stage.release.clone());
        current_thread().block_on(async {
            let held = Population::default();
            let (messages, never) = (held.born(), Gate::new());
            let message = Run::new(async move {
                let _held = messages;
                never.opened().await;
                0
            });
            stage.idle.try_tell(message).unwrap();
            assert_eq!((stage.group.members.alive(), held.alive()), (1, 1));
            stage.shut_down().await;
            eventually("the state is dropped", || stage.group.members.alive() == 0).await;
            eventually("the message is dropped", || held.alive() == 0).await;
            assert!(!stage.release.is_given());
            let log = stage.group.log.take();
            assert_eq!(log, ["+idle", "-idle killed"]);
        });
        stage.runtime.shutdown_background();
    });
}
