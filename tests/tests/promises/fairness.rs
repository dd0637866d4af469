//! Nobody is shut out: not work from outside, not timers, not other workers that block.

use std::future::poll_fn;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;
use std::time::Duration;

use millhand::prelude::*;
use millhand::{Backoff, Intensity};
use tokio::runtime::Builder;

use crate::stage::*;

/// Tells itself to go on, for as long as it can.
#[derive(Message)]
#[message(local)]
struct Again;

#[derive(Worker)]
#[worker(handles(Again))]
struct Busy;

impl Handle<Again> for Busy {
    async fn handle(&mut self, _: Again, cx: &mut Context<Self>) {
        // Refused once the worker is draining, which ends it.
        let _ = cx.address().try_tell(Again);
        // Longer than a driver's look into its own queue.
        let begin = std::time::Instant::now();
        while begin.elapsed() < Duration::from_micros(50) {}
    }
}

/// Has a timer that is due each millisecond.
#[derive(Worker)]
#[worker(handles(Note), lifecycle)]
struct Ticking {
    ticks: Log,
}

impl Lifecycle for Ticking {
    async fn started(&mut self, cx: &mut Context<Self>) -> Result<(), millhand::BoxError> {
        cx.every(ms(1), Note(0));
        Ok(())
    }
}

impl Handle<Note> for Ticking {
    async fn handle(&mut self, Note(n): Note, _: &mut Context<Self>) -> u64 {
        self.ticks.push(n);
        n
    }
}

async fn clerk(system: &System) -> Address<Clerk> {
    system.worker("clerk", Clerk::writing(&Log::new())).start().await.unwrap()
}

async fn busy_ones(system: &System) {
    for n in 0..4 {
        let busy = system.worker(format!("busy {n}"), || Busy).start().await.unwrap();
        busy.tell(Again).await.unwrap();
    }
}

#[test]
fn workers_that_are_always_busy_do_not_shut_out_work_from_outside() {
    on_every_runtime(async || {
        let system = system().await;
        let idle = clerk(&system).await;
        busy_ones(&system).await;
        for n in 0..20 {
            assert_eq!(idle.ask(Note(n)).await, Ok(n));
        }
        system.shutdown().await.unwrap();
    });
}

/// The runtime looks at its timers between a bounded number of messages, which is what is counted here: in
/// 10 ms there is time for 200, and a timer that is due waits for a few dozen more.
#[test]
fn workers_that_are_always_busy_do_not_shut_out_timers() {
    guarded("a current-thread runtime", || {
        current_thread().block_on(async {
            let system = system().await;
            busy_ones(&system).await;
            let handled = || system.counters().iter().map(|(_, counters)| counters.handled).sum();
            for _ in 0..5 {
                let before: u64 = handled();
                tokio::time::sleep(ms(10)).await;
                let meanwhile = handled() - before;
                assert!(meanwhile < 1_000, "{meanwhile} messages went before a timer");
            }
            system.shutdown().await.unwrap();
        });
    });
}

/// A tick of another worker's timer, a restart after its delay, and a handler that waits for a timer of
/// tokio's all come in from outside of the drivers.
#[test]
fn workers_that_are_always_busy_do_not_shut_out_what_others_wait_for() {
    on_every_runtime(async || {
        let log = Log::new();
        let system = system().await;
        let crashing = system.worker("crashing", Clerk::writing(&log)).start().await.unwrap();
        let sleeping = clerk(&system).await;
        let ticks = log.clone();
        let ticking = system.worker("ticking", move || Ticking { ticks: ticks.clone() });
        ticking.start().await.unwrap();
        busy_ones(&system).await;
        // Fruitless: it comes back after 10 ms.
        crashing.tell(Run::crash()).await.unwrap();
        let sleep = Run::new(async {
            for _ in 0..2 {
                tokio::time::sleep(ms(1)).await;
            }
            2
        });
        assert_eq!(sleeping.ask(sleep).no_timeout().await.ok(), Some(2));
        assert_eq!(crashing.ask(Note(1)).no_timeout().await, Ok(1));
        assert_eq!(crashing.counters().restarts, 1);
        eventually("the timer goes on", || log.len() > 5).await;
        system.shutdown().await.unwrap();
    });
}

/// A handler that gives way to tokio's tasks is back when those have had a turn: after a bounded number of
/// messages of others, which is what is counted here.
#[test]
fn workers_that_are_always_busy_do_not_shut_out_a_handler_that_yields() {
    guarded("a current-thread runtime", || {
        current_thread().block_on(async {
            const YIELDS: u64 = 3;
            let system = system().await;
            let polite = clerk(&system).await;
            busy_ones(&system).await;
            let yields = Run::new(async {
                for _ in 0..YIELDS {
                    tokio::task::yield_now().await;
                }
                YIELDS
            });
            let handled = || system.counters().iter().map(|(_, counters)| counters.handled).sum();
            let before: u64 = handled();
            assert_eq!(polite.ask(yields).no_timeout().await.ok(), Some(YIELDS));
            let meanwhile = handled() - before;
            assert!(meanwhile < YIELDS * 4_000, "{meanwhile} messages went before {YIELDS} yields");
            system.shutdown().await.unwrap();
        });
    });
}

#[test]
fn a_start_that_fails_without_delay_lets_others_run() {
    guarded("a current-thread runtime", || {
        current_thread().block_on(async {
            let at_once = Backoff { first: Duration::ZERO, ..Backoff::default() };
            let for_ever = Intensity { fruitless: u32::MAX, ..Intensity::default() };
            let system = System::builder("test").backoff(at_once).intensity(for_ever);
            let system = system.start().await.unwrap();
            let never = system.worker("never", || Err::<Busy, _>("not yet"));
            assert!(tokio::time::timeout(ms(20), never.start()).await.is_err());
            let clerk = clerk(&system).await;
            assert_eq!(clerk.ask(Note(1)).await, Ok(1));
            system.shutdown().await.unwrap();
        });
    });
}

/// Blocks its thread, and tells itself to go on.
#[derive(Worker)]
#[worker(handles(Again, Note), blocking)]
struct Blocking;

impl Handle<Again> for Blocking {
    async fn handle(&mut self, _: Again, cx: &mut Context<Self>) {
        let _ = cx.address().try_tell(Again);
    }
}

impl Handle<Note> for Blocking {
    async fn handle(&mut self, Note(n): Note, _: &mut Context<Self>) -> u64 {
        n
    }
}

#[test]
fn a_flooded_blocking_worker_does_not_keep_the_only_blocking_thread() {
    guarded("one blocking thread", || {
        let mut runtime = Builder::new_current_thread();
        let runtime = runtime.enable_all().max_blocking_threads(1).build().unwrap();
        runtime.block_on(async {
            let system = system().await;
            let flooded = system.worker("flooded", || Blocking).start().await.unwrap();
            let other = system.worker("other", || Blocking).start().await.unwrap();
            flooded.tell(Again).await.unwrap();
            for n in 0..20 {
                assert_eq!(other.ask(Note(n)).await, Ok(n));
            }
            system.shutdown().await.unwrap();
        });
    });
}

/// Gives way as futures do that know no runtime: wakes itself, and waits.
async fn give_way() {
    let mut woken = false;
    poll_fn(|cx| {
        if woken {
            return Poll::Ready(());
        }
        woken = true;
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

/// What the handler waits for needs the thread that the handler is on: a task, and a timer of the runtime.
#[test]
fn a_handler_that_wakes_itself_does_not_shut_out_what_it_waits_for() {
    on_every_runtime(async || {
        let system = system().await;
        let clerk = clerk(&system).await;
        let (entered, leave) = (Gate::new(), Gate::new());
        let (inside, left) = (entered.clone(), leave.clone());
        let waits = Run::new(async move {
            inside.open();
            while !left.is_open() {
                give_way().await;
            }
            7
        });
        tokio::spawn(async move {
            entered.opened().await;
            tokio::time::sleep(ms(1)).await;
            leave.open();
        });
        assert_eq!(clerk.ask(waits).no_timeout().await.ok(), Some(7));
        system.shutdown().await.unwrap();
    });
}

/// Dropping an expired ask is work as well. What is counted is how many are dropped between two turns of
/// the task that looks on.
#[test]
fn a_mailbox_of_expired_asks_does_not_shut_out_a_task() {
    paused(async || {
        const ASKS: usize = 10_000;
        let system = system().await;
        let worker = system.worker("worker", Boundless::writing(&Log::new()));
        let worker = worker.start().await.unwrap();
        let (entered, leave) = (Gate::new(), Gate::new());
        worker.tell(Run::held(&entered, &leave)).await.unwrap();
        entered.opened().await;
        let mut asked = Vec::new();
        for n in 0..ASKS {
            let mut ask = worker.ask(Note(n as u64)).timeout(ms(1));
            poll_once(&mut ask).await;
            asked.push(ask);
        }
        tokio::time::sleep(ms(10)).await;
        for ask in asked {
            assert_eq!(failure(ask.await), "Timeout(None)");
        }
        leave.open();
        let (mut before, mut most) = (0, 0);
        while before < ASKS as u64 {
            tokio::task::yield_now().await;
            let dropped = worker.counters().dropped;
            most = most.max(dropped - before);
            before = dropped;
        }
        assert!(most < 1_000, "{most} asks were dropped in one turn");
        system.shutdown().await.unwrap();
    });
}

/// Counts its turns: messages that came when another one had run last.
#[derive(Worker)]
#[worker(handles(Again))]
struct Turns {
    number: usize,
    crowd: Arc<Crowd>,
}

struct Crowd {
    last: AtomicUsize,
    turns: Vec<AtomicUsize>,
    all_are_here: Gate,
    first_is_through: Gate,
}

/// Far more workers than fit into a driver's queue.
const CROWD: usize = 1_000;

const ROUNDS: usize = 10;

impl Handle<Again> for Turns {
    async fn handle(&mut self, _: Again, cx: &mut Context<Self>) {
        let crowd = &*self.crowd;
        if crowd.last.swap(self.number, Ordering::Relaxed) != self.number
            && crowd.all_are_here.is_open()
            && crowd.turns[self.number].fetch_add(1, Ordering::Relaxed) == ROUNDS
        {
            crowd.first_is_through.open();
        }
        if !crowd.first_is_through.is_open() {
            cx.address().try_tell(Again).unwrap();
        }
    }
}

#[test]
fn a_crowd_of_busy_workers_takes_turns() {
    guarded("one thread", || {
        multi_thread(1).block_on(async {
            let system = system().await;
            let crowd = Arc::new(Crowd {
                last: AtomicUsize::new(CROWD),
                turns: (0..CROWD).map(|_| AtomicUsize::new(0)).collect(),
                all_are_here: Gate::new(),
                first_is_through: Gate::new(),
            });
            for number in 0..CROWD {
                let crowd = Arc::clone(&crowd);
                let member = system.worker(format!("member {number}"), move || Turns {
                    number,
                    crowd: Arc::clone(&crowd),
                });
                member.start().await.unwrap().tell(Again).await.unwrap();
            }
            crowd.all_are_here.open();
            crowd.first_is_through.opened().await;
            let turns = crowd.turns.iter().map(|turns| turns.load(Ordering::Relaxed));
            let least = turns.min().unwrap();
            assert!(least >= ROUNDS - 1, "{least} turns while another one had {ROUNDS}");
            system.shutdown().await.unwrap();
        });
    });
}
