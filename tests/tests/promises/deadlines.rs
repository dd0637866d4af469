//! The deadline of an ask, where it is hardest to keep: nobody drives the system's runtime, or all its
//! threads are stuck; and what it means for a message that is still queued.

use std::time::Duration;

use millhand::prelude::*;
use tokio::runtime::Runtime;

use crate::stage::*;

/// How somebody asks a note of a worker, and waits for 20 ms at most.
#[derive(Debug, Clone, Copy)]
enum Asker {
    OtherRuntime,
    NoRuntime,
    Blocking,
}

const ASKERS: [Asker; 3] = [Asker::OtherRuntime, Asker::NoRuntime, Asker::Blocking];

impl Asker {
    /// How it failed; "(never)" if it did not end.
    fn fails_with(self, clerk: &Address<Clerk>) -> String {
        let clerk = clerk.clone();
        in_time(move || match self {
            Self::OtherRuntime => {
                current_thread().block_on(async { failure(clerk.ask(Note(1)).await) })
            }
            Self::NoRuntime => failure(without_runtime(clerk.ask(Note(1)))),
            Self::Blocking => failure(clerk.ask_blocking(Note(1))),
        })
    }
}

/// What a plain thread says, or "(never)".
fn in_time(body: impl FnOnce() -> String + Send + 'static) -> String {
    let (done, said) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let _ = done.send(body());
    });
    said.recv_timeout(secs(10)).unwrap_or_else(|_| "(never)".into())
}

/// A system whose asks end after 20 ms.
async fn hasty() -> System {
    System::builder("test").ask_timeout(ms(20)).start().await.unwrap()
}

/// G5, G6: and what was not handled in time is not handled later.
#[test]
fn an_ask_of_a_runtime_that_nobody_drives_ends_at_its_deadline() {
    guarded("a runtime that nobody drives", || {
        let runtime = current_thread();
        let log = Log::new();
        let (system, clerk) = runtime.block_on(async {
            let system = hasty().await;
            let clerk = system.worker("clerk", Clerk::writing(&log)).start().await;
            (system, clerk.unwrap())
        });
        for asker in ASKERS {
            assert_eq!(asker.fails_with(&clerk), "Timeout(None)", "{asker:?}");
        }
        runtime.block_on(async {
            assert_eq!(clerk.ask(Note(2)).no_timeout().await, Ok(2));
            system.shutdown().await.unwrap();
        });
        assert_eq!(log.take(), [2]);
        assert_eq!(clerk.counters().dropped, 3);
    });
}

/// G3, G5
#[test]
fn an_ask_that_waits_for_room_where_nobody_makes_any_ends_at_its_deadline() {
    guarded("a runtime that nobody drives", || {
        let runtime = current_thread();
        let (_system, clerk) = runtime.block_on(async {
            let system = hasty().await;
            let clerk = system.worker("clerk", ClerkOf1::writing(&Log::new())).start().await;
            (system, clerk.unwrap())
        });
        clerk.try_tell(Note(0)).unwrap();
        let asked = clerk.clone();
        let unsent = in_time(move || format!("{:?}", without_runtime(asked.ask(Note(1)))));
        assert_eq!(unsent, "Err(Timeout(Some(..)))");
        let unsent = in_time(move || format!("{:?}", clerk.ask_blocking(Note(1))));
        assert_eq!(unsent, "Err(Timeout(Some(..)))");
    });
}

/// G5: also for those who ask the stuck one.
#[test]
fn an_ask_of_a_runtime_that_is_stuck_ends_at_its_deadline() {
    let runtimes: [fn() -> Runtime; 2] = [|| multi_thread(1), || multi_thread(2)];
    for (threads, runtime) in (1..).zip(runtimes) {
        guarded("a stuck runtime", move || {
            let runtime = runtime();
            let release = Release::new();
            let _end = ReleaseAtEnd(release.clone());
            let log = Log::new();
            let (_system, clerks) = runtime.block_on(async {
                let system = hasty().await;
                let mut clerks = Vec::new();
                for n in 0..=threads {
                    let clerk = system.worker(n.to_string(), Clerk::writing(&log));
                    clerks.push(clerk.start().await.unwrap());
                }
                (system, clerks)
            });
            for stuck in &clerks[1..] {
                let (entered, held) = (Gate::new(), release.clone());
                let inside = entered.clone();
                let spin = Run::new(async move {
                    inside.open();
                    held.block();
                    0
                });
                stuck.try_tell(spin).unwrap();
                without_runtime(entered.opened());
            }
            for asker in ASKERS {
                for clerk in &clerks[..2] {
                    assert_eq!(asker.fails_with(clerk), "Timeout(None)", "{asker:?}");
                }
            }
            assert!(!release.is_given());
            assert_eq!(log.len(), 0);
        });
    }
}

/// From nothing to more than the runtime's timers can tell apart.
const TIMEOUTS: [Duration; 8] = [
    Duration::ZERO,
    Duration::from_nanos(1),
    Duration::from_micros(1),
    Duration::from_micros(300),
    Duration::from_micros(999),
    Duration::from_micros(1_000),
    Duration::from_micros(1_300),
    Duration::from_micros(5_001),
];

/// G6
#[test]
fn an_ask_that_timed_out_behind_a_message_is_not_handled_however_short_its_timeout() {
    on_every_runtime(async || {
        let log = Log::new();
        let system = system().await;
        let clerk = system.worker("clerk", Clerk::writing(&log)).start().await.unwrap();
        let (entered, leave) = (Gate::new(), Gate::new());
        clerk.tell(Run::held(&entered, &leave)).await.unwrap();
        entered.opened().await;
        for _ in 0..5 {
            for timeout in TIMEOUTS {
                let late = clerk.ask(Note(1)).timeout(timeout).await;
                assert_eq!(failure(late), "Timeout(None)", "{timeout:?}");
            }
        }
        leave.open();
        assert_eq!(clerk.ask(Note(2)).await, Ok(2));
        assert_eq!(log.take(), [2]);
        let counters = clerk.counters();
        assert_eq!((counters.handled, counters.dropped), (2, 5 * TIMEOUTS.len() as u64));
        system.shutdown().await.unwrap();
    });
}

/// G6
///
/// Alone in the mailbox of an idle worker that is not run in place, and whose driver has had no turn yet:
/// nobody awaits meanwhile.
#[test]
fn an_ask_that_timed_out_before_its_workers_turn_is_not_handled() {
    guarded("a current-thread runtime", || {
        current_thread().block_on(async {
            let log = Log::new();
            let system = system().await;
            let clerk = system.worker("clerk", Clerk::writing(&log)).start().await.unwrap();
            for (n, timeout) in (1..).zip(TIMEOUTS) {
                let mut late = clerk.ask(Note(0)).timeout(timeout).queued();
                let late = loop {
                    if let Some(outcome) = now(&mut late).await {
                        break outcome;
                    }
                };
                assert_eq!(failure(late), "Timeout(None)", "{timeout:?}");
                assert_eq!(clerk.ask(Note(n)).await, Ok(n));
                assert_eq!(log.take(), [n]);
                assert_eq!(clerk.counters().dropped, n);
            }
            system.shutdown().await.unwrap();
        });
    });
}

/// G6
///
/// While somebody blocks on it inside the runtime, the runtime's clock stands still: the deadline is
/// kept by the machine's.
#[test]
fn a_blocking_ask_that_timed_out_is_not_handled() {
    paused(async || {
        let log = Log::new();
        let system = System::builder("test").ask_timeout(Duration::from_micros(700));
        let system = system.start().await.unwrap();
        let clerk = system.worker("clerk", Clerk::writing(&log)).start().await.unwrap();
        let (entered, leave) = (Gate::new(), Gate::new());
        clerk.tell(Run::held(&entered, &leave)).await.unwrap();
        entered.opened().await;
        for _ in 0..5 {
            let asker = clerk.clone();
            let late = tokio::task::spawn_blocking(move || asker.ask_blocking(Note(1)));
            assert_eq!(failure(late.await.unwrap()), "Timeout(None)");
        }
        leave.open();
        assert_eq!(clerk.ask(Note(2)).no_timeout().await, Ok(2));
        assert_eq!(log.take(), [2]);
        assert_eq!(clerk.counters().dropped, 5);
        system.shutdown().await.unwrap();
    });
}
