//! What happens to a message that finds the mailbox full.

use millhand::{Address, AskError, TellError};

use crate::stage::*;

clerk!(Rejects, mailbox = 3, overflow = reject);
clerk!(DropsNewest, mailbox = 3, overflow = drop_newest);
clerk!(DropsOldest, mailbox = 3, overflow = drop_oldest);

async fn hold<W>(worker: &Address<W>) -> Gate
where
    W: millhand::Accepts<Run>,
{
    let (entered, leave) = (Gate::new(), Gate::new());
    worker.try_tell(Run::held(&entered, &leave)).unwrap();
    entered.opened().await;
    eventually("the message in hand is out of the mailbox", || worker.counters().mailbox == 0)
        .await;
    leave
}

#[test]
fn wait_lets_an_ask_wait_for_room() {
    on_every_runtime(async || {
        let log = Log::new();
        let system = system().await;
        let clerk = system.worker("clerk", ClerkOf1::writing(&log)).start().await.unwrap();
        let leave = hold(&clerk).await;
        clerk.try_tell(Note(1)).unwrap();
        let mut asks: Vec<_> = (2..6).map(|n| clerk.ask(Note(n))).collect();
        for ask in &mut asks {
            poll_once(ask).await;
        }
        leave.open();
        for (n, ask) in (2..6).zip(asks) {
            assert_eq!(ask.await, Ok(n));
        }
        system.shutdown().await.unwrap();
        assert_eq!(log.take(), [1, 2, 3, 4, 5]);
    });
}

/// G3
#[test]
fn reject_returns_the_message_to_every_verb() {
    on_every_runtime(async || {
        let log = Log::new();
        let system = system().await;
        let clerk = system.worker("clerk", Rejects::writing(&log)).start().await.unwrap();
        let leave = hold(&clerk).await;
        for n in 1..=3 {
            clerk.tell(Note(n)).await.unwrap();
        }
        assert_eq!(clerk.tell(Note(4)).await, Err(TellError::Full(Note(4))));
        assert_eq!(clerk.try_tell(Note(5)), Err(TellError::Full(Note(5))));
        assert_eq!(clerk.ask(Note(6)).await, Err(AskError::Full(Note(6))));
        let blocking = clerk.clone();
        let (told, asked) = on_a_plain_thread(move || {
            (blocking.tell_blocking(Note(7)), blocking.ask_blocking(Note(8)))
        })
        .await;
        assert_eq!(told, Err(TellError::Full(Note(7))));
        assert_eq!(asked, Err(AskError::Full(Note(8))));
        leave.open();
        system.shutdown().await.unwrap();
        assert_eq!(log.take(), [1, 2, 3]);
        assert_eq!(clerk.counters().dropped, 0);
    });
}

#[test]
fn drop_newest_keeps_the_first_and_counts_the_rest() {
    on_every_runtime(async || {
        let log = Log::new();
        let system = system().await;
        let clerk = system.worker("clerk", DropsNewest::writing(&log)).start().await.unwrap();
        let leave = hold(&clerk).await;
        for n in 1..=10 {
            clerk.tell(Note(n)).await.unwrap();
        }
        clerk.try_tell(Note(11)).unwrap();
        assert_eq!(clerk.counters().mailbox, 3);
        assert_eq!(clerk.counters().dropped, 8);
        leave.open();
        system.shutdown().await.unwrap();
        assert_eq!(log.take(), [1, 2, 3]);
        assert_eq!(clerk.counters().handled, 4);
        assert_eq!(clerk.counters().dropped, 8);
    });
}

#[test]
fn drop_oldest_keeps_the_last_in_order_and_counts_the_rest() {
    on_every_runtime(async || {
        let log = Log::new();
        let system = system().await;
        let clerk = system.worker("clerk", DropsOldest::writing(&log)).start().await.unwrap();
        let leave = hold(&clerk).await;
        for n in 1..=10 {
            clerk.tell(Note(n)).await.unwrap();
        }
        assert_eq!(clerk.counters().mailbox, 3);
        assert_eq!(clerk.counters().dropped, 7);
        leave.open();
        system.shutdown().await.unwrap();
        assert_eq!(log.take(), [8, 9, 10]);
        let counters = clerk.counters();
        assert_eq!((counters.received, counters.handled, counters.dropped), (11, 4, 7));
    });
}

#[test]
fn an_ask_that_drop_newest_drops_fails_with_dropped() {
    on_every_runtime(async || {
        let log = Log::new();
        let system = system().await;
        let clerk = system.worker("clerk", DropsNewest::writing(&log)).start().await.unwrap();
        let leave = hold(&clerk).await;
        let mut kept = clerk.ask(Note(1));
        poll_once(&mut kept).await;
        clerk.try_tell(Note(2)).unwrap();
        clerk.try_tell(Note(3)).unwrap();
        assert_eq!(clerk.ask(Note(4)).await, Err(AskError::Dropped));
        leave.open();
        assert_eq!(kept.await, Ok(1));
        system.shutdown().await.unwrap();
    });
}

#[test]
fn an_ask_that_drop_oldest_displaces_fails_with_dropped() {
    on_every_runtime(async || {
        let log = Log::new();
        let system = system().await;
        let clerk = system.worker("clerk", DropsOldest::writing(&log)).start().await.unwrap();
        let leave = hold(&clerk).await;
        let mut displaced = clerk.ask(Note(1));
        poll_once(&mut displaced).await;
        let mut kept = clerk.ask(Note(2));
        poll_once(&mut kept).await;
        clerk.try_tell(Note(3)).unwrap();
        clerk.try_tell(Note(4)).unwrap();
        assert_eq!(displaced.await, Err(AskError::Dropped));
        leave.open();
        assert_eq!(kept.await, Ok(2));
        system.shutdown().await.unwrap();
        assert_eq!(log.take(), [2, 3, 4]);
    });
}

#[test]
fn dropped_messages_are_dropped_at_once() {
    on_every_runtime(async || {
        let log = Log::new();
        let system = system().await;
        let newest = system.worker("newest", DropsNewest::writing(&log)).start().await.unwrap();
        let oldest = system.worker("oldest", DropsOldest::writing(&log)).start().await.unwrap();
        let (leave_newest, leave_oldest) = (hold(&newest).await, hold(&oldest).await);
        let messages = Population::default();
        for _ in 0..10 {
            let (one, two) = (messages.born(), messages.born());
            let idle = |alive| {
                Run::new(async move {
                    drop(alive);
                    0
                })
            };
            newest.try_tell(idle(one)).unwrap();
            oldest.try_tell(idle(two)).unwrap();
        }
        assert_eq!(messages.alive(), 6);
        leave_newest.open();
        leave_oldest.open();
        system.shutdown().await.unwrap();
        assert_eq!(messages.alive(), 0);
    });
}

/// A producer that displaces while the consumer takes: every message is handled or counted, and the
/// last one, which nothing displaces, is handled.
#[test]
fn drop_oldest_under_a_flood_accounts_for_every_message() {
    on_every_runtime(async || {
        const THREADS: u64 = 4;
        const EACH: u64 = 20_000;
        let log = Log::new();
        let system = system().await;
        let clerk = system.worker("clerk", DropsOldest::writing(&log)).start().await.unwrap();
        let sender = clerk.clone();
        on_a_plain_thread(move || {
            std::thread::scope(|scope| {
                for thread in 0..THREADS {
                    let sender = &sender;
                    scope.spawn(move || {
                        for n in 0..EACH {
                            sender.try_tell(Note(thread * EACH + n)).unwrap();
                        }
                    });
                }
            });
            sender.try_tell(Note(u64::MAX)).unwrap();
        })
        .await;
        system.shutdown().await.unwrap();
        let counters = clerk.counters();
        assert_eq!(counters.received, THREADS * EACH + 1);
        assert_eq!(counters.handled + counters.dropped, counters.received);
        assert_eq!(counters.mailbox, 0);
        let all = log.take();
        assert_eq!(all.len() as u64, counters.handled);
        assert_eq!(all.last(), Some(&u64::MAX));
    });
}

/// The same for the policy that refuses the newcomer.
#[test]
fn drop_newest_under_a_flood_accounts_for_every_message() {
    on_every_runtime(async || {
        const THREADS: u64 = 4;
        const EACH: u64 = 20_000;
        let log = Log::new();
        let system = system().await;
        let clerk = system.worker("clerk", DropsNewest::writing(&log)).start().await.unwrap();
        let sender = clerk.clone();
        on_a_plain_thread(move || {
            std::thread::scope(|scope| {
                for _ in 0..THREADS {
                    scope.spawn(|| (0..EACH).for_each(|n| sender.try_tell(Note(n)).unwrap()));
                }
            });
        })
        .await;
        system.shutdown().await.unwrap();
        let counters = clerk.counters();
        assert_eq!(counters.handled + counters.dropped, THREADS * EACH);
        assert_eq!(log.len() as u64, counters.handled);
    });
}

#[test]
fn a_drop_oldest_worker_comes_back_to_what_arrived_while_its_handler_was_suspended() {
    paused(async || {
        let log = Log::new();
        let system = system().await;
        let clerk = system.worker("clerk", DropsOldest::writing(&log)).start().await.unwrap();
        let (entered, leave) = (Gate::new(), Gate::new());
        clerk.try_tell(Run::held(&entered, &leave)).unwrap();
        until_idle().await;
        assert!(entered.is_open());
        clerk.try_tell(Note(1)).unwrap();
        until_idle().await;
        leave.open();
        until_idle().await;
        assert_eq!(log.take(), [1]);
        // And what arrived while it had no incarnation.
        clerk.try_tell(Run::crash()).unwrap();
        clerk.try_tell(Note(2)).unwrap();
        until_idle().await;
        assert_eq!(log.take(), [2]);
        clerk.try_tell(Run::crash()).unwrap();
        clerk.try_tell(Run::crash()).unwrap();
        until_idle().await;
        clerk.try_tell(Note(3)).unwrap();
        tokio::time::sleep(secs(1)).await;
        assert_eq!(log.take(), [3]);
        system.shutdown().await.unwrap();
    });
}

#[test]
fn a_stopped_worker_refuses_whatever_its_policy() {
    on_every_runtime(async || {
        let log = Log::new();
        let system = system().await;
        let newest = system.worker("newest", DropsNewest::writing(&log)).start().await.unwrap();
        let oldest = system.worker("oldest", DropsOldest::writing(&log)).start().await.unwrap();
        system.shutdown().await.unwrap();
        assert_eq!(newest.try_tell(Note(1)), Err(TellError::Stopped(Note(1))));
        assert_eq!(oldest.try_tell(Note(2)), Err(TellError::Stopped(Note(2))));
        assert_eq!(oldest.ask(Note(3)).await, Err(AskError::Stopped(Some(Note(3)))));
        assert_eq!(oldest.counters().dropped, 0);
    });
}
