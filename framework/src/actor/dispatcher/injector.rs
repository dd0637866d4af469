//! Where work from outside the drivers arrives.

use std::collections::VecDeque;

use crate::actor::cell::Runnable;
use crate::sync::{AtomicU32, AtomicUsize, Mutex, Ordering, lock};

pub(super) struct Injector {
    queue: Mutex<VecDeque<Runnable>>,
    length: AtomicUsize,
    /// Counts those who took something.
    taken: AtomicU32,
}

impl Injector {
    pub(super) fn new() -> Self {
        Self {
            queue: Mutex::new(VecDeque::new()),
            length: AtomicUsize::new(0),
            taken: AtomicU32::new(0),
        }
    }

    /// True: nothing else waits.
    pub(super) fn push(&self, runnable: Runnable) -> bool {
        let mut queue = lock(&self.queue);
        queue.push_back(runnable);
        self.note_length(&queue);
        queue.len() == 1
    }

    pub(super) fn push_all(&self, runnables: impl Iterator<Item = Runnable>) {
        let mut queue = lock(&self.queue);
        queue.extend(runnables);
        self.note_length(&queue);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.length.load(Ordering::SeqCst) == 0
    }

    /// If something waits: how often something had been taken when it began to.
    pub(super) fn waits_since(&self) -> Option<u32> {
        (!self.is_empty()).then(|| self.taken.load(Ordering::Relaxed))
    }

    /// One of so many drivers takes its share: one to run, and at most so many more for its queue, as long as
    /// that takes them.
    pub(super) fn pop_share(
        &self,
        drivers: usize,
        most: usize,
        mut push: impl FnMut(Runnable) -> Result<(), Runnable>,
    ) -> Option<Runnable> {
        if self.is_empty() {
            return None;
        }
        let mut queue = lock(&self.queue);
        let first = queue.pop_front()?;
        for _ in 0..(queue.len() / drivers).min(most) {
            let Some(runnable) = queue.pop_front() else { break };
            if let Err(runnable) = push(runnable) {
                queue.push_front(runnable);
                break;
            }
        }
        self.note_length(&queue);
        self.taken.fetch_add(1, Ordering::Relaxed);
        Some(first)
    }

    /// Takes everything. It looks under the lock, so that whoever pushes later knows what its caller did
    /// before.
    pub(super) fn pop_all(&self) -> Vec<Runnable> {
        let mut queue = lock(&self.queue);
        let all = queue.drain(..).collect();
        self.note_length(&queue);
        all
    }

    pub(super) fn shrink(&self) {
        lock(&self.queue).shrink_to_fit();
    }

    fn note_length(&self, queue: &VecDeque<Runnable>) {
        // Ordering: SeqCst, as the idle protocol's looks at the queues are.
        self.length.store(queue.len(), Ordering::SeqCst);
    }
}
