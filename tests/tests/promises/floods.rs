//! A task that sends without end lets what it sends be handled.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::Poll;

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

/// Also when there are several, on the only thread there is, and however long they go on.
#[test]
fn a_flood_is_handled_as_fast_as_it_is_sent() {
    for runtime in [current_thread, || multi_thread(1)] {
        guarded("one thread", move || {
            runtime().block_on(async {
                let system = system().await;
                let drain = system.worker("drain", || Drain).start().await.unwrap();
                let floods: Vec<_> = (0..3)
                    .map(|_| {
                        let to = drain.clone();
                        tokio::spawn(async move {
                            let mut most = 0;
                            for n in 0..50_000 {
                                to.tell(Note(n)).await.unwrap();
                                let counters = to.counters();
                                most = most.max(counters.received - counters.handled);
                            }
                            most
                        })
                    })
                    .collect();
                for flood in floods {
                    let most = flood.await.unwrap();
                    assert!(most < 4_096, "{most} messages wait");
                }
                system.shutdown().await.unwrap();
                assert_eq!(drain.counters().handled, 150_000);
            });
        });
    }
}

/// The driver that has the flooded worker waits for the other thread, behind a handler that does not return.
#[test]
fn a_flood_beside_a_stuck_handler_is_handled() {
    on_two_threads(async || {
        let system = system().await;
        let drain = system.worker("drain", || Drain).start().await.unwrap();
        let other = system.worker("other", || Drain).start().await.unwrap();
        let stuck = system.worker("stuck", || Spinner).start().await.unwrap();
        let (entered, release) = (Gate::new(), Release::new());
        let _until = ReleaseAtEnd(release.clone());
        let (began, to, is_stuck) = (Gate::new(), drain.clone(), entered.clone());
        let flood = tokio::spawn({
            let began = began.clone();
            async move {
                began.open();
                while !is_stuck.is_open() {
                    std::thread::yield_now();
                }
                while to.counters().handled < 100_000 {
                    to.tell(Note(0)).await.unwrap();
                }
            }
        });
        began.opened().await;
        stuck.tell(Spin { wakes: [drain, other], entered, release }).await.unwrap();
        flood.await.unwrap();
    });
}

#[derive(Message)]
#[message(local)]
struct Spin {
    /// Two: for the second one another driver is called.
    wakes: [Address<Drain>; 2],
    entered: Gate,
    release: Release,
}

#[derive(Worker)]
#[worker(handles(Spin))]
struct Spinner;

impl Handle<Spin> for Spinner {
    async fn handle(&mut self, spin: Spin, _: &mut Context<Self>) {
        for worker in spin.wakes {
            worker.tell(Note(0)).await.unwrap();
        }
        spin.entered.open();
        spin.release.block();
    }
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

/// Its drivers are gone: none of them is waited for.
#[test]
fn a_flood_of_a_worker_that_has_ended_is_refused() {
    in_a_task(|system, drain| async move {
        for n in 0..100 {
            drain.tell(Note(n)).await.unwrap();
        }
        system.shutdown().await.unwrap();
        for n in 0..5_000 {
            assert!(matches!(drain.tell(Note(n)).await, Err(TellError::Stopped(_))));
        }
    });
}

/// With one thread they wait for one another, however many they are.
#[test]
fn tasks_that_flood_take_turns() {
    take_turns(|| Drain);
}

/// G4
///
/// Some runtimes poll first what was woken last: it would take all the room, each time anew.
#[test]
fn tasks_that_wait_for_room_take_turns() {
    take_turns(|| DrainOf64);
}

#[derive(Worker)]
#[worker(handles(Note), mailbox = 64)]
struct DrainOf64;

impl Handle<Note> for DrainOf64 {
    async fn handle(&mut self, Note(n): Note, _: &mut Context<Self>) -> u64 {
        n
    }
}

fn take_turns<W: Worker + Handle<Note>>(drain: fn() -> W) {
    for runtime in [current_thread, || multi_thread(1)] {
        for tasks in [2, 3, 5, 8, 60] {
            let run = async move {
                let system = system().await;
                let drain = system.worker("drain", drain).start().await.unwrap();
                let left = Arc::new(AtomicU64::new(100_000));
                let flood = |to: Address<W>, left: Arc<AtomicU64>| async move {
                    let (mut told, mut most) = (0_u64, 0);
                    while left.fetch_sub(1, Ordering::Relaxed) as i64 > 0 {
                        to.tell(Note(told)).await.unwrap();
                        told += 1;
                        most = most.max(to.counters().mailbox);
                    }
                    (told, most)
                };
                let floods: Vec<_> = (0..tasks)
                    .map(|_| tokio::spawn(flood(drain.clone(), Arc::clone(&left))))
                    .collect();
                for task in floods {
                    let (told, most) = task.await.unwrap();
                    assert!(told >= 100_000 / tasks / 2, "{tasks} tasks, one told {told}");
                    assert!(most < 1_000, "{most} messages waited");
                }
                system.shutdown().await.unwrap();
            };
            // Tasks that a task spawns are not polled in the order of their spawning.
            guarded("turns", move || {
                runtime().block_on(async { tokio::spawn(run).await.unwrap() });
            });
        }
    }
}

/// It blocks the only thread, in a task: no driver can come.
#[test]
fn a_flood_that_blocks_its_task_is_taken() {
    in_a_task(|system, drain| async move {
        for n in 0..1_000 {
            without_runtime(drain.tell(Note(n))).unwrap();
        }
        system.shutdown().await.unwrap();
        assert_eq!(drain.counters().handled, 1_000);
    });
}

/// Giving way takes no member's turn.
#[test]
fn a_pool_that_is_flooded_takes_its_members_in_turn() {
    on_every_runtime(async || {
        let system = system().await;
        let pool = system.pool("pool", 5, || Drain).start().await.unwrap();
        let members = pool.members().to_vec();
        let flood = async move {
            for n in 0..10_000 {
                pool.tell(Note(n)).await.unwrap();
            }
        };
        tokio::spawn(flood).await.unwrap();
        system.shutdown().await.unwrap();
        let handled: Vec<_> = members.iter().map(|member| member.counters().handled).collect();
        assert_eq!(handled, [2_000; 5]);
    });
}

/// It runs on a thread of its own, and keeps no driver waiting.
#[test]
fn a_blocking_handler_that_floods_does_not_wait() {
    #[derive(Worker)]
    #[worker(handles(Note), blocking)]
    struct Flooder(Address<Drain>);

    impl Handle<Note> for Flooder {
        /// Replies how many tells waited.
        async fn handle(&mut self, Note(tells): Note, _: &mut Context<Self>) -> u64 {
            let mut waited = 0;
            for n in 0..tells {
                let mut tell = pin!(self.0.tell(Note(n)));
                poll_fn(|cx| match tell.as_mut().poll(cx) {
                    Poll::Pending => {
                        waited += 1;
                        Poll::Pending
                    }
                    ready => ready,
                })
                .await
                .unwrap();
            }
            waited
        }
    }

    in_a_task(|system, drain| async move {
        let flooder = move || Flooder(drain.clone());
        let flooder = system.worker("flooder", flooder).start().await.unwrap();
        for _ in 0..10 {
            assert_eq!(flooder.ask(Note(2_000)).await, Ok(0));
        }
        system.shutdown().await.unwrap();
    });
}

/// Who blocks the only thread lets no driver run, however long it waits.
#[test]
fn a_blocking_flood_is_taken() {
    in_a_task(|system, drain| async move {
        for n in 0..5_000 {
            drain.tell_blocking(Note(n)).unwrap();
        }
        system.shutdown().await.unwrap();
        assert_eq!(drain.counters().handled, 5_000);
    });
}

fn in_a_task<F: Future<Output = ()> + Send + 'static>(flood: fn(System, Address<Drain>) -> F) {
    on_every_runtime(async move || {
        let system = system().await;
        let drain = system.worker("drain", || Drain).start().await.unwrap();
        tokio::spawn(flood(system, drain)).await.unwrap();
    });
}

/// It was driven on this thread, and nobody drives it now.
#[test]
fn a_flood_of_a_runtime_that_nobody_drives_is_taken() {
    guarded("undriven", || {
        let runtime = current_thread();
        let (system, drain) = runtime.block_on(async {
            let system = system().await;
            let drain = system.worker("drain", || Drain).start().await.unwrap();
            drain.tell(Note(0)).await.unwrap();
            (system, drain)
        });
        let entered = runtime.enter();
        without_runtime(async {
            for n in 0..500 {
                drain.tell(Note(n)).await.unwrap();
            }
        });
        drop(entered);
        runtime.block_on(system.shutdown()).unwrap();
        assert_eq!(drain.counters().handled, 501);
    });
}
