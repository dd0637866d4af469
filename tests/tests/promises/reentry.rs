//! User code that turns to the library from where it might be in the middle of something: a waker, a
//! destructor or a hook that asks the system for its counters, or leaves a line. None may find a lock held.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{self, Wake, Waker};

use millhand::StartError;
use millhand::prelude::*;

use crate::stage::*;

/// Polls once by hand with a waker of its own. True: it has to wait.
#[must_use]
fn waits_for<F: Future + Unpin>(waker: &Waker, future: &mut F) -> bool {
    Pin::new(future).poll(&mut task::Context::from_waker(waker)).is_pending()
}

/// Looks at all workers when it is woken.
struct Looking {
    system: System,
    looked: Gate,
}

impl Wake for Looking {
    fn wake(self: Arc<Self>) {
        assert_eq!(self.system.counters().len(), 1);
        self.looked.open();
    }
}

#[test]
fn whoever_awaits_a_start_may_look_at_the_system_when_woken() {
    on_every_runtime(async || {
        for succeeds in [true, false] {
            let log = Log::new();
            let system = system().await;
            let release = Release::new();
            let (held, writing) = (release.clone(), Clerk::writing(&log));
            let constructor = move || {
                held.block();
                if succeeds { Ok(writing()) } else { Err("planned: not today") }
            };
            let starting = system.worker("clerk", constructor).restart(Restart::temporary());
            let mut starting = Box::pin(starting.start());
            let looked = Gate::new();
            let looking = Looking { system: system.clone(), looked: looked.clone() };
            assert!(waits_for(&Waker::from(Arc::new(looking)), &mut starting));
            drop(ReleaseAtEnd(release));
            if succeeds {
                looked.opened().await;
            }
            assert_eq!(starting.await.is_ok(), succeeds);
            system.shutdown().await.unwrap();
        }
    });
}

/// Looks at all workers when it is dropped.
struct LooksBack(Option<System>, Gate);

impl Drop for LooksBack {
    fn drop(&mut self) {
        if let Some(system) = self.0.take() {
            system.counters();
            self.1.open();
        }
    }
}

#[test]
fn a_constructor_that_is_refused_may_look_at_the_system_when_dropped() {
    on_every_runtime(async || {
        let log = Log::new();
        let system = system().await;
        let clerk = system.worker("clerk", Clerk::writing(&log)).start().await.unwrap();
        let (entered, leave) = (Gate::new(), Gate::new());
        clerk.tell(Run::held(&entered, &leave)).await.unwrap();
        entered.opened().await;
        let mut stopping = Box::pin(system.shutdown());
        poll_once(&mut stopping).await;
        let dropped = Gate::new();
        let (looks, writing) =
            (LooksBack(Some(system.clone()), dropped.clone()), Clerk::writing(&log));
        let late = system.worker("late", move || {
            let _holds = &looks;
            writing()
        });
        let refused = late.start().await.unwrap_err();
        assert!(matches!(refused, StartError::Stopping { .. }), "{refused}");
        assert!(dropped.is_open());
        leave.open();
        stopping.await.unwrap();
    });
}

/// Looks at all workers when it stops.
#[derive(Worker)]
#[worker(handles(Note), lifecycle)]
struct Parting {
    system: Arc<Mutex<Option<System>>>,
    log: Log,
}

impl Lifecycle for Parting {
    fn stopped(&mut self, _: &ExitReason) {
        let system = self.system.lock().unwrap().clone();
        self.log.push(system.map_or(0, |system| system.counters().len() as u64));
    }
}

impl Handle<Note> for Parting {
    async fn handle(&mut self, Note(n): Note, _: &mut Context<Self>) -> u64 {
        n
    }
}

/// G20
///
/// The end of one member is news for the supervisor, which then ends the other, where no driver runs it.
#[test]
fn a_group_that_goes_with_its_runtime_may_look_at_the_system_when_it_stops() {
    for threads in [1, 2] {
        guarded("the drop of a runtime", move || {
            let runtime = multi_thread(threads);
            let (log, slot) = (Log::new(), Arc::new(Mutex::new(None)));
            runtime.block_on(async {
                let system = system().await;
                let group = system.supervisor("group").strategy(Strategy::OneForAll);
                let group = group.start().await.unwrap();
                for name in ["a", "b", "c"] {
                    let (log, slot) = (log.clone(), Arc::clone(&slot));
                    let parting = move || Parting { system: Arc::clone(&slot), log: log.clone() };
                    group.worker(name, parting).start().await.unwrap();
                }
                *slot.lock().unwrap() = Some(system);
            });
            drop(runtime);
            assert_eq!(log.len(), 3);
            drop(slot.lock().unwrap().take());
        });
    }
}

/// The textbook's task: its waker owns the future that it wakes.
struct Task {
    _future: Mutex<Pin<Box<dyn Future<Output = ()> + Send>>>,
}

impl Wake for Task {
    fn wake(self: Arc<Self>) {}
}

/// G4
///
/// What waits for room moves to another task, and its old waker was the last that held the old task, which
/// waits for the same room: its place in the line goes with it.
#[test]
fn a_task_that_ends_with_its_waker_may_leave_the_line_that_it_was_replaced_in() {
    on_every_runtime(async || {
        let log = Log::new();
        let system = system().await;
        let clerk = system.worker("clerk", ClerkOf1::writing(&log)).start().await.unwrap();
        let (entered, leave) = (Gate::new(), Gate::new());
        clerk.tell(Run::held(&entered, &leave)).await.unwrap();
        entered.opened().await;
        clerk.tell(Note(1)).await.unwrap();
        let own = |first: u64| {
            let clerk = clerk.clone();
            let mut second = Box::pin(async move {
                let _ = clerk.tell(Note(first)).await;
            });
            assert!(waits_for(Waker::noop(), &mut second));
            Waker::from(Arc::new(Task { _future: Mutex::new(second) }))
        };
        // Replaced.
        let task = own(0);
        let mut telling = clerk.tell(Note(2));
        assert!(waits_for(&task, &mut telling));
        drop(task);
        assert!(waits_for(Waker::noop(), &mut telling));
        // Dropped with its place in the line.
        let task = own(0);
        let mut asking = clerk.ask(Note(0));
        assert!(waits_for(&task, &mut asking));
        drop((task, asking));
        leave.open();
        telling.await.unwrap();
        assert_eq!(clerk.ask(Note(3)).await, Ok(3));
        system.shutdown().await.unwrap();
        assert_eq!(log.take(), [1, 2, 3]);
    });
}
