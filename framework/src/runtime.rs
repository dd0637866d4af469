//! The hosting tokio runtime, as far as the system must know it.

use std::task::{Context, Waker};

use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::task::coop;

/// A handle of the runtime that a system runs on.
#[derive(Debug, Clone)]
pub(crate) struct Runtime {
    handle: Handle,
    several_threads: bool,
}

impl Runtime {
    pub(crate) fn new(handle: Handle) -> Self {
        let several_threads = handle.runtime_flavor() != RuntimeFlavor::CurrentThread;
        Self { handle, several_threads }
    }

    pub(crate) fn handle(&self) -> &Handle {
        &self.handle
    }

    /// Worker threads of the runtime.
    pub(crate) fn threads(&self) -> usize {
        self.handle.metrics().num_workers()
    }

    pub(crate) fn has_several_threads(&self) -> bool {
        self.several_threads
    }

    /// Whether this thread is inside the runtime.
    pub(crate) fn is_current(&self) -> bool {
        Handle::try_current().is_ok_and(|current| current.id() == self.handle.id())
    }

    /// Whether a task is running on this thread.
    pub(crate) fn is_in_task() -> bool {
        tokio::task::try_id().is_some()
    }

    /// Whether the running task may go on.
    pub(crate) fn has_budget() -> bool {
        coop::has_budget_remaining()
    }

    /// Takes one unit of the running task's cooperative budget. False: it is used up, and the task should
    /// give way.
    pub(crate) fn spend_budget() -> bool {
        if !coop::has_budget_remaining() {
            return false;
        }
        let unit = coop::poll_proceed(&mut Context::from_waker(Waker::noop()));
        unit.map(|unit| unit.made_progress()).is_ready()
    }

    /// Call it after waking a task that must not wait for this thread.
    ///
    /// A task woken on a thread of the runtime goes to that thread's own next-task slot, which no other
    /// thread can take from, and nobody is told. A second task pushes it out into the open queue, and
    /// another thread is told.
    pub(crate) fn announce(&self) {
        if self.several_threads && Handle::try_current().is_ok() {
            drop(self.handle.spawn(std::future::ready(())));
        }
    }
}
