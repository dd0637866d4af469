//! smol's executor with its channel, instead of tokio.

use std::future::{Future, pending};
use std::thread;

use async_executor::StaticExecutor;
use futures_lite::future::block_on;

use super::{Channel, Ends, Receiver, Sender};
use crate::candidate::THREADS;
use crate::meter::Sample;

pub enum AsyncChannel {}

static EXECUTOR: StaticExecutor = StaticExecutor::new();

impl Channel for AsyncChannel {
    type Sender<T: Send + 'static> = async_channel::Sender<T>;
    type Receiver<T: Send + 'static> = async_channel::Receiver<T>;

    fn unbounded<T: Send + 'static>() -> Ends<Self, T> {
        async_channel::unbounded()
    }

    fn bounded<T: Send + 'static>(capacity: usize) -> Ends<Self, T> {
        async_channel::bounded(capacity)
    }

    /// It takes the least memory.
    fn idle<T: Send + 'static>() -> Ends<Self, T> {
        Self::unbounded()
    }

    fn spawn(task: impl Future<Output = ()> + Send + 'static) {
        EXECUTOR.spawn(task).detach();
    }

    fn run(driver: impl Future<Output = Sample> + Send + 'static) -> Sample {
        start_threads(THREADS);
        block_on(EXECUTOR.spawn(driver))
    }

    fn run_on_main(driver: impl Future<Output = Sample>) -> Sample {
        start_threads(THREADS - 1);
        block_on(EXECUTOR.run(driver))
    }
}

/// They end with the process.
fn start_threads(count: usize) {
    for _ in 0..count {
        thread::spawn(|| block_on(EXECUTOR.run(pending::<()>())));
    }
}

impl<T: Send + 'static> Sender<T> for async_channel::Sender<T> {
    async fn send(&self, message: T) {
        assert!(self.send(message).await.is_ok());
    }

    fn offer(&self, message: T) -> bool {
        match self.try_send(message) {
            Ok(()) => true,
            Err(error) => {
                assert!(error.is_full());
                false
            }
        }
    }
}

impl<T: Send + 'static> Receiver<T> for async_channel::Receiver<T> {
    async fn receive(&mut self) -> Option<T> {
        self.recv().await.ok()
    }
}
