//! The system: start, names, counters, shutdown, and the end of its runtime.

use millhand::prelude::*;
use millhand::{Backoff, Counters, ExitReason, Intensity, StartError, TellError};
use tokio::runtime::Builder;
use tokio::time::Instant;

use crate::stage::*;

#[test]
fn a_start_outside_a_runtime_says_so() {
    guarded("a start without a runtime", || {
        let refused = without_runtime(System::builder("test").start()).unwrap_err();
        assert!(matches!(refused, StartError::NoRuntime), "{refused:?}");
    });
}

#[test]
fn a_runtime_without_a_timer_is_refused() {
    guarded("a start without a timer", || {
        let runtime = Builder::new_current_thread().build().unwrap();
        silence_planned_panics();
        let refused = runtime.block_on(System::builder("test").start());
        let refused = refused.unwrap_err();
        assert!(matches!(refused, StartError::NoTimer), "{refused:?}");
    });
}

#[test]
fn lookup_needs_the_path_and_the_type() {
    on_every_runtime(async || {
        let log = Log::new();
        let system = system().await;
        let supervisor = system.supervisor("s").start().await.unwrap();
        let clerk = supervisor.worker("clerk", Clerk::writing(&log));
        let clerk = clerk.start().await.unwrap();
        assert_eq!(system.lookup::<Clerk>("s/clerk"), Some(clerk.clone()));
        assert_eq!(clerk.path(), "s/clerk");
        assert!(system.lookup::<ClerkOf1>("s/clerk").is_none());
        assert!(system.lookup::<Clerk>("clerk").is_none());
        assert!(system.lookup::<Clerk>("s").is_none());
        assert_eq!(system.name(), "test");
        assert_eq!(supervisor.path(), "s");
        system.shutdown().await.unwrap();
        assert!(system.lookup::<Clerk>("s/clerk").is_none());
    });
}

/// G22
#[test]
fn counters_are_exact_once_nothing_moves() {
    on_every_runtime(async || {
        let log = Log::new();
        // Crashes meet by chance: some are fruitless.
        let at_once = Backoff { first: ms(0), longest: ms(0), jitter: 0.0 };
        let system = System::builder("test")
            .backoff(at_once)
            .intensity(Intensity { fruitless: 1_000, ..Default::default() });
        let system = system.start().await.unwrap();
        let mut clerks = Vec::new();
        for n in 0..5 {
            let clerk = system.worker(format!("c{n}"), Clerk::writing(&log));
            clerks.push(clerk.start().await.unwrap());
        }
        let senders: Vec<_> = (0..4)
            .map(|_| {
                let clerks = clerks.clone();
                tokio::spawn(async move {
                    for n in 0..1_000 {
                        let clerk = &clerks[n as usize % clerks.len()];
                        if n % 10 == 0 {
                            clerk.tell(Run::crash()).await.unwrap();
                        } else if n % 10 == 1 {
                            assert_eq!(clerk.ask(Note(n)).no_timeout().await, Ok(n));
                        } else {
                            clerk.tell(Note(n)).await.unwrap();
                        }
                    }
                })
            })
            .collect();
        for sender in senders {
            sender.await.unwrap();
        }
        eventually("all is handled", || {
            let settled = |counters: &Counters| {
                counters.handled + counters.lost == 800 && counters.mailbox == 0
            };
            let all = system.counters();
            all.len() == 5 && all.iter().all(|(_, counters)| settled(counters))
        })
        .await;
        let listed = system.counters();
        let paths: Vec<_> = listed.iter().map(|(path, _)| path.as_str()).collect();
        assert_eq!(paths, ["c0", "c1", "c2", "c3", "c4"]);
        let all_lost: u64 = listed.iter().map(|(_, counters)| counters.lost).sum();
        assert_eq!(all_lost, 400);
        for ((_, counters), clerk) in listed.iter().zip(&clerks) {
            assert_eq!(counters.received, 800);
            assert_eq!((counters.dropped, counters.mailbox), (0, 0));
            assert_eq!(clerk.counters().handled, counters.handled);
        }
        system.shutdown().await.unwrap();
        assert_eq!(log.len(), 3_600);
    });
}

/// G18
#[test]
fn shutdown_handles_everything_that_is_queued() {
    on_every_runtime(async || {
        let log = Log::new();
        let system = system().await;
        let clerk = system.worker("clerk", Clerk::writing(&log)).start().await;
        let clerk = clerk.unwrap();
        let (entered, leave) = (Gate::new(), Gate::new());
        clerk.tell(Run::held(&entered, &leave)).await.unwrap();
        entered.opened().await;
        for n in 0..1_000 {
            clerk.tell(Note(n)).await.unwrap();
        }
        let mut shutdown = Box::pin(system.shutdown());
        poll_once(&mut shutdown).await;
        leave.open();
        shutdown.await.unwrap();
        assert_eq!(log.take(), (0..1_000).collect::<Vec<_>>());
        assert_eq!(clerk.try_tell(Note(0)), Err(TellError::Stopped(Note(0))));
    });
}

/// It would have been started again, so it is started again for the rest.
#[test]
fn a_permanent_worker_that_stops_itself_while_draining_loses_no_message() {
    on_every_runtime(async || {
        let group = Group::new();
        let system = system().await;
        let member = system.worker("m", group.member("m")).start().await;
        let member = member.unwrap();
        let (entered, leave) = (Gate::new(), Gate::new());
        member.tell(Run::held(&entered, &leave)).await.unwrap();
        entered.opened().await;
        member.tell(With::stop()).await.unwrap();
        member.tell(Note(1)).await.unwrap();
        let mut shutdown = Box::pin(system.shutdown());
        poll_once(&mut shutdown).await;
        leave.open();
        shutdown.await.unwrap();
        assert_eq!(group.log.take(), ["+m", "-m normal", "+m", "m 1", "-m shutdown"]);
    });
}

/// G18
///
/// What was started later depends on what was started earlier, and may use it while it drains.
#[test]
fn shutdown_drains_dependents_before_what_they_depend_on() {
    on_every_runtime(async || {
        let (log, unused) = (Log::new(), Log::new());
        let system = system().await;
        let collector = system.worker("collector", Clerk::writing(&log));
        let collector = collector.start().await.unwrap();
        let stage2 = system.pool("stage2", 3, Clerk::writing(&unused));
        let stage2 = stage2.start().await.unwrap();
        let stage1 = system.worker("stage1", Clerk::writing(&unused));
        let stage1 = stage1.start().await.unwrap();
        for n in 0..500 {
            let (stage2, collector) = (stage2.clone(), collector.clone());
            let forward = Run::new(async move {
                let on = Run::new(async move {
                    tokio::task::yield_now().await;
                    collector.tell(Note(n)).await.unwrap();
                    collector.ask(Note(1_000 + n)).await.unwrap()
                });
                stage2.tell(on).await.unwrap();
                0
            });
            stage1.tell(forward).await.unwrap();
        }
        system.shutdown().await.unwrap();
        let mut all = log.take();
        all.sort_unstable();
        assert_eq!(all, (0..500).chain(1_000..1_500).collect::<Vec<_>>());
    });
}

/// G18
///
/// The crash costs its own message only, also when the end is near.
#[test]
fn a_crash_while_draining_loses_no_other_message() {
    on_every_runtime(async || {
        let log = Log::new();
        let system = system().await;
        let clerk = system.worker("clerk", Clerk::writing(&log)).start().await;
        let clerk = clerk.unwrap();
        let (entered, leave) = (Gate::new(), Gate::new());
        clerk.tell(Run::held(&entered, &leave)).await.unwrap();
        entered.opened().await;
        for n in 0..100 {
            clerk.tell(Note(n)).await.unwrap();
            if n % 10 == 0 {
                clerk.tell(Run::crash()).await.unwrap();
            }
        }
        let mut shutdown = Box::pin(system.shutdown());
        poll_once(&mut shutdown).await;
        leave.open();
        shutdown.await.unwrap();
        assert_eq!(log.take(), (0..100).collect::<Vec<_>>());
        assert_eq!(clerk.counters().lost, 10);
        assert_eq!(clerk.counters().dropped, 0);
    });
}

/// While a later worker still drains, an earlier one goes on as before: its crash restarts it.
#[test]
fn a_crash_during_a_shutdown_before_the_workers_turn_loses_no_other_message() {
    on_every_runtime(async || {
        let log = Log::new();
        let system = system().await;
        let early = system.worker("early", Clerk::writing(&log)).start().await;
        let late = system.worker("late", Clerk::writing(&log)).start().await;
        let (early, late) = (early.unwrap(), late.unwrap());
        let (entered, leave) = (Gate::new(), Gate::new());
        late.tell(Run::held(&entered, &leave)).await.unwrap();
        entered.opened().await;
        let mut shutdown = Box::pin(system.shutdown());
        poll_once(&mut shutdown).await;
        assert_eq!(early.ask(Note(1)).await, Ok(1));
        assert_eq!(failure(early.ask(Run::crash()).await), "Restarted");
        early.tell(Note(2)).await.unwrap();
        // The late one depends on the early one, and may ask it.
        let asked = early.ask(Note(3));
        let asked = tokio::time::timeout(secs(2), asked).await;
        leave.open();
        shutdown.await.unwrap();
        assert_eq!(asked.ok(), Some(Ok(3)));
        assert_eq!(log.take(), [1, 2, 3]);
        assert_eq!(early.counters().dropped, 0);
    });
}

/// G18
#[test]
fn a_worker_that_waits_for_its_restart_at_shutdown_fails_what_it_does_not_handle() {
    paused(async || {
        let log = Log::new();
        let system = system().await;
        let clerk = system.worker("clerk", Clerk::writing(&log)).start().await;
        let clerk = clerk.unwrap();
        clerk.tell(Run::crash()).await.unwrap();
        clerk.tell(Run::crash()).await.unwrap();
        let mut ask = clerk.ask(Note(1)).no_timeout();
        poll_once(&mut ask).await;
        until_idle().await;
        system.shutdown().await.unwrap();
        // Handled or told: never a hang.
        let outcome = ask.await;
        let handled = log.take() == [1];
        assert_eq!(handled, outcome.is_ok(), "{outcome:?}");
        let counters = clerk.counters();
        assert_eq!(counters.received, counters.handled + counters.lost + counters.dropped);
    });
}

#[test]
fn shutdown_can_be_called_again_and_at_the_same_time() {
    on_every_runtime(async || {
        let log = Log::new();
        let system = system().await;
        let clerk = system.worker("clerk", Clerk::writing(&log)).start().await;
        let clerk = clerk.unwrap();
        for n in 0..100 {
            clerk.tell(Note(n)).await.unwrap();
        }
        let calls: Vec<_> = (0..8)
            .map(|_| {
                let system = system.clone();
                tokio::spawn(async move { system.shutdown().await })
            })
            .collect();
        for call in calls {
            call.await.unwrap().unwrap();
        }
        system.shutdown().await.unwrap();
        assert!(matches!(system.stopped().await, ExitReason::Shutdown));
        assert_eq!(log.len(), 100);
    });
}

#[test]
fn a_shutdown_goes_on_when_its_future_is_dropped() {
    on_every_runtime(async || {
        let log = Log::new();
        let system = system().await;
        let clerk = system.worker("clerk", Clerk::writing(&log)).start().await;
        let clerk = clerk.unwrap();
        let (entered, leave) = (Gate::new(), Gate::new());
        clerk.tell(Run::held(&entered, &leave)).await.unwrap();
        clerk.tell(Note(1)).await.unwrap();
        entered.opened().await;
        let mut shutdown = Box::pin(system.shutdown());
        poll_once(&mut shutdown).await;
        drop(shutdown);
        leave.open();
        assert!(matches!(system.stopped().await, ExitReason::Shutdown));
        assert_eq!(log.take(), [1]);
    });
}

/// G19
#[test]
fn a_shutdown_with_its_own_deadline_kills_what_is_suspended() {
    paused(async || {
        let group = Group::new();
        let system = system().await;
        let member = system
            .worker("m", group.member("m"))
            .shutdown(Shutdown::Forever)
            .start()
            .await
            .unwrap();
        let hang = Run::new(std::future::pending());
        member.tell(hang).await.unwrap();
        until_idle().await;
        let begin = Instant::now();
        let cut_short = system.shutdown_within(secs(3)).await.unwrap_err();
        assert_eq!(cut_short.killed, ["m"]);
        // One kill grace before the deadline.
        assert_eq!(begin.elapsed(), secs(2));
        assert_eq!(group.log.take(), ["+m", "-m killed"]);
    });
}

/// G19
///
/// A second for each of 100 messages: its own 5 s are too short, or the system's deadline is.
#[test]
fn shutdown_names_those_it_killed_with_work_left_and_no_others() {
    for (limit, took) in [(Shutdown::default(), ms(4_999)), (Shutdown::Forever, ms(28_999))] {
        paused(async move || {
            let group = Group::new();
            let system = system().await;
            let idle = system.worker("idle", group.member("idle")).start().await.unwrap();
            let slow = system.worker("slow", group.member("slow")).shutdown(limit);
            let slow = slow.start().await.unwrap();
            for _ in 0..100 {
                let second = Run::new(async {
                    tokio::time::sleep(secs(1)).await;
                    0
                });
                slow.tell(second).await.unwrap();
            }
            until_idle().await;
            let begin = Instant::now();
            let cut_short = system.shutdown().await.unwrap_err();
            assert!((took..took + ms(2)).contains(&begin.elapsed()), "{:?}", begin.elapsed());
            assert_eq!(
                (&*cut_short.killed, &*cut_short.abandoned),
                (&["slow".into()][..], &[][..])
            );
            let text = "killed slow, which did not finish their messages in time";
            assert_eq!(cut_short.to_string(), text);
            // Whoever asks again is told again.
            assert_eq!(system.shutdown().await, Err(cut_short));
            let counters = slow.counters();
            assert_eq!((counters.lost, counters.handled + counters.dropped), (1, 99));
            assert!(idle.is_stopped());
        });
    }
}

/// G19
///
/// A message whose destructor hangs, in the mailbox of a worker that waits for its restart.
#[test]
fn shutdown_names_a_worker_that_is_stuck_in_giving_its_messages_up() {
    struct Stuck(std::sync::mpsc::Receiver<()>);

    impl Drop for Stuck {
        fn drop(&mut self) {
            let _ = self.0.recv();
        }
    }

    on_two_threads(async || {
        let group = Group::new();
        let never = Backoff { first: secs(3_600), longest: secs(3_600), jitter: 0.0 };
        let system = System::builder("test").backoff(never).kill_grace(ms(200));
        let system = system.start().await.unwrap();
        let first = system.worker("first", group.member("first")).start().await.unwrap();
        let waits = system.worker("waits", group.member("waits")).start().await.unwrap();
        waits.tell(Run::crash()).await.unwrap();
        eventually("it waits", || waits.counters().lost == 1).await;
        let (_release, released) = std::sync::mpsc::channel();
        let stuck = Stuck(released);
        let message = Run::new(async move {
            drop(stuck);
            0
        });
        waits.tell(message).await.unwrap();
        let left = system.shutdown_within(secs(1)).await.unwrap_err();
        assert_eq!((left.abandoned, left.killed), (vec!["waits".to_owned()], vec![]));
        assert!(first.is_stopped());
    });
}

#[test]
fn a_worker_can_shut_its_own_system_down() {
    on_every_runtime(async || {
        let log = Log::new();
        let system = system().await;
        let clerk = system.worker("clerk", Clerk::writing(&log)).start().await;
        let clerk = clerk.unwrap();
        let own = system.clone();
        let call = Run::new(async move {
            let own = own;
            tokio::spawn(async move { own.shutdown().await });
            0
        });
        clerk.tell(call).await.unwrap();
        // The shutdown may have begun by now.
        let _ = clerk.tell(Note(1)).await;
        assert!(matches!(system.stopped().await, ExitReason::Shutdown));
        assert!(log.take().len() <= 1);
    });
}

#[test]
fn the_last_clone_may_be_dropped_inside_a_handler() {
    on_every_runtime(async || {
        let log = Log::new();
        let system = system().await;
        let clerk = system.worker("clerk", Clerk::writing(&log)).start().await;
        let clerk = clerk.unwrap();
        let last = Run::new(async move {
            drop(system);
            0
        });
        clerk.tell(last).await.unwrap();
        eventually("the worker has stopped", || clerk.is_stopped()).await;
    });
}

/// G20
///
/// Everything that waits for a worker of a runtime that is dropped, on another one.
#[test]
fn the_drop_of_a_runtime_fails_every_pending_verb_elsewhere() {
    let runtimes: [fn() -> tokio::runtime::Runtime; 3] =
        [current_thread, || multi_thread(2), || multi_thread(8)];
    for runtime in runtimes {
        guarded("a pending verb", move || {
            let runtime = runtime();
            let log = Log::new();
            let (system, idle, full) = runtime.block_on(async {
                let system = system().await;
                let idle = system.worker("idle", Clerk::writing(&log)).start().await;
                let full = system.worker("full", ClerkOf1::writing(&log));
                (system, idle.unwrap(), full.start().await.unwrap())
            });
            let (entered, leave) = (Gate::new(), Gate::new());
            without_runtime(async {
                let mut in_hand = idle.ask(Run::held(&entered, &leave)).no_timeout();
                poll_once(&mut in_hand).await;
                let mut queued = idle.ask(Note(1)).no_timeout();
                poll_once(&mut queued).await;
                full.tell(Run::held(&entered, &leave)).await.unwrap();
                // The current-thread runtime needs somebody to run it.
                runtime.block_on(async {
                    eventually("both are held", || {
                        idle.counters().mailbox == 1 && full.counters().mailbox == 0
                    })
                    .await;
                });
                full.try_tell(Note(2)).unwrap();
                let mut told = Box::pin(full.tell(Note(3)));
                poll_once(&mut told).await;
                let mut unsent = full.ask(Note(4)).no_timeout();
                poll_once(&mut unsent).await;
                let mut ended = Box::pin(system.stopped());
                poll_once(&mut ended).await;
                drop(runtime);
                assert_eq!(failure(queued.await), "Stopped(None)");
                assert_eq!(told.await, Err(TellError::Stopped(Note(3))));
                assert_eq!(failure(unsent.await), "Stopped(Some(..))");
                ended.await;
                assert_eq!(failure(idle.ask(Note(5)).await), "Stopped(Some(..))");
                assert_eq!(failure(in_hand.await), "Stopped(None)");
                system.shutdown().await.unwrap();
            });
        });
    }
}

#[test]
fn two_systems_share_a_runtime_and_nothing_else() {
    on_every_runtime(async || {
        let log = Log::new();
        let one = System::builder("one").start().await.unwrap();
        let two = System::builder("two").start().await.unwrap();
        let a = one.worker("same", Clerk::writing(&log)).start().await;
        let b = two.worker("same", Clerk::writing(&log)).start().await;
        let (a, b) = (a.unwrap(), b.unwrap());
        assert_ne!(a, b);
        // They ask each other.
        let there = b.clone();
        let across = a.ask(Run::new(async move {
            let mut sum = 0;
            for n in 0..500 {
                sum += there.ask(Note(n)).await.unwrap();
            }
            sum
        }));
        assert_eq!(across.await.ok(), Some(124_750));
        one.shutdown().await.unwrap();
        assert!(a.is_stopped() && !b.is_stopped());
        assert_eq!(b.ask(Note(1)).await, Ok(1));
        two.shutdown().await.unwrap();
    });
}

/// Threads of this process by the name of the watchdog's.
#[cfg(target_os = "linux")]
fn watchdogs_of(name: &str) -> usize {
    let tasks = std::fs::read_dir("/proc/self/task").unwrap();
    tasks
        .filter_map(|task| std::fs::read_to_string(task.ok()?.path().join("comm")).ok())
        .filter(|comm| comm.trim() == name)
        .count()
}

/// Run in a process of its own, because other tests have watchdogs as well.
#[cfg(target_os = "linux")]
#[test]
fn fifty_systems_one_after_another_leak_no_thread() {
    if !alone("system::fifty_systems_one_after_another_leak_no_thread") {
        return;
    }
    on_two_threads(async || {
        let mut kept = Vec::new();
        for n in 0..50 {
            let log = Log::new();
            let system = system().await;
            let clerk = system.worker("clerk", Clerk::writing(&log)).start().await;
            let clerk = clerk.unwrap();
            assert_eq!(clerk.ask(Note(n)).await, Ok(n));
            system.shutdown().await.unwrap();
            // An address that somebody keeps is no reason to keep a thread.
            kept.push(clerk);
        }
        // The kernel cuts names at 15 bytes. A moment may pass between the end and the thread's.
        let begin = std::time::Instant::now();
        while watchdogs_of("millhand-watchd") > 0 {
            assert!(
                begin.elapsed() < secs(10),
                "{} watchdogs are left",
                watchdogs_of("millhand-watchd")
            );
            tokio::task::yield_now().await;
        }
    });
}
