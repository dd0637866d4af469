//! The `tracing` events, with the names and fields that `framework/src/observe/events.rs` states.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::Once;

use millhand::prelude::*;
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Metadata, Subscriber, span};

use crate::stage::*;

/// One event: level and fields.
type Seen = (Level, BTreeMap<&'static str, String>);

/// Writes down every event of the library.
struct Listener(Log<Seen>);

#[derive(Default)]
struct Fields(BTreeMap<&'static str, String>);

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.0.insert(field.name(), format!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.insert(field.name(), value.to_owned());
    }
}

impl Subscriber for Listener {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == "millhand"
    }

    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }

    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}

    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut fields = Fields::default();
        event.record(&mut fields);
        self.0.push((*event.metadata().level(), fields.0));
    }

    fn enter(&self, _: &span::Id) {}

    fn exit(&self, _: &span::Id) {}
}

/// Interested in everything, and forgets it.
struct Deaf;

impl Subscriber for Deaf {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }

    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}

    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}

    fn event(&self, _: &Event<'_>) {}

    fn enter(&self, _: &span::Id) {}

    fn exit(&self, _: &span::Id) {}
}

/// Runs a body on a current-thread runtime with paused time, listening on its thread.
///
/// `tracing` keeps, per place that emits, whether anybody is interested. While there is one subscriber
/// only, it asks the thread that comes by there first, which may be another test's and has none. A
/// subscriber for all threads, here one that forgets what it hears, keeps that answer right.
fn listening(body: impl AsyncFnOnce(Log<Seen>) + Send + 'static) {
    static FOR_ALL_THREADS: Once = Once::new();
    FOR_ALL_THREADS.call_once(|| {
        tracing::subscriber::set_global_default(Deaf).expect("no other test sets one");
    });
    silence_planned_panics();
    paused(async move || {
        let log = Log::new();
        let _listening = tracing::subscriber::set_default(Listener(log.clone()));
        body(log).await;
    });
}

/// An event as one line: level, name, fields in the order of their names.
fn lines(log: &Log<Seen>) -> Vec<String> {
    let line = |(level, mut fields): Seen| {
        let name = fields.remove("event").unwrap_or_default();
        let fields = fields.iter().map(|(name, value)| format!(" {name}={value}"));
        format!("{level} {name}{}", fields.collect::<String>())
    };
    log.take().into_iter().map(line).collect()
}

#[test]
fn a_system_says_when_it_starts_and_stops() {
    listening(async |log| {
        let system = System::builder("mill").start().await.unwrap();
        assert_eq!(lines(&log), ["INFO system.started system=mill"]);
        system.shutdown().await.unwrap();
        assert_eq!(lines(&log), ["INFO system.stopped system=mill"]);
    });
}

#[test]
fn an_exit_has_reason_and_fruit_and_a_restart_its_delay() {
    listening(async |log| {
        let group = Group::new();
        let system = System::builder("mill")
            .backoff(millhand::Backoff { jitter: 0.0, ..Default::default() })
            .start()
            .await
            .unwrap();
        let member = system.worker("m", group.member("m")).start().await;
        let member = member.unwrap();
        lines(&log);
        member.tell(Note(1)).await.unwrap();
        member.tell(Run::crash()).await.unwrap();
        member.tell(Run::crash()).await.unwrap();
        tokio::time::sleep(secs(1)).await;
        assert_eq!(
            lines(&log),
            [
                "WARN message.lost crashes=1 reason=panicked: planned crash worker=m",
                "WARN worker.exited fruitful=true reason=panicked: planned crash worker=m",
                "INFO worker.restarting delay_ms=0 worker=m",
                "WARN message.lost crashes=1 reason=panicked: planned crash worker=m",
                "WARN worker.exited fruitful=false reason=panicked: planned crash worker=m",
                "INFO worker.restarting delay_ms=10 worker=m",
            ]
        );
        member.tell(With::stop()).await.unwrap();
        tokio::time::sleep(secs(1)).await;
        assert_eq!(
            lines(&log),
            [
                "INFO worker.exited fruitful=true reason=stopped itself worker=m",
                "INFO worker.restarting delay_ms=0 worker=m",
            ]
        );
        system.shutdown().await.unwrap();
        assert_eq!(
            lines(&log),
            [
                "INFO worker.exited fruitful=false reason=was stopped by its supervisor worker=m",
                "INFO system.stopped system=mill",
            ]
        );
    });
}

#[test]
fn a_kill_is_announced() {
    listening(async |log| {
        let group = Group::new();
        let system = System::builder("mill").start().await.unwrap();
        let member =
            system.worker("m", group.member("m")).shutdown(Shutdown::Kill).start().await.unwrap();
        let hang = Run::new(std::future::pending());
        member.tell(hang).await.unwrap();
        until_idle().await;
        lines(&log);
        system.shutdown().await.unwrap();
        let reason = "reason=was killed: it did not stop in time";
        assert_eq!(
            lines(&log),
            [
                "WARN worker.killed worker=m".to_owned(),
                format!("WARN message.lost crashes=1 {reason} worker=m"),
                format!("WARN worker.exited fruitful=false {reason} worker=m"),
                "INFO system.stopped system=mill".to_owned(),
            ]
        );
    });
}

#[test]
fn a_dropped_message_names_its_policy() {
    clerk!(Newest, mailbox = 1, overflow = drop_newest);
    clerk!(Oldest, mailbox = 1, overflow = drop_oldest);
    listening(async |log| {
        let unused: Log = Log::new();
        let system = System::builder("mill").start().await.unwrap();
        let newest = system.worker("n", Newest::writing(&unused)).start().await;
        let oldest = system.worker("o", Oldest::writing(&unused)).start().await;
        let (newest, oldest) = (newest.unwrap(), oldest.unwrap());
        lines(&log);
        for n in 0..2 {
            newest.try_tell(Note(n)).unwrap();
            oldest.try_tell(Note(n)).unwrap();
        }
        assert_eq!(
            lines(&log),
            [
                "DEBUG message.dropped overflow=DropNewest worker=n",
                "DEBUG message.dropped overflow=DropOldest worker=o",
            ]
        );
        system.shutdown().await.unwrap();
    });
}

#[derive(Worker)]
#[worker(handles(Note), lifecycle)]
struct Clumsy {
    in_stopped: bool,
}

impl Lifecycle for Clumsy {
    fn stopped(&mut self, _: &ExitReason) {
        if self.in_stopped {
            panic!("planned, in stopped");
        }
    }
}

impl Drop for Clumsy {
    fn drop(&mut self) {
        if !self.in_stopped {
            panic!("planned, in a drop");
        }
    }
}

impl Handle<Note> for Clumsy {
    async fn handle(&mut self, Note(n): Note, _cx: &mut Context<Self>) -> u64 {
        n
    }
}

#[test]
fn panics_in_stopped_and_in_drops_are_told() {
    for (in_stopped, expected) in [
        (true, "ERROR worker.hook_panicked reason=panicked: planned, in stopped worker=c"),
        (false, "ERROR drop.panicked reason=panicked: planned, in a drop"),
    ] {
        listening(async move |log| {
            let system = System::builder("mill").start().await.unwrap();
            let clumsy = system.worker("c", move || Clumsy { in_stopped });
            clumsy.start().await.unwrap();
            lines(&log);
            system.shutdown().await.unwrap();
            assert_eq!(
                lines(&log),
                [
                    expected,
                    "INFO worker.exited fruitful=false reason=was stopped by its supervisor worker=c",
                    "INFO system.stopped system=mill",
                ]
            );
        });
    }
}

#[test]
fn an_escalation_names_the_supervisor_and_the_cause() {
    listening(async |log| {
        let system =
            System::builder("mill").intensity(Intensity { fruitless: 0, ..Default::default() });
        let system = system.start().await.unwrap();
        let group = Group::new();
        let member = system.worker("m", group.member("m")).start().await;
        lines(&log);
        member.unwrap().tell(Run::crash()).await.unwrap();
        system.stopped().await;
        let all = lines(&log);
        let expected = "ERROR supervisor.escalated \
            reason=supervisor `mill` gave up on `m`, which panicked: planned crash supervisor=mill";
        assert!(all.iter().any(|line| line == expected), "{all:#?}");
        assert_eq!(all.last().map(String::as_str), Some("INFO system.stopped system=mill"));
    });
}

/// A blocking worker's thread can be stuck while this one, which listens, goes on.
#[test]
fn an_abandonment_is_told_by_the_shutdown() {
    #[derive(Worker)]
    #[worker(handles(Run), blocking)]
    struct Stuck;

    impl Handle<Run> for Stuck {
        async fn handle(&mut self, run: Run, _cx: &mut Context<Self>) -> u64 {
            run.body().await
        }
    }

    guarded("a stuck handler", || {
        current_thread().block_on(async {
            let log = Log::new();
            let _listening = tracing::subscriber::set_default(Listener(log.clone()));
            let system = System::builder("mill").kill_grace(ms(10));
            let system = system.start().await.unwrap();
            let stuck =
                system.worker("stuck", || Stuck).shutdown(Shutdown::Kill).start().await.unwrap();
            let (release, held) = std::sync::mpsc::channel::<()>();
            let entered = Gate::new();
            let inside = entered.clone();
            let block = Run::new(async move {
                inside.open();
                let _ = held.recv();
                0
            });
            stuck.tell(block).await.unwrap();
            entered.opened().await;
            lines(&log);
            let left = system.shutdown().await.unwrap_err();
            assert_eq!(left.abandoned, ["stuck"]);
            drop(release);
            let all = lines(&log);
            let expected = "ERROR system.abandoned system=mill workers=[\"stuck\"]";
            assert!(all.iter().any(|line| line == expected), "{all:#?}");
        });
    });
}
