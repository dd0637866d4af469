//! `#[worker(blocking)]`: handlers that block run where blocking holds up nobody.

use std::sync::mpsc;
use std::thread::ThreadId;

use millhand::AskError;
use millhand::prelude::*;

use crate::stage::*;

/// Blocks its thread until a plain channel gives a number.
#[derive(Message)]
#[message(local, reply = u64)]
struct Wait(Gate, mpsc::Receiver<u64>);

#[derive(Message)]
#[message(local, reply = ThreadId)]
struct Where;

#[derive(Worker)]
#[worker(handles(Wait, Where, Note, Run), blocking, mailbox = 4)]
struct Blocker {
    log: Log,
}

impl Handle<Wait> for Blocker {
    async fn handle(&mut self, Wait(entered, wait): Wait, _cx: &mut Context<Self>) -> u64 {
        entered.open();
        wait.recv().unwrap()
    }
}

impl Handle<Where> for Blocker {
    async fn handle(&mut self, _: Where, _cx: &mut Context<Self>) -> ThreadId {
        std::thread::current().id()
    }
}

impl Handle<Note> for Blocker {
    async fn handle(&mut self, Note(n): Note, _cx: &mut Context<Self>) -> u64 {
        self.log.push(n);
        n
    }
}

impl Handle<Run> for Blocker {
    async fn handle(&mut self, run: Run, _cx: &mut Context<Self>) -> u64 {
        run.body().await
    }
}

impl Blocker {
    fn writing(log: &Log) -> impl Fn() -> Self + Send + Sync + 'static {
        let log = log.clone();
        move || Self { log: log.clone() }
    }
}

#[test]
fn a_blocked_handler_holds_up_nobody_else() {
    on_every_runtime(async || {
        let log = Log::new();
        let system = system().await;
        let mut blocked = Vec::new();
        for n in 0..10 {
            let blocker = system.worker(format!("b{n}"), Blocker::writing(&log));
            let blocker: &'static _ = Box::leak(Box::new(blocker.start().await.unwrap()));
            let (send, receive) = mpsc::channel();
            let entered = Gate::new();
            let mut ask = blocker.ask(Wait(entered.clone(), receive));
            poll_once(&mut ask).await;
            entered.opened().await;
            blocked.push((send, ask));
        }
        let clerk = system.worker("clerk", Clerk::writing(&log)).start().await;
        let clerk = clerk.unwrap();
        for n in 0..500 {
            assert_eq!(clerk.ask(Note(n)).await, Ok(n));
        }
        for (n, (send, ask)) in (0..).zip(blocked) {
            send.send(n).unwrap();
            assert_eq!(ask.await.ok(), Some(n));
        }
        system.shutdown().await.unwrap();
    });
}

#[test]
fn blocking_handlers_run_on_no_thread_of_the_runtimes_workers() {
    guarded("a current-thread runtime", || {
        current_thread().block_on(async {
            let system = system().await;
            let blocker = system.worker("b", Blocker::writing(&Log::new()));
            let blocker = blocker.start().await.unwrap();
            let thread = blocker.ask(Where).await.ok().unwrap();
            assert_ne!(thread, std::thread::current().id());
            system.shutdown().await.unwrap();
        });
    });
}

#[test]
fn order_suspension_crashes_and_timers_are_as_elsewhere() {
    on_every_runtime(async || {
        let log = Log::new();
        let system = system().await;
        let blocker = system.worker("b", Blocker::writing(&log));
        let blocker = blocker.start().await.unwrap();
        for n in 0..1_000 {
            blocker.tell(Note(n)).await.unwrap();
        }
        let suspended = Run::new(async {
            tokio::task::yield_now().await;
            tokio::time::sleep(ms(1)).await;
            tokio::spawn(async { 7 }).await.unwrap()
        });
        assert_eq!(blocker.ask(suspended).await.ok(), Some(7));
        assert_eq!(failure(blocker.ask(Run::crash()).await), "Restarted");
        assert_eq!(blocker.ask(Note(1_000)).await, Ok(1_000));
        assert_eq!(blocker.counters().restarts, 1);
        system.shutdown().await.unwrap();
        assert_eq!(log.take(), (0..=1_000).collect::<Vec<_>>());
    });
}

/// It may block, so it may wait for others in place; only not for itself.
#[test]
fn a_blocking_worker_may_use_the_blocking_verbs() {
    on_every_runtime(async || {
        let log = Log::new();
        let system = system().await;
        let clerk = system.worker("c", ClerkOf1::writing(&log)).start().await;
        let clerk = clerk.unwrap();
        let blocker = system.worker("b", Blocker::writing(&log));
        let blocker = blocker.start().await.unwrap();
        let asked = clerk.clone();
        let sum = blocker.ask(Run::new(async move {
            let mut sum = 0;
            for n in 0..100 {
                asked.tell_blocking(Note(n)).unwrap();
                sum += match asked.ask_blocking(Note(n)) {
                    Err(AskError::WouldBlock(_)) => return 0,
                    reply => reply.unwrap(),
                };
            }
            sum
        }));
        assert_eq!(sum.await.ok(), Some(4_950));
        system.shutdown().await.unwrap();
        assert_eq!(log.len(), 200);
    });
}

#[test]
fn shutdown_waits_for_a_blocked_handler_and_drains() {
    on_every_runtime(async || {
        let log = Log::new();
        let system = system().await;
        let blocker = system.worker("b", Blocker::writing(&log));
        let blocker = blocker.start().await.unwrap();
        let (send, receive) = mpsc::channel();
        let entered = Gate::new();
        blocker.tell(Wait(entered.clone(), receive)).await.unwrap();
        entered.opened().await;
        for n in 0..3 {
            blocker.tell(Note(n)).await.unwrap();
        }
        let mut shutdown = Box::pin(system.shutdown());
        poll_once(&mut shutdown).await;
        send.send(0).unwrap();
        shutdown.await.unwrap();
        assert_eq!(log.take(), [0, 1, 2]);
    });
}

/// The message in hand is out of the mailbox, however long its handler blocks: the bound is for those
/// that wait.
#[test]
fn a_message_in_a_blocked_handlers_hand_takes_no_room() {
    on_every_runtime(async || {
        let log = Log::new();
        let system = system().await;
        let blocker = system.worker("b", Blocker::writing(&log));
        let blocker = blocker.start().await.unwrap();
        let (send, receive) = mpsc::channel();
        let entered = Gate::new();
        blocker.tell(Wait(entered.clone(), receive)).await.unwrap();
        entered.opened().await;
        let taken = (0..10).filter(|&n| blocker.try_tell(Note(n)).is_ok());
        assert_eq!(taken.count(), 4);
        send.send(0).unwrap();
        system.shutdown().await.unwrap();
    });
}

/// G20
///
/// The one blocking thread is busy with something else when the runtime goes away: the activation that
/// was queued behind it never runs, and whoever asked must be told.
#[test]
fn an_activation_that_never_got_its_blocking_thread_fails_its_asks() {
    guarded("a pending ask", || {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .max_blocking_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let (_system, blocker) = runtime.block_on(async {
            let system = system().await;
            let blocker = system.worker("b", Blocker::writing(&Log::new()));
            (system, blocker.start().await.unwrap())
        });
        let (send, receive) = mpsc::channel::<()>();
        let entered = Gate::new();
        let inside = entered.clone();
        runtime.spawn_blocking(move || {
            inside.open();
            let _ = receive.recv();
        });
        current_thread().block_on(async {
            entered.opened().await;
            let mut ask = blocker.ask(Note(1)).no_timeout();
            poll_once(&mut ask).await;
            // The driver has handed the activation over once it has nothing more to do.
            runtime.spawn(async {}).await.unwrap();
            eventually("the activation waits for the thread", || {
                runtime.metrics().num_alive_tasks() > 0
            })
            .await;
            runtime.shutdown_background();
            let failed = tokio::time::timeout(secs(10), ask).await;
            drop(send);
            assert_eq!(failed.map(failure).ok().as_deref(), Some("Stopped(None)"));
        });
    });
}
