//! Supervision: who shares whose fate, in which order, and what can be put into the tree.

use millhand::prelude::*;
use millhand::{Backoff, BoxError, ExitReason, Intensity, StartError, Supervisor};
use tokio::time::Instant;

use crate::stage::*;

/// Three members under a supervisor with the given strategy.
async fn trio(
    system: &System,
    strategy: Strategy,
    group: &Group,
) -> (Supervisor, [Address<Member>; 3]) {
    let supervisor = system.supervisor("trio").strategy(strategy).start().await.unwrap();
    let mut members = Vec::new();
    for name in ["a", "b", "c"] {
        let member = supervisor.worker(name, group.member(name));
        members.push(member.start().await.unwrap());
    }
    assert_eq!(group.log.take(), ["+a", "+b", "+c"]);
    let members = members.try_into().ok().unwrap();
    (supervisor, members)
}

#[test]
fn one_for_one_restarts_only_the_one() {
    paused(async || {
        let group = Group::new();
        let system = system().await;
        let (_, [_, b, _]) = trio(&system, Strategy::OneForOne, &group).await;
        b.tell(Run::crash()).await.unwrap();
        tokio::time::sleep(secs(1)).await;
        assert_eq!(group.log.take(), ["-b panicked", "+b"]);
        system.shutdown().await.unwrap();
        assert_eq!(group.log.take(), ["-c shutdown", "-b shutdown", "-a shutdown"]);
    });
}

/// G12
#[test]
fn one_for_all_stops_in_reverse_and_starts_in_order() {
    paused(async || {
        let group = Group::new();
        let system = system().await;
        let (_, [a, b, c]) = trio(&system, Strategy::OneForAll, &group).await;
        b.tell(Run::crash()).await.unwrap();
        tokio::time::sleep(secs(1)).await;
        assert_eq!(
            group.log.take(),
            ["-b panicked", "-c shutdown", "-a shutdown", "+a", "+b", "+c"]
        );
        for member in [a, b, c] {
            assert_eq!(member.counters().restarts, 1);
            assert_eq!(member.ask(Note(1)).await, Ok(1));
        }
        system.shutdown().await.unwrap();
    });
}

#[test]
fn rest_for_one_restarts_those_that_were_started_later() {
    paused(async || {
        let group = Group::new();
        let system = system().await;
        let (_, [a, b, c]) = trio(&system, Strategy::RestForOne, &group).await;
        b.tell(Run::crash()).await.unwrap();
        tokio::time::sleep(secs(1)).await;
        assert_eq!(group.log.take(), ["-b panicked", "-c shutdown", "+b", "+c"]);
        let restarts = [&a, &b, &c].map(|member| member.counters().restarts);
        assert_eq!(restarts, [0, 1, 1]);
        system.shutdown().await.unwrap();
    });
}

/// G7
///
/// Stopped to be started again, a sibling finishes the message in hand and keeps its mailbox.
#[test]
fn siblings_that_are_restarted_lose_no_message() {
    on_every_runtime(async || {
        let group = Group::new();
        let system = system().await;
        let (_, [a, b, _]) = trio(&system, Strategy::OneForAll, &group).await;
        let (entered, leave) = (Gate::new(), Gate::new());
        let mut in_hand = a.ask(Run::held(&entered, &leave));
        poll_once(&mut in_hand).await;
        entered.opened().await;
        for n in 0..10 {
            a.tell(Note(n)).await.unwrap();
        }
        b.tell(Note(0)).await.unwrap();
        b.tell(Run::crash()).await.unwrap();
        eventually("b has crashed", || b.counters().lost == 1).await;
        leave.open();
        assert_eq!(in_hand.await.ok(), Some(0));
        assert_eq!(a.ask(Note(10)).await, Ok(10));
        system.shutdown().await.unwrap();
        assert_eq!(a.counters().handled, 12);
        assert_eq!(a.counters().lost + a.counters().dropped, 0);
    });
}

#[test]
fn permanent_transient_and_temporary_differ_as_in_otp() {
    paused(async || {
        let group = Group::new();
        let system = system().await;
        let kinds = [
            ("permanent", Restart::permanent()),
            ("transient", Restart::transient()),
            ("temporary", Restart::temporary()),
        ];
        let mut members = Vec::new();
        for (name, restart) in kinds {
            let member = system.worker(name, group.member(name)).restart(restart);
            members.push(member.start().await.unwrap());
        }
        // After a crash all but the temporary one come back.
        for member in &members {
            member.tell(Run::crash()).await.unwrap();
        }
        tokio::time::sleep(secs(1)).await;
        let alive = |members: &[Address<Member>]| {
            let alive = members.iter().map(|member| !member.is_stopped());
            alive.collect::<Vec<_>>()
        };
        assert_eq!(alive(&members), [true, true, false]);
        // After a normal end only the permanent one does.
        for member in &members[..2] {
            member.tell(With::stop()).await.unwrap();
        }
        tokio::time::sleep(secs(1)).await;
        assert_eq!(alive(&members), [true, false, false]);
        assert_eq!(members[0].counters().restarts, 2);
        assert_eq!(members[1].counters().restarts, 1);
        system.shutdown().await.unwrap();
    });
}

/// As in OTP: it goes down with its siblings, and stays down.
#[test]
fn a_temporary_worker_is_not_restarted_by_a_siblings_crash() {
    paused(async || {
        let group = Group::new();
        let system = system().await;
        let supervisor =
            system.supervisor("s").strategy(Strategy::OneForAll).start().await.unwrap();
        let a = supervisor.worker("a", group.member("a"));
        let a = a.start().await.unwrap();
        let b = supervisor
            .worker("b", group.member("b"))
            .restart(Restart::temporary())
            .start()
            .await
            .unwrap();
        assert_eq!(group.log.take(), ["+a", "+b"]);
        a.tell(Run::crash()).await.unwrap();
        tokio::time::sleep(secs(1)).await;
        assert_eq!(group.log.take(), ["-a panicked", "-b shutdown", "+a"]);
        assert!(b.is_stopped());
        system.shutdown().await.unwrap();
    });
}

#[test]
fn a_transient_worker_that_was_stopped_with_its_siblings_is_started_with_them() {
    paused(async || {
        let group = Group::new();
        let system = system().await;
        let supervisor =
            system.supervisor("s").strategy(Strategy::OneForAll).start().await.unwrap();
        let a = supervisor.worker("a", group.member("a"));
        let a = a.start().await.unwrap();
        let b = supervisor
            .worker("b", group.member("b"))
            .restart(Restart::transient())
            .start()
            .await
            .unwrap();
        assert_eq!(group.log.take(), ["+a", "+b"]);
        a.tell(Run::crash()).await.unwrap();
        tokio::time::sleep(secs(1)).await;
        assert_eq!(group.log.take(), ["-a panicked", "-b shutdown", "+a", "+b"]);
        // One that ended by itself is gone, and takes nobody along.
        b.tell(With::stop()).await.unwrap();
        tokio::time::sleep(secs(1)).await;
        assert_eq!(group.log.take(), ["-b normal"]);
        a.tell(Run::crash()).await.unwrap();
        tokio::time::sleep(secs(1)).await;
        assert_eq!(group.log.take(), ["-a panicked", "+a"]);
        system.shutdown().await.unwrap();
    });
}

#[test]
fn a_supervisor_that_gives_up_is_restarted_with_its_subtree() {
    paused(async || {
        let group = Group::new();
        let system = system().await;
        let outside = system.worker("outside", group.member("outside"));
        outside.start().await.unwrap();
        let supervisor = system
            .supervisor("inner")
            .intensity(Intensity { fruitless: 1, ..Default::default() })
            .start()
            .await
            .unwrap();
        let a = supervisor.worker("a", group.member("a"));
        let a = a.start().await.unwrap();
        let deeper = supervisor.supervisor("deeper").start().await.unwrap();
        let b = deeper.worker("b", group.member("b")).start().await.unwrap();
        assert_eq!(b.path(), "inner/deeper/b");
        assert_eq!(group.log.take(), ["+outside", "+a", "+b"]);
        a.tell(Run::crash()).await.unwrap();
        a.tell(Run::crash()).await.unwrap();
        tokio::time::sleep(secs(1)).await;
        assert_eq!(
            group.log.take(),
            ["-a panicked", "+a", "-a panicked", "-b shutdown", "+a", "+b"]
        );
        assert_eq!(b.ask(Note(2)).await, Ok(2));
        system.shutdown().await.unwrap();
        let end = group.log.take();
        assert_eq!(end, ["b 2", "-b shutdown", "-a shutdown", "-outside shutdown"]);
    });
}

/// G11
#[test]
fn escalation_climbs_to_the_root_and_ends_the_system() {
    paused(async || {
        let never = Intensity { fruitless: 0, ..Default::default() };
        let system = System::builder("root").intensity(never);
        let system = system.start().await.unwrap();
        let outer = system.supervisor("outer").intensity(never);
        let outer = outer.start().await.unwrap();
        let inner = outer.supervisor("inner").intensity(never);
        let inner = inner.start().await.unwrap();
        let group = Group::new();
        let a = inner.worker("a", group.member("a")).start().await.unwrap();
        a.tell(Run::crash()).await.unwrap();
        let reason = system.stopped().await;
        assert_eq!(
            reason.to_string(),
            "supervisor `root` gave up on `outer`, which supervisor `outer` gave up on \
             `outer/inner`, which supervisor `outer/inner` gave up on `outer/inner/a`, \
             which panicked: planned crash"
        );
        assert!(matches!(reason.root_cause(), ExitReason::Panicked(_)));
        assert!(a.is_stopped());
        assert_eq!(group.members.alive(), 0);
        system.shutdown().await.unwrap();
    });
}

/// G12
#[test]
fn each_child_has_its_time_to_stop_and_then_is_killed() {
    paused(async || {
        let group = Group::new();
        let system = system().await;
        for (name, limit) in [("a", 2), ("b", 3)] {
            let member = system
                .worker(name, group.member(name))
                .shutdown(Shutdown::Within(secs(limit)))
                .start()
                .await
                .unwrap();
            let hang = Run::new(std::future::pending());
            member.tell(hang).await.unwrap();
        }
        let quick = system.worker("c", group.member("c")).start().await.unwrap();
        until_idle().await;
        group.log.take();
        let begin = Instant::now();
        let cut_short = system.shutdown().await.unwrap_err();
        assert_eq!(cut_short.killed, ["b", "a"]);
        // One after the other, the last first.
        assert_eq!(begin.elapsed(), secs(5));
        assert_eq!(group.log.take(), ["-c shutdown", "-b killed", "-a killed"]);
        assert!(quick.is_stopped());
    });
}

#[test]
fn shutdown_kill_takes_no_time_and_drains_nothing() {
    paused(async || {
        let group = Group::new();
        let system = system().await;
        let member =
            system.worker("a", group.member("a")).shutdown(Shutdown::Kill).start().await.unwrap();
        let hang = Run::new(std::future::pending());
        member.tell(hang).await.unwrap();
        for n in 0..5 {
            member.tell(Note(n)).await.unwrap();
        }
        until_idle().await;
        let begin = Instant::now();
        system.shutdown().await.unwrap();
        assert_eq!(begin.elapsed(), ms(0));
        assert_eq!(group.log.take(), ["+a", "-a killed"]);
        let counters = member.counters();
        assert_eq!((counters.dropped, counters.lost), (5, 1));
    });
}

#[test]
fn shutdown_forever_waits_for_the_handler() {
    paused(async || {
        let group = Group::new();
        let system = system().await;
        let member = system
            .worker("a", group.member("a"))
            .shutdown(Shutdown::Forever)
            .start()
            .await
            .unwrap();
        let slow = Run::new(async {
            tokio::time::sleep(secs(20)).await;
            1
        });
        member.tell(slow).await.unwrap();
        member.tell(Note(1)).await.unwrap();
        until_idle().await;
        let begin = Instant::now();
        system.shutdown().await.unwrap();
        assert_eq!(begin.elapsed(), ms(19_999));
        assert_eq!(group.log.take(), ["+a", "a 1", "-a shutdown"]);
    });
}

#[test]
fn shutdown_limits_of_any_length_are_taken() {
    paused(async || {
        let group = Group::new();
        let system = System::builder("test")
            .shutdown_deadline(std::time::Duration::MAX)
            .start()
            .await
            .unwrap();
        let member = system
            .worker("a", group.member("a"))
            .shutdown(Shutdown::Within(std::time::Duration::MAX))
            .start()
            .await
            .unwrap();
        member.tell(Note(1)).await.unwrap();
        system.shutdown().await.unwrap();
        assert_eq!(group.log.take(), ["+a", "a 1", "-a shutdown"]);
    });
}

#[test]
fn children_can_be_added_while_one_waits_for_its_restart() {
    for strategy in [Strategy::OneForOne, Strategy::OneForAll, Strategy::RestForOne] {
        paused(async move || {
            let group = Group::new();
            let system = system().await;
            let supervisor = system
                .supervisor("s")
                .strategy(strategy)
                .backoff(Backoff { first: secs(1), longest: secs(1), jitter: 0.0 })
                .start()
                .await
                .unwrap();
            let a = supervisor.worker("a", group.member("a"));
            let a = a.start().await.unwrap();
            a.tell(Run::crash()).await.unwrap();
            until_idle().await;
            assert_eq!(group.log.take(), ["+a", "-a panicked"]);
            let begin = Instant::now();
            let b = supervisor.worker("b", group.member("b"));
            let b = b.start().await.unwrap();
            assert_eq!(b.ask(Note(1)).await, Ok(1));
            if strategy == Strategy::OneForOne {
                assert_eq!(begin.elapsed(), ms(0));
            }
            tokio::time::sleep(secs(5)).await;
            assert_eq!(a.ask(Note(2)).await, Ok(2));
            let mut log = group.log.take();
            log.sort();
            assert_eq!(log, ["+a", "+b", "a 2", "b 1"]);
            system.shutdown().await.unwrap();
        });
    }
}

#[test]
fn a_name_is_free_again_once_its_worker_has_ended() {
    on_every_runtime(async || {
        let group = Group::new();
        let system = system().await;
        for _ in 0..10 {
            let member = system
                .worker("once", group.member("once"))
                .restart(Restart::temporary())
                .start()
                .await
                .unwrap();
            assert_eq!(system.lookup::<Member>("once"), Some(member.clone()));
            member.tell(With::stop()).await.unwrap();
            eventually("the name is free", || system.lookup::<Member>("once").is_none()).await;
        }
        assert_eq!(system.counters().len(), 0);
        system.shutdown().await.unwrap();
    });
}

#[test]
fn names_are_taken_and_must_be_names() {
    on_every_runtime(async || {
        let group = Group::new();
        let system = system().await;
        let start = |name: &'static str| system.worker(name, group.member("m")).start();
        start("a").await.unwrap();
        let taken = start("a").await.unwrap_err();
        assert!(matches!(&taken, StartError::NameTaken { path } if path == "a"), "{taken:?}");
        let taken = system.supervisor("a").start().await.unwrap_err();
        assert!(matches!(taken, StartError::NameTaken { .. }), "{taken:?}");
        let taken = system.pool("a", 2, group.member("m")).start().await;
        assert!(matches!(taken, Err(StartError::NameTaken { .. })));
        for bad in ["", "a/b", "a\nb"] {
            let invalid = start(bad).await.unwrap_err();
            assert!(
                matches!(&invalid, StartError::InvalidName { name, .. } if name == bad),
                "{invalid:?}"
            );
        }
        // The same name under another supervisor is another path.
        let s = system.supervisor("s").start().await.unwrap();
        let nested = s.worker("a", group.member("m")).start().await.unwrap();
        assert_eq!(nested.path(), "s/a");
        system.shutdown().await.unwrap();
        assert_eq!(group.members.alive(), 0);
    });
}

#[test]
fn options_that_make_no_sense_are_refused() {
    paused(async || {
        let group = Group::new();
        let system = system().await;
        let invalid = |error: StartError, words: &[&str]| {
            assert!(matches!(error, StartError::InvalidOption { .. }), "{error:?}");
            let text = error.to_string();
            assert!(words.iter().all(|word| text.contains(word)), "{text}");
        };
        let pool = system.pool("p", 0, group.member("m")).start().await;
        invalid(pool.unwrap_err(), &["p", "size is 0"]);
        let jitter = Backoff { jitter: 1.5, ..Default::default() };
        let refused = system.supervisor("s").backoff(jitter).start().await;
        invalid(refused.unwrap_err(), &["s", "backoff.jitter is 1.5"]);
        let not_a_number = Backoff { jitter: f64::NAN, ..Default::default() };
        let refused = System::builder("x").backoff(not_a_number).start().await;
        invalid(refused.unwrap_err(), &["x", "NaN"]);
        let upside_down = Backoff { longest: ms(1), ..Default::default() };
        let refused = system.pool("p", 2, group.member("m")).backoff(upside_down).start().await;
        invalid(refused.unwrap_err(), &["p", "backoff.longest"]);
        let no_window = Intensity { within: ms(0), ..Default::default() };
        let refused = System::builder("x").intensity(no_window).start().await;
        invalid(refused.unwrap_err(), &["x", "intensity.within"]);
        // Nothing was left behind: the names are free.
        system.pool("p", 2, group.member("m")).start().await.unwrap();
        system.supervisor("s").start().await.unwrap();
        system.shutdown().await.unwrap();
    });
}

mod first {
    use millhand::prelude::*;

    #[derive(Message, Serialize, Deserialize)]
    #[message(name = "promises.same", version = 1)]
    pub(super) struct Same;
}

mod second {
    use millhand::prelude::*;

    #[derive(Message, Serialize, Deserialize)]
    #[message(name = "promises.same", version = 1)]
    pub(super) struct AlsoSame;

    #[derive(Message, Serialize, Deserialize)]
    #[message(name = "promises.same", version = 2)]
    pub(super) struct Next;
}

macro_rules! handler_of {
    ($worker:ident, $($message:ty),*) => {
        #[derive(Worker)]
        #[worker(handles($($message),*))]
        struct $worker;

        $(impl Handle<$message> for $worker {
            async fn handle(&mut self, _: $message, _cx: &mut Context<Self>) {}
        })*
    };
}
handler_of!(OfFirst, first::Same);
handler_of!(OfFirstToo, first::Same);
handler_of!(OfSecond, second::AlsoSame);
handler_of!(OfNext, second::Next);

/// G23
#[test]
fn one_name_for_two_message_types_is_an_error_that_names_both() {
    paused(async || {
        let system = system().await;
        system.worker("1", || OfFirst).start().await.unwrap();
        system.worker("2", || OfFirstToo).start().await.unwrap();
        system.worker("3", || OfNext).start().await.unwrap();
        let conflict = system.worker("4", || OfSecond).start().await.unwrap_err();
        assert!(matches!(conflict, StartError::MessageConflict { .. }), "{conflict:?}");
        let text = conflict.to_string();
        for part in ["promises.same@1", "first::Same", "second::AlsoSame"] {
            assert!(text.contains(part), "{text}");
        }
        // The name `4` was not taken, and another system knows nothing of it.
        assert!(system.lookup::<OfSecond>("4").is_none());
        let other = System::builder("other").start().await.unwrap();
        other.worker("4", || OfSecond).start().await.unwrap();
        system.shutdown().await.unwrap();
        other.shutdown().await.unwrap();
    });
}

/// G23
#[test]
fn two_message_types_in_one_function_are_two_types() {
    macro_rules! one_type {
        () => {{
            #[derive(Message, Serialize, Deserialize)]
            #[message(name = "promises.local", version = 1)]
            struct Local;
            handler_of!(OfLocal, Local);
            || OfLocal
        }};
    }
    paused(async || {
        let system = system().await;
        system.worker("1", one_type!()).start().await.unwrap();
        let conflict = system.worker("2", one_type!()).start().await.unwrap_err();
        assert!(matches!(conflict, StartError::MessageConflict { .. }), "{conflict:?}");
    });
}

#[test]
fn nothing_can_be_added_to_a_system_that_has_stopped() {
    paused(async || {
        let group = Group::new();
        let system = system().await;
        let supervisor = system.supervisor("s").start().await.unwrap();
        system.shutdown().await.unwrap();
        let late = system.worker("a", group.member("a")).start().await;
        assert!(matches!(late, Err(StartError::Stopping { path }) if path == "a"));
        let late = supervisor.worker("a", group.member("a")).start().await;
        assert!(matches!(late, Err(StartError::Stopping { path }) if path == "s/a"));
        let late = system.pool("p", 2, group.member("a")).start().await;
        assert!(matches!(late, Err(StartError::Stopping { .. })));
        assert_eq!(group.members.ever(), 0);
    });
}

/// A worker whose `started` does not return holds up its own start, and is killed like any other.
#[test]
fn a_started_that_never_returns_can_be_shut_down() {
    #[derive(Worker)]
    #[worker(handles(Note), lifecycle)]
    struct Slow;

    impl Lifecycle for Slow {
        async fn started(&mut self, _cx: &mut Context<Self>) -> Result<(), BoxError> {
            std::future::pending().await
        }
    }

    impl Handle<Note> for Slow {
        async fn handle(&mut self, Note(n): Note, _cx: &mut Context<Self>) -> u64 {
            n
        }
    }

    paused(async || {
        let system = system().await;
        let starting = tokio::spawn(system.worker("slow", || Slow).start());
        until_idle().await;
        let begin = Instant::now();
        system.shutdown().await.unwrap();
        assert_eq!(begin.elapsed(), secs(5));
        let failed = starting.await.unwrap().unwrap_err();
        assert!(
            matches!(failed, StartError::Stopping { .. } | StartError::Failed { .. }),
            "{failed:?}"
        );
    });
}
