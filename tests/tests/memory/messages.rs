//! In steady state a message allocates nothing: told, asked or handed on, by a task or by a worker. On one
//! thread that holds to the letter, unless a sender waits for room. On two, what allocates are the meetings
//! of the threads; each bound below says which.

use std::future::Future;
use std::sync::Arc;

use millhand::prelude::*;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::Semaphore;

use crate::{counter, guarded};

/// How many messages are counted, after as many that are not.
const MESSAGES: u64 = 100_000;

/// How many messages wait at a time, where a mailbox does not run full.
const BURST: u64 = 100;

// What may be allocated for a million messages. How often two threads meet is the machine's business, so one
// run of several has to be within the bound; what allocates with every message is within none.

/// Workers among themselves, who on two threads mostly stay on one: mailbox blocks and reply slots that one
/// thread took and another freed, which the first then has to make anew. Measured: 0 to 370.
const AMONG_WORKERS: u64 = 1_000;

/// A task that tells or asks a worker on two threads. Measured: 500 to 86,000; when the machine has other
/// things to do, most. Three things allocate:
///
/// - Each time a driver that had fallen asleep is woken, an empty task is spawned, so that the runtime tells
///   another thread. An ask that is run in place wakes none.
/// - One who tells without pause takes a block for 16 messages from its own thread's pool, and the receiver
///   gives it to that of its own.
/// - Senders that are called for room are collected in a list.
const BY_A_TASK: u64 = 200_000;

/// On one thread, a task that sends without pause: a list each time it is called for room, and the blocks
/// of a full mailbox beyond those that the thread keeps. The same each time: 15,800.
const CALLS: u64 = 16_000;

/// Runs of which one is within the bound.
const RUNS: u32 = 3;

fn current_thread() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

fn two_threads() -> Runtime {
    let mut builder = Builder::new_multi_thread();
    builder.worker_threads(2).on_thread_start(counter::take_part).enable_all().build().unwrap()
}

/// A row of these counts down.
#[derive(Message, Clone, Copy)]
#[message(local, reply = u64)]
struct Note(u64);

/// As a note, but its handler allocates.
#[derive(Message)]
#[message(local)]
struct Heavy(u64);

/// Is handed on this often. If it is the one that counts, it does so on the rest of its way from a point on.
#[derive(Message)]
#[message(local)]
struct Token {
    left: u64,
    counts_from: Option<u64>,
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
    async fn handle(&mut self, Token { left, counts_from }: Token, _: &mut Context<Self>) {
        if counts_from == Some(left) {
            counter::begin();
        }
        match &self.next {
            Some(next) if left > 0 => {
                next.tell(Token { left: left - 1, counts_from }).await.unwrap();
            }
            _ => {
                if counts_from.is_some() {
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

/// Tells as fast as the mailbox takes it.
async fn flood(link: &Address<Link>, done: &Done) {
    for n in (0..MESSAGES).rev() {
        link.tell(Note(n)).await.unwrap();
    }
    until(&done.row, 1).await;
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

/// At most so many for a million messages.
#[track_caller]
fn at_most(bound: u64, run: impl Fn() -> (u64, String)) {
    let mut least = (u64::MAX, String::new());
    for _ in 0..RUNS {
        least = least.min(run());
        if least.0 * 1_000_000 <= bound * MESSAGES {
            return;
        }
    }
    panic!("{} allocations for {MESSAGES} messages; the first:\n{}", least.0, least.1);
}

/// So many tokens go around a ring of a hundred.
fn around(runtime: fn() -> Runtime, tokens: usize) -> (u64, String) {
    on(runtime, 100, async move |links, done| {
        let hops = MESSAGES / tokens as u64;
        for n in 0..tokens {
            let token = Token { left: 2 * hops, counts_from: (n == 0).then_some(hops) };
            links[n * links.len() / tokens].tell(token).await.unwrap();
        }
        until(&done.task, tokens as u32).await;
    })
}

async fn told_by_a_task(links: Vec<Address<Link>>, done: Arc<Done>) {
    counted([bursts(&links[0], &done), bursts(&links[0], &done)]).await;
}

async fn told_without_pause(links: Vec<Address<Link>>, done: Arc<Done>) {
    counted([flood(&links[0], &done), flood(&links[0], &done)]).await;
}

async fn told_by_a_worker(links: Vec<Address<Link>>, done: Arc<Done>) {
    links[0].tell(Next::Tell).await.unwrap();
    until(&done.task, 1).await;
}

async fn asked_by_a_task(links: Vec<Address<Link>>, _: Arc<Done>) {
    counted([asks(&links[0]), asks(&links[0])]).await;
}

async fn asked_by_a_worker(links: Vec<Address<Link>>, done: Arc<Done>) {
    links[0].tell(Next::Ask).await.unwrap();
    until(&done.task, 1).await;
}

mod on_one_thread {
    use super::*;

    #[test]
    fn told() {
        nothing(on(current_thread, 1, told_by_a_task));
    }

    #[test]
    fn told_without_pause() {
        at_most(CALLS, || on(current_thread, 1, super::told_without_pause));
    }

    #[test]
    fn told_by_a_worker() {
        nothing(on(current_thread, 2, super::told_by_a_worker));
    }

    #[test]
    fn asked() {
        nothing(on(current_thread, 1, asked_by_a_task));
    }

    #[test]
    fn asked_by_a_worker() {
        nothing(on(current_thread, 2, super::asked_by_a_worker));
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
}

mod on_two_threads {
    use super::*;

    #[test]
    fn told() {
        at_most(BY_A_TASK, || on(two_threads, 1, told_by_a_task));
    }

    #[test]
    fn told_without_pause() {
        at_most(BY_A_TASK, || on(two_threads, 1, super::told_without_pause));
    }

    #[test]
    fn told_by_a_worker() {
        at_most(AMONG_WORKERS, || on(two_threads, 2, super::told_by_a_worker));
    }

    #[test]
    fn asked() {
        at_most(BY_A_TASK, || on(two_threads, 1, asked_by_a_task));
    }

    #[test]
    fn asked_by_a_worker() {
        at_most(AMONG_WORKERS, || on(two_threads, 2, super::asked_by_a_worker));
    }

    #[test]
    fn handed_around_alone() {
        at_most(AMONG_WORKERS, || around(two_threads, 1));
    }

    #[test]
    fn handed_around_with_others() {
        at_most(AMONG_WORKERS, || around(two_threads, 16));
    }

    #[test]
    fn handed_around_with_a_hundred() {
        at_most(AMONG_WORKERS, || around(two_threads, 100));
    }
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

/// On every thread of a runtime.
#[test]
#[should_panic(expected = "allocations for 100000 messages")]
fn a_handler_that_allocates_elsewhere_is_noticed() {
    at_most(BY_A_TASK, || {
        on(two_threads, 1, async |links, done| {
            counted([heavy(&links[0], &done), heavy(&links[0], &done)]).await;
        })
    });
}
