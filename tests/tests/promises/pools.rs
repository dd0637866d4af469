//! Pools: several workers of one type behind one handle.

use std::collections::HashSet;
use std::sync::atomic::{AtomicU64, Ordering};

use millhand::prelude::*;
use tokio::time::Instant;

use crate::stage::*;

#[test]
fn round_robin_takes_each_member_in_turn() {
    on_every_runtime(async || {
        let system = system().await;
        let pool = system.pool("pool", 3, Clerk::writing(&Log::new())).start().await.unwrap();
        let recipient = pool.recipient::<Note>();
        for n in 0..30 {
            match n % 4 {
                0 => pool.tell(Note(n)).await.unwrap(),
                1 => pool.try_tell(Note(n)).unwrap(),
                2 => assert_eq!(pool.ask(Note(n)).await, Ok(n)),
                _ => assert_eq!(recipient.ask(Note(n)).await, Ok(n)),
            }
        }
        system.shutdown().await.unwrap();
        let handled = handled(&pool);
        assert_eq!(handled, [10, 10, 10]);
        let paths: Vec<_> = pool.members().iter().map(|m| m.path().to_owned()).collect();
        assert_eq!(paths, ["pool/0", "pool/1", "pool/2"]);
        assert_eq!((pool.path(), recipient.path()), ("pool", "pool"));
    });
}

async fn least_loaded(system: &System, members: usize) -> Pool<Clerk> {
    let pool = system.pool("pool", members, Clerk::writing(&Log::new()));
    pool.routing(Routing::LeastLoaded).start().await.unwrap()
}

fn handled(pool: &Pool<Clerk>) -> Vec<u64> {
    pool.members().iter().map(|member| member.counters().handled).collect()
}

/// On one thread a handler has suspended, and an asked member is idle again, before anybody looks.
#[test]
fn least_loaded_avoids_a_busy_member() {
    paused(async || {
        let system = system().await;
        let pool = least_loaded(&system, 3).await;
        let (entered, leave) = (Gate::new(), Gate::new());
        let busy = &pool.members()[1];
        busy.tell(Run::held(&entered, &leave)).await.unwrap();
        entered.opened().await;
        for n in 0..50 {
            assert_eq!(pool.ask(Note(n)).await, Ok(n));
        }
        assert_eq!(busy.counters().received, 1);
        leave.open();
        system.shutdown().await.unwrap();
        let handled = handled(&pool);
        assert_eq!(handled.iter().sum::<u64>(), 51);
        assert!(handled.iter().all(|&handled| handled > 0), "{handled:?}");
    });
}

/// What a member has handled just now may still count as waiting, however long its thread is not given
/// the processor; but that is no more than all that was sent.
#[test]
fn least_loaded_avoids_a_member_with_messages_waiting() {
    on_every_runtime(async || {
        let system = system().await;
        let pool = least_loaded(&system, 3).await;
        let (entered, leave) = (Gate::new(), Gate::new());
        let busy = &pool.members()[1];
        busy.tell(Run::held(&entered, &leave)).await.unwrap();
        entered.opened().await;
        for n in 0..50 {
            busy.tell(Note(n)).await.unwrap();
        }
        for n in 0..50 {
            assert_eq!(pool.ask(Note(n)).await, Ok(n));
        }
        assert_eq!(busy.counters().received, 51);
        leave.open();
        system.shutdown().await.unwrap();
        let handled = handled(&pool);
        assert_eq!(handled.iter().sum::<u64>(), 101);
        assert!(handled.iter().all(|&handled| handled > 0), "{handled:?}");
    });
}

#[test]
fn least_loaded_levels_the_queues() {
    paused(async || {
        let system = system().await;
        let pool = least_loaded(&system, 4).await;
        let leave = Gate::new();
        for member in pool.members() {
            member.tell(Run::held(&Gate::new(), &leave)).await.unwrap();
        }
        until_idle().await;
        for n in 0..10 {
            pool.members()[0].tell(Note(n)).await.unwrap();
        }
        for n in 0..30 {
            pool.try_tell(Note(n)).unwrap();
        }
        let waiting: Vec<_> = pool.members().iter().map(|m| m.counters().mailbox).collect();
        assert_eq!(waiting, [10, 10, 10, 10]);
        leave.open();
        system.shutdown().await.unwrap();
    });
}

/// G16
#[test]
fn one_key_has_one_member_and_keeps_its_order() {
    on_every_runtime(async || {
        let log = Log::new();
        let system = system().await;
        let pool = system.pool("pool", 4, Clerk::writing(&log)).start().await.unwrap();
        for n in 0..4_000 {
            let key = format!("key {}", n % 40);
            let member = pool.by_key(key.as_str());
            assert_eq!(member, pool.by_key(&key));
            member.tell(Note(n)).await.unwrap();
        }
        system.shutdown().await.unwrap();
        let all = log.take();
        for key in 0..40 {
            let of_key: Vec<_> = all.iter().copied().filter(|n| n % 40 == key).collect();
            assert!(of_key.is_sorted() && of_key.len() == 100, "key {key}");
        }
        let used = pool.members().iter().filter(|m| m.counters().received > 0);
        assert_eq!(used.count(), 4);
    });
}

#[test]
fn a_members_crash_is_its_own() {
    paused(async || {
        let group = Group::new();
        let system = system().await;
        let pool = system.pool("pool", 3, group.member("m")).start().await.unwrap();
        assert_eq!(group.members.alive(), 3);
        assert_eq!(failure(pool.ask(Run::crash()).await), "Restarted");
        for n in 0..9 {
            assert_eq!(pool.ask(Note(n)).await, Ok(n));
        }
        let restarts: Vec<_> = pool.members().iter().map(|m| m.counters().restarts).collect();
        assert_eq!(restarts, [1, 0, 0]);
        system.shutdown().await.unwrap();
        assert_eq!(group.members.alive(), 0);
    });
}

#[test]
fn a_pool_spreads_over_all_threads() {
    on_two_threads(async || {
        // Two members, each in a handler that does not suspend until the other is there as well.
        let system = system().await;
        let pool = system.pool("pool", 2, Clerk::writing(&Log::new())).start().await.unwrap();
        let both = std::sync::Arc::new(std::sync::Barrier::new(2));
        let meet = || {
            let both = std::sync::Arc::clone(&both);
            Run::new(async move {
                both.wait();
                1
            })
        };
        for _ in 0..100 {
            let (one, two) = tokio::join!(pool.ask(meet()).queued(), pool.ask(meet()).queued());
            assert_eq!((one.ok(), two.ok()), (Some(1), Some(1)));
        }
        system.shutdown().await.unwrap();
    });
}

#[test]
fn members_are_found_by_their_paths() {
    paused(async || {
        let system = system().await;
        let pool = system.pool("pool", 2, Clerk::writing(&Log::new())).start().await.unwrap();
        assert_eq!(system.lookup::<Clerk>("pool/1").as_ref(), Some(&pool.members()[1]));
        assert!(system.lookup::<Clerk>("pool/2").is_none());
        assert!(system.lookup::<Clerk>("pool").is_none());
        let paths: Vec<_> = system.counters().into_iter().map(|(path, _)| path).collect();
        assert_eq!(paths, ["pool/0", "pool/1"]);
        system.shutdown().await.unwrap();
    });
}

/// As a worker's: the pool tries as often as it bears, then the start says why, and nothing is left.
#[test]
fn a_pool_whose_members_do_not_start_gives_up_and_is_gone() {
    paused(async || {
        let exact = Backoff { jitter: 0.0, ..Default::default() };
        let system = system().await;
        // More often than the outermost supervisor bears failures: these are none of its own.
        for _ in 0..12 {
            let begin = Instant::now();
            let pool = system.pool("p", 2, || Err::<Clerk, _>("the disk is gone"));
            let failed = pool.backoff(exact).start().await.unwrap_err();
            assert_eq!(begin.elapsed(), ms(4_270));
            assert_eq!(
                failed.to_string(),
                "`p` did not start: supervisor `p` gave up on `p/0`, \
                 which failed to start: the disk is gone"
            );
            let StartError::Failed { reason, .. } = failed else { panic!("{failed}") };
            assert!(matches!(reason.root_cause(), ExitReason::Failed(_)));
            assert_eq!(system.counters().len(), 0);
        }
        let log = Log::new();
        let pool = system.pool("p", 2, Clerk::writing(&log)).start().await.unwrap();
        assert_eq!(pool.ask(Note(1)).await, Ok(1));
        system.shutdown().await.unwrap();
    });
}

/// It once made members until memory was full, or for ever.
#[test]
fn a_pool_of_too_many_members_is_refused_at_once() {
    paused(async || {
        let system = system().await;
        let log = Log::new();
        for size in [65_537, usize::MAX] {
            let refused = system.pool("p", size, Clerk::writing(&log)).start().await.unwrap_err();
            assert!(matches!(refused, StartError::InvalidOption { .. }), "{refused:?}");
            let text = refused.to_string();
            assert!(text.contains(&format!("size is {size}; a pool has 1 to 65536")), "{text}");
        }
        let pool = system.pool("p", 65_536, Clerk::writing(&log)).start().await.unwrap();
        assert_eq!(pool.members()[65_535].ask(Note(1)).await, Ok(1));
        system.shutdown().await.unwrap();
    });
}

/// A temporary member is started once. The pool is up all the same, with those that are.
#[test]
fn a_temporary_member_that_does_not_start_is_missing() {
    paused(async || {
        for good in [2, 0] {
            let system = system().await;
            let (made, make) = (AtomicU64::new(0), Clerk::writing(&Log::new()));
            let make = move || {
                let before = made.fetch_add(1, Ordering::Relaxed);
                if before < good { Ok(make()) } else { Err("no connection") }
            };
            let pool = system.pool("p", 3, make).restart(Restart::temporary());
            let pool = pool.start().await.unwrap();
            let there = pool.members().iter().filter(|member| !member.is_stopped());
            assert_eq!(there.count() as u64, good);
            match good {
                0 => assert_eq!(failure(pool.ask(Note(1)).await), "Stopped(Some(..))"),
                _ => assert_eq!(pool.ask(Note(1)).await, Ok(1)),
            }
            // Nothing is tried again, and nobody above hears of it.
            until_idle().await;
            assert!(system.pool("p", 1, Clerk::writing(&Log::new())).start().await.is_err());
            system.shutdown().await.unwrap();
        }
    });
}

#[test]
#[expect(clippy::mutable_key_type, reason = "an address is known by its place, which stays")]
fn equal_addresses_and_recipients_reach_the_same() {
    paused(async || {
        let log = Log::new();
        let system = system().await;
        let pool = system.pool("pool", 2, Clerk::writing(&log)).start().await.unwrap();
        let [one, two] = pool.members() else { panic!("{pool:?}") };

        let found = system.lookup::<Clerk>("pool/0").unwrap();
        assert!(*one == found && one != two);
        let addresses = HashSet::from([one.clone(), two.clone(), found.clone(), one.clone()]);
        assert_eq!(addresses.len(), 2);

        let (first, second) = (one.recipient::<Note>(), two.recipient::<Note>());
        assert!(first == found.recipient() && first == first.clone() && first != second);
        let whole = pool.recipient::<Note>();
        assert!(whole == pool.clone().recipient() && whole != first && whole != second);
        let recipients = [&first, &second, &whole, &found.recipient(), &pool.recipient()];
        assert_eq!(recipients.into_iter().collect::<HashSet<_>>().len(), 3);

        // A worker that is restarted stays who it is.
        one.tell(Run::crash()).await.unwrap();
        assert_eq!(one.ask(Note(1)).await, Ok(1));
        assert!(addresses.contains(one) && first == one.recipient());
        system.shutdown().await.unwrap();
    });
}

#[test]
fn members_that_have_ended_for_good_get_no_messages() {
    for routing in [Routing::RoundRobin, Routing::LeastLoaded] {
        paused(async move || {
            let system = system().await;
            let pool = system
                .pool("pool", 4, Clerk::writing(&Log::new()))
                .routing(routing)
                .restart(Restart::temporary())
                .start()
                .await
                .unwrap();
            for ended in 0..4 {
                for n in 0..20 {
                    assert_eq!(pool.ask(Note(n)).await, Ok(n), "{ended} have ended");
                }
                let keyed = pool.by_key("key").clone();
                pool.members()[ended].tell(Run::crash()).await.unwrap();
                until_idle().await;
                assert_eq!(pool.by_key("key"), &keyed);
                assert!(pool.members()[ended].is_stopped());
            }
            assert_eq!(failure(pool.ask(Note(0)).await), "Stopped(Some(..))");
            system.shutdown().await.unwrap();
        });
    }
}

#[test]
fn a_pool_that_is_refused_leaves_nothing_behind() {
    on_every_runtime(async || {
        let (held, log) = (Population::default(), Log::new());
        let system = system().await;
        let stopping = system.supervisor("s").start().await.unwrap();
        system.shutdown().await.unwrap();
        let (alive, make) = (held.born(), Clerk::writing(&log));
        let pool = stopping.pool("p", 2, move || {
            let _ = &alive;
            make()
        });
        let refused = pool.start().await.unwrap_err();
        assert!(matches!(refused, StartError::Stopping { .. }), "{refused:?}");
        assert_eq!(held.alive(), 0);
        assert!(system.lookup::<Clerk>("s/p/0").is_none());
    });
}

/// Not when it is made: what counts is who is busy when it is sent.
#[test]
fn a_member_is_picked_when_the_message_is_sent() {
    paused(async || {
        let system = system().await;
        let pool = least_loaded(&system, 4).await;
        let recipient = pool.recipient::<Note>();
        let (ask, tell) = (pool.ask(Note(1)), recipient.tell(Note(2)));
        let leave = Gate::new();
        for member in &pool.members()[..3] {
            member.tell(Run::held(&Gate::new(), &leave)).await.unwrap();
        }
        until_idle().await;
        assert_eq!(ask.await, Ok(1));
        tell.await.unwrap();
        until_idle().await;
        assert_eq!(handled(&pool), [0, 0, 0, 2]);
        leave.open();
        system.shutdown().await.unwrap();
    });
}
