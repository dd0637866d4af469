//! Models of the reply slot. Each fails when an ordering that it names is weakened.

use std::future::poll_fn;

use loom::future::block_on;
use loom::sync::Arc;
use loom::thread;

use super::{Failure, slot};

/// The value is counted by loom's `Arc`: a model fails if it leaks or is dropped twice.
type Value = Arc<u32>;

/// Fails without `reply.done` (the value is read before it is written) and without `reply.waiting` (the
/// waker is).
#[test]
fn a_reply_reaches_an_asker_that_waits() {
    loom::model(|| {
        let (mut reply, to) = slot::<Value>();
        let answerer = thread::spawn(move || to.answer(Value::new(7)));
        let value = block_on(poll_fn(|cx| reply.poll(cx)));
        assert_eq!(*value.unwrap(), 7);
        drop(reply);
        answerer.join().unwrap();
    });
}

/// Fails without `reply.leave`: the slot is freed while the other party uses it.
#[test]
fn a_reply_that_meets_the_askers_drop_is_dropped_once() {
    loom::model(|| {
        let (reply, to) = slot::<Value>();
        let answerer = thread::spawn(move || to.answer(Value::new(7)));
        drop(reply);
        answerer.join().unwrap();
    });
}

/// The asker polls once, then loses interest. Fails without `reply.leave`.
#[test]
fn an_asker_that_gives_up_after_a_poll_leaves_nothing_behind() {
    loom::model(|| {
        let (mut reply, to) = slot::<Value>();
        let answerer = thread::spawn(move || to.answer(Value::new(7)));
        let polled = block_on(poll_fn(|cx| std::task::Poll::Ready(reply.poll(cx).is_ready())));
        drop(reply);
        answerer.join().unwrap();
        let _ = polled;
    });
}

/// Fails without `reply.waiting`.
#[test]
fn an_answerer_that_goes_away_fails_the_ask() {
    loom::model(|| {
        let (mut reply, to) = slot::<Value>();
        let answerer = thread::spawn(move || drop(to));
        let outcome = block_on(poll_fn(|cx| reply.poll(cx)));
        assert_eq!(outcome.unwrap_err(), Failure::Restarted);
        answerer.join().unwrap();
    });
}
