//! Many workers at once: however many there are, their end takes no stack for each of them, and no time
//! for each pair.
//!
//! A crowd of this size overflows the stack of a test's thread if one worker's end runs inside another's.

use millhand::prelude::*;
use tokio::runtime::Runtime;

use crate::stage::*;

const CROWD: usize = 20_000;

/// Runs a body with a runtime and the crowd on it, which nobody drives any more.
fn with_a_crowd(
    what: &'static str,
    prepare: impl AsyncFn(&[Address<Member>]) + Copy + Send + 'static,
    body: impl Fn(Runtime, System, Vec<Address<Member>>) + Copy + Send + 'static,
) {
    let runtimes: [fn() -> Runtime; 2] = [current_thread, || multi_thread(2)];
    for runtime in runtimes {
        guarded(what, move || {
            let group = Group::new();
            let runtime = runtime();
            let (system, members) = runtime.block_on(async {
                let system = system().await;
                let mut members = Vec::with_capacity(CROWD);
                for n in 0..CROWD {
                    let member = system.worker(n.to_string(), group.member("m"));
                    members.push(member.start().await.unwrap());
                }
                prepare(&members).await;
                (system, members)
            });
            body(runtime, system, members);
            without_runtime(eventually("all states are gone", || group.members.alive() == 0));
            assert_eq!(group.members.ever(), CROWD);
        });
    }
}

/// Each tells the next one, which comes round to the first.
async fn tell_each_other(members: &[Address<Member>]) {
    for (n, member) in members.iter().enumerate() {
        let next = members[(n + 1) % CROWD].clone();
        let tell = Run::new(async move {
            next.try_tell(Note(1)).unwrap_or_default();
            0
        });
        member.try_tell(tell).unwrap();
    }
}

/// Each asks the next one, and the last never answers.
async fn ask_each_other(members: &[Address<Member>]) {
    let last = Gate::new();
    let mut handlers: Vec<_> = vec![Run::held(&last, &Gate::new())];
    for next in members[1..].iter().rev() {
        let next = next.clone();
        let inner = handlers.pop().expect("one at a time");
        handlers
            .push(Run::new(async move { u64::from(next.ask(inner).no_timeout().await.is_ok()) }));
    }
    members[0].try_tell(handlers.remove(0)).unwrap();
    last.opened().await;
}

/// G21
#[test]
fn an_idle_crowd_is_gone_with_its_runtime() {
    with_a_crowd(
        "an idle crowd",
        async |_| (),
        |runtime, system, members| {
            drop(runtime);
            assert!(members.iter().all(|member| member.is_stopped()));
            // That so many have ended is nobody's failure.
            let ended = without_runtime(system.stopped());
            assert!(matches!(ended, ExitReason::Shutdown), "{ended}");
        },
    );
}

/// G21
#[test]
fn a_crowd_with_messages_for_each_other_is_gone_with_its_runtime() {
    with_a_crowd("a crowd with messages", tell_each_other, |runtime, _system, members| {
        drop(runtime);
        assert!(members.iter().all(|member| member.is_stopped()));
    });
}

/// G20
///
/// The news of one end wakes the next one, which ends of it.
#[test]
fn a_crowd_in_which_each_waits_for_the_next_is_gone_with_its_runtime() {
    with_a_crowd("a chain of asks", ask_each_other, |runtime, _system, members| {
        let unanswered = members[0].ask(Note(1)).no_timeout();
        let mut unanswered = Box::pin(unanswered);
        without_runtime(poll_once(&mut unanswered));
        drop(runtime);
        assert_eq!(failure(without_runtime(unanswered)), "Stopped(None)");
        assert!(members.iter().all(|member| member.is_stopped()));
    });
}

/// G18
#[test]
fn a_crowd_handles_its_messages_before_it_is_shut_down() {
    with_a_crowd("the shutdown of a crowd", tell_each_other, |runtime, system, members| {
        runtime.block_on(system.shutdown()).unwrap();
        for member in members {
            // One that was stopped already was told nothing.
            let counters = member.counters();
            assert!(
                counters.received >= 1 && counters.handled == counters.received,
                "{counters:?}"
            );
        }
    });
}

/// G21
///
/// Each has a message in hand, and is killed.
#[test]
fn a_busy_crowd_is_gone_with_the_last_clone_of_its_system() {
    with_a_crowd("a busy crowd", ask_each_other, |runtime, system, members| {
        runtime.block_on(async {
            drop(system);
            eventually("all have stopped", || members.iter().all(|member| member.is_stopped()))
                .await;
        });
        let counters = members.iter().map(|member| member.counters());
        assert!(counters.map(|counters| (counters.handled, counters.lost)).all(|c| c == (0, 1)));
        // The drivers may be about to drop the last one.
        drop(runtime);
    });
}
