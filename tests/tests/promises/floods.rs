//! A task that sends without end lets what it sends be handled.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use millhand::prelude::*;

use crate::stage::*;

#[derive(Worker)]
#[worker(handles(Note), unbounded)]
struct Drain;

impl Handle<Note> for Drain {
    async fn handle(&mut self, Note(n): Note, _: &mut Context<Self>) -> u64 {
        n
    }
}

/// The only thread is the sender's, which never awaits anything else.
#[test]
fn a_task_that_floods_a_mailbox_gives_way() {
    guarded("one thread", || {
        multi_thread(1).block_on(async {
            let system = system().await;
            let drain = system.worker("drain", || Drain).start().await.unwrap();
            let to = drain.clone();
            let flood = tokio::spawn(async move {
                for n in 0..20_000 {
                    to.tell(Note(n)).await.unwrap();
                }
                to.counters().handled
            });
            assert_ne!(flood.await.unwrap(), 0);
            system.shutdown().await.unwrap();
            assert_eq!(drain.counters().handled, 20_000);
        });
    });
}

/// Several senders that give way all go on.
#[test]
fn many_tasks_that_flood_a_mailbox_all_come_to_an_end() {
    on_every_runtime(async || {
        let system = system().await;
        let drain = system.worker("drain", || Drain).start().await.unwrap();
        let floods: Vec<_> = (0..8)
            .map(|_| {
                let to = drain.clone();
                tokio::spawn(async move {
                    for n in 0..5_000 {
                        to.tell(Note(n)).await.unwrap();
                    }
                })
            })
            .collect();
        for flood in floods {
            flood.await.unwrap();
        }
        system.shutdown().await.unwrap();
        assert_eq!(drain.counters().handled, 40_000);
    });
}

/// A sender that gave way and is dropped then has not sent, and holds nobody up.
#[test]
fn a_tell_that_is_dropped_while_it_gives_way_has_not_been_sent() {
    guarded("one thread", || {
        multi_thread(1).block_on(async {
            let system = system().await;
            let drain = system.worker("drain", || Drain).start().await.unwrap();
            let to = drain.clone();
            let sent = tokio::spawn(async move {
                for n in 0.. {
                    let mut tell = to.tell(Note(n));
                    if now(&mut tell).await.is_none() {
                        return n;
                    }
                }
                unreachable!("it gives way at some time")
            });
            let sent = sent.await.unwrap();
            system.shutdown().await.unwrap();
            assert_eq!(drain.counters().handled, sent);
        });
    });
}

/// A task that does not give way: another thread handles what it has sent.
#[test]
fn what_a_task_sends_does_not_wait_until_the_task_does() {
    on_two_threads(async || {
        let (seen, system) = (Arc::new(AtomicU64::new(0)), system().await);
        let writer = Arc::clone(&seen);
        let worker = system.worker("worker", Clerk::writing(&Log::new())).start().await.unwrap();
        let task = tokio::spawn(async move {
            for n in 1..=20 {
                let seen = Arc::clone(&writer);
                let note = Run::new(async move {
                    seen.store(n, Ordering::Release);
                    n
                });
                worker.tell(note).await.unwrap();
                while writer.load(Ordering::Acquire) < n {
                    std::hint::spin_loop();
                }
            }
        });
        task.await.unwrap();
        assert_eq!(seen.load(Ordering::Acquire), 20);
        system.shutdown().await.unwrap();
    });
}
