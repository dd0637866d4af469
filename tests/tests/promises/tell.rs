//! `tell`: at most once, in memory, in order per sender; a send that is not accepted gives the message
//! back.

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{self, Wake, Waker};
use std::thread;

use millhand::{Address, System, TellError};

use crate::stage::*;

/// Holds a worker in a handler until the returned gate is opened. It has consumed all that was sent.
async fn hold<W>(worker: &Address<W>) -> Gate
where
    W: millhand::Accepts<Run>,
{
    let (entered, leave) = (Gate::new(), Gate::new());
    worker.tell(Run::held(&entered, &leave)).await.unwrap();
    entered.opened().await;
    leave
}

/// G2
#[test]
fn messages_of_one_sender_are_handled_in_order() {
    on_every_runtime(async || {
        const SENDERS: u64 = 4;
        const EACH: u64 = 5_000;
        let log = Log::new();
        let system = system().await;
        let clerk = system.worker("clerk", Clerk::writing(&log)).start().await.unwrap();
        let senders: Vec<_> = (0..SENDERS)
            .map(|sender| {
                let clerk = clerk.clone();
                tokio::spawn(async move {
                    for n in 0..EACH {
                        clerk.tell(Note(sender << 32 | n)).await.unwrap();
                    }
                })
            })
            .collect();
        for sender in senders {
            sender.await.unwrap();
        }
        system.shutdown().await.unwrap();
        let mut next = BTreeMap::new();
        for entry in log.take() {
            let (sender, n) = (entry >> 32, entry & 0xffff_ffff);
            let expected = next.entry(sender).or_insert(0);
            assert_eq!(n, *expected, "sender {sender}");
            *expected += 1;
        }
        assert_eq!(next, (0..SENDERS).map(|sender| (sender, EACH)).collect());
    });
}

/// G2
#[test]
fn order_holds_across_tell_try_tell_and_ask() {
    on_every_runtime(async || {
        let log = Log::new();
        let system = system().await;
        let clerk = system.worker("clerk", Clerk::writing(&log)).start().await.unwrap();
        for n in 0..300 {
            match n % 3 {
                0 => clerk.tell(Note(n)).await.unwrap(),
                1 => clerk.try_tell(Note(n)).unwrap(),
                _ => assert_eq!(clerk.ask(Note(n)).await.unwrap(), n),
            }
        }
        system.shutdown().await.unwrap();
        assert_eq!(log.take(), (0..300).collect::<Vec<_>>());
    });
}

/// G3
#[test]
fn full_mailbox_returns_the_message() {
    on_every_runtime(async || {
        let log = Log::new();
        let system = system().await;
        let clerk = system.worker("clerk", ClerkOf2::writing(&log)).start().await.unwrap();
        let leave = hold(&clerk).await;
        // The handler that is suspended has made room for its own message a moment after it was entered.
        eventually("the message in hand is out of the mailbox", || clerk.counters().mailbox == 0)
            .await;
        clerk.try_tell(Note(1)).unwrap();
        clerk.try_tell(Note(2)).unwrap();
        let refused = clerk.try_tell(Note(3)).unwrap_err();
        assert_eq!(refused, TellError::Full(Note(3)));
        assert!(refused.can_retry());
        assert_eq!(refused.into_message(), Note(3));
        leave.open();
        clerk.tell(Note(4)).await.unwrap();
        system.shutdown().await.unwrap();
        assert_eq!(log.take(), [1, 2, 4]);
    });
}

/// G3
#[test]
fn stopped_worker_returns_the_message() {
    on_every_runtime(async || {
        let log = Log::new();
        let system = system().await;
        let clerk = system.worker("clerk", Clerk::writing(&log)).start().await.unwrap();
        assert!(!clerk.is_stopped());
        system.shutdown().await.unwrap();
        assert!(clerk.is_stopped());
        let refused = clerk.try_tell(Note(1)).unwrap_err();
        assert_eq!(refused, TellError::Stopped(Note(1)));
        assert!(!refused.can_retry());
        assert_eq!(clerk.tell(Note(2)).await, Err(TellError::Stopped(Note(2))));
        let recipient = clerk.recipient::<Note>();
        assert_eq!(recipient.try_tell(Note(3)), Err(TellError::Stopped(Note(3))));
        let refused = on_a_plain_thread(move || clerk.tell_blocking(Note(4))).await;
        assert_eq!(refused, Err(TellError::Stopped(Note(4))));
        assert_eq!(log.len(), 0);
    });
}

/// G4
#[test]
fn exactly_the_bound_is_accepted_also_from_many_threads() {
    on_every_runtime(async || {
        clerk!(ClerkOf100, mailbox = 100);
        let log = Log::new();
        let system = system().await;
        let clerk = system.worker("clerk", ClerkOf100::writing(&log)).start().await.unwrap();
        let leave = hold(&clerk).await;
        eventually("the message in hand is out of the mailbox", || clerk.counters().mailbox == 0)
            .await;
        let accepted = Arc::new(AtomicUsize::new(0));
        let threads: Vec<_> = (0..8)
            .map(|_| {
                let (clerk, accepted) = (clerk.clone(), Arc::clone(&accepted));
                thread::spawn(move || {
                    for n in 0..50 {
                        match clerk.try_tell(Note(n)) {
                            Ok(()) => {
                                accepted.fetch_add(1, Ordering::SeqCst);
                            }
                            Err(refused) => assert_eq!(refused, TellError::Full(Note(n))),
                        }
                    }
                })
            })
            .collect();
        for thread in threads {
            thread.join().unwrap();
        }
        assert_eq!(accepted.load(Ordering::SeqCst), 100);
        assert_eq!(clerk.counters().mailbox, 100);
        leave.open();
        system.shutdown().await.unwrap();
        assert_eq!(log.len(), 100);
    });
}

#[test]
fn a_bound_of_one_takes_one() {
    paused(async || {
        let log = Log::new();
        let system = system().await;
        let clerk = system.worker("clerk", ClerkOf1::writing(&log)).start().await.unwrap();
        // Idle: exactly one, before the worker has had a chance to run.
        clerk.try_tell(Note(1)).unwrap();
        assert_eq!(clerk.try_tell(Note(2)), Err(TellError::Full(Note(2))));
        let leave = hold(&clerk).await;
        until_idle().await;
        // Busy: exactly one waits.
        clerk.try_tell(Note(3)).unwrap();
        assert_eq!(clerk.try_tell(Note(4)), Err(TellError::Full(Note(4))));
        leave.open();
        for n in 5..1_000 {
            clerk.tell(Note(n)).await.unwrap();
        }
        system.shutdown().await.unwrap();
        let expected: Vec<_> = [1, 3].into_iter().chain(5..1_000).collect();
        assert_eq!(log.take(), expected);
    });
}

#[test]
fn an_unbounded_mailbox_never_refuses() {
    on_every_runtime(async || {
        const COUNT: u64 = 300_000; // More than the largest bound a mailbox can be given.
        let log = Log::new();
        let system = system().await;
        let clerk = system.worker("clerk", Boundless::writing(&log)).start().await.unwrap();
        let leave = hold(&clerk).await;
        for n in 0..COUNT {
            clerk.try_tell(Note(n)).unwrap();
        }
        leave.open();
        system.shutdown().await.unwrap();
        assert_eq!(log.take(), (0..COUNT).collect::<Vec<_>>());
        assert_eq!(clerk.counters().received, COUNT + 1);
    });
}

/// G4
#[test]
fn senders_that_wait_for_room_are_served_in_order() {
    paused(async || {
        let log = Log::new();
        let system = system().await;
        let clerk = system.worker("clerk", ClerkOf1::writing(&log)).start().await.unwrap();
        let leave = hold(&clerk).await;
        until_idle().await;
        clerk.try_tell(Note(0)).unwrap();
        let mut senders = Vec::new();
        for n in 1..=20 {
            let clerk = clerk.clone();
            let sender = tokio::spawn(async move { clerk.tell(Note(n)).await });
            until_idle().await;
            assert!(!sender.is_finished());
            senders.push(sender);
        }
        leave.open();
        for sender in senders {
            sender.await.unwrap().unwrap();
        }
        system.shutdown().await.unwrap();
        assert_eq!(log.take(), (0..=20).collect::<Vec<_>>());
    });
}

clerk!(ClerkOf4, mailbox = 4);

/// A sender that an executor of the test's own would poll again.
struct Sender(u64, Log);

impl Wake for Sender {
    fn wake(self: Arc<Self>) {
        self.1.push(self.0);
    }
}

/// G4
///
/// A call is no reservation: somebody who does not stand in the line may be quicker.
#[test]
fn senders_that_were_called_in_vain_keep_their_places() {
    guarded("a current-thread runtime", || {
        current_thread().block_on(async {
            let (log, called) = (Log::new(), Log::new());
            let system = system().await;
            let clerk = system.worker("clerk", ClerkOf4::writing(&log)).start().await.unwrap();
            // The worker's turn comes when this awaits.
            for n in 0..4 {
                clerk.try_tell(Note(n)).unwrap();
            }
            let mut senders: BTreeMap<_, _> =
                (10..16).map(|n| (n, Box::pin(clerk.tell(Note(n))))).collect();
            (10..16).for_each(|n| called.push(n));
            let mut poll_those_called = || {
                for n in called.take() {
                    let waker = Waker::from(Arc::new(Sender(n, called.clone())));
                    let mut cx = task::Context::from_waker(&waker);
                    if let Some(sender) = senders.get_mut(&n)
                        && sender.as_mut().poll(&mut cx).is_ready()
                    {
                        senders.remove(&n);
                    }
                }
                senders.len()
            };
            assert_eq!(poll_those_called(), 6);
            eventually("there is room", || clerk.counters().handled == 4).await;
            for n in 90..94 {
                clerk.try_tell(Note(n)).unwrap();
            }
            assert_eq!(poll_those_called(), 6);
            eventually("all have sent", || poll_those_called() == 0).await;
            system.shutdown().await.unwrap();
            let expected: Vec<_> = (0..4).chain(90..94).chain(10..16).collect();
            assert_eq!(log.take(), expected);
        });
    });
}

#[test]
fn every_waiting_sender_gets_its_turn() {
    on_every_runtime(async || {
        const SENDERS: u64 = 200;
        const EACH: u64 = 20;
        let log = Log::new();
        let system = system().await;
        let clerk = system.worker("clerk", ClerkOf1::writing(&log)).start().await.unwrap();
        let senders: Vec<_> = (0..SENDERS)
            .map(|sender| {
                let clerk = clerk.clone();
                tokio::spawn(async move {
                    for n in 0..EACH {
                        clerk.tell(Note(sender * EACH + n)).await.unwrap();
                    }
                })
            })
            .collect();
        for sender in senders {
            sender.await.unwrap();
        }
        system.shutdown().await.unwrap();
        let mut all = log.take();
        all.sort_unstable();
        assert_eq!(all, (0..SENDERS * EACH).collect::<Vec<_>>());
    });
}

#[test]
fn cancelling_a_waiting_tell_passes_the_turn_on() {
    paused(async || {
        let log = Log::new();
        let system = system().await;
        let clerk = system.worker("clerk", ClerkOf1::writing(&log)).start().await.unwrap();
        let leave_first = hold(&clerk).await;
        until_idle().await;
        let (entered, leave_second) = (Gate::new(), Gate::new());
        clerk.try_tell(Run::held(&entered, &leave_second)).unwrap();
        let mut first = Box::pin(clerk.tell(Note(1)));
        poll_once(&mut first).await;
        let second = tokio::spawn({
            let clerk = clerk.clone();
            async move { clerk.tell(Note(2)).await }
        });
        until_idle().await;
        leave_first.open();
        entered.opened().await;
        until_idle().await;
        // One place is free, and `first` has been called for it.
        assert!(!second.is_finished());
        drop(first);
        second.await.unwrap().unwrap();
        assert!(!leave_second.is_open());
        leave_second.open();
        system.shutdown().await.unwrap();
        assert_eq!(log.take(), [2]);
    });
}

#[test]
fn a_tell_dropped_while_it_waits_is_not_sent() {
    paused(async || {
        let log = Log::new();
        let system = system().await;
        let clerk = system.worker("clerk", ClerkOf1::writing(&log)).start().await.unwrap();
        let leave = hold(&clerk).await;
        until_idle().await;
        clerk.try_tell(Note(1)).unwrap();
        let messages = Population::default();
        let alive = messages.born();
        let mut waiting = Box::pin(clerk.tell(Run::new(async move {
            drop(alive);
            0
        })));
        poll_once(&mut waiting).await;
        drop(waiting);
        assert_eq!(messages.alive(), 0);
        leave.open();
        clerk.tell(Note(2)).await.unwrap();
        system.shutdown().await.unwrap();
        assert_eq!(log.take(), [1, 2]);
        assert_eq!(clerk.counters().received, 3);
    });
}

#[test]
fn a_waiting_tell_learns_that_the_worker_has_stopped() {
    on_every_runtime(async || {
        let log = Log::new();
        let system = system().await;
        let clerk = system.worker("clerk", ClerkOf1::writing(&log)).start().await.unwrap();
        let _leave = hold(&clerk).await;
        eventually("the message in hand is out of the mailbox", || clerk.counters().mailbox == 0)
            .await;
        clerk.try_tell(Note(1)).unwrap();
        let waiting: Vec<_> = (2..10)
            .map(|n| {
                let clerk = clerk.clone();
                tokio::spawn(async move { clerk.tell(Note(n)).await })
            })
            .collect();
        drop(system);
        for (n, waiting) in (2..10).zip(waiting) {
            assert_eq!(waiting.await.unwrap(), Err(TellError::Stopped(Note(n))));
        }
    });
}

#[test]
fn tell_blocking_waits_on_a_plain_thread() {
    on_every_runtime(async || {
        let log = Log::new();
        let system = system().await;
        let clerk = system.worker("clerk", ClerkOf1::writing(&log)).start().await.unwrap();
        let sender = clerk.clone();
        on_a_plain_thread(move || {
            for n in 0..500 {
                sender.tell_blocking(Note(n)).unwrap();
            }
        })
        .await;
        system.shutdown().await.unwrap();
        assert_eq!(log.take(), (0..500).collect::<Vec<_>>());
    });
}

#[test]
fn tell_blocking_inside_a_handler_never_blocks() {
    on_every_runtime(async || {
        let log = Log::new();
        let system = system().await;
        let clerk = system.worker("clerk", ClerkOf1::writing(&log)).start().await.unwrap();
        let itself = clerk.clone();
        let refused = clerk
            .ask(Run::new(async move {
                tokio::task::yield_now().await;
                itself.tell_blocking(Note(1)).unwrap();
                // Only this handler's end could make room.
                let refused = itself.tell_blocking(Note(2));
                u64::from(refused == Err(TellError::Full(Note(2))))
            }))
            .await;
        assert_eq!(refused.unwrap(), 1);
        system.shutdown().await.unwrap();
        assert_eq!(log.take(), [1]);
    });
}

/// Sends in a task of its own, which has joined the line of senders when this returns.
async fn in_line<F>(
    sender: Address<ClerkOf1>,
    send: impl FnOnce(Address<ClerkOf1>) -> F,
) -> tokio::task::JoinHandle<F::Output>
where
    F: Future<Output: Send> + Send + 'static,
{
    let mut sending = Box::pin(send(sender));
    let joined = Gate::new();
    let has_joined = joined.clone();
    let task = tokio::spawn(std::future::poll_fn(move |cx| {
        let polled = sending.as_mut().poll(cx);
        has_joined.open();
        polled
    }));
    joined.opened().await;
    task
}

/// G4
///
/// The first in line is called and does not come: whoever has it in hand does not poll it, or has forgotten
/// it. There is room for one only, so nobody else would be called with it.
#[test]
fn a_sender_that_is_called_and_does_not_come_holds_up_nobody() {
    on_every_runtime(async || {
        for forgotten in [false, true] {
            let log = Log::new();
            let system = system().await;
            let clerk = system.worker("clerk", ClerkOf1::writing(&log)).start().await.unwrap();
            let (entered, leave) = (Gate::new(), Gate::new());
            clerk.tell(Run::held(&entered, &leave)).await.unwrap();
            entered.opened().await;
            clerk.tell(Note(0)).await.unwrap();
            let mut absent = Box::pin(clerk.tell(Note(1)));
            poll_once(&mut absent).await;
            let second =
                in_line(clerk.clone(), |clerk| async move { clerk.tell(Note(2)).await }).await;
            let third =
                in_line(clerk.clone(), |clerk| async move { clerk.tell(Note(3)).await }).await;
            let absent = if forgotten {
                std::mem::forget(absent);
                None
            } else {
                Some(absent)
            };
            leave.open();
            assert_eq!(second.await.unwrap(), Ok(()));
            assert_eq!(third.await.unwrap(), Ok(()));
            for n in 4..8 {
                assert_eq!(clerk.tell(Note(n)).await, Ok(()), "a newcomer");
            }
            assert_eq!(clerk.ask(Note(8)).no_timeout().await, Ok(8));
            if let Some(absent) = absent {
                absent.await.unwrap();
            }
            system.shutdown().await.unwrap();
            let mut handled = log.take();
            assert_eq!(handled.pop() == Some(1), !forgotten);
            handled.retain(|n| *n != 8);
            // Once called, each comes when it has a turn.
            handled.sort_unstable();
            assert_eq!(handled, [0, 2, 3, 4, 5, 6, 7]);
        }
    });
}

/// G1
#[test]
fn many_threads_lose_nothing() {
    on_every_runtime(async || {
        const THREADS: u64 = 8;
        const EACH: u64 = 5_000;
        clerk!(ClerkOf16, mailbox = 16);
        let log = Log::new();
        let system = system().await;
        let clerk = system.worker("clerk", ClerkOf16::writing(&log)).start().await.unwrap();
        let sender = clerk.clone();
        on_a_plain_thread(move || {
            thread::scope(|scope| {
                for thread in 0..THREADS {
                    let sender = &sender;
                    scope.spawn(move || {
                        for n in 0..EACH {
                            sender.tell_blocking(Note(thread * EACH + n)).unwrap();
                        }
                    });
                }
            });
        })
        .await;
        system.shutdown().await.unwrap();
        let counters = clerk.counters();
        assert_eq!(counters.received, THREADS * EACH);
        assert_eq!(counters.handled, THREADS * EACH);
        let mut all = log.take();
        all.sort_unstable();
        assert_eq!(all, (0..THREADS * EACH).collect::<Vec<_>>());
    });
}

/// A fruitless crash leaves the worker without an incarnation for the backoff; the message that it
/// crashed on is out of the mailbox all the same.
#[test]
fn a_message_that_crashed_the_worker_takes_no_room_while_it_waits_for_its_restart() {
    paused(async || {
        let log = Log::new();
        let system = System::builder("test")
            .backoff(millhand::Backoff { first: secs(1), ..Default::default() })
            .start()
            .await
            .unwrap();
        let clerk = system.worker("clerk", ClerkOf1::writing(&log)).start().await.unwrap();
        clerk.try_tell(Run::crash()).unwrap();
        until_idle().await;
        assert_eq!(clerk.counters().lost, 1);
        assert_eq!(clerk.counters().mailbox, 0);
        assert_eq!(clerk.try_tell(Note(1)), Ok(()));
        system.shutdown().await.unwrap();
    });
}
