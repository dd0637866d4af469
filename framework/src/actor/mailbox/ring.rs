//! The queue of a worker that drops its oldest message when full: a ring under a lock, because a
//! producer must be able to take what only the consumer may take from the lock-free queue.

use std::collections::VecDeque;

use super::queue::{Pop, PushError};
use super::word::{Phase, Word};
use crate::sync::{Mutex, lock};

pub(crate) struct Ring<T> {
    bound: usize,
    inner: Mutex<Inner<T>>,
}

struct Inner<T> {
    messages: VecDeque<T>,
    received: u64,
}

impl<T> Ring<T> {
    pub(crate) fn new(bound: usize) -> Self {
        Self { bound, inner: Mutex::new(Inner { messages: VecDeque::new(), received: 0 }) }
    }

    pub(crate) fn push(
        &self,
        word: &Word,
        message: T,
        displaced: impl FnOnce(T),
    ) -> Result<bool, PushError<T>> {
        let oldest = {
            let mut inner = lock(&self.inner);
            if word.load().is_closed() {
                return Err(PushError::Closed(message));
            }
            let full = inner.messages.len() == self.bound;
            let oldest = if full { inner.messages.pop_front() } else { None };
            inner.messages.push_back(message);
            inner.received += 1;
            oldest
        };
        let right = word.knock();
        if let Some(oldest) = oldest {
            displaced(oldest);
        }
        Ok(right)
    }

    pub(crate) fn pop(&self) -> Pop<T> {
        let mut inner = lock(&self.inner);
        match inner.messages.pop_front() {
            Some(message) => {
                if inner.messages.is_empty() {
                    // An idle worker holds no memory.
                    inner.messages = VecDeque::new();
                }
                Pop::Message(message)
            }
            None => Pop::Empty,
        }
    }

    /// As `Queue::park`. A push after the look into the ring has set SIGNALLED, so the swap fails.
    pub(crate) fn park(&self, word: &Word) -> bool {
        let state = word.load();
        if state.phase() == Phase::Signalled {
            let held = word.hold();
            debug_assert!(!held);
            return false;
        }
        lock(&self.inner).messages.is_empty()
            && word.swap_if(state, state.with_phase(Phase::Idle)).is_ok()
    }

    pub(crate) fn len(&self) -> usize {
        lock(&self.inner).messages.len()
    }

    pub(crate) fn received(&self) -> u64 {
        lock(&self.inner).received
    }
}
