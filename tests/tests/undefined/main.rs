//! The core's `unsafe` code at work, in programs small enough for an interpreter.
//!
//! `tests/sanitizers miri` runs these under Miri, which sees each access that Rust does not allow and
//! each race, but takes thousands of times as long. So messages are few, and each test says which code it
//! drives. They pass without Miri too.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use millhand::prelude::*;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::Notify;

/// More than two blocks of a mailbox.
const MANY: u64 = 40;

fn runtimes() -> [Runtime; 2] {
    // Time, but no sockets.
    [
        Builder::new_current_thread().enable_time().build().unwrap(),
        Builder::new_multi_thread().worker_threads(2).enable_time().build().unwrap(),
    ]
}

/// On one thread and on two.
fn on_both(body: impl AsyncFn()) {
    for runtime in runtimes() {
        runtime.block_on(body());
    }
}

/// Its contents are on the heap, so that one that is lost or dropped twice is noticed.
#[derive(Message)]
#[message(local, reply = Box<u64>)]
struct Add(Box<u64>);

#[derive(Message)]
#[message(local)]
struct Crash;

/// Suspends the handler until it is told to go on.
#[derive(Message)]
#[message(local, reply = ())]
struct Wait(Arc<Notify>);

#[derive(Message)]
#[message(local)]
struct Token {
    left: u64,
    done: Arc<Notify>,
}

#[derive(Message)]
#[message(local, reply = ())]
struct Next(Address<Adder>);

#[derive(Worker)]
#[worker(handles(Add, Crash, Wait, Token, Next), unbounded)]
struct Adder {
    sum: Arc<AtomicU64>,
    next: Option<Address<Adder>>,
}

impl Handle<Add> for Adder {
    async fn handle(&mut self, Add(number): Add, _: &mut Context<Self>) -> Box<u64> {
        Box::new(self.sum.fetch_add(*number, Ordering::Relaxed) + *number)
    }
}

impl Handle<Crash> for Adder {
    async fn handle(&mut self, _: Crash, _: &mut Context<Self>) {
        std::panic::resume_unwind(Box::new("planned"));
    }
}

impl Handle<Wait> for Adder {
    async fn handle(&mut self, Wait(until): Wait, _: &mut Context<Self>) {
        until.notified().await;
    }
}

impl Handle<Token> for Adder {
    async fn handle(&mut self, Token { left, done }: Token, _: &mut Context<Self>) {
        match &self.next {
            Some(next) if left > 0 => next.tell(Token { left: left - 1, done }).await.unwrap(),
            _ => done.notify_one(),
        }
    }
}

impl Handle<Next> for Adder {
    async fn handle(&mut self, Next(next): Next, _: &mut Context<Self>) {
        self.next = Some(next);
    }
}

async fn adder(system: &System, name: &str) -> Address<Adder> {
    let sum = Arc::new(AtomicU64::new(0));
    let adder = move || Adder { sum: Arc::clone(&sum), next: None };
    system.worker(name.to_owned(), adder).start().await.unwrap()
}

async fn system() -> System {
    System::builder("small").start().await.unwrap()
}

/// The mailbox: two threads send across the boundaries of blocks while the worker takes them.
#[test]
fn told_from_two_sides() {
    on_both(async || {
        let system = system().await;
        let worker = adder(&system, "adder").await;
        let there = worker.clone();
        let other = thread::spawn(move || {
            (0..MANY).for_each(|n| there.tell_blocking(Add(Box::new(n))).unwrap());
        });
        for n in 0..MANY {
            worker.tell(Add(Box::new(n))).await.unwrap();
        }
        while !other.is_finished() {
            tokio::task::yield_now().await;
        }
        let sum = worker.ask(Add(Box::new(0))).no_timeout().await.unwrap();
        assert_eq!(*sum, MANY * (MANY - 1));
        system.shutdown().await.unwrap();
    });
}

/// The reply: it is waited for, and taken or left.
#[test]
fn asked_by_a_task_and_left() {
    on_both(async || {
        let system = system().await;
        let worker = adder(&system, "adder").await;
        let there = worker.clone();
        let asker = tokio::spawn(async move {
            for _ in 0..5 {
                there.ask(Add(Box::new(1))).no_timeout().await.unwrap();
            }
        });
        for _ in 0..5 {
            worker.ask(Add(Box::new(1))).no_timeout().await.unwrap();
        }
        asker.await.unwrap();
        let go_on = Arc::new(Notify::new());
        let (there, until) = (worker.clone(), Arc::clone(&go_on));
        let suspended = tokio::spawn(async move { there.ask(Wait(until)).no_timeout().await });
        let there = worker.clone();
        let left = tokio::spawn(async move { there.ask(Add(Box::new(1))).no_timeout().await });
        tokio::task::yield_now().await;
        left.abort();
        go_on.notify_one();
        suspended.await.unwrap().unwrap();
        let sum = *worker.ask(Add(Box::new(0))).no_timeout().await.unwrap();
        assert!((10..=11).contains(&sum), "{sum}");
        system.shutdown().await.unwrap();
    });
}

/// The cell: a worker crashes, and its successor goes on with the same mailbox.
#[test]
fn restarted() {
    on_both(async || {
        let system = system().await;
        let worker = adder(&system, "adder").await;
        worker.tell(Add(Box::new(1))).await.unwrap();
        worker.tell(Crash).await.unwrap();
        worker.tell(Add(Box::new(1))).await.unwrap();
        assert_eq!(*worker.ask(Add(Box::new(1))).no_timeout().await.unwrap(), 3);
        system.shutdown().await.unwrap();
    });
}

/// The queue and the cell are dropped with messages in them, and a handler in the middle of one.
#[test]
fn left_in_the_mailbox() {
    for runtime in runtimes() {
        let (system, worker) = runtime.block_on(async {
            let system = system().await;
            let worker = adder(&system, "adder").await;
            worker.tell(Wait(Arc::default())).await.unwrap();
            for n in 0..MANY {
                worker.tell(Add(Box::new(n))).await.unwrap();
            }
            (system, worker)
        });
        drop(runtime);
        assert!(worker.is_stopped());
        drop(system);
    }
}

/// The drivers: workers hand on to each other. On one thread: where there are several, an interpreter takes
/// longer for a step than a slice of time lasts, and hardly gets on.
#[test]
fn handed_around() {
    let [one_thread, _] = runtimes();
    one_thread.block_on(async {
        let system = system().await;
        let first = adder(&system, "first").await;
        let second = adder(&system, "second").await;
        first.ask(Next(second.clone())).no_timeout().await.unwrap();
        second.ask(Next(first.clone())).no_timeout().await.unwrap();
        let done = Arc::new(Notify::new());
        for worker in [&first, &second] {
            worker.tell(Token { left: MANY, done: Arc::clone(&done) }).await.unwrap();
        }
        done.notified().await;
        system.shutdown().await.unwrap();
    });
}
