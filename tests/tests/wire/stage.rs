//! The stage of every test: runtimes, a clock in the test's hands, and futures polled by hand.
//!
//! Nothing here sleeps. What must happen is awaited as an event; that something does *not* happen is shown
//! by what comes in its place.

use std::fmt::Debug;
use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::{Duration, Instant};

use millhand::net::{Endpoint, Event, Monitor, Multipart};
use tokio::runtime::{Builder, Runtime};

/// A test that takes longer hangs.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// Where to bind when the port does not matter.
pub(crate) const TCP: &str = "tcp://127.0.0.1:0";

pub(crate) const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

pub(crate) const fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

/// An ipc name that nobody else uses, in the namespace that needs no file.
pub(crate) fn ipc() -> String {
    format!("ipc://@millhand-wire-{}-{}", std::process::id(), number())
}

/// A number that no other caller gets.
pub(crate) fn number() -> usize {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

/// Runs a body on a thread of its own, so that a hang is a failure.
fn guarded(what: &str, body: impl FnOnce() + Send + 'static) {
    let (done, finished) = mpsc::channel();
    thread::spawn(move || {
        let outcome = catch_unwind(AssertUnwindSafe(body));
        // Nobody listens any more when patience has ended.
        let _ = done.send(outcome);
    });
    match finished.recv_timeout(PATIENCE) {
        Ok(Ok(())) => {}
        Ok(Err(panic)) => resume_unwind(panic),
        Err(_) => panic!("hangs on {what}"),
    }
}

fn current_thread() -> Runtime {
    Builder::new_current_thread().enable_all().build().expect("a runtime")
}

fn multi_thread(threads: usize) -> Runtime {
    Builder::new_multi_thread().worker_threads(threads).enable_all().build().expect("a runtime")
}

/// Runs a body on a multi-thread runtime with two threads.
pub(crate) fn on_two_threads(body: impl AsyncFnOnce() + Send + 'static) {
    guarded("two threads", || multi_thread(2).block_on(body()));
}

/// Runs a body on a current-thread runtime, and on multi-thread runtimes of 1, 2 and 8 threads.
pub(crate) fn on_every_runtime(body: impl AsyncFn() + Clone + Send + 'static) {
    let flavours: [(&str, fn() -> Runtime); 4] = [
        ("a current-thread runtime", current_thread),
        ("one thread", || multi_thread(1)),
        ("two threads", || multi_thread(2)),
        ("eight threads", || multi_thread(8)),
    ];
    for (name, runtime) in flavours {
        let body = body.clone();
        guarded(name, move || runtime().block_on(body()));
    }
}

/// Runs a body on a current-thread runtime whose clock stands still but for [`tokio::time::advance`].
///
/// tokio would move a paused clock on whenever it is idle, and is idle while octets are on their way
/// through the kernel. A blocking task that does not end keeps it from that.
pub(crate) fn with_a_stopped_clock(body: impl AsyncFnOnce() + Send + 'static) {
    guarded("a stopped clock", || {
        let runtime = Builder::new_current_thread()
            .enable_all()
            .start_paused(true)
            .build()
            .expect("a runtime");
        let (end, ends) = mpsc::channel::<()>();
        runtime.spawn_blocking(move || ends.recv());
        let end = AssertUnwindSafe(end);
        let outcome = catch_unwind(AssertUnwindSafe(|| runtime.block_on(body())));
        drop(end);
        if let Err(panic) = outcome {
            resume_unwind(panic);
        }
    });
}

/// Moves a stopped clock on, and lets all tasks see it.
pub(crate) async fn advance(time: Duration) {
    tokio::time::advance(time).await;
    settle().await;
}

/// Lets everything run that can, octets on loopback included.
pub(crate) async fn settle() {
    for _ in 0..200 {
        tokio::task::yield_now().await;
    }
}

/// Awaits what must happen. With a stopped clock, a hang is the guard's to notice.
pub(crate) async fn soon<T>(what: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE / 2, what).await.expect("it happens in time")
}

/// What a future is ready with at its next poll, if it is.
pub(crate) fn now<F: Future>(future: Pin<&mut F>) -> Option<F::Output> {
    match future.poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => Some(output),
        Poll::Pending => None,
    }
}

/// Asserts that a future waits, and goes on waiting while all others run.
pub(crate) async fn waits<F: Future>(mut future: Pin<&mut F>)
where
    F::Output: Debug,
{
    for _ in 0..3 {
        poll_fn(|cx| match future.as_mut().poll(cx) {
            Poll::Ready(output) => panic!("does not wait: {output:?}"),
            Poll::Pending => Poll::Ready(()),
        })
        .await;
        settle().await;
    }
}

/// Polls a future at most `polls` times, whenever it is woken, then drops it. What it was ready with, if it
/// was.
pub(crate) async fn dropped_after<F: Future>(polls: usize, future: F) -> Option<F::Output> {
    let mut future = pin!(future);
    for _ in 0..polls {
        let polled = poll_fn(|cx| Poll::Ready(future.as_mut().poll(cx))).await;
        if let Poll::Ready(output) = polled {
            return Some(output);
        }
        tokio::task::yield_now().await;
    }
    None
}

/// Until the condition holds.
pub(crate) async fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let begin = Instant::now();
    while !holds() {
        assert!(begin.elapsed() < PATIENCE / 2, "never came true: {what}");
        tokio::task::yield_now().await;
    }
}

/// The next event that `pick` wants, and what it makes of it.
pub(crate) async fn event<T>(monitor: &mut Monitor, pick: impl Fn(&Event) -> Option<T>) -> T {
    soon(async {
        loop {
            let event = monitor.next().await.expect("the socket lives");
            if let Some(picked) = pick(&event) {
                return picked;
            }
        }
    })
    .await
}

/// Waits until so many peers have come.
pub(crate) async fn connected(monitor: &mut Monitor, peers: usize) {
    for _ in 0..peers {
        event(monitor, |event| matches!(event, Event::Connected { .. }).then_some(())).await;
    }
}

/// Waits until a peer has gone, and says why.
pub(crate) async fn disconnected(monitor: &mut Monitor) -> millhand::net::Failure {
    event(monitor, |event| match event {
        Event::Disconnected { reason, .. } => Some(reason.clone()),
        _ => None,
    })
    .await
}

/// Waits until a handshake has failed, and says why.
pub(crate) async fn failed(monitor: &mut Monitor) -> millhand::net::Failure {
    event(monitor, |event| match event {
        Event::HandshakeFailed { reason, .. } => Some(reason.clone()),
        _ => None,
    })
    .await
}

/// `host:port` of an endpoint of tcp.
pub(crate) fn address(endpoint: &Endpoint) -> String {
    match endpoint {
        Endpoint::Tcp { host, port } => format!("{host}:{port}"),
        other => panic!("{other} is not tcp"),
    }
}

/// A message's only frame, as text.
pub(crate) fn text(message: &Multipart) -> &str {
    assert_eq!(message.len(), 1, "{message:?}");
    message[0].as_str().expect("text")
}

/// A message's only frame, as a number.
pub(crate) fn counted(message: &Multipart) -> usize {
    text(message).parse().expect("a number")
}

/// Frames of every awkward kind and length.
pub(crate) fn awkward() -> Multipart {
    let mut message = Multipart::new();
    for length in [1, 0, 37, 38, 39, 254, 255, 256, 2047, 2048, 65_537, 0] {
        message.push((0..length).map(|at| (at * 7 + length) as u8).collect::<Vec<_>>());
    }
    message
}
