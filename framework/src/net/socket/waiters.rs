//! Tasks that wait for something of a socket, first come first called.
//!
//! The caller holds the lock that also guards what is waited for, so nothing can happen between the look
//! and the wait. Wakers are handed out, to be called once that lock is free.
//!
//! Promise: who is called and does not come (its future was dropped) is replaced by the next, if it gives
//! its [`Ticket`] back through [`Waiters::leave`].

use std::collections::VecDeque;
use std::task::Waker;

/// Who waits, in order.
#[derive(Default)]
pub(crate) struct Waiters {
    /// In the order of their numbers.
    queue: VecDeque<(u64, Waker)>,
    next: u64,
}

/// A place in the queue, kept by a future from one poll to the next.
#[derive(Default, Debug)]
pub(crate) struct Ticket(Option<u64>);

impl Ticket {
    /// Whether its holder has waited and not left since.
    pub(crate) fn is_waiting(&self) -> bool {
        self.0.is_some()
    }
}

impl Waiters {
    /// Waits: keeps the place that `ticket` stands for, or takes the last one.
    pub(crate) fn wait(&mut self, ticket: &mut Ticket, waker: &Waker) {
        if let Some(at) = ticket.0.and_then(|number| self.place(number)) {
            self.queue[at].1.clone_from(waker);
            return;
        }
        ticket.0 = Some(self.next);
        self.queue.push_back((self.next, waker.clone()));
        self.next += 1;
    }

    /// Waits no longer. True if it had been called: then it has a call to use, or to pass on.
    pub(crate) fn leave(&mut self, ticket: &mut Ticket) -> bool {
        let Some(number) = ticket.0.take() else { return false };
        match self.place(number) {
            Some(at) => {
                self.queue.remove(at);
                false
            }
            None => true,
        }
    }

    fn place(&self, number: u64) -> Option<usize> {
        self.queue.binary_search_by_key(&number, |(one, _)| *one).ok()
    }

    /// Calls the first `count` who wait.
    pub(crate) fn call(&mut self, count: usize, called: &mut Called) {
        for _ in 0..count.min(self.queue.len()) {
            if let Some((_, waker)) = self.queue.pop_front() {
                called.add(waker);
            }
        }
    }

    /// Calls everybody.
    pub(crate) fn call_all(&mut self, called: &mut Called) {
        self.call(usize::MAX, called);
    }
}

/// Wakers to be woken when the lock is free: what they run is not ours.
#[derive(Default)]
#[must_use]
pub(crate) struct Called {
    first: Option<Waker>,
    rest: Vec<Waker>,
}

impl Called {
    pub(crate) fn add(&mut self, waker: Waker) {
        if self.first.is_none() {
            self.first = Some(waker);
        } else {
            self.rest.push(waker);
        }
    }

    /// Wakes them.
    #[inline]
    pub(crate) fn wake(self) {
        if let Some(waker) = self.first {
            waker.wake();
            for waker in self.rest {
                waker.wake();
            }
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use std::sync::{Arc, Mutex};
    use std::task::Wake;

    use super::*;

    /// A task that counts how often it is woken.
    #[derive(Default)]
    pub(crate) struct Count(Mutex<usize>);

    impl Count {
        pub(crate) fn times(&self) -> usize {
            *self.0.lock().unwrap()
        }
    }

    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            *self.0.lock().unwrap() += 1;
        }
    }

    pub(crate) fn task() -> (Arc<Count>, Waker) {
        let count = Arc::new(Count::default());
        (count.clone(), count.into())
    }

    #[test]
    fn the_first_to_come_is_the_first_called() {
        let mut waiters = Waiters::default();
        let tasks = [task(), task(), task()];
        let mut tickets = [Ticket::default(), Ticket::default(), Ticket::default()];
        for ((_, waker), ticket) in tasks.iter().zip(&mut tickets) {
            waiters.wait(ticket, waker);
        }
        // Who waits again keeps the place.
        waiters.wait(&mut tickets[0], &tasks[0].1);
        let mut called = Called::default();
        waiters.call(2, &mut called);
        called.wake();
        assert_eq!(tasks.each_ref().map(|(count, _)| count.times()), [1, 1, 0]);
    }

    #[test]
    fn who_leaves_after_a_call_is_told_so() {
        let mut waiters = Waiters::default();
        let (_, waker) = task();
        let (mut early, mut late) = (Ticket::default(), Ticket::default());
        waiters.wait(&mut early, &waker);
        waiters.wait(&mut late, &waker);
        let mut called = Called::default();
        waiters.call(1, &mut called);
        assert!(waiters.leave(&mut early));
        assert!(!waiters.leave(&mut late));
        assert!(!waiters.leave(&mut late));
        assert!(waiters.queue.is_empty());
        called.wake();
    }

    #[test]
    fn all_are_called() {
        let mut waiters = Waiters::default();
        let (count, waker) = task();
        for _ in 0..5 {
            waiters.wait(&mut Ticket::default(), &waker);
        }
        let mut called = Called::default();
        waiters.call_all(&mut called);
        called.wake();
        assert_eq!(count.times(), 5);
    }
}
