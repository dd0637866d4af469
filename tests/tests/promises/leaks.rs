//! Nothing leaks: after the end of a system, or of its runtime, all states and messages are dropped.

use millhand::prelude::*;

use crate::stage::*;

/// A note with a life.
fn living(population: &Population) -> Run {
    let alive = population.born();
    Run::new(async move {
        tokio::task::yield_now().await;
        drop(alive);
        0
    })
}

/// Hangs with a life.
fn hanging(population: &Population, entered: &Gate) -> Run {
    let (alive, entered) = (population.born(), entered.clone());
    Run::new(async move {
        entered.open();
        std::future::pending::<()>().await;
        drop(alive);
        0
    })
}

/// G21
#[test]
fn after_a_shutdown_all_states_and_messages_are_gone() {
    on_every_runtime(async || {
        let (group, messages) = (Group::new(), Population::default());
        let system = system().await;
        let supervisor = system.supervisor("s").start().await.unwrap();
        let mut members = Vec::new();
        for n in 0..10 {
            let member = supervisor.worker(n.to_string(), group.member("m"));
            members.push(member.start().await.unwrap());
        }
        let pool = system.pool("p", 4, group.member("p")).start().await;
        let pool = pool.unwrap();
        for _ in 0..100 {
            for member in members.iter().chain(pool.members()) {
                member.tell(living(&messages)).await.unwrap();
            }
        }
        system.shutdown().await.unwrap();
        assert_eq!(group.members.alive(), 0);
        assert_eq!(messages.alive(), 0);
        assert_eq!(messages.ever(), 1_400);
        let handled: u64 = system.counters().iter().map(|(_, c)| c.handled).sum();
        assert_eq!(handled, 0, "workers that have ended are not listed");
    });
}

/// G21
#[test]
fn after_the_last_clone_of_a_system_is_dropped_all_is_gone() {
    on_every_runtime(async || {
        let (group, messages) = (Group::new(), Population::default());
        let system = system().await;
        let member = system.worker("m", group.member("m")).start().await;
        let member = member.unwrap();
        let entered = Gate::new();
        member.tell(hanging(&messages, &entered)).await.unwrap();
        for _ in 0..100 {
            member.tell(living(&messages)).await.unwrap();
        }
        entered.opened().await;
        let clone = system.clone();
        drop(system);
        tokio::task::yield_now().await;
        assert!(!member.is_stopped());
        drop(clone);
        eventually("all is gone", || {
            member.is_stopped() && group.members.alive() == 0 && messages.alive() == 0
        })
        .await;
        assert!(group.log.take().contains(&"-m killed".into()));
    });
}

/// G21
#[test]
fn after_its_runtime_is_dropped_all_is_gone() {
    let runtimes: [fn() -> tokio::runtime::Runtime; 4] =
        [current_thread, || multi_thread(1), || multi_thread(2), || multi_thread(8)];
    for runtime in runtimes {
        for keep in [true, false] {
            guarded("the drop of a runtime", move || {
                let (group, messages) = (Group::new(), Population::default());
                let runtime = runtime();
                let kept = runtime.block_on(async {
                    let system = system().await;
                    let mut members = Vec::new();
                    for n in 0..10 {
                        let member = system.worker(n.to_string(), group.member("m"));
                        let member = member.start().await.unwrap();
                        let entered = Gate::new();
                        if n % 2 == 0 {
                            member.tell(hanging(&messages, &entered)).await.unwrap();
                            entered.opened().await;
                        }
                        for _ in 0..50 {
                            member.tell(living(&messages)).await.unwrap();
                        }
                        members.push(member);
                    }
                    (system, members)
                });
                let kept = keep.then_some(kept);
                drop(runtime);
                if let Some((_, members)) = &kept {
                    assert!(members.iter().all(|member| member.is_stopped()));
                }
                // The watchdog's thread may be the one that lets go last.
                without_runtime(eventually("all is gone", || {
                    group.members.alive() == 0 && messages.alive() == 0
                }));
            });
        }
    }
}

/// G21
///
/// A runtime that is dropped before its tasks were ever polled.
#[test]
fn a_runtime_dropped_right_after_the_start_leaves_nothing() {
    guarded("the drop of a runtime", || {
        for _ in 0..50 {
            let (group, messages) = (Group::new(), Population::default());
            let runtime = current_thread();
            let (system, starting) = runtime.block_on(async {
                let system = system().await;
                let starting = tokio::spawn(system.worker("m", group.member("m")).start());
                (system, starting)
            });
            drop(runtime);
            let lost = current_thread().block_on(starting);
            assert!(lost.is_err() || lost.unwrap().is_err());
            drop(system);
            assert_eq!(group.members.alive(), 0);
            assert_eq!(messages.alive(), 0);
        }
    });
}

/// G21
#[test]
fn crashes_and_kills_leak_no_message() {
    on_every_runtime(async || {
        let (group, messages) = (Group::new(), Population::default());
        silence_planned_panics();
        let system = system().await;
        let member =
            system.worker("m", group.member("m")).shutdown(Shutdown::Kill).start().await.unwrap();
        for n in 0..500 {
            let alive = messages.born();
            let crash = Run::new(async move {
                tokio::task::yield_now().await;
                let _alive = alive;
                if n % 2 == 0 {
                    panic!("planned");
                }
                1
            });
            member.tell(crash).await.unwrap();
        }
        member.tell(Run::new(std::future::pending())).await.unwrap();
        for _ in 0..100 {
            member.tell(living(&messages)).await.unwrap();
        }
        system.shutdown().await.unwrap();
        assert_eq!(group.members.alive(), 0);
        assert_eq!(messages.alive(), 0);
    });
}
