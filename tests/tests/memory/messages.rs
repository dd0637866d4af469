//! In steady state, on one thread, a message allocates nothing: told, asked or handed on, by a task or by a
//! worker.

use std::future::Future;
use std::sync::Arc;

use millhand::prelude::*;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::Semaphore;

use crate::{counter, guarded};

/// How many messages are counted, after as many that are not.
const MESSAGES: u64 = 10_000;

/// How many messages wait at a time, where a mailbox does not run full.
const BURST: u64 = 100;

fn current_thread() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

/// A row of these counts down.
#[derive(Message, Clone, Copy)]
#[message(local, reply = u64)]
struct Note(u64);

/// As a note, but its handler allocates.
#[derive(Message)]
#[message(local)]
struct Heavy(u64);

/// Is handed on this often. The second half of its way is counted, if it is the one that counts.
#[derive(Message)]
#[message(local)]
struct Token {
    left: u64,
    counts: bool,
}

/// What a worker is to do with the next one.
#[derive(Message)]
#[message(local)]
enum Next {
    Is(Address<Link>),
    Tell,
    Ask,
}

/// One of a ring.
#[derive(Worker)]
#[worker(handles(Note, Heavy, Token, Next))]
struct Link {
    next: Option<Address<Link>>,
    done: Arc<Done>,
}

/// What links say, for those who wait for it.
struct Done {
    /// The last of a row has been handled.
    row: Semaphore,
    /// A token is there, or what a worker was to do is done.
    task: Semaphore,
}

impl Handle<Note> for Link {
    async fn handle(&mut self, Note(n): Note, _: &mut Context<Self>) -> u64 {
        if n == 0 {
            self.done.row.add_permits(1);
        }
        n
    }
}

impl Handle<Heavy> for Link {
    async fn handle(&mut self, Heavy(n): Heavy, _: &mut Context<Self>) {
        let weight = std::hint::black_box(Box::new(n));
        if *weight == 0 {
            self.done.row.add_permits(1);
        }
    }
}

impl Handle<Token> for Link {
    async fn handle(&mut self, Token { left, counts }: Token, _: &mut Context<Self>) {
        if left == MESSAGES && counts {
            counter::begin();
        }
        match &self.next {
            Some(next) if left > 0 => next.tell(Token { left: left - 1, counts }).await.unwrap(),
            _ => {
                if counts {
                    counter::end();
                }
                self.done.task.add_permits(1);
            }
        }
    }
}

impl Handle<Next> for Link {
    async fn handle(&mut self, next: Next, _: &mut Context<Self>) {
        match (next, &self.next) {
            (Next::Is(next), _) => self.next = Some(next),
            (Next::Tell, Some(next)) => {
                counted([bursts(next, &self.done), bursts(next, &self.done)]).await
            }
            (Next::Ask, Some(next)) => counted([asks(next), asks(next)]).await,
            (_, None) => {}
        }
        self.done.task.add_permits(1);
    }
}

/// Does something to warm up, and the same again, counted.
async fn counted<F: Future<Output = ()>>([before, work]: [F; 2]) {
    before.await;
    counter::begin();
    work.await;
    counter::end();
}

async fn until(said: &Semaphore, times: u32) {
    said.acquire_many(times).await.unwrap().forget();
}

/// Tells some, waits until they are handled, tells more.
async fn bursts(link: &Address<Link>, done: &Done) {
    for _ in 0..MESSAGES / BURST {
        for n in (0..BURST).rev() {
            link.tell(Note(n)).await.unwrap();
        }
        until(&done.row, 1).await;
    }
}

async fn heavy(link: &Address<Link>, done: &Done) {
    for n in (0..MESSAGES).rev() {
        link.tell(Heavy(n)).await.unwrap();
    }
    until(&done.row, 1).await;
}

async fn asks(link: &Address<Link>) {
    for n in 1..=MESSAGES {
        assert_eq!(link.ask(Note(n)).await.ok(), Some(n));
    }
}

/// Does it on a thread of the runtime, with a ring of so many links and what they say; tells how many
/// allocations were counted, and where the first one came from.
fn on<F: Future<Output = ()> + Send>(
    runtime: fn() -> Runtime,
    length: usize,
    work: impl FnOnce(Vec<Address<Link>>, Arc<Done>) -> F + Send + 'static,
) -> (u64, String) {
    guarded(move || {
        counter::take_part();
        runtime().block_on(async {
            let system = System::builder("test").start().await.unwrap();
            let done = Arc::new(Done { row: Semaphore::new(0), task: Semaphore::new(0) });
            let mut links = Vec::new();
            for n in 0..length {
                let done = Arc::clone(&done);
                let link = move || Link { next: None, done: Arc::clone(&done) };
                links.push(system.worker(n.to_string(), link).start().await.unwrap());
            }
            for (n, link) in links.iter().enumerate() {
                link.tell(Next::Is(links[(n + 1) % length].clone())).await.unwrap();
                until(&done.task, 1).await;
            }
            tokio::spawn(async move { work(links, done).await }).await.unwrap();
            counter::counted()
        })
    })
}

#[track_caller]
fn nothing((allocations, first): (u64, String)) {
    assert_eq!(allocations, 0, "allocations for {MESSAGES} messages; the first:\n{first}");
}

/// So many tokens go around a ring of a hundred.
fn around(runtime: fn() -> Runtime, tokens: usize) -> (u64, String) {
    on(runtime, 100, async move |links, done| {
        for n in 0..tokens {
            let token = Token { left: 2 * MESSAGES, counts: n == 0 };
            links[n * links.len() / tokens].tell(token).await.unwrap();
        }
        until(&done.task, tokens as u32).await;
    })
}

#[test]
fn told_by_a_task() {
    nothing(on(current_thread, 1, async |links, done| {
        counted([bursts(&links[0], &done), bursts(&links[0], &done)]).await;
    }));
}

#[test]
fn told_by_a_worker() {
    nothing(on(current_thread, 2, async |links, done| {
        links[0].tell(Next::Tell).await.unwrap();
        until(&done.task, 1).await;
    }));
}

#[test]
fn asked_by_a_task() {
    nothing(on(current_thread, 1, async |links, _| {
        counted([asks(&links[0]), asks(&links[0])]).await;
    }));
}

#[test]
fn asked_by_a_worker() {
    nothing(on(current_thread, 2, async |links, done| {
        links[0].tell(Next::Ask).await.unwrap();
        until(&done.task, 1).await;
    }));
}

#[test]
fn handed_around_alone() {
    nothing(around(current_thread, 1));
}

#[test]
fn handed_around_with_others() {
    nothing(around(current_thread, 16));
}

#[test]
fn handed_around_with_a_hundred() {
    nothing(around(current_thread, 100));
}

/// The counter counts.
#[test]
fn a_handler_that_allocates_is_noticed() {
    let (allocations, first) = on(current_thread, 1, async |links, done| {
        counted([heavy(&links[0], &done), heavy(&links[0], &done)]).await;
    });
    assert!(allocations >= MESSAGES, "{allocations}");
    assert!(first.contains("messages"), "{first}");
}
