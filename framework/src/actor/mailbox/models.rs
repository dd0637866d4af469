//! Models of the mailbox and the scheduling word, explored by loom.
//!
//! The worker of a model runs on whichever thread is granted the right, at once: loom then sees every
//! pair of threads that could be granted it, and the queue's consumer side, a tracked cell, fails the
//! model if two of them are there together. What was handled is noted behind a lock that loom does not
//! know, so that noting it orders nothing.
//!
//! Each model fails when the ordering that its comment names is weakened; `tests/models` checks that.

use std::sync::Mutex as Unseen;
use std::task::{Context, Poll};

use loom::future::block_on;
use loom::sync::Arc;
use loom::thread;

use super::queue::{Pop, PushError, Right};
use super::waiters::{Ticket, Turn};
use super::word::{Phase, Word};
use super::{Limits, Mailbox};
use crate::actor::orders::{Order, Orders};
use crate::actor::worker::Overflow;

struct Unbounded;

impl Limits for Unbounded {
    const BOUND: Option<u32> = None;
    const OVERFLOW: Overflow = Overflow::Wait;
}

struct OfOne;

impl Limits for OfOne {
    const BOUND: Option<u32> = Some(1);
    const OVERFLOW: Overflow = Overflow::Wait;
}

struct Latest;

impl Limits for Latest {
    const BOUND: Option<u32> = Some(4);
    const OVERFLOW: Overflow = Overflow::DropOldest;
}

struct Worker<L: Limits> {
    word: Word,
    orders: Orders,
    mailbox: Mailbox<u32, L>,
    seen: Unseen<Seen>,
}

#[derive(Default)]
struct Seen {
    messages: Vec<u32>,
    halted: bool,
    resumed: u32,
}

impl<L: Limits + 'static> Worker<L> {
    fn new() -> Arc<Self> {
        Arc::new(Self {
            word: Word::held(),
            orders: Orders::none(),
            mailbox: Mailbox::new(),
            seen: Unseen::default(),
        })
    }

    /// A worker that has parked once.
    fn idle() -> Arc<Self> {
        let worker = Self::new();
        worker.start();
        worker
    }

    fn start(&self) {
        assert!(self.word.signal());
        self.run();
    }

    #[expect(unsafe_code, reason = "a model is granted the right as a driver is")]
    fn right() -> Right {
        // SAFETY: called by the thread that was granted the right, for the worker that granted it.
        unsafe { Right::assume() }
    }

    /// What a driver does until it gives the right back.
    fn run(&self) {
        let right = Self::right();
        loop {
            if self.orders.take(Order::Halt) {
                self.note(|seen| seen.halted = true);
            }
            match self.mailbox.pop(&self.word, &right) {
                Pop::Message(message) => self.note(|seen| seen.messages.push(message)),
                Pop::Busy => thread::yield_now(),
                Pop::Empty => {
                    self.mailbox.publish(&right);
                    if self.mailbox.park(&self.word, &right) {
                        return;
                    }
                }
            }
        }
    }

    fn send(&self, message: u32) {
        match self.mailbox.push(&self.word, message, drop) {
            Ok(true) => self.run(),
            Ok(false) => {}
            Err(_) => panic!("refused"),
        }
    }

    fn note(&self, f: impl FnOnce(&mut Seen)) {
        f(&mut self.seen.lock().unwrap());
    }

    fn messages(&self) -> Vec<u32> {
        self.seen.lock().unwrap().messages.clone()
    }

    fn assert_idle_and_empty(&self) {
        let state = self.word.load();
        assert_eq!(state.phase(), Phase::Idle);
        assert_eq!(self.mailbox.counts(&self.word).1, 0);
        assert_eq!(state.address(), 0, "an idle worker holds no block");
    }
}

/// Fails without `word`, and without `queue.ready`.
#[test]
fn a_send_that_meets_a_park_is_handled() {
    loom::model(|| {
        let worker = Worker::<Unbounded>::new();
        let sender = {
            let worker = Arc::clone(&worker);
            thread::spawn(move || {
                worker.send(1);
                worker.send(2);
            })
        };
        worker.start();
        sender.join().unwrap();
        assert_eq!(worker.messages(), [1, 2]);
        worker.assert_idle_and_empty();
    });
}

/// Fails without `word`, and without `queue.ready`.
#[test]
fn two_senders_that_meet_a_park_are_both_handled_in_their_order() {
    loom::model(|| {
        let worker = Worker::<Unbounded>::idle();
        let sender = {
            let worker = Arc::clone(&worker);
            thread::spawn(move || {
                worker.send(10);
                worker.send(11);
            })
        };
        worker.send(20);
        sender.join().unwrap();
        let messages = worker.messages();
        assert_eq!(messages.len(), 3);
        let first: Vec<_> = messages.iter().filter(|message| **message < 20).collect();
        assert_eq!(first, [&10, &11]);
        worker.assert_idle_and_empty();
    });
}

/// With two slots a block, five messages cross two boundaries, and the drained block is used again.
/// Fails without `queue.next`, and without `queue.spare`.
#[test]
fn messages_that_cross_block_boundaries_arrive_while_blocks_are_recycled() {
    loom::model(|| {
        let worker = Worker::<Unbounded>::new();
        let sender = {
            let worker = Arc::clone(&worker);
            thread::spawn(move || (1..=5).for_each(|message| worker.send(message)))
        };
        worker.start();
        sender.join().unwrap();
        assert_eq!(worker.messages(), [1, 2, 3, 4, 5]);
        worker.assert_idle_and_empty();
    });
}

/// A signal races with a send: whoever gets the right may find a block that is not linked yet.
/// Fails without `queue.first`.
#[test]
fn a_signal_that_meets_the_first_send_loses_neither() {
    loom::model(|| {
        let worker = Worker::<Unbounded>::idle();
        let sender = {
            let worker = Arc::clone(&worker);
            thread::spawn(move || worker.send(1))
        };
        worker.orders.give(Order::Halt);
        if worker.word.signal() {
            worker.run();
        }
        sender.join().unwrap();
        assert_eq!(worker.messages(), [1]);
        assert!(worker.seen.lock().unwrap().halted);
        worker.assert_idle_and_empty();
    });
}

/// Fails without `word`.
#[test]
fn an_order_that_meets_a_park_is_seen() {
    loom::model(|| {
        let worker = Worker::<Unbounded>::new();
        let supervisor = {
            let worker = Arc::clone(&worker);
            thread::spawn(move || {
                worker.orders.give(Order::Halt);
                if worker.word.signal() {
                    worker.run();
                }
            })
        };
        let sender = {
            let worker = Arc::clone(&worker);
            thread::spawn(move || worker.send(1))
        };
        if worker.word.signal() {
            worker.run();
        }
        supervisor.join().unwrap();
        sender.join().unwrap();
        assert!(worker.seen.lock().unwrap().halted);
        assert_eq!(worker.messages(), [1]);
        worker.assert_idle_and_empty();
    });
}

/// A handler is suspended: a wake, an order and a send meet the `hold`. The send must not run the
/// worker, the other two must. Fails without `word`.
#[test]
fn an_order_and_a_wake_that_meet_a_suspended_handler_are_seen() {
    /// Polls a handler that stays suspended until it was woken, then the run loop.
    fn resume(worker: &Worker<Unbounded>, woken: &loom::sync::atomic::AtomicBool) {
        loop {
            worker.note(|seen| seen.resumed += 1);
            if worker.orders.take(Order::Halt) {
                worker.note(|seen| seen.halted = true);
            }
            if woken.load(loom::sync::atomic::Ordering::Relaxed) {
                return worker.run();
            }
            if worker.word.hold() {
                return;
            }
        }
    }

    loom::model(|| {
        let worker = Worker::<Unbounded>::new();
        let woken = Arc::new(loom::sync::atomic::AtomicBool::new(false));
        let waker = {
            let (worker, woken) = (Arc::clone(&worker), Arc::clone(&woken));
            thread::spawn(move || {
                woken.store(true, loom::sync::atomic::Ordering::Relaxed);
                if worker.word.wake() {
                    resume(&worker, &woken);
                }
            })
        };
        let supervisor = {
            let (worker, woken) = (Arc::clone(&worker), Arc::clone(&woken));
            thread::spawn(move || {
                worker.send(1);
                worker.orders.give(Order::Halt);
                if worker.word.signal() {
                    resume(&worker, &woken);
                }
            })
        };
        if worker.word.signal() {
            resume(&worker, &woken);
        }
        waker.join().unwrap();
        supervisor.join().unwrap();
        let seen = worker.seen.lock().unwrap();
        assert!(seen.halted && seen.resumed > 0);
        assert_eq!(seen.messages, [1]);
        drop(seen);
        worker.assert_idle_and_empty();
    });
}

/// A waker that a finished handler left behind wakes while the worker parks and a message comes. It may
/// cost a look, never a message or a second driver. Fails without `word`.
#[test]
fn a_stale_waker_that_meets_a_park_does_nothing() {
    loom::model(|| {
        let worker = Worker::<Unbounded>::new();
        let stale = {
            let worker = Arc::clone(&worker);
            thread::spawn(move || {
                if worker.word.wake() {
                    worker.run();
                }
            })
        };
        let sender = {
            let worker = Arc::clone(&worker);
            thread::spawn(move || worker.send(1))
        };
        if worker.word.signal() {
            worker.run();
        }
        stale.join().unwrap();
        sender.join().unwrap();
        assert_eq!(worker.messages(), [1]);
        worker.assert_idle_and_empty();
    });
}

/// As `tell` does: joins the line, tries, and sleeps until it is called.
async fn send_in_line(worker: &Worker<OfOne>, message: u32) {
    let mut ticket: Option<Ticket> = None;
    let mut message = Some(message);
    std::future::poll_fn(|cx: &mut Context<'_>| {
        let turn = worker.mailbox.waiters.join(&mut ticket, cx.waker());
        if turn == Turn::NotYet {
            return Poll::Pending;
        }
        match worker.mailbox.push(&worker.word, message.take().unwrap(), drop) {
            Ok(right) => {
                worker.mailbox.waiters.leave(&mut ticket, Some(turn));
                if right {
                    worker.run();
                }
                Poll::Ready(())
            }
            Err(PushError::Full(back)) => {
                message = Some(back);
                Poll::Pending
            }
            Err(PushError::Closed(_)) => panic!("closed"),
        }
    })
    .await;
}

/// The bound is 1, so the second message waits until the head is published. Fails without `waiters`: the
/// sender sleeps beside free room, and loom finds the deadlock.
#[test]
fn a_sender_that_waits_for_room_is_called_when_the_head_is_published() {
    loom::model(|| {
        let worker = Worker::<OfOne>::new();
        worker.send(1);
        let sender = {
            let worker = Arc::clone(&worker);
            thread::spawn(move || block_on(send_in_line(&worker, 2)))
        };
        worker.start();
        sender.join().unwrap();
        assert_eq!(worker.messages(), [1, 2]);
        worker.assert_idle_and_empty();
    });
}

/// Two senders wait for the one place. One of them may take room that was free before it was called: the
/// call then goes on to the other. Fails without `waiters.pass_on`.
#[test]
fn a_call_that_was_not_needed_is_passed_on() {
    loom::model(|| {
        let worker = Worker::<OfOne>::new();
        worker.send(1);
        let senders = [2, 3].map(|message| {
            let worker = Arc::clone(&worker);
            thread::spawn(move || block_on(send_in_line(&worker, message)))
        });
        worker.start();
        senders.into_iter().for_each(|sender| sender.join().unwrap());
        assert_eq!(worker.messages().len(), 3);
        worker.assert_idle_and_empty();
    });
}

/// Each message is either refused or given up by the worker that stops; none stays behind, and nobody
/// runs the worker afterwards. Fails without `queue.ready`, and without `word`.
#[test]
fn a_message_that_meets_the_stop_is_refused_or_given_up() {
    loom::model(|| {
        let worker = Worker::<Unbounded>::idle();
        let sender = {
            let worker = Arc::clone(&worker);
            thread::spawn(move || {
                let mut accepted = Vec::new();
                for message in [1, 2] {
                    match worker.mailbox.push(&worker.word, message, drop) {
                        Ok(right) => {
                            accepted.push(message);
                            if right {
                                worker.run();
                            }
                        }
                        Err(PushError::Closed(back)) => assert_eq!(back, message),
                        Err(PushError::Full(_)) => panic!("unbounded"),
                    }
                }
                accepted
            })
        };
        // The stopping side: closes, and whoever has the right then empties the mailbox and ends.
        worker.word.close();
        let stopped = worker.word.signal();
        if stopped {
            let right = Worker::<Unbounded>::right();
            loop {
                match worker.mailbox.pop(&worker.word, &right) {
                    Pop::Message(message) => worker.note(|seen| seen.messages.push(message)),
                    Pop::Busy => thread::yield_now(),
                    Pop::Empty => break,
                }
            }
            worker.word.stop();
        }
        let accepted = sender.join().unwrap();
        assert_eq!(worker.messages(), accepted);
        if stopped {
            assert!(!worker.word.signal() && !worker.word.wake());
        }
    });
}

/// The locked ring of `drop_oldest`, with the same word. Fails without `ring.knock`: a running worker
/// that is not told parks on a message.
#[test]
fn a_knock_that_meets_a_park_is_handled() {
    loom::model(|| {
        let worker = Worker::<Latest>::new();
        let sender = {
            let worker = Arc::clone(&worker);
            thread::spawn(move || {
                worker.send(1);
                worker.send(2);
            })
        };
        worker.start();
        sender.join().unwrap();
        assert_eq!(worker.messages(), [1, 2]);
        assert_eq!(worker.word.load().phase(), Phase::Idle);
    });
}
