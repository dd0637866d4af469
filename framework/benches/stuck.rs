//! What a handler that never returns costs the others: `cargo bench -p millhand --bench stuck`.
//!
//! Two workers on a runtime of two threads. One is told to loop for ever. Printed: the round trip of an
//! ask to the other that takes its place in the queue (one that runs in place never leaves its asker's
//! thread), before and beside the loop; how long after a kill the stuck worker's successor
//! handles its first message; and how long a shutdown with a deadline of 2 s takes when another handler
//! loops again.

#![expect(clippy::print_stdout, reason = "a benchmark reports on standard output")]

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::{Duration, Instant};

use millhand::prelude::*;

static RELEASED: AtomicBool = AtomicBool::new(false);

/// Loops that have begun.
static LOOPS: AtomicU32 = AtomicU32::new(0);

#[derive(Message)]
#[message(local)]
struct Ping;

#[derive(Message)]
#[message(local)]
struct Loop;

#[derive(Message)]
#[message(local)]
struct Crash;

#[derive(Worker)]
#[worker(handles(Ping, Loop, Crash))]
struct Member;

impl Handle<Ping> for Member {
    async fn handle(&mut self, _: Ping, _: &mut Context<Self>) {}
}

impl Handle<Loop> for Member {
    async fn handle(&mut self, _: Loop, _: &mut Context<Self>) {
        LOOPS.fetch_add(1, Ordering::Relaxed);
        // As good as `loop {}`, but the process can end.
        while !RELEASED.load(Ordering::Relaxed) {
            std::hint::spin_loop();
        }
    }
}

impl Handle<Crash> for Member {
    async fn handle(&mut self, _: Crash, _: &mut Context<Self>) {
        std::panic::resume_unwind(Box::new("planned"));
    }
}

/// Waits until so many loops have begun. It sleeps, because a task that yields, or is woken by the handler,
/// waits for the very thread that loops.
async fn loops(count: u32) {
    while LOOPS.load(Ordering::Relaxed) < count {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

async fn round_trips(name: &str, other: &Address<Member>) {
    const ASKS: usize = 20_000;
    let mut times = Vec::with_capacity(ASKS);
    for _ in 0..ASKS {
        let begin = Instant::now();
        other.ask(Ping).queued().await.expect("the other worker answers");
        times.push(begin.elapsed());
    }
    times.sort_unstable();
    let at = |share: f64| times[(share * (ASKS - 1) as f64) as usize];
    println!("{name}: p50 {:?}, p99 {:?}, p99.9 {:?}", at(0.5), at(0.99), at(0.999));
}

async fn measure() -> System {
    let system = System::builder("stuck")
        .shutdown_deadline(Duration::from_secs(2))
        .start()
        .await
        .expect("inside a runtime");
    // A crash of `trigger` takes `stuck` down with it: that is the kill.
    let group = system.supervisor("group").strategy(Strategy::OneForAll).start().await.expect("up");
    let stuck =
        group.worker("stuck", || Member).shutdown(Shutdown::Kill).start().await.expect("up");
    let trigger = group.worker("trigger", || Member).start().await.expect("up");
    let other = system.worker("other", || Member).start().await.expect("up");

    round_trips("other, alone        ", &other).await;
    stuck.tell(Loop).await.expect("sent");
    loops(1).await;
    round_trips("other, beside a loop", &other).await;

    trigger.tell(Crash).await.expect("sent");
    let begin = Instant::now();
    stuck.ask(Ping).await.expect("the successor answers");
    println!(
        "killed, kill grace 1 s: its successor has handled a message after {:?}",
        begin.elapsed()
    );

    stuck.tell(Loop).await.expect("sent");
    system
}

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime");
    runtime.block_on(async {
        let system = tokio::spawn(measure()).await.expect("no panic");
        loops(2).await;
        // Both threads of the runtime loop by now; this one is the third.
        let begin = Instant::now();
        let left = system.shutdown().await;
        println!("shutdown, deadline 2 s: after {:?}: {left:?}", begin.elapsed());
    });
    RELEASED.store(true, Ordering::Relaxed);
}
