//! tokio, in the two ways that the libraries advise.

use std::future::Future;

use tokio::runtime::Builder;

use crate::candidate::THREADS;

/// All on the main thread.
pub fn on_current_thread(side: impl Future<Output = ()>) {
    let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(side);
}

/// A spawned task, all on the main thread: the runtime looks for news of the system before it polls what it
/// blocks on, but not before it polls a task.
pub fn on_current_thread_spawned<F>(side: F)
where
    F: Future<Output = ()> + Send + 'static,
{
    let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(runtime.spawn(side)).expect("the side");
}

/// A spawned task of a runtime with threads: whoever wakes it need not wake the main thread.
pub fn on_threads<F>(side: F)
where
    F: Future<Output = ()> + Send + 'static,
{
    let mut builder = Builder::new_multi_thread();
    let runtime = builder.worker_threads(THREADS).enable_all().build().expect("a runtime");
    runtime.block_on(runtime.spawn(side)).expect("the side");
}
