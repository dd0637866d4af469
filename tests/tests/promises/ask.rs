//! `ask`: a typed reply, a deadline, or a typed failure; never a hang.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::Poll;

use millhand::prelude::*;
use millhand::{Address, AskError};
use tokio::time::Instant;

use crate::stage::*;

async fn clerk(system: &System, name: &str, log: &Log) -> Address<Clerk> {
    let clerk = system.worker(name, Clerk::writing(log));
    clerk.start().await.unwrap()
}

/// Suspends a worker for ever.
fn hang() -> Run {
    Run::new(std::future::pending())
}

#[test]
fn an_ask_returns_what_the_handler_returned() {
    on_every_runtime(async || {
        let system = system().await;
        let clerk = clerk(&system, "clerk", &Log::new()).await;
        for n in 0..1_000 {
            assert_eq!(clerk.ask(Note(n)).await, Ok(n));
        }
        assert_eq!(clerk.recipient::<Note>().ask(Note(7)).await, Ok(7));
        system.shutdown().await.unwrap();
    });
}

#[test]
fn the_reply_of_a_handler_that_was_suspended_arrives() {
    on_every_runtime(async || {
        let system = system().await;
        let clerk = clerk(&system, "clerk", &Log::new()).await;
        for n in 0..200 {
            let body = async move {
                for _ in 0..n % 5 {
                    tokio::task::yield_now().await;
                }
                tokio::spawn(async move { n }).await.unwrap()
            };
            assert_eq!(clerk.ask(Run::new(body)).await.ok(), Some(n));
        }
        system.shutdown().await.unwrap();
    });
}

/// G5
#[test]
fn the_default_deadline_is_five_seconds() {
    paused(async || {
        let system = system().await;
        let clerk = clerk(&system, "clerk", &Log::new()).await;
        let begin = Instant::now();
        assert_eq!(failure(clerk.ask(hang()).await), "Timeout(None)");
        assert_eq!(begin.elapsed(), secs(5));
        drop(system);
    });
}

#[test]
fn the_system_can_have_another_default() {
    paused(async || {
        let system = System::builder("test").ask_timeout(ms(250));
        let system = system.start().await.unwrap();
        let clerk = clerk(&system, "clerk", &Log::new()).await;
        let begin = Instant::now();
        assert_eq!(failure(clerk.ask(hang()).await), "Timeout(None)");
        assert_eq!(begin.elapsed(), ms(250));
    });
}

#[test]
fn an_ask_can_have_a_deadline_of_its_own() {
    paused(async || {
        let system = system().await;
        let clerk = clerk(&system, "clerk", &Log::new()).await;
        let begin = Instant::now();
        let hung = clerk.ask(hang()).timeout(secs(20)).await;
        assert_eq!(failure(hung), "Timeout(None)");
        assert_eq!(begin.elapsed(), secs(20));
        let late = clerk.ask(Note(1)).timeout(ms(3)).await;
        assert_eq!(late, Err(AskError::Timeout(None)));
        assert_eq!(begin.elapsed(), ms(20_003));
    });
}

#[test]
fn without_a_timeout_an_ask_waits_as_long_as_it_takes() {
    paused(async || {
        let system = system().await;
        let clerk = clerk(&system, "clerk", &Log::new()).await;
        let slow = Run::new(async {
            tokio::time::sleep(secs(86_400)).await;
            1
        });
        assert_eq!(clerk.ask(slow).no_timeout().await.ok(), Some(1));
        system.shutdown().await.unwrap();
    });
}

#[test]
fn a_timeout_of_any_length_is_taken() {
    paused(async || {
        let system = system().await;
        let clerk = clerk(&system, "clerk", &Log::new()).await;
        let longest = clerk.ask(Note(1)).timeout(std::time::Duration::MAX);
        assert_eq!(longest.await, Ok(1));
        clerk.try_tell(Note(2)).unwrap();
        let shortest = clerk.ask(Note(3)).timeout(std::time::Duration::ZERO).await;
        assert!(matches!(shortest, Err(AskError::Timeout(_))), "{shortest:?}");
        system.shutdown().await.unwrap();
    });
}

#[test]
fn a_timeout_while_waiting_for_room_returns_the_message() {
    paused(async || {
        let system = system().await;
        let clerk = system.worker("clerk", ClerkOf1::writing(&Log::new())).start().await.unwrap();
        clerk.tell(hang()).await.unwrap();
        until_idle().await;
        clerk.try_tell(Note(1)).unwrap();
        let begin = Instant::now();
        let unsent = clerk.ask(Note(2)).timeout(secs(2)).await.unwrap_err();
        assert_eq!(begin.elapsed(), secs(2));
        assert_eq!(unsent, AskError::Timeout(Some(Note(2))));
        assert!(unsent.can_retry());
        assert_eq!(unsent.into_message(), Some(Note(2)));
        assert_eq!(clerk.counters().mailbox, 1);
    });
}

/// Time spent waiting for room counts towards the deadline.
#[test]
fn the_deadline_counts_from_the_first_poll() {
    paused(async || {
        let log = Log::new();
        let system = system().await;
        let clerk = system.worker("clerk", ClerkOf1::writing(&log)).start().await.unwrap();
        let (entered, leave) = (Gate::new(), Gate::new());
        clerk.tell(Run::held(&entered, &leave)).await.unwrap();
        until_idle().await;
        clerk.try_tell(hang()).unwrap();
        let begin = Instant::now();
        let ask = tokio::spawn({
            let clerk = clerk.clone();
            async move { clerk.ask(Note(1)).timeout(secs(2)).await }
        });
        tokio::time::sleep(secs(1)).await;
        leave.open();
        let expired = ask.await.unwrap();
        assert_eq!(expired, Err(AskError::Timeout(None)));
        assert_eq!(begin.elapsed(), secs(2));
    });
}

/// G6
#[test]
fn an_expired_ask_is_not_handled() {
    paused(async || {
        let log = Log::new();
        let system = system().await;
        let clerk = clerk(&system, "clerk", &log).await;
        let (entered, leave) = (Gate::new(), Gate::new());
        clerk.tell(Run::held(&entered, &leave)).await.unwrap();
        clerk.tell(Note(1)).await.unwrap();
        let expired = clerk.ask(Note(2)).timeout(secs(1)).await;
        assert_eq!(expired, Err(AskError::Timeout(None)));
        clerk.tell(Note(3)).await.unwrap();
        let mut in_time = clerk.ask(Note(4)).timeout(secs(1));
        poll_once(&mut in_time).await;
        leave.open();
        assert_eq!(in_time.await, Ok(4));
        assert_eq!(log.take(), [1, 3, 4]);
        let counters = clerk.counters();
        assert_eq!((counters.handled, counters.dropped), (4, 1));
        system.shutdown().await.unwrap();
    });
}

/// G5
#[test]
fn a_crash_fails_the_ask_in_hand_and_no_other() {
    on_every_runtime(async || {
        let log = Log::new();
        let system = system().await;
        let clerk = clerk(&system, "clerk", &log).await;
        let (entered, leave) = (Gate::new(), Gate::new());
        clerk.tell(Run::held(&entered, &leave)).await.unwrap();
        let mut before = clerk.ask(Note(1));
        let mut crash = clerk.ask(Run::crash());
        let mut after = clerk.ask(Note(2));
        poll_once(&mut before).await;
        poll_once(&mut crash).await;
        poll_once(&mut after).await;
        leave.open();
        assert_eq!(before.await, Ok(1));
        assert_eq!(failure(crash.await), "Restarted");
        assert_eq!(after.await, Ok(2));
        assert_eq!(clerk.counters().lost, 1);
        assert_eq!(clerk.counters().restarts, 1);
        system.shutdown().await.unwrap();
        assert_eq!(log.take(), [1, 2]);
    });
}

/// G5
#[test]
fn an_ask_that_waits_when_the_worker_ends_fails_with_stopped() {
    on_every_runtime(async || {
        let group = Group::new();
        let system = system().await;
        let member = system
            .worker("member", group.member("m"))
            .restart(Restart::temporary())
            .start()
            .await
            .unwrap();
        let (entered, leave) = (Gate::new(), Gate::new());
        member.tell(Run::held(&entered, &leave)).await.unwrap();
        member.tell(With::stop()).await.unwrap();
        let mut waiting = member.ask(Note(1));
        poll_once(&mut waiting).await;
        leave.open();
        assert_eq!(waiting.await, Err(AskError::Stopped(None)));
        assert_eq!(member.ask(Note(2)).await, Err(AskError::Stopped(Some(Note(2)))));
        assert_eq!(member.counters().dropped, 1);
        system.shutdown().await.unwrap();
    });
}

/// The handler runs to its end; its reply is dropped, once.
#[test]
fn an_asker_may_leave_early() {
    #[derive(Message)]
    #[message(local, reply = Alive)]
    struct Bear(Population, Gate, Gate);

    #[derive(Worker)]
    #[worker(handles(Bear))]
    struct Midwife;

    impl Handle<Bear> for Midwife {
        async fn handle(&mut self, bear: Bear, _cx: &mut Context<Self>) -> Alive {
            let Bear(population, entered, leave) = bear;
            entered.open();
            leave.opened().await;
            population.born()
        }
    }

    on_every_runtime(async || {
        let system = system().await;
        let midwife = system.worker("midwife", || Midwife).start().await.unwrap();
        let population = Population::default();
        let (entered, leave) = (Gate::new(), Gate::new());
        let bear = || Bear(population.clone(), entered.clone(), leave.clone());
        let mut early = midwife.ask(bear());
        poll_once(&mut early).await;
        entered.opened().await;
        let mut queued = midwife.ask(bear());
        poll_once(&mut queued).await;
        drop(early);
        drop(queued);
        drop(midwife.ask(bear()));
        leave.open();
        let kept = midwife.ask(bear()).await.unwrap();
        assert_eq!(population.alive(), 1);
        drop(kept);
        system.shutdown().await.unwrap();
        assert_eq!(population.alive(), 0);
        assert_eq!(population.ever(), 3);
        assert_eq!(midwife.counters().handled, 3);
    });
}

#[test]
fn asks_dropped_at_random_leave_no_reply_behind() {
    #[derive(Message)]
    #[message(local, reply = Alive)]
    struct Bear(Population);

    #[derive(Worker)]
    #[worker(handles(Bear))]
    struct Midwife;

    impl Handle<Bear> for Midwife {
        async fn handle(&mut self, Bear(population): Bear, _cx: &mut Context<Self>) -> Alive {
            if population.ever() % 7 == 0 {
                tokio::task::yield_now().await;
            }
            population.born()
        }
    }

    on_every_runtime(async || {
        let system = system().await;
        let midwife = system.worker("midwife", || Midwife).start().await.unwrap();
        let population = Population::default();
        for round in 0..5_000 {
            let mut ask = Box::pin(midwife.ask(Bear(population.clone())));
            if round % 3 == 0 {
                let _ = ask.await.unwrap();
                continue;
            }
            let _ =
                std::future::poll_fn(|cx| std::task::Poll::Ready(ask.as_mut().poll(cx).is_ready()))
                    .await;
            if round % 3 == 1 {
                tokio::task::yield_now().await;
            }
        }
        system.shutdown().await.unwrap();
        assert_eq!(population.alive(), 0);
        assert_eq!(population.ever(), 5_000);
    });
}

#[test]
fn ask_blocking_serves_plain_threads() {
    on_every_runtime(async || {
        let system = system().await;
        let clerk = clerk(&system, "clerk", &Log::new()).await;
        let asker = clerk.clone();
        on_a_plain_thread(move || {
            for n in 0..200 {
                assert_eq!(asker.ask_blocking(Note(n)), Ok(n));
            }
        })
        .await;
        let asker = clerk.clone();
        let reply = tokio::task::spawn_blocking(move || asker.ask_blocking(Note(7)));
        assert_eq!(reply.await.unwrap(), Ok(7));
        system.shutdown().await.unwrap();
    });
}

#[test]
fn ask_blocking_has_a_deadline() {
    on_every_runtime(async || {
        let system = System::builder("test").ask_timeout(ms(20));
        let system = system.start().await.unwrap();
        let clerk = clerk(&system, "clerk", &Log::new()).await;
        let asker = clerk.clone();
        let reply = on_a_plain_thread(move || asker.ask_blocking(hang())).await;
        assert_eq!(failure(reply), "Timeout(None)");
    });
}

#[test]
fn ask_blocking_inside_a_handler_is_refused() {
    on_every_runtime(async || {
        let log = Log::new();
        let system = system().await;
        let asked = clerk(&system, "asked", &log).await;
        let asking = clerk(&system, "asking", &log).await;
        let refused = asking.ask(Run::new(async move {
            let refused = asked.ask_blocking(Note(1)).unwrap_err();
            assert!(!refused.can_retry());
            u64::from(refused == AskError::WouldBlock(Note(1)))
        }));
        assert_eq!(refused.await.ok(), Some(1));
        system.shutdown().await.unwrap();
        assert_eq!(log.len(), 0);
    });
}

#[test]
fn ten_thousand_asks_at_once_all_get_their_replies() {
    on_every_runtime(async || {
        let system = system().await;
        let clerk = clerk(&system, "clerk", &Log::new()).await;
        let asks: Vec<_> = (0..10_000)
            .map(|n| {
                let clerk = clerk.clone();
                tokio::spawn(async move { clerk.ask(Note(n)).no_timeout().await })
            })
            .collect();
        for (n, ask) in (0..).zip(asks) {
            assert_eq!(ask.await.unwrap(), Ok(n));
        }
        system.shutdown().await.unwrap();
    });
}

#[test]
fn asks_nest() {
    on_every_runtime(async || {
        const DEPTH: u64 = 100;
        fn nested(workers: Arc<Vec<Address<Clerk>>>, depth: u64) -> Run {
            Run::new(async move {
                match workers.get(depth as usize) {
                    None => depth,
                    Some(next) => {
                        let ask = next.ask(nested(Arc::clone(&workers), depth + 1));
                        ask.await.unwrap()
                    }
                }
            })
        }
        let log = Log::new();
        let system = system().await;
        let mut workers = Vec::new();
        for n in 0..DEPTH {
            workers.push(clerk(&system, &n.to_string(), &log).await);
        }
        let workers = Arc::new(workers);
        for _ in 0..10 {
            let ask = workers[0].ask(nested(Arc::clone(&workers), 1));
            assert_eq!(ask.await.ok(), Some(DEPTH));
        }
        system.shutdown().await.unwrap();
    });
}

#[test]
fn a_worker_asks_a_pool() {
    on_every_runtime(async || {
        let log = Log::new();
        let system = system().await;
        let pool = system.pool("pool", 4, Clerk::writing(&log)).start().await.unwrap();
        let asking = clerk(&system, "asking", &log).await;
        let sum = asking.ask(Run::new(async move {
            let asks = (1..=100).map(|n| pool.ask(Note(n)));
            let (mut sum, mut waiting) = (0, Vec::new());
            for mut ask in asks {
                // Another thread may have answered before the first poll has returned.
                match poll_fn(|cx| Poll::Ready(Pin::new(&mut ask).poll(cx))).await {
                    Poll::Ready(reply) => sum += reply.unwrap(),
                    Poll::Pending => waiting.push(ask),
                }
            }
            for ask in waiting {
                sum += ask.await.unwrap();
            }
            sum
        }));
        assert_eq!(sum.await.ok(), Some(5_050));
        system.shutdown().await.unwrap();
    });
}

#[test]
fn two_workers_that_ask_each_other_at_length_make_progress() {
    on_every_runtime(async || {
        let log = Log::new();
        let system = system().await;
        let (one, two) = (clerk(&system, "one", &log).await, clerk(&system, "two", &log).await);
        let three = clerk(&system, "three", &log).await;
        let total = Arc::new(AtomicU64::new(0));
        let body = |other: &Address<Clerk>| {
            let (other, total) = (other.clone(), Arc::clone(&total));
            Run::new(async move {
                for n in 0..2_000 {
                    total.fetch_add(other.ask(Note(n)).await.unwrap(), Ordering::SeqCst);
                }
                0
            })
        };
        let (a, b) = (one.ask(body(&three)), two.ask(body(&three)));
        let (a, b) = tokio::join!(a.no_timeout(), b.no_timeout());
        assert_eq!((a.unwrap(), b.unwrap()), (0, 0));
        assert_eq!(total.load(Ordering::SeqCst), 2 * 1_999_000);
        system.shutdown().await.unwrap();
    });
}

#[test]
fn a_worker_that_asks_itself_times_out() {
    paused(async || {
        let log = Log::new();
        let system = system().await;
        let clerk = clerk(&system, "clerk", &log).await;
        let itself = clerk.clone();
        let reply = clerk.ask(Run::new(async move {
            u64::from(itself.ask(Note(1)).timeout(secs(1)).await == Err(AskError::Timeout(None)))
        }));
        assert_eq!(reply.await.ok(), Some(1));
        system.shutdown().await.unwrap();
        assert_eq!(log.len(), 0);
    });
}

#[test]
fn an_ask_works_from_another_runtime() {
    on_every_runtime(async || {
        let system = system().await;
        let clerk = clerk(&system, "clerk", &Log::new()).await;
        let asker = clerk.clone();
        on_a_plain_thread(move || {
            current_thread().block_on(async move {
                for n in 0..200 {
                    assert_eq!(asker.ask(Note(n)).await, Ok(n));
                }
                let late = asker.ask(hang()).timeout(ms(20)).await;
                assert_eq!(failure(late), "Timeout(None)");
            });
        })
        .await;
    });
}

#[test]
fn a_reply_that_is_an_err_counts_as_failed() {
    #[derive(Message)]
    #[message(local, reply = Result<u8, u8>)]
    struct Try(bool);

    #[derive(Worker)]
    #[worker(handles(Try))]
    struct Trier;

    impl Handle<Try> for Trier {
        async fn handle(&mut self, Try(well): Try, _cx: &mut Context<Self>) -> Result<u8, u8> {
            if well { Ok(1) } else { Err(2) }
        }
    }

    on_every_runtime(async || {
        let system = system().await;
        let trier = system.worker("trier", || Trier).start().await.unwrap();
        assert_eq!(trier.ask(Try(true)).await.unwrap(), Ok(1));
        assert_eq!(trier.ask(Try(false)).await.unwrap(), Err(2));
        trier.tell(Try(false)).await.unwrap();
        system.shutdown().await.unwrap();
        let counters = trier.counters();
        assert_eq!((counters.handled, counters.failed), (3, 2));
        assert_eq!(counters.restarts, 0);
    });
}

/// An ask outlives the task that polled it first: whoever polls it last is woken.
#[test]
fn an_ask_can_move_to_another_task() {
    on_every_runtime(async || {
        let system = system().await;
        let clerk: &'static _ = Box::leak(Box::new(clerk(&system, "clerk", &Log::new()).await));
        let (entered, leave) = (Gate::new(), Gate::new());
        let mut ask = clerk.ask(Run::held(&entered, &leave));
        poll_once(&mut ask).await;
        entered.opened().await;
        let moved = tokio::spawn(ask);
        tokio::task::yield_now().await;
        leave.open();
        assert_eq!(moved.await.unwrap().ok(), Some(0));
        system.shutdown().await.unwrap();
    });
}
