//! Wakers of the user's own that panic: what that costs, and whom.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{self, Wake, Waker};

use millhand::prelude::*;

use crate::stage::*;

/// Opens its gate when it is woken, and panics.
#[derive(Clone)]
struct Panicking(Gate);

impl Wake for Panicking {
    fn wake(self: Arc<Self>) {
        self.0.open();
        panic!("planned: a waker panics");
    }
}

impl Panicking {
    fn new() -> Self {
        silence_planned_panics();
        Self(Gate::new())
    }

    /// Polls once by hand. True: it has to wait.
    #[must_use]
    fn waits_for<F: Future + Unpin>(&self, future: &mut F) -> bool {
        let waker = Waker::from(Arc::new(self.clone()));
        pin!(future).poll(&mut task::Context::from_waker(&waker)).is_pending()
    }

    async fn was_woken(&self) {
        self.0.opened().await;
    }
}

/// The rest of the system does its work and keeps its deadlines.
async fn lives_on(other: &Address<Clerk>) {
    for n in 0..100 {
        assert_eq!(other.ask(Note(n)).await, Ok(n));
    }
    let (entered, leave) = (Gate::new(), Gate::new());
    let late = other.ask(Run::held(&entered, &leave)).timeout(ms(20));
    // In this order, since an ask that is polled for another reason sees its deadline as well.
    tokio::select! {
        biased;
        () = tokio::time::sleep(secs(10)) => panic!("an ask outlives its deadline"),
        late = late => assert_eq!(failure(late), "Timeout(None)"),
    }
    leave.open();
    assert_eq!(other.ask(Note(0)).await, Ok(0));
}

/// Neither the worker that woke it nor another one is the worse for it.
async fn costs_nothing<W>(system: System, hit: &Address<W>, other: &Address<Clerk>)
where
    W: millhand::Accepts<Note>,
{
    for n in 0..10 {
        assert_eq!(hit.ask(Note(n)).await, Ok(n));
    }
    lives_on(other).await;
    system.shutdown().await.unwrap();
}

/// Two workers; what is done to the first should cost the second nothing.
async fn hit_and_other() -> (System, Address<ClerkOf1>, Address<Clerk>) {
    let system = impatient().start().await.unwrap();
    let log = Log::new();
    let hit = system.worker("hit", ClerkOf1::writing(&log)).start().await.unwrap();
    let other = system.worker("other", Clerk::writing(&log)).start().await.unwrap();
    (system, hit, other)
}

#[test]
fn a_waker_that_panics_when_room_is_made_costs_nothing() {
    on_every_runtime(async || {
        let (system, hit, other) = hit_and_other().await;
        let (entered, leave) = (Gate::new(), Gate::new());
        hit.tell(Run::held(&entered, &leave)).await.unwrap();
        entered.opened().await;
        let panicking = Panicking::new();
        let waiting = loop {
            let mut telling = Box::pin(hit.tell(Note(1)));
            if panicking.waits_for(&mut telling) {
                break telling;
            }
        };
        leave.open();
        panicking.was_woken().await;
        drop(waiting);
        costs_nothing(system, &hit, &other).await;
    });
}

#[test]
fn a_waker_that_panics_when_its_ask_fails_costs_nothing() {
    on_every_runtime(async || {
        let (system, hit, other) = hit_and_other().await;
        let leave = Gate::new();
        let left = leave.clone();
        let crash = Run::new(async move {
            left.opened().await;
            panic!("planned crash");
        });
        let panicking = Panicking::new();
        let mut asked = hit.ask(crash);
        assert!(panicking.waits_for(&mut asked));
        leave.open();
        panicking.was_woken().await;
        assert_eq!(failure(asked.await), "Restarted");
        costs_nothing(system, &hit, &other).await;
    });
}

#[test]
fn a_waker_that_panics_at_its_reply_costs_nothing() {
    on_every_runtime(async || {
        let (system, hit, other) = hit_and_other().await;
        let (entered, leave) = (Gate::new(), Gate::new());
        let panicking = Panicking::new();
        let mut asked = hit.ask(Run::held(&entered, &leave));
        assert!(panicking.waits_for(&mut asked));
        leave.open();
        panicking.was_woken().await;
        assert_eq!(asked.await.ok(), Some(0));
        for n in 1..10 {
            assert_eq!(hit.ask(Note(n)).await, Ok(n));
        }
        let counters = hit.counters();
        assert_eq!((counters.restarts, counters.lost, counters.handled), (0, 0, 10));
        lives_on(&other).await;
        system.shutdown().await.unwrap();
    });
}

/// G5
#[test]
fn a_waker_that_panics_at_its_deadline_costs_nobody_elses_deadline() {
    on_every_runtime(async || {
        let (system, hit, other) = hit_and_other().await;
        let (entered, leave) = (Gate::new(), Gate::new());
        let panicking = Panicking::new();
        let mut asked = hit.ask(Run::held(&entered, &leave)).timeout(ms(1));
        assert!(panicking.waits_for(&mut asked));
        panicking.was_woken().await;
        assert_eq!(failure(asked.await), "Timeout(None)");
        lives_on(&other).await;
        leave.open();
        assert_eq!(hit.ask(Note(1)).await, Ok(1));
        system.shutdown().await.unwrap();
    });
}

/// A handler that is stuck until the end, asked by somebody who polls by hand.
async fn stuck<'a>(
    hit: &'a Address<Clerk>,
    panicking: &Panicking,
    release: &Release,
) -> millhand::Ask<'a, Run> {
    let (entered, held) = (Gate::new(), release.clone());
    let inside = entered.clone();
    let asked = hit.ask(Run::new(async move {
        inside.open();
        held.block();
        0
    }));
    let mut asked = asked.queued().no_timeout();
    assert!(panicking.waits_for(&mut asked));
    entered.opened().await;
    asked
}

/// G17
#[test]
fn a_waker_that_panics_at_an_abandonment_does_not_keep_others_from_theirs() {
    guarded("four threads", || {
        multi_thread(4).block_on(async {
            let release = Release::new();
            let _end = ReleaseAtEnd(release.clone());
            let log = Log::new();
            let system = impatient().start().await.unwrap();
            for name in ["first", "second"] {
                let supervisor = system.supervisor(name).strategy(Strategy::OneForAll);
                let supervisor = supervisor.start().await.unwrap();
                let hit = supervisor.worker("hit", Clerk::writing(&log)).shutdown(Shutdown::Kill);
                let hit = hit.start().await.unwrap();
                let other = supervisor.worker("other", Clerk::writing(&log));
                let other = other.start().await.unwrap();
                let panicking = Panicking::new();
                let asked = stuck(&hit, &panicking, &release).await;
                other.tell(Run::crash()).await.unwrap();
                let woken = tokio::time::timeout(secs(10), panicking.was_woken()).await;
                assert!(woken.is_ok(), "{name}: was not abandoned");
                assert_eq!(failure(asked.await), "Restarted");
                assert_eq!(hit.counters().abandoned, 1);
            }
        });
    });
}

/// G20
///
/// The runtime goes away with two handlers in the middle of an ask: the second asker, on another runtime,
/// must hear of it, whatever the first one's waker does.
#[test]
fn a_waker_that_panics_when_its_runtime_is_dropped_keeps_no_news_from_others() {
    guarded("a pending ask", || {
        let runtime = multi_thread(1);
        let log = Log::new();
        let (_system, workers) = runtime.block_on(async {
            let system = system().await;
            let mut workers = Vec::new();
            for name in ["a", "b", "c"] {
                let worker = system.worker(name, Clerk::writing(&log));
                workers.push(worker.start().await.unwrap());
            }
            (system, workers)
        });
        current_thread().block_on(async {
            let (entered, never) = (Gate::new(), Gate::new());
            let panicking = Panicking::new();
            let mut asked: Vec<_> = workers
                .iter()
                .map(|worker| worker.ask(Run::held(&entered, &never)).no_timeout())
                .collect();
            poll_once(&mut asked[0]).await;
            assert!(panicking.waits_for(&mut asked[1]));
            poll_once(&mut asked[2]).await;
            on_a_plain_thread(move || drop(runtime)).await;
            for asked in asked {
                let failed = tokio::time::timeout(secs(10), asked).await;
                assert_eq!(failed.map(failure).ok().as_deref(), Some("Stopped(None)"));
            }
        });
    });
}

/// A payload that panics when it is dropped.
struct Nasty;

impl Drop for Nasty {
    fn drop(&mut self) {
        panic!("planned: a payload is dropped");
    }
}

/// What a waker of the user's own may do.
#[derive(Clone, Copy)]
enum Does {
    Panic,
    /// The payload does, too, when it is dropped.
    PanicNastily,
}

impl Does {
    fn it(self) {
        match self {
            Self::Panic => panic!("planned: a waker panics"),
            Self::PanicNastily => std::panic::resume_unwind(Box::new(Nasty)),
        }
    }
}

/// Panics when it is woken, and when the last reference to it is dropped.
struct Bomb(Does, Gate);

impl Wake for Bomb {
    fn wake(self: Arc<Self>) {
        self.0.it();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.0.it();
    }
}

impl Drop for Bomb {
    fn drop(&mut self) {
        self.1.open();
        self.0.it();
    }
}

/// G13
///
/// The asker has left, and the slot of the reply has the last reference to its waker: it is dropped when the
/// worker parts with the message, however it does that.
#[test]
fn a_waker_that_cannot_be_dropped_costs_neither_its_worker_nor_the_driver() {
    silence_planned_panics();
    on_every_runtime(async || {
        for does in [Does::Panic, Does::PanicNastily] {
            let log = Log::new();
            let system = impatient().start().await.unwrap();
            let hit = system.worker("hit", Clerk::writing(&log)).start().await.unwrap();
            let other = system.worker("other", Clerk::writing(&log)).start().await.unwrap();
            for crashes in [false, true] {
                let (entered, leave, dropped) = (Gate::new(), Gate::new(), Gate::new());
                let (inside, left) = (entered.clone(), leave.clone());
                let mut asked = hit.ask(Run::new(async move {
                    inside.open();
                    left.opened().await;
                    assert!(!crashes, "planned crash");
                    0
                }));
                let bomb = Waker::from(Arc::new(Bomb(does, dropped.clone())));
                let polled = pin!(&mut asked).poll(&mut task::Context::from_waker(&bomb));
                assert!(polled.is_pending());
                drop(bomb);
                entered.opened().await;
                drop(asked);
                assert!(!dropped.is_open());
                leave.open();
                dropped.opened().await;
            }
            costs_nothing(system, &hit, &other).await;
            let counters = hit.counters();
            assert_eq!((counters.restarts, counters.lost, counters.handled), (1, 1, 11));
        }
    });
}

/// G13
///
/// The reply is there all the same.
#[test]
fn a_waker_whose_panic_cannot_be_dropped_costs_neither_its_worker_nor_the_driver() {
    silence_planned_panics();
    on_every_runtime(async || {
        let log = Log::new();
        let system = impatient().start().await.unwrap();
        let hit = system.worker("hit", Clerk::writing(&log)).start().await.unwrap();
        let other = system.worker("other", Clerk::writing(&log)).start().await.unwrap();
        let (entered, leave) = (Gate::new(), Gate::new());
        let bomb = std::mem::ManuallyDrop::new(Waker::from(Arc::new(Bomb(
            Does::PanicNastily,
            Gate::new(),
        ))));
        let mut asked = hit.ask(Run::held(&entered, &leave));
        assert!(pin!(&mut asked).poll(&mut task::Context::from_waker(&bomb)).is_pending());
        entered.opened().await;
        leave.open();
        assert_eq!(hit.ask(Note(1)).await, Ok(1));
        assert_eq!(asked.await.ok(), Some(0));
        costs_nothing(system, &hit, &other).await;
        let counters = hit.counters();
        assert_eq!((counters.restarts, counters.lost, counters.handled), (0, 0, 12));
    });
}
