//! tokio, set up the same for everybody who runs on it.

use std::future::Future;

use tokio::runtime::{Builder, Runtime};

use super::THREADS;
use crate::meter::Sample;

/// Runs the driver as a spawned task; the main thread only blocks.
pub fn on_tokio<F>(driver: F) -> Sample
where
    F: Future<Output = Sample> + Send + 'static,
{
    let runtime = runtime();
    let sample = runtime.block_on(runtime.spawn(driver)).expect("the driver");
    leave(runtime);
    sample
}

/// Runs the driver on the main thread, which is not one of the runtime's workers.
pub fn on_main(driver: impl Future<Output = Sample>) -> Sample {
    let runtime = runtime();
    let sample = runtime.block_on(driver);
    leave(runtime);
    sample
}

fn runtime() -> Runtime {
    let mut builder = Builder::new_multi_thread();
    builder.worker_threads(THREADS).enable_all().build().expect("a runtime")
}

/// The measurement is over, and the process ends with it: stopping is not part of it.
fn leave(runtime: Runtime) {
    std::mem::forget(runtime);
}
