//! What becomes of a worker that runs in its asker's poll: it crashes, tries again, stops, is killed, and
//! goes with its system as anywhere.

use millhand::AskError;
use millhand::prelude::*;

use crate::in_place::{ASKING, asking, clerk, until_in_place};
use crate::stage::*;

/// G5, G8, G13
#[test]
fn a_panic_in_place_is_its_workers_own() {
    on_every_runtime(async || {
        let log = Log::new();
        let system = system().await;
        let clerk = clerk(&system, "clerk", &log).await;
        for n in 0..20 {
            until_in_place(&clerk).await;
            let own = clerk.clone();
            silence_planned_panics();
            let crash = Run::new(async move {
                own.try_tell(Note(n)).unwrap();
                panic!("planned crash")
            });
            assert_eq!(failure(asking(clerk.ask(crash)).await), "Restarted");
            assert_eq!(clerk.ask(Note(n)).no_timeout().await, Ok(n));
        }
        let counters = clerk.counters();
        assert_eq!((counters.restarts, counters.lost, counters.dropped), (20, 20, 0));
        system.shutdown().await.unwrap();
        assert_eq!(log.take(), (0..20).flat_map(|n| [n, n]).collect::<Vec<_>>());
    });
}

/// G18
///
/// The shutdown begins inside the handler, and its worker has messages still.
#[test]
fn a_shutdown_that_begins_in_place_drains_as_any_other() {
    on_every_runtime(async || {
        let log = Log::new();
        let system = system().await;
        let clerk = clerk(&system, "clerk", &log).await;
        until_in_place(&clerk).await;
        let (own, ending) = (clerk.clone(), system.clone());
        let ends = Run::new(async move {
            own.try_tell(Note(1)).unwrap();
            own.try_tell(Note(2)).unwrap();
            let mut shutdown = Box::pin(ending.shutdown());
            poll_once(&mut shutdown).await;
            7
        });
        assert_eq!(asking(clerk.ask(ends)).await.ok(), Some(7));
        system.shutdown().await.unwrap();
        assert_eq!(log.take(), [1, 2]);
        assert_eq!(now(&mut clerk.ask(Note(3))).await, Some(Err(AskError::Stopped(Some(Note(3))))));
    });
}

/// G5
///
/// The kill comes while the handler runs inside its asker's poll: it is dropped where it is suspended next.
#[test]
fn a_kill_ends_a_handler_that_was_suspended_in_place() {
    on_every_runtime(async || {
        let group = Group::new();
        let system = system().await;
        let member = system.worker("m", group.member("m")).shutdown(Shutdown::Kill);
        let member = member.start().await.unwrap();
        until_in_place(&member).await;
        let ending = system.clone();
        let hangs = Run::new(async move {
            let mut shutdown = Box::pin(ending.shutdown());
            poll_once(&mut shutdown).await;
            std::future::pending().await
        });
        let asked = asking(member.ask(hangs).no_timeout()).await;
        assert_eq!(failure(asked), "Stopped(None)");
        system.shutdown().await.unwrap();
        assert_eq!(group.log.take(), ["+m", "-m killed"]);
        assert_eq!((member.counters().lost, group.members.alive()), (1, 0));
    });
}

/// G17
///
/// The handler gets stuck inside its asker's poll, and its asker with it; the worker does not.
#[test]
fn a_handler_that_is_stuck_in_place_is_abandoned_and_has_a_successor() {
    on_two_threads(async || {
        let release = Release::new();
        let end = ReleaseAtEnd(release.clone());
        let log = Log::new();
        let system = impatient().start().await.unwrap();
        let supervisor = system.supervisor("s").strategy(Strategy::OneForAll);
        let supervisor = supervisor.start().await.unwrap();
        let stuck = supervisor.worker("stuck", Clerk::writing(&log)).shutdown(Shutdown::Kill);
        let stuck = stuck.start().await.unwrap();
        let other = supervisor.worker("other", Clerk::writing(&log)).start().await.unwrap();
        let entered = Gate::new();
        let (asked, inside, given) = (stuck.clone(), entered.clone(), release.clone());
        let asker = tokio::spawn(async move {
            loop {
                until_in_place(&asked).await;
                let (inside, held) = (inside.clone(), given.clone());
                let spins = Run::new(async move {
                    if ASKING.get() != 0 {
                        inside.open();
                        held.block();
                    }
                    0
                });
                let outcome = asking(asked.ask(spins).no_timeout()).await;
                // A disturbed sample has sent it the long way.
                if outcome.is_err() || given.is_given() {
                    return outcome;
                }
            }
        });
        entered.opened().await;
        other.tell(Run::crash()).await.unwrap();
        // Alone in the queue, since the stuck one's asker is no driver.
        assert_eq!(stuck.ask(Note(1)).no_timeout().await, Ok(1));
        assert_eq!(stuck.counters().abandoned, 1);
        assert!(!release.is_given());
        drop(end);
        assert_eq!(failure(asker.await.unwrap()), "Restarted");
        for n in 2..20 {
            assert_eq!(stuck.ask(Note(n)).await, Ok(n));
        }
        assert_eq!(log.take(), (1..20).collect::<Vec<_>>());
    });
}

/// Does something with its worker's context.
#[derive(Message, Clone, Copy)]
#[message(local, reply = u64)]
enum Act {
    Stop,
    SetTimer,
}

/// Writes down what its timers say.
#[derive(Worker)]
#[worker(handles(Act, Run, Note))]
struct Acting(Log);

impl Handle<Act> for Acting {
    async fn handle(&mut self, act: Act, cx: &mut Context<Self>) -> u64 {
        match act {
            Act::Stop => cx.stop(),
            Act::SetTimer => {
                cx.after(ms(1), Note(7));
            }
        }
        1
    }
}

impl Handle<Run> for Acting {
    async fn handle(&mut self, run: Run, _: &mut Context<Self>) -> u64 {
        run.body().await
    }
}

impl Handle<Note> for Acting {
    async fn handle(&mut self, Note(n): Note, _: &mut Context<Self>) -> u64 {
        self.0.push(n);
        n
    }
}

async fn acting(system: &System, log: &Log) -> Address<Acting> {
    let log = log.clone();
    let acting = system.worker("acting", move || Acting(log.clone()));
    acting.restart(Restart::transient()).start().await.unwrap()
}

/// Fails at the first try. The reply is the number of the try.
#[derive(Message, Clone, Copy)]
#[message(local, reply = u32)]
struct Try;

/// Writes down in how many asks it failed.
#[derive(Worker)]
#[worker(handles(Try, Note), on_crash = retry(1))]
struct Trying(Log);

impl Handle<Try> for Trying {
    async fn handle(&mut self, _: Try, cx: &mut Context<Self>) -> u32 {
        if cx.attempt() == 1 {
            self.0.push(ASKING.get());
            panic!("planned: the first try fails");
        }
        cx.attempt()
    }
}

impl Handle<Note> for Trying {
    async fn handle(&mut self, Note(n): Note, _: &mut Context<Self>) -> u64 {
        n
    }
}

/// G9
#[test]
fn what_crashed_in_place_is_tried_again_and_replies_to_its_asker() {
    silence_planned_panics();
    on_every_runtime(async || {
        let log = Log::new();
        let system = system().await;
        let writing = log.clone();
        let trying = system.worker("trying", move || Trying(writing.clone()));
        let trying = trying.start().await.unwrap();
        let (mut tries, mut in_place) = (0, 0);
        while in_place < 5 {
            for n in 0..10 {
                assert_eq!(trying.ask(Note(n)).await, Ok(n));
            }
            assert_eq!(asking(trying.ask(Try)).await.ok(), Some(2));
            tries += 1;
            in_place += log.take().into_iter().sum::<u64>();
            assert!(tries < 10_000, "never runs in place");
        }
        let counters = trying.counters();
        assert_eq!((counters.restarts, counters.lost), (tries, 0));
        system.shutdown().await.unwrap();
    });
}

/// G15
#[test]
fn a_timer_that_is_set_in_place_fires_and_a_worker_that_stops_in_place_ends() {
    on_every_runtime(async || {
        let log = Log::new();
        let system = system().await;
        let acting = acting(&system, &log).await;
        until_in_place(&acting).await;
        assert_eq!(asking(acting.ask(Act::SetTimer)).await.ok(), Some(1));
        eventually("the timer fires", || log.len() == 1).await;
        assert_eq!(log.take(), [7]);
        until_in_place(&acting).await;
        assert_eq!(asking(acting.ask(Act::Stop)).await.ok(), Some(1));
        eventually("the worker has stopped", || acting.is_stopped()).await;
        let refused = acting.ask(Note(1)).await;
        assert_eq!(refused, Err(AskError::Stopped(Some(Note(1)))));
        system.shutdown().await.unwrap();
    });
}

/// G1
///
/// It is the worker's from the moment that it is accepted, whoever has begun it.
#[test]
fn a_handler_that_was_suspended_in_place_goes_on_without_its_asker() {
    on_every_runtime(async || {
        let log = Log::new();
        let system = system().await;
        let acting = acting(&system, &log).await;
        for n in 0..10 {
            until_in_place(&acting).await;
            let leave = Gate::new();
            let (left, said) = (leave.clone(), log.clone());
            let mut asked = Box::pin(asking(acting.ask(Run::new(async move {
                left.opened().await;
                said.push(n);
                0
            }))));
            poll_once(&mut asked).await;
            drop(asked);
            leave.open();
        }
        system.shutdown().await.unwrap();
        assert_eq!(log.take(), (0..10).collect::<Vec<_>>());
    });
}

/// G21
#[test]
fn a_system_whose_last_clone_is_dropped_in_place_is_gone() {
    on_every_runtime(async || {
        let group = Group::new();
        let system = system().await;
        let member = system.worker("m", group.member("m")).start().await.unwrap();
        until_in_place(&member).await;
        let own = member.clone();
        let ends = Run::new(async move {
            own.try_tell(Note(1)).unwrap();
            drop(system);
            7
        });
        assert_eq!(asking(member.ask(ends)).await.ok(), Some(7));
        eventually("all is gone", || group.members.alive() == 0).await;
        let refused = member.ask(Note(2)).await;
        assert_eq!(refused, Err(AskError::Stopped(Some(Note(2)))));
        assert_eq!(group.log.take(), ["+m", "-m killed"]);
    });
}

/// G20, G21
///
/// The asker is one of the tasks that go with the runtime, and the handler is suspended.
#[test]
fn a_runtime_that_is_dropped_takes_along_what_was_suspended_in_place() {
    for runtime in [current_thread as fn() -> _, || multi_thread(1), || multi_thread(2)] {
        guarded("the drop of a runtime", move || {
            let runtime = runtime();
            let group = Group::new();
            let (member, _system) = runtime.block_on(async {
                let system = system().await;
                let member = system.worker("m", group.member("m")).start().await.unwrap();
                let (suspended, never) = (Gate::new(), Gate::new());
                let (asks, waits) = (member.clone(), suspended.clone());
                tokio::spawn(async move {
                    until_in_place(&asks).await;
                    let held = Run::held(&Gate::new(), &never);
                    let mut asked = Box::pin(asking(asks.ask(held).no_timeout()));
                    poll_once(&mut asked).await;
                    waits.open();
                    asked.await.ok()
                });
                suspended.opened().await;
                (member, system)
            });
            drop(runtime);
            assert_eq!(group.members.alive(), 0);
            assert_eq!(group.log.take(), ["+m", "-m killed"]);
            let refused = without_runtime(member.ask(Note(1)));
            assert_eq!(refused, Err(AskError::Stopped(Some(Note(1)))));
        });
    }
}
