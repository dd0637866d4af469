//! Where work from outside the drivers arrives, and the tasks that give way to it.

use std::collections::VecDeque;
use std::task::Waker;

use crate::actor::cell::Runnable;
use crate::contain::contain;
use crate::sync::{AtomicU32, AtomicUsize, Mutex, Ordering, lock};

pub(super) struct Injector {
    queue: Mutex<Queue>,
    length: AtomicUsize,
    /// Counts those who took something.
    taken: AtomicU32,
}

struct Queue {
    runnables: VecDeque<Runnable>,
    /// Tasks that go on when somebody has come for the runnables; only while there are some.
    giving_way: Vec<Waker>,
}

impl Injector {
    pub(super) fn new() -> Self {
        Self {
            queue: Mutex::new(Queue { runnables: VecDeque::new(), giving_way: Vec::new() }),
            length: AtomicUsize::new(0),
            taken: AtomicU32::new(0),
        }
    }

    /// True: nothing else waits.
    pub(super) fn push(&self, runnable: Runnable) -> bool {
        let mut queue = lock(&self.queue);
        queue.runnables.push_back(runnable);
        self.note_length(&queue);
        queue.runnables.len() == 1
    }

    pub(super) fn push_all(&self, runnables: impl Iterator<Item = Runnable>) {
        let mut queue = lock(&self.queue);
        queue.runnables.extend(runnables);
        self.note_length(&queue);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.length.load(Ordering::SeqCst) == 0
    }

    /// If something waits: how often something had been taken when it began to.
    pub(super) fn waits_since(&self) -> Option<u32> {
        (!self.is_empty()).then(|| self.taken.load(Ordering::Relaxed))
    }

    /// Has a task woken when somebody comes for what waits. False: nothing does.
    pub(super) fn give_way(&self, waker: &Waker) -> bool {
        if self.is_empty() {
            return false;
        }
        // A user's waker may do anything when it is cloned or dropped.
        let mut waker = Some(waker.clone());
        let mut queue = lock(&self.queue);
        if !queue.runnables.is_empty() {
            queue.giving_way.extend(waker.take());
        }
        drop(queue);
        waker.is_none()
    }

    /// One of so many drivers takes its share: one to run, and the rest.
    pub(super) fn pop_share(
        &self,
        drivers: usize,
        most: usize,
    ) -> Option<(Runnable, Vec<Runnable>)> {
        if self.is_empty() {
            return None;
        }
        let mut queue = lock(&self.queue);
        let first = queue.runnables.pop_front()?;
        let rest = (queue.runnables.len() / drivers).min(most);
        let rest = queue.runnables.drain(..rest).collect();
        self.note_length(&queue);
        self.taken.fetch_add(1, Ordering::Relaxed);
        let gave_way = queue.giving_way.pop();
        drop(queue);
        self.go_on(gave_way);
        Some((first, rest))
    }

    /// Takes everything. It looks under the lock, so that whoever pushes later knows what its caller did
    /// before.
    pub(super) fn pop_all(&self) -> Vec<Runnable> {
        let mut queue = lock(&self.queue);
        let all = queue.runnables.drain(..).collect();
        self.note_length(&queue);
        let gave_way = queue.giving_way.pop();
        drop(queue);
        self.go_on(gave_way);
        all
    }

    fn note_length(&self, queue: &Queue) {
        // Ordering: SeqCst, as the idle protocol's looks at the queues are.
        self.length.store(queue.runnables.len(), Ordering::SeqCst);
    }

    /// Wakes all tasks that gave way: this one, and those that are left.
    fn go_on(&self, mut next: Option<Waker>) {
        while let Some(waker) = next {
            contain(|| waker.wake());
            next = lock(&self.queue).giving_way.pop();
        }
    }
}
