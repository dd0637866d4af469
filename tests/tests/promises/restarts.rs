//! Restarts: what survives them, when they happen, and when a supervisor gives up.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use millhand::prelude::*;
use millhand::{Backoff, ExitReason, Intensity, StartError, SystemBuilder};
use tokio::time::Instant;

use crate::stage::*;

/// A system whose delays are exact.
fn exact() -> SystemBuilder {
    System::builder("test").backoff(Backoff { jitter: 0.0, ..Default::default() })
}

/// A constructor that writes down when it is called.
fn timed<W: 'static>(
    make: impl Fn() -> W + Send + Sync + 'static,
) -> (Log<u64>, impl Fn() -> W + Send + Sync + 'static) {
    let begin = Instant::now();
    let times = Log::new();
    let written = times.clone();
    let constructor = move || {
        written.push(begin.elapsed().as_millis() as u64);
        make()
    };
    (times, constructor)
}

/// G7
#[test]
fn address_and_mailbox_survive_a_restart() {
    on_every_runtime(async || {
        let log = Log::new();
        let system = system().await;
        let clerk = system.worker("clerk", Clerk::writing(&log)).start().await.unwrap();
        let (entered, leave) = (Gate::new(), Gate::new());
        clerk.tell(Run::held(&entered, &leave)).await.unwrap();
        clerk.tell(Run::crash()).await.unwrap();
        for n in 0..500 {
            clerk.tell(Note(n)).await.unwrap();
        }
        leave.open();
        assert_eq!(clerk.ask(Note(500)).await, Ok(500));
        assert_eq!(log.take(), (0..=500).collect::<Vec<_>>());
        assert!(!clerk.is_stopped());
        assert_eq!(clerk.counters().restarts, 1);
        system.shutdown().await.unwrap();
    });
}

/// G8
#[test]
fn the_crashed_message_is_lost_and_counted() {
    on_every_runtime(async || {
        let log = Log::new();
        let system = system().await;
        let clerk = system.worker("clerk", Clerk::writing(&log)).start().await.unwrap();
        for n in 0..30 {
            clerk.tell(Note(n)).await.unwrap();
            clerk.tell(Run::crash()).await.unwrap();
        }
        assert_eq!(clerk.ask(Note(30)).await, Ok(30));
        system.shutdown().await.unwrap();
        let counters = clerk.counters();
        assert_eq!(counters.received, 61);
        assert_eq!(counters.handled, 31);
        assert_eq!(counters.lost, 30);
        assert_eq!(counters.restarts, 30);
        assert_eq!((counters.dropped, counters.retried), (0, 0));
        assert_eq!(log.take(), (0..=30).collect::<Vec<_>>());
    });
}

/// G10
#[test]
fn a_fruitful_crash_restarts_at_once() {
    paused(async || {
        let system = exact().start().await.unwrap();
        let (times, constructor) = timed(Clerk::writing(&Log::new()));
        let clerk = system.worker("clerk", constructor).start().await.unwrap();
        let begin = Instant::now();
        for n in 0..100 {
            clerk.tell(Note(n)).await.unwrap();
            clerk.tell(Run::crash()).await.unwrap();
        }
        assert_eq!(clerk.ask(Note(100)).await, Ok(100));
        assert_eq!(begin.elapsed(), ms(0));
        assert_eq!(times.take(), [0; 101]);
        system.shutdown().await.unwrap();
    });
}

/// G10
#[test]
fn fruitless_restarts_wait_twice_as_long_each_time() {
    paused(async || {
        let (attempts, log) = (Arc::new(AtomicU32::new(0)), Log::new());
        let make = Clerk::writing(&log);
        let system = exact().start().await.unwrap();
        let (times, constructor) = timed(move || {
            if attempts.fetch_add(1, Ordering::SeqCst) < 9 { Err("not yet") } else { Ok(make()) }
        });
        let clerk = system.worker("clerk", constructor).start().await.unwrap();
        // 10, 20, 40, 80, 160, 320, 640 ms, then 1 s each.
        let expected = [0, 10, 30, 70, 150, 310, 630, 1270, 2270, 3270];
        assert_eq!(times.take(), expected);
        assert_eq!(clerk.ask(Note(1)).await, Ok(1));
        system.shutdown().await.unwrap();
    });
}

#[test]
fn a_handled_message_resets_the_delay() {
    paused(async || {
        let system = exact().start().await.unwrap();
        let (times, constructor) = timed(Clerk::writing(&Log::new()));
        let clerk = system.worker("clerk", constructor).start().await.unwrap();
        clerk.tell(Run::crash()).await.unwrap(); // 10 ms
        clerk.tell(Run::crash()).await.unwrap(); // 20 ms
        clerk.tell(Note(1)).await.unwrap();
        clerk.tell(Run::crash()).await.unwrap(); // at once
        clerk.tell(Run::crash()).await.unwrap(); // 10 ms
        clerk.tell(Run::crash()).await.unwrap(); // 20 ms
        assert_eq!(clerk.ask(Note(2)).await, Ok(2));
        assert_eq!(times.take(), [0, 10, 30, 30, 40, 60]);
        system.shutdown().await.unwrap();
    });
}

#[test]
fn jitter_stays_within_its_share() {
    paused(async || {
        let system = System::builder("test")
            .backoff(Backoff { first: secs(1), longest: secs(1), jitter: 0.2 })
            .intensity(Intensity { fruitless: 100, ..Default::default() });
        let system = system.start().await.unwrap();
        let (times, constructor) = timed(|| Err::<Clerk, _>("never"));
        let starting = tokio::spawn(system.worker("clerk", constructor).start());
        tokio::time::sleep(secs(50)).await;
        let times = times.take();
        let delays: Vec<_> = times.windows(2).map(|pair| pair[1] - pair[0]).collect();
        assert!(delays.len() >= 40);
        assert!(delays.iter().all(|delay| (800..=1201).contains(delay)), "{delays:?}");
        assert!(delays.iter().any(|&delay| delay < 950), "{delays:?}");
        assert!(delays.iter().any(|&delay| delay > 1050), "{delays:?}");
        drop(system);
        assert!(starting.await.unwrap().is_err());
    });
}

/// G11
#[test]
fn escalation_comes_after_exactly_the_limit() {
    paused(async || {
        let system = exact().start().await.unwrap();
        let (times, constructor) = timed(|| Err::<Clerk, _>("never"));
        let failed = system.worker("clerk", constructor).start().await;
        let failed = failed.unwrap_err();
        // The first start, and ten restarts with the stated delays; the eleventh failure is too much.
        assert_eq!(times.take(), [0, 10, 30, 70, 150, 310, 630, 1270, 2270, 3270, 4270]);
        let StartError::Failed { path, reason } = failed else {
            panic!("{failed:?}");
        };
        assert_eq!(path, "clerk");
        assert!(matches!(&reason, ExitReason::Escalated { supervisor, child, .. }
            if &**supervisor == "test" && &**child == "clerk"));
        let ExitReason::Failed(cause) = reason.root_cause() else {
            panic!("{reason:?}");
        };
        assert_eq!(cause.to_string(), "never");
        // The outermost supervisor has given up, so the system ends, and says why.
        let ended = system.stopped().await;
        assert!(matches!(ended, ExitReason::Escalated { .. }), "{ended:?}");
        assert_eq!(
            ended.to_string(),
            "supervisor `test` gave up on `clerk`, which failed to start: never"
        );
    });
}

#[test]
fn a_limit_can_be_set_on_all_restarts() {
    paused(async || {
        let log = Log::new();
        let system = exact().intensity(Intensity { all: Some(3), ..Default::default() });
        let system = system.start().await.unwrap();
        let clerk = system.worker("clerk", Clerk::writing(&log)).start().await.unwrap();
        for n in 0..3 {
            clerk.tell(Note(n)).await.unwrap();
            clerk.tell(Run::crash()).await.unwrap();
        }
        assert_eq!(clerk.ask(Note(3)).await, Ok(3));
        clerk.tell(Run::crash()).await.unwrap();
        let ended = system.stopped().await;
        assert!(matches!(ended.root_cause(), ExitReason::Panicked(_)), "{ended}");
        assert!(clerk.is_stopped());
    });
}

#[test]
fn the_window_of_the_intensity_slides() {
    paused(async || {
        let system = System::builder("test")
            .backoff(Backoff { first: ms(1), longest: ms(1), jitter: 0.0 })
            .intensity(Intensity { fruitless: 3, all: None, within: secs(10) });
        let system = system.start().await.unwrap();
        let clerk = system.worker("clerk", Clerk::writing(&Log::new())).start().await.unwrap();
        // One every four seconds: never more than three in any ten.
        for n in 0..20 {
            clerk.tell(Run::crash()).await.unwrap();
            tokio::time::sleep(secs(4)).await;
            assert_eq!(clerk.counters().restarts, n + 1);
        }
        // Two are left in the window now, the third is allowed, the fourth is one too many.
        tokio::time::sleep(ms(100)).await;
        clerk.tell(Run::crash()).await.unwrap();
        tokio::time::sleep(ms(100)).await;
        assert!(!clerk.is_stopped());
        clerk.tell(Run::crash()).await.unwrap();
        assert!(matches!(system.stopped().await, ExitReason::Escalated { .. }));
    });
}

/// A message that takes a number of attempts.
#[derive(Message, Clone)]
#[message(local, reply = u32)]
struct Flaky {
    succeeds_at: u32,
    _alive: Alive,
}

/// A message whose copy panics.
#[derive(Message)]
#[message(local)]
struct Uncopyable;

impl Clone for Uncopyable {
    fn clone(&self) -> Self {
        panic!("planned, in a clone");
    }
}

#[derive(Worker)]
#[worker(handles(Flaky, Note, Uncopyable), on_crash = retry(2))]
struct Retrier {
    log: Log,
}

impl Handle<Flaky> for Retrier {
    async fn handle(&mut self, flaky: Flaky, cx: &mut Context<Self>) -> u32 {
        self.log.push(cx.attempt().into());
        if cx.attempt() < flaky.succeeds_at {
            panic!("planned, at attempt {}", cx.attempt());
        }
        cx.attempt()
    }
}

impl Handle<Note> for Retrier {
    async fn handle(&mut self, Note(n): Note, cx: &mut Context<Self>) -> u64 {
        assert_eq!(cx.attempt(), 1);
        self.log.push(n);
        n
    }
}

impl Handle<Uncopyable> for Retrier {
    async fn handle(&mut self, _: Uncopyable, _cx: &mut Context<Self>) {}
}

impl Retrier {
    fn writing(log: &Log) -> impl Fn() -> Self + Send + Sync + 'static {
        silence_planned_panics();
        let log = log.clone();
        move || Self { log: log.clone() }
    }
}

/// G9
#[test]
fn retry_handles_a_copy_first_and_replies_to_the_asker() {
    on_every_runtime(async || {
        let (log, messages) = (Log::new(), Population::default());
        let system = system().await;
        let retrier = system.worker("retrier", Retrier::writing(&log)).start().await.unwrap();
        retrier.tell(Note(100)).await.unwrap();
        let mut ask = retrier.ask(Flaky { succeeds_at: 3, _alive: messages.born() });
        poll_once(&mut ask).await;
        retrier.tell(Note(101)).await.unwrap();
        assert_eq!(ask.await.ok(), Some(3));
        system.shutdown().await.unwrap();
        assert_eq!(log.take(), [100, 1, 2, 3, 101]);
        let counters = retrier.counters();
        assert_eq!((counters.retried, counters.lost, counters.restarts), (2, 0, 2));
        assert_eq!((counters.received, counters.handled), (3, 3));
        assert_eq!(messages.alive(), 0);
    });
}

/// G9
#[test]
fn retry_gives_up_after_its_limit() {
    on_every_runtime(async || {
        let (log, messages) = (Log::new(), Population::default());
        let system = system().await;
        let retrier = system.worker("retrier", Retrier::writing(&log)).start().await.unwrap();
        let lost = retrier.ask(Flaky { succeeds_at: 4, _alive: messages.born() });
        assert_eq!(failure(lost.await), "Restarted");
        // The next message begins anew.
        let next = retrier.ask(Flaky { succeeds_at: 2, _alive: messages.born() });
        assert_eq!(next.await.ok(), Some(2));
        system.shutdown().await.unwrap();
        assert_eq!(log.take(), [1, 2, 3, 1, 2]);
        let counters = retrier.counters();
        assert_eq!((counters.retried, counters.lost), (3, 1));
        assert_eq!(messages.alive(), 0);
    });
}

/// The handler is not called again for an asker whose deadline has passed meanwhile.
#[test]
fn a_retried_ask_keeps_its_deadline() {
    paused(async || {
        let (log, messages) = (Log::new(), Population::default());
        let system = exact().start().await.unwrap();
        let retrier = system.worker("retrier", Retrier::writing(&log)).start().await.unwrap();
        let flaky = Flaky { succeeds_at: 2, _alive: messages.born() };
        // The crash is fruitless: the successor comes after 10 ms.
        let expired = retrier.ask(flaky).timeout(ms(5)).await;
        assert_eq!(failure(expired), "Timeout(None)");
        tokio::time::sleep(secs(1)).await;
        system.shutdown().await.unwrap();
        assert_eq!(log.take(), [1]);
    });
}

#[test]
fn a_panic_while_copying_for_a_retry_is_a_crash() {
    on_every_runtime(async || {
        let log = Log::new();
        let system = system().await;
        let retrier = system.worker("retrier", Retrier::writing(&log)).start().await.unwrap();
        let crashed = retrier.ask(Uncopyable).await;
        assert_eq!(retrier.ask(Note(1)).await, Ok(1));
        system.shutdown().await.unwrap();
        assert_eq!(failure(crashed), "Restarted");
        assert_eq!(retrier.counters().lost, 1);
    });
}

/// G8
///
/// The example of the book: one message in a hundred is poison, and only the poison is lost.
#[test]
fn a_panic_on_every_hundredth_of_a_million_messages_loses_none_of_the_others() {
    #[derive(Message)]
    #[message(local)]
    struct Work(u64);

    #[derive(Worker)]
    #[worker(handles(Work))]
    struct Hundredth(Arc<AtomicU64>, Arc<AtomicU64>);

    impl Handle<Work> for Hundredth {
        async fn handle(&mut self, Work(n): Work, _cx: &mut Context<Self>) {
            if n % 100 == 99 {
                panic!("planned, at every hundredth");
            }
            self.0.fetch_add(1, Ordering::Relaxed);
            self.1.fetch_add(n, Ordering::Relaxed);
        }
    }

    on_two_threads(async || {
        const COUNT: u64 = 1_000_000;
        silence_planned_panics();
        let (handled, sum) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
        let system = system().await;
        let worker = {
            let (handled, sum) = (Arc::clone(&handled), Arc::clone(&sum));
            let constructor = move || Hundredth(Arc::clone(&handled), Arc::clone(&sum));
            system.worker("hundredth", constructor).start().await.unwrap()
        };
        for n in 0..COUNT {
            worker.tell(Work(n)).await.unwrap();
        }
        system.shutdown().await.unwrap();
        let poison: u64 = (0..COUNT).filter(|n| n % 100 == 99).sum();
        assert_eq!(handled.load(Ordering::Relaxed), COUNT / 100 * 99);
        assert_eq!(sum.load(Ordering::Relaxed), (0..COUNT).sum::<u64>() - poison);
        let counters = worker.counters();
        assert_eq!(counters.lost, COUNT / 100);
        assert_eq!(counters.handled, COUNT / 100 * 99);
        assert_eq!((counters.dropped, counters.mailbox), (0, 0));
    });
}

/// What an end means does not depend on what the supervisor is about to do.
#[test]
fn what_ends_by_itself_while_its_supervisor_gives_up_stays_down() {
    paused(async || {
        let group = Group::new();
        let system = exact().start().await.unwrap();
        let never = Intensity { fruitless: 0, ..Default::default() };
        let supervisor = system.supervisor("s").intensity(never).start().await.unwrap();
        let start = async |name, restart| {
            let member = supervisor.worker(name, group.member(name)).restart(restart);
            member.start().await.unwrap()
        };
        let temporary = start("temporary", Restart::temporary()).await;
        let transient = start("transient", Restart::transient()).await;
        let slow = start("slow", Restart::permanent()).await;
        let fatal = start("fatal", Restart::permanent()).await;
        let leave = Gate::new();
        slow.tell(Run::held(&Gate::new(), &leave)).await.unwrap();
        until_idle().await;
        group.log.take();
        // The supervisor gives up, and waits for the slow one.
        fatal.tell(Run::crash()).await.unwrap();
        until_idle().await;
        temporary.tell(Run::crash()).await.unwrap();
        transient.tell(With::stop()).await.unwrap();
        until_idle().await;
        leave.open();
        tokio::time::sleep(secs(1)).await;
        assert_eq!(
            group.log.take(),
            [
                "-fatal panicked",
                "-temporary panicked",
                "-transient normal",
                "-slow shutdown",
                "+slow",
                "+fatal"
            ]
        );
        assert!(temporary.is_stopped() && transient.is_stopped());
        system.shutdown().await.unwrap();
    });
}

/// Run in a process of its own, because other tests use memory as well.
#[cfg(target_os = "linux")]
#[test]
fn siblings_that_were_stopped_in_time_leave_no_timers_behind() {
    fn resident_kib() -> u64 {
        let status = std::fs::read_to_string("/proc/self/status").unwrap();
        let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    }

    if !alone("restarts::siblings_that_were_stopped_in_time_leave_no_timers_behind") {
        return;
    }
    on_two_threads(async || {
        let log = Log::new();
        let system = system().await;
        let supervisor = system.supervisor("s").strategy(Strategy::OneForAll);
        let supervisor = supervisor.start().await.unwrap();
        let mut clerks = Vec::new();
        for n in 0..8 {
            let clerk = supervisor.worker(n.to_string(), Clerk::writing(&log));
            let clerk = clerk.shutdown(Shutdown::Within(secs(3_600)));
            clerks.push(clerk.start().await.unwrap());
        }
        let crash = async |times| {
            for _ in 0..times {
                assert_eq!(clerks[0].ask(Note(0)).await, Ok(0));
                assert_eq!(failure(clerks[0].ask(Run::crash()).await), "Restarted");
            }
            log.take();
        };
        crash(500).await;
        let before = resident_kib();
        crash(10_000).await;
        // 70,000 timers are several megabytes.
        let grown = resident_kib().saturating_sub(before);
        assert!(grown < 3_000, "{grown} KiB");
        system.shutdown().await.unwrap();
    });
}
