//! Asks that run in place: an idle worker with short handlers runs inside its asker's poll, and nothing but
//! its speed tells.

use std::cell::Cell;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::{Arc, Barrier};
use std::thread::{self, ThreadId};

use millhand::prelude::*;

use crate::stage::*;

thread_local! {
    /// How many polls of asks this thread is in, one inside the other.
    pub(crate) static ASKING: Cell<u64> = const { Cell::new(0) };
}

/// Notes while a future is polled that this thread is in an ask.
pub(crate) async fn asking<F: Future>(ask: F) -> F::Output {
    let mut ask = pin!(ask);
    poll_fn(|cx| {
        ASKING.set(ASKING.get() + 1);
        let polled = ask.as_mut().poll(cx);
        ASKING.set(ASKING.get() - 1);
        polled
    })
    .await
}

/// Replies with 1 if it is handled inside the poll of an ask, and with 0 otherwise.
pub(crate) fn where_am_i() -> Run {
    Run::new(async { u64::from(ASKING.get() > 0) })
}

/// Asks until the worker is known to be quick, and idle. A sample may have been disturbed by the machine.
pub(crate) async fn until_in_place<W>(worker: &Address<W>)
where
    W: millhand::Accepts<Run>,
{
    let begin = std::time::Instant::now();
    while asking(worker.ask(where_am_i())).await.ok() != Some(1) {
        assert!(begin.elapsed() < PATIENCE / 2, "never runs in place");
        tokio::task::yield_now().await;
    }
}

clerk!(Queued, queued);

pub(crate) async fn clerk(system: &System, name: &str, log: &Log) -> Address<Clerk> {
    system.worker(name, Clerk::writing(log)).start().await.unwrap()
}

/// Runs a body in a task of a runtime of two threads.
fn in_a_task_on_two_threads<F>(body: impl FnOnce() -> F + Send + 'static)
where
    F: Future<Output = ()> + Send + 'static,
{
    on_two_threads(async move || tokio::spawn(body()).await.unwrap());
}

fn on_one_thread(body: impl AsyncFnOnce() + Send + 'static) {
    guarded("a current-thread runtime", || current_thread().block_on(body()));
}

#[test]
fn where_there_is_one_thread_an_idle_worker_replies_at_the_first_poll() {
    on_one_thread(async || {
        let log = Log::new();
        let system = system().await;
        let clerk = clerk(&system, "clerk", &log).await;
        for n in 0..50 {
            assert_eq!(now(&mut clerk.ask(Note(n))).await, Some(Ok(n)));
        }
        assert_eq!(asking(clerk.ask(where_am_i())).await.ok(), Some(1));
        // Not idle: it has a message.
        clerk.try_tell(Note(50)).unwrap();
        let mut second = clerk.ask(Note(51));
        poll_once(&mut second).await;
        assert_eq!(second.await, Ok(51));
        system.shutdown().await.unwrap();
        assert_eq!(log.take(), (0..52).collect::<Vec<_>>());
        assert_eq!(clerk.counters().handled, 53);
    });
}

#[test]
fn what_is_queued_does_not_run_in_place() {
    on_every_runtime(async || {
        let log = Log::new();
        let system = system().await;
        let clerk = clerk(&system, "clerk", &log).await;
        let queued = system.worker("queued", Queued::writing(&log)).start().await.unwrap();
        until_in_place(&clerk).await;
        for _ in 0..200 {
            assert_eq!(asking(clerk.ask(where_am_i()).queued()).await.ok(), Some(0));
            assert_eq!(asking(queued.ask(where_am_i())).await.ok(), Some(0));
        }
        system.shutdown().await.unwrap();
    });
}

#[test]
fn quick_workers_run_in_place_where_there_are_several_threads() {
    in_a_task_on_two_threads(async || {
        let system = system().await;
        let clerk = clerk(&system, "clerk", &Log::new()).await;
        until_in_place(&clerk).await;
        system.shutdown().await.unwrap();
    });
}

/// What the handler sends to its own worker meanwhile has its turn later.
#[test]
fn only_the_asked_message_runs_in_place() {
    on_one_thread(async || {
        let log = Log::new();
        let system = system().await;
        let clerk = clerk(&system, "clerk", &log).await;
        let (own, said) = (clerk.clone(), log.clone());
        let tells = Run::new(async move {
            for n in 1..5 {
                own.try_tell(Note(n)).unwrap();
            }
            said.push(0);
            7
        });
        assert_eq!(now(&mut clerk.ask(tells)).await.and_then(Result::ok), Some(7));
        assert_eq!(log.take(), [0]);
        system.shutdown().await.unwrap();
        assert_eq!(log.take(), [1, 2, 3, 4]);
    });
}

#[test]
fn a_handler_that_is_suspended_in_place_goes_on_with_its_driver() {
    on_every_runtime(async || {
        let log = Log::new();
        let system = system().await;
        let clerk = clerk(&system, "clerk", &log).await;
        for n in 0..20 {
            until_in_place(&clerk).await;
            let leave = Gate::new();
            let left = leave.clone();
            let suspended = Run::new(async move {
                left.opened().await;
                tokio::task::yield_now().await;
                tokio::time::sleep(ms(1)).await;
                ASKING.get()
            });
            let mut asked = pin!(asking(clerk.ask(suspended)));
            poll_once(&mut asked).await;
            // It waits for its own handler, not for this message.
            clerk.tell(Note(n)).await.unwrap();
            leave.open();
            assert_eq!(asked.await.ok(), Some(0));
        }
        system.shutdown().await.unwrap();
        assert_eq!(log.take(), (0..20).collect::<Vec<_>>());
    });
}

/// Each asks the next. The reply is how many stand below.
#[derive(Message, Clone, Copy)]
#[message(local, reply = u64)]
struct Count;

#[derive(Worker)]
#[worker(handles(Count))]
struct Link {
    next: Option<Address<Link>>,
    /// How deep on the stack of its thread each was.
    depths: Log,
}

impl Handle<Count> for Link {
    async fn handle(&mut self, _: Count, _: &mut Context<Self>) -> u64 {
        self.depths.push(ASKING.get());
        match &self.next {
            None => 0,
            Some(next) => 1 + asking(next.ask(Count)).await.unwrap(),
        }
    }
}

#[test]
fn a_chain_of_workers_that_ask_each_other_is_no_deeper_than_the_stack_bears() {
    on_every_runtime(async || {
        const LINKS: u64 = 50;
        let depths = Log::new();
        let system = system().await;
        let mut next = None;
        for n in 0..=LINKS {
            let (below, depths) = (next, depths.clone());
            let link = move || Link { next: below.clone(), depths: depths.clone() };
            next = Some(system.worker(n.to_string(), link).start().await.unwrap());
        }
        let first = next.unwrap();
        for _ in 0..20 {
            assert_eq!(asking(first.ask(Count)).await.ok(), Some(LINKS));
        }
        let most = depths.take().into_iter().max().unwrap();
        // The ask of the last one goes to a driver, which may be in no other.
        assert!(most <= 10, "{most} inside each other");
        system.shutdown().await.unwrap();
    });
}

/// Asks the last of these with the rest, and the only one that is left for 20 ms at most. The reply is how
/// many of the asks were answered.
#[derive(Message, Clone)]
#[message(local, reply = u64)]
struct Round(Vec<Address<Turning>>);

#[derive(Worker)]
#[worker(handles(Round))]
struct Turning(Population);

impl Handle<Round> for Turning {
    async fn handle(&mut self, Round(mut rest): Round, _: &mut Context<Self>) -> u64 {
        let _inside = self.0.born();
        let Some(next) = rest.pop() else { return 1 };
        let last = rest.is_empty();
        let ask = next.ask(Round(rest));
        let ask = if last { ask.timeout(ms(20)) } else { ask.no_timeout() };
        1 + asking(ask).await.unwrap_or(0)
    }
}

/// G5, G6
///
/// A asks B, which asks A, which is not there for anybody meanwhile.
#[test]
fn workers_that_ask_each_other_in_a_ring_end_at_their_deadline() {
    on_every_runtime(async || {
        let system = system().await;
        let (in_a, in_b) = (Population::default(), Population::default());
        let turning = |inside: &Population| {
            let inside = inside.clone();
            move || Turning(inside.clone())
        };
        let a = system.worker("a", turning(&in_a)).start().await.unwrap();
        let b = system.worker("b", turning(&in_b)).start().await.unwrap();
        for _ in 0..5 {
            let round = Round(vec![a.clone(), b.clone()]);
            assert_eq!(asking(a.ask(round).no_timeout()).await.ok(), Some(2));
            assert_eq!(a.ask(Round(Vec::new())).no_timeout().await.ok(), Some(1));
        }
        assert_eq!((in_a.most(), in_b.most()), (1, 1));
        // Each round, and each of those after it; none of those that expired.
        assert_eq!(in_a.ever(), 10);
        assert_eq!(a.counters().dropped, 5);
        system.shutdown().await.unwrap();
    });
}

#[test]
fn a_task_that_asks_without_end_does_not_shut_out_others() {
    on_every_runtime(async || {
        let system = system().await;
        let clerk = clerk(&system, "clerk", &Log::new()).await;
        let (begun, enough) = (Gate::new(), Gate::new());
        let (asks, until) = (begun.clone(), enough.clone());
        let asker = tokio::spawn(async move {
            until_in_place(&clerk).await;
            while !until.is_open() {
                assert_eq!(clerk.ask(where_am_i()).await.map_err(|_| ()).map(|_| ()), Ok(()));
                asks.open();
            }
        });
        tokio::spawn(async move {
            begun.opened().await;
            tokio::time::sleep(ms(1)).await;
            enough.open();
        });
        asker.await.unwrap();
        system.shutdown().await.unwrap();
    });
}

/// Blocks its thread until the other one has come as well.
fn meet(barrier: &Arc<Barrier>) -> Run {
    let barrier = Arc::clone(barrier);
    Run::new(async move {
        barrier.wait();
        1
    })
}

#[test]
fn workers_that_nobody_has_asked_before_run_side_by_side() {
    in_a_task_on_two_threads(async || {
        let system = system().await;
        for n in 0..20 {
            let a = clerk(&system, &format!("a{n}"), &Log::new()).await;
            let b = clerk(&system, &format!("b{n}"), &Log::new()).await;
            let barrier = Arc::new(Barrier::new(2));
            let both = tokio::join!(a.ask(meet(&barrier)), b.ask(meet(&barrier)));
            assert_eq!((both.0.ok(), both.1.ok()), (Some(1), Some(1)));
        }
        system.shutdown().await.unwrap();
    });
}

#[test]
fn workers_that_are_asked_to_queue_run_side_by_side_however_quick_they_were() {
    in_a_task_on_two_threads(async || {
        let log = Log::new();
        let system = system().await;
        let (a, b) = (clerk(&system, "a", &log).await, clerk(&system, "b", &log).await);
        for n in 0..500 {
            assert_eq!((a.ask(Note(n)).await, b.ask(Note(n)).await), (Ok(n), Ok(n)));
        }
        for _ in 0..20 {
            until_in_place(&a).await;
            until_in_place(&b).await;
            let barrier = Arc::new(Barrier::new(2));
            let (one, other) = (a.ask(meet(&barrier)).queued(), b.ask(meet(&barrier)).queued());
            let both = tokio::join!(one, other);
            assert_eq!((both.0.ok(), both.1.ok()), (Some(1), Some(1)));
        }
        system.shutdown().await.unwrap();
    });
}

/// G2
#[test]
fn messages_of_one_sender_keep_their_order_whether_they_run_in_place_or_not() {
    on_every_runtime(async || {
        let log = Log::new();
        let system = system().await;
        let clerk = clerk(&system, "clerk", &log).await;
        let sender = clerk.clone();
        let sends = async move {
            let mut asked = Vec::new();
            for n in 0..3_000 {
                match n % 7 {
                    // Idle, or not yet.
                    0 | 1 | 4 => assert_eq!(sender.ask(Note(n)).no_timeout().await, Ok(n)),
                    2 | 3 => sender.tell(Note(n)).await.unwrap(),
                    // Behind the one before, and awaited later.
                    _ => {
                        let mut ask = Box::pin(sender.ask(Note(n)).no_timeout());
                        match now(&mut ask).await {
                            Some(reply) => assert_eq!(reply, Ok(n)),
                            None => asked.push(ask),
                        }
                    }
                }
            }
            for ask in asked {
                ask.await.unwrap();
            }
        };
        sends.await;
        system.shutdown().await.unwrap();
        assert_eq!(log.take(), (0..3_000).collect::<Vec<_>>());
    });
}

/// Where a message was handled.
#[derive(Message)]
#[message(local, reply = ThreadId)]
struct Where;

#[derive(Worker)]
#[worker(handles(Where))]
struct Here;

impl Handle<Where> for Here {
    async fn handle(&mut self, _: Where, _: &mut Context<Self>) -> ThreadId {
        assert_eq!(ASKING.get(), 0);
        thread::current().id()
    }
}

/// A handler expects its runtime around it, and its own threads under it.
#[test]
fn an_ask_from_outside_of_the_runtime_does_not_run_there() {
    on_every_runtime(async || {
        let system = system().await;
        let here = system.worker("here", || Here).start().await.unwrap();
        for _ in 0..200 {
            here.ask(Where).await.ok().unwrap();
        }
        let asked = here.clone();
        on_a_plain_thread(move || {
            for _ in 0..200 {
                let thread = without_runtime(asking(asked.ask(Where)));
                assert_ne!(thread.ok(), Some(thread::current().id()));
                let thread = asked.ask_blocking(Where);
                assert_ne!(thread.ok(), Some(thread::current().id()));
            }
            current_thread().block_on(async {
                for _ in 0..200 {
                    let thread = asking(asked.ask(Where)).await;
                    assert_ne!(thread.ok(), Some(thread::current().id()));
                }
            });
        })
        .await;
        system.shutdown().await.unwrap();
    });
}

/// A worker whose handlers have been slow is not run in place, so that several of them use all threads.
#[test]
fn workers_that_have_been_slow_run_side_by_side() {
    in_a_task_on_two_threads(async || {
        let log = Log::new();
        let system = system().await;
        let (a, b) = (clerk(&system, "a", &log).await, clerk(&system, "b", &log).await);
        for worker in [&a, &b] {
            let slow = Run::new(async {
                let begin = std::time::Instant::now();
                while begin.elapsed() < ms(1) {}
                1
            });
            assert_eq!(worker.ask(slow).await.ok(), Some(1));
            // Not enough of these to forget it.
            for n in 0..3 {
                assert_eq!(worker.ask(Note(n)).await, Ok(n));
            }
        }
        let barrier = Arc::new(Barrier::new(2));
        let both = tokio::join!(a.ask(meet(&barrier)), b.ask(meet(&barrier)));
        assert_eq!((both.0.ok(), both.1.ok()), (Some(1), Some(1)));
        system.shutdown().await.unwrap();
    });
}

/// A thread for blocking code has the runtime at hand, and is none of those that run handlers. With one
/// thread, no two handlers run at the same time.
#[test]
fn an_ask_from_a_thread_for_blocking_code_does_not_run_there() {
    on_one_thread(async || {
        let system = system().await;
        let here = system.worker("here", || Here).start().await.unwrap();
        let main = Some(thread::current().id());
        assert_eq!(here.ask(Where).await.ok(), main);
        let asked = here.clone();
        let blocking = move || tokio::runtime::Handle::current().block_on(asked.ask(Where)).ok();
        assert_eq!(tokio::task::spawn_blocking(blocking).await.unwrap(), main);
        let asked = here.clone();
        let blocking = move || asked.ask_blocking(Where).ok();
        assert_eq!(tokio::task::spawn_blocking(blocking).await.unwrap(), main);
        let (asked, runtime) = (here.clone(), tokio::runtime::Handle::current());
        let entered = on_a_plain_thread(move || {
            let _inside = runtime.enter();
            asked.ask_blocking(Where).ok()
        });
        assert_eq!(entered.await, main);
        system.shutdown().await.unwrap();
    });
}

clerk!(Blocking, blocking);

#[test]
fn an_ask_of_a_blocking_worker_does_not_run_on_its_thread() {
    on_one_thread(async || {
        let system = system().await;
        let here = system.worker("here", || Here).start().await.unwrap();
        let blocking = system.worker("b", Blocking::writing(&Log::new())).start().await.unwrap();
        let main = thread::current().id();
        for _ in 0..3 {
            let asked = here.clone();
            let asks =
                Run::new(async move { u64::from(asked.ask(Where).await.ok() == Some(main)) });
            assert_eq!(blocking.ask(asks).await.ok(), Some(1));
        }
        system.shutdown().await.unwrap();
    });
}
