//! A pause that needs no timer of any runtime.

use std::thread;
use std::time::Duration;

use tokio::sync::oneshot;

/// A thread that sleeps, and then wakes whoever waits here.
pub async fn pause(time: Duration) {
    let (over, paused) = oneshot::channel();
    thread::spawn(move || {
        thread::sleep(time);
        over.send(()).expect("somebody waits");
    });
    paused.await.expect("the thread wakes it");
}
