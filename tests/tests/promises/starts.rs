//! Starts that run in place: a worker whose constructor is known to be quick comes up inside the poll of
//! its `start`, and nothing but its speed tells.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use millhand::prelude::*;

use crate::in_place::{ASKING, asking};
use crate::stage::*;

clerk!(Queued, queued);
clerk!(Blocking, blocking);

/// Starts a worker, and says whether it was made inside a poll of its start.
async fn starts_in_place<C, W>(system: &System, name: String, make: C) -> bool
where
    C: Fn() -> W + Send + Sync + 'static,
    W: millhand::Worker,
{
    let here = Arc::new(AtomicU64::new(u64::MAX));
    let noted = Arc::clone(&here);
    let constructor = move || {
        noted.store(ASKING.get(), Ordering::SeqCst);
        make()
    };
    asking(system.worker(name, constructor).start()).await.unwrap();
    match here.load(Ordering::SeqCst) {
        u64::MAX => panic!("it is up, and was not made"),
        polls => polls > 0,
    }
}

/// Starts workers of a type until one does so in place. A sample may have been disturbed by the machine.
async fn until_one_starts_in_place(system: &System, log: &Log) {
    let begin = Instant::now();
    for n in 0_u64.. {
        if starts_in_place(system, format!("early-{n}"), Clerk::writing(log)).await {
            return;
        }
        assert!(begin.elapsed() < PATIENCE / 2, "never starts in place");
        tokio::task::yield_now().await;
    }
}

async fn system() -> System {
    System::builder("test").start().await.unwrap()
}

#[test]
fn where_there_is_one_thread_a_worker_is_up_at_the_first_poll_of_its_start() {
    guarded("a current-thread runtime", || {
        current_thread().block_on(async {
            let log = Log::new();
            let system = system().await;
            // The drivers have not run yet, and it is only they who know their thread.
            tokio::task::yield_now().await;
            for n in 0..50 {
                let mut start =
                    Box::pin(system.worker(n.to_string(), Clerk::writing(&log)).start());
                let clerk = now(&mut start).await.expect("it is up").unwrap();
                assert_eq!(clerk.ask(Note(n)).await, Ok(n));
            }
            system.shutdown().await.unwrap();
            assert_eq!(log.take(), (0..50).collect::<Vec<_>>());
        });
    });
}

#[test]
fn workers_that_are_made_quickly_start_in_place() {
    on_two_threads(async || {
        let log = Log::new();
        let system = system().await;
        until_one_starts_in_place(&system, &log).await;
        system.shutdown().await.unwrap();
    });
}

#[test]
fn what_is_queued_or_blocking_does_not_start_in_place() {
    on_every_runtime(async || {
        let log = Log::new();
        let system = system().await;
        for n in 0..50 {
            let (queued, blocking) = (Queued::writing(&log), Blocking::writing(&log));
            assert!(!starts_in_place(&system, format!("queued-{n}"), queued).await);
            assert!(!starts_in_place(&system, format!("blocking-{n}"), blocking).await);
        }
        system.shutdown().await.unwrap();
    });
}

/// Nobody knows yet how long it takes: whoever starts it can give up waiting.
#[test]
fn a_constructor_that_blocks_does_not_hold_up_who_starts_the_first_of_its_type() {
    on_two_threads(async || {
        let log = Log::new();
        let system = impatient().start().await.unwrap();
        let (entered, release) = (Gate::new(), Release::new());
        let _end = ReleaseAtEnd(release.clone());
        let (reached, stuck, make) = (entered.clone(), release.clone(), Clerk::writing(&log));
        let constructor = move || {
            reached.open();
            stuck.block();
            make()
        };
        let mut start = Box::pin(system.worker("slow", constructor).start());
        assert!(now(&mut start).await.is_none());
        entered.opened().await;
        assert!(now(&mut start).await.is_none());
        drop(_end);
        start.await.unwrap();
        system.shutdown().await.unwrap();
    });
}

/// G17
#[test]
fn a_constructor_that_is_stuck_in_place_is_abandoned_and_has_a_successor() {
    on_two_threads(async || {
        let log = Log::new();
        let system = impatient().start().await.unwrap();
        until_one_starts_in_place(&system, &log).await;
        let supervisor = system.supervisor("supervisor").strategy(Strategy::RestForOne);
        let supervisor = supervisor.start().await.unwrap();
        let other = supervisor.worker("other", Clerk::writing(&log)).start().await.unwrap();
        let (entered, release) = (Gate::new(), Release::new());
        let end = ReleaseAtEnd(release.clone());
        let (reached, stuck, make) = (entered.clone(), release.clone(), Clerk::writing(&log));
        let lives = Arc::new(AtomicU64::new(0));
        let (polls, made) = (Arc::new(AtomicU64::new(0)), Arc::clone(&lives));
        let here = Arc::clone(&polls);
        let constructor = move || {
            if made.fetch_add(1, Ordering::SeqCst) == 0 {
                here.store(ASKING.get(), Ordering::SeqCst);
                reached.open();
                stuck.block();
            }
            make()
        };
        let worker = supervisor.worker("stuck", constructor).shutdown(Shutdown::Kill);
        let starting = tokio::spawn(asking(worker.start()));
        entered.opened().await;
        // Unless a sample has just been disturbed, in place; the rest holds in any case.
        assert!(polls.load(Ordering::SeqCst) <= 1);
        other.tell(Run::crash()).await.unwrap();
        let path = "supervisor/stuck";
        let successor = system.lookup::<Clerk>(path).unwrap();
        assert_eq!(successor.ask(Note(1)).no_timeout().await, Ok(1));
        assert_eq!(successor.counters().abandoned, 1);
        drop(end);
        let started = starting.await.unwrap().unwrap();
        assert!(started == successor);
        assert_eq!(started.ask(Note(2)).await, Ok(2));
        assert_eq!((log.take(), lives.load(Ordering::SeqCst)), (vec![1, 2], 2));
        system.shutdown().await.unwrap();
    });
}

/// A worker that starts its own successor, and so on: each inside the start of the one before.
#[derive(Worker)]
#[worker(handles(Note), lifecycle)]
struct Matryoshka {
    system: System,
    left: u64,
}

impl Handle<Note> for Matryoshka {
    async fn handle(&mut self, Note(n): Note, _cx: &mut Context<Self>) -> u64 {
        n
    }
}

impl Lifecycle for Matryoshka {
    async fn started(&mut self, _cx: &mut Context<Self>) -> Result<(), BoxError> {
        if let Some(left) = self.left.checked_sub(1) {
            let system = self.system.clone();
            let make = move || Matryoshka { system: system.clone(), left };
            // Boxed: it is of the same type as the one it is part of.
            let start = Box::pin(self.system.worker(left.to_string(), make).start());
            let start: std::pin::Pin<Box<dyn Future<Output = _> + Send>> = start;
            start.await?;
        }
        Ok(())
    }
}

#[test]
fn workers_that_start_each_other_are_no_deeper_than_the_stack_bears() {
    on_every_runtime(async || {
        let system = system().await;
        let shared = system.clone();
        let make = move || Matryoshka { system: shared.clone(), left: 2_000 };
        system.worker("outermost", make).start().await.unwrap();
        assert_eq!(system.counters().len(), 2_001);
        system.shutdown().await.unwrap();
    });
}

/// Each start costs one unit of the task's budget.
#[test]
fn a_task_that_starts_workers_without_end_does_not_shut_out_others() {
    guarded("a current-thread runtime", || {
        current_thread().block_on(async {
            let log = Log::new();
            let system = system().await;
            // The drivers have not run yet, and it is only they who know their thread.
            tokio::task::yield_now().await;
            let other = tokio::spawn(async {});
            for n in 0_u64.. {
                if other.is_finished() {
                    break;
                }
                assert!(n < 10_000, "the other task never runs");
                system.worker(n.to_string(), Clerk::writing(&log)).start().await.unwrap();
            }
            system.shutdown().await.unwrap();
        });
    });
}
