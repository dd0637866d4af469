//! User code that goes wrong where nobody expects it: it costs its own worker at most.

use std::fmt;
use std::time::Duration;

use millhand::prelude::*;
use millhand::{Backoff, StartError};

use crate::stage::*;

/// An error that panics when it is shown, and again when it is dropped.
#[derive(Debug)]
struct Nasty;

impl fmt::Display for Nasty {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        panic!("planned: shown");
    }
}

impl std::error::Error for Nasty {}

/// G13
#[test]
fn an_error_that_cannot_be_shown_costs_its_worker_only() {
    on_every_runtime(async || {
        silence_planned_panics();
        let log = Log::new();
        let system = system().await;
        let neighbour = system.worker("n", Clerk::writing(&log)).start().await.unwrap();
        let nasty = system.worker("x", || Err::<Clerk, _>(Nasty)).restart(Restart::temporary());
        let failed = nasty.start().await.unwrap_err();
        assert!(matches!(failed, StartError::Failed { reason: ExitReason::Panicked(_), .. }));
        assert_eq!(neighbour.ask(Note(1)).await, Ok(1));
        system.shutdown().await.unwrap();
    });
}

/// The copy for a retry panics when it is dropped, the message itself does not.
#[derive(Message)]
#[message(local, reply = u64)]
struct Brittle {
    is_copy: bool,
}

impl Clone for Brittle {
    fn clone(&self) -> Self {
        Self { is_copy: true }
    }
}

impl Drop for Brittle {
    fn drop(&mut self) {
        if self.is_copy && !std::thread::panicking() {
            panic!("planned: a copy is dropped");
        }
    }
}

#[derive(Worker)]
#[worker(handles(Brittle), on_crash = retry(1))]
struct Careful;

impl Handle<Brittle> for Careful {
    async fn handle(&mut self, _: Brittle, _: &mut Context<Self>) -> u64 {
        7
    }
}

/// G13
#[test]
fn a_copy_that_cannot_be_dropped_does_not_cost_the_reply() {
    on_every_runtime(async || {
        silence_planned_panics();
        let system = system().await;
        let careful = system.worker("c", || Careful).start().await.unwrap();
        for _ in 0..10 {
            let reply = careful.ask(Brittle { is_copy: false }).no_timeout().await;
            assert_eq!(reply.ok(), Some(7));
        }
        assert_eq!(careful.counters().handled, 10);
        system.shutdown().await.unwrap();
    });
}

#[derive(Message, Clone)]
#[message(local)]
struct Tick;

#[derive(Worker)]
#[worker(handles(Tick, Note), lifecycle)]
struct Busy;

impl Lifecycle for Busy {
    async fn started(&mut self, cx: &mut Context<Self>) -> Result<(), millhand::BoxError> {
        cx.every(ms(1), Tick);
        Ok(())
    }
}

impl Handle<Tick> for Busy {
    /// Takes longer than the period: a tick is always due.
    async fn handle(&mut self, _: Tick, _: &mut Context<Self>) {
        tokio::time::sleep(ms(3)).await;
    }
}

impl Handle<Note> for Busy {
    async fn handle(&mut self, Note(n): Note, _: &mut Context<Self>) -> u64 {
        n
    }
}

#[test]
fn timers_that_are_always_due_leave_the_mailbox_its_turn() {
    paused(async || {
        let system = system().await;
        let busy = system.worker("busy", || Busy).start().await.unwrap();
        for n in 0..10 {
            assert_eq!(busy.ask(Note(n)).await, Ok(n));
        }
        busy.tell(Note(10)).await.unwrap();
        system.shutdown().await.unwrap();
        assert_eq!(busy.counters().dropped, 0);
    });
}

#[test]
fn a_backoff_of_any_length_is_taken() {
    paused(async || {
        silence_planned_panics();
        let log = Log::new();
        let longest = Backoff { first: Duration::MAX, longest: Duration::MAX, jitter: 1.0 };
        for _ in 0..20 {
            let system = System::builder("test").backoff(longest).start().await.unwrap();
            let clerk = system.worker("clerk", Clerk::writing(&log)).start().await.unwrap();
            clerk.tell(Run::crash()).await.unwrap();
            until_idle().await;
            assert_eq!(clerk.counters().lost, 1);
            system.shutdown().await.unwrap();
        }
    });
}

#[test]
fn a_system_without_a_name_is_refused() {
    paused(async || {
        for name in ["", "a/b", "a\nb"] {
            let refused = System::builder(name).start().await.unwrap_err();
            assert!(matches!(refused, StartError::InvalidName { .. }), "{refused}");
        }
    });
}
