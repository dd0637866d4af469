//! Abandonment where no handler runs: in a constructor, in the copy for a retry, in the copy for a timer,
//! in the drop of a reply that nobody wants.
//!
//! Each test gets the first life of a worker stuck in such a place, has it killed, and lets it go on when
//! its successor is in the middle of a handler. As in `kill`, the kill grace passes in real time, and all
//! else is ordered by gates.

use std::future::{Future, poll_fn};
use std::panic::resume_unwind;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use millhand::prelude::*;
use millhand::{Accepts, BoxError, Supervisor};

use crate::stage::*;

/// A place where user code gets stuck: the first time that somebody passes.
#[derive(Clone)]
struct Snag {
    reached: Gate,
    release: Release,
    caught: Arc<AtomicBool>,
}

impl Snag {
    fn new(release: &Release) -> Self {
        Self { reached: Gate::new(), release: release.clone(), caught: Arc::default() }
    }

    /// True: this was the first time.
    fn pass(&self) -> bool {
        let first = !self.caught.swap(true, Ordering::SeqCst);
        if first {
            self.reached.open();
            self.release.block();
        }
        first
    }
}

/// What the lives of one worker share.
#[derive(Clone)]
struct Lives {
    count: Arc<AtomicU64>,
    log: Log<(u64, u64)>,
    states: Population,
    messages: Population,
    snag: Snag,
}

impl Lives {
    fn new(release: &Release) -> Self {
        let (states, messages) = (Population::default(), Population::default());
        Self { count: Arc::default(), log: Log::new(), states, messages, snag: Snag::new(release) }
    }

    fn sticky(&self) -> Sticky {
        Sticky(self.snag.clone(), self.messages.born())
    }

    fn next(&self) -> Life {
        let number = self.count.fetch_add(1, Ordering::SeqCst) + 1;
        Life { number, lives: self.clone(), _alive: self.states.born() }
    }
}

/// One life: its state.
struct Life {
    number: u64,
    lives: Lives,
    _alive: Alive,
}

impl Life {
    fn write(&self, n: u64) -> u64 {
        self.lives.log.push((self.number, n));
        n
    }
}

/// Suspends its handler. `suspended` opens when somebody has the handler's waker.
#[derive(Message, Clone)]
#[message(local, reply = u64)]
struct Hold {
    suspended: Gate,
    leave: Gate,
}

/// What is written for it.
const HELD: u64 = 1_000_000;

impl Hold {
    async fn body(self) {
        let mut left = pin!(self.leave.opened());
        poll_fn(|cx| {
            let polled = left.as_mut().poll(cx);
            self.suspended.open();
            polled
        })
        .await;
    }
}

/// Passes a snag when it is copied.
#[derive(Message)]
#[message(local, reply = u64)]
struct Sticky(Snag, Alive);

/// What is written for it.
const STICKY: u64 = 2_000_000;

impl Clone for Sticky {
    fn clone(&self) -> Self {
        self.0.pass();
        Self(self.0.clone(), self.1.clone())
    }
}

/// Passes a snag when it is dropped.
struct Heavy(Snag);

impl Drop for Heavy {
    fn drop(&mut self) {
        self.0.pass();
    }
}

/// To be answered with something heavy.
#[derive(Message)]
#[message(local, reply = Heavy)]
struct Lift;

/// Declares a worker that writes down its life with what it handles.
macro_rules! scribe {
    ($name:ident handles($($more:ident),*) $(, $($attribute:tt)*)?) => {
        #[derive(Worker)]
        #[worker(handles(Note, Hold $(, $more)*) $(, $($attribute)*)?)]
        struct $name(Life);

        impl Handle<Note> for $name {
            async fn handle(&mut self, Note(n): Note, _: &mut Context<Self>) -> u64 {
                self.0.write(n)
            }
        }

        impl Handle<Hold> for $name {
            async fn handle(&mut self, hold: Hold, _: &mut Context<Self>) -> u64 {
                hold.body().await;
                self.0.write(HELD)
            }
        }
    };
}

scribe!(Plain handles());
scribe!(Copyist handles(Sticky), on_crash = retry(1));
scribe!(Ticker handles(Sticky), lifecycle);
scribe!(Lifter handles(Lift));

impl Handle<Sticky> for Copyist {
    async fn handle(&mut self, _: Sticky, _: &mut Context<Self>) -> u64 {
        self.0.write(STICKY)
    }
}

impl Lifecycle for Ticker {
    async fn started(&mut self, cx: &mut Context<Self>) -> Result<(), BoxError> {
        cx.every(ms(1), self.0.lives.sticky());
        Ok(())
    }
}

impl Handle<Sticky> for Ticker {
    /// There is no saying how often the successor ticks.
    async fn handle(&mut self, _: Sticky, _: &mut Context<Self>) -> u64 {
        if self.0.number == 1 { self.0.write(STICKY) } else { self.0.number }
    }
}

impl Handle<Lift> for Lifter {
    async fn handle(&mut self, _: Lift, _: &mut Context<Self>) -> Heavy {
        Heavy(self.0.lives.snag.clone())
    }
}

/// A supervisor whose children share one fate, one of them to crash, and lives for another that gets stuck.
struct Scene {
    system: System,
    supervisor: Supervisor,
    other: Address<Clerk>,
    lives: Lives,
    end: ReleaseAtEnd,
}

impl Scene {
    async fn new() -> Self {
        let release = Release::new();
        let end = ReleaseAtEnd(release.clone());
        let lives = Lives::new(&release);
        let system = impatient().start().await.unwrap();
        let supervisor = system.supervisor("s").strategy(Strategy::OneForAll);
        let supervisor = supervisor.start().await.unwrap();
        let other = supervisor.worker("other", Clerk::writing(&Log::new()));
        let other = other.start().await.unwrap();
        Self { system, supervisor, other, lives, end }
    }
}

/// The first life has been abandoned and is still stuck: lets it go on beside its successor's handler,
/// and sees that nothing of it remains.
async fn life_two_is_alone<W>(stuck: &Address<W>, lives: &Lives, end: ReleaseAtEnd)
where
    W: Accepts<Note> + Accepts<Hold>,
{
    let (suspended, leave) = (Gate::new(), Gate::new());
    let mut held = stuck.ask(Hold { suspended: suspended.clone(), leave: leave.clone() });
    poll_once(&mut held).await;
    suspended.opened().await;
    assert_eq!(stuck.counters().abandoned, 1);
    assert_eq!(stuck.counters().restarts, 1);
    // Something for the late life to take, if it could.
    stuck.tell(Note(0)).await.unwrap();
    assert!(!lives.snag.release.is_given());
    drop(end);
    eventually("the late life is dropped", || lives.states.alive() == 1).await;
    // The waker that its handler waits with is still good.
    leave.open();
    assert_eq!(held.await.ok(), Some(HELD));
    for n in 1..600 {
        assert_eq!(stuck.ask(Note(n)).await, Ok(n));
    }
    let expected: Vec<_> = std::iter::once(HELD).chain(0..600).map(|n| (2, n)).collect();
    assert_eq!(lives.log.take(), expected);
    assert_eq!(lives.states.alive(), 1);
    assert_eq!(stuck.counters().abandoned, 1);
    assert_eq!(stuck.counters().restarts, 1);
}

/// How a constructor ends that nobody waits for any more.
#[derive(Clone, Copy)]
enum Ending {
    Made,
    Failed,
    Panicked,
}

/// Counts as a state while it lives.
#[derive(Debug)]
struct TooLate(#[expect(dead_code, reason = "it lives")] Alive);

impl std::fmt::Display for TooLate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("too late")
    }
}

impl std::error::Error for TooLate {}

/// G17
#[test]
fn a_constructor_that_returns_after_its_abandonment_changes_nothing() {
    for ending in [Ending::Made, Ending::Failed, Ending::Panicked] {
        on_two_threads(async move || {
            let Scene { system, supervisor, other, lives, end } = Scene::new().await;
            let made = lives.clone();
            let constructor = move || {
                let life = made.next();
                match (made.snag.pass(), ending) {
                    (true, Ending::Failed) => Err(TooLate(made.states.born())),
                    (true, Ending::Panicked) => resume_unwind(Box::new(made.states.born())),
                    _ => Ok(Plain(life)),
                }
            };
            let stuck = supervisor.worker("stuck", constructor).shutdown(Shutdown::Kill);
            let starting = tokio::spawn(stuck.start());
            lives.snag.reached.opened().await;
            other.tell(Run::crash()).await.unwrap();
            let stuck = starting.await.unwrap().unwrap();
            life_two_is_alone(&stuck, &lives, end).await;
            assert_eq!(stuck.counters().lost, 0);
            system.shutdown().await.unwrap();
        });
    }
}

/// G17
///
/// The message is lost: a copy that was never made cannot be handled again.
#[test]
fn a_copy_for_a_retry_that_does_not_return_is_abandoned() {
    on_two_threads(async || {
        let Scene { system, supervisor, other, lives, end } = Scene::new().await;
        let made = lives.clone();
        let stuck = supervisor.worker("stuck", move || Copyist(made.next()));
        let stuck = stuck.shutdown(Shutdown::Kill).start().await.unwrap();
        let mut asked = stuck.ask(lives.sticky()).no_timeout();
        poll_once(&mut asked).await;
        lives.snag.reached.opened().await;
        other.tell(Run::crash()).await.unwrap();
        assert_eq!(failure(asked.await), "Restarted");
        life_two_is_alone(&stuck, &lives, end).await;
        assert_eq!(lives.messages.alive(), 0);
        // By now it is a message like any other.
        let again = stuck.ask(lives.sticky()).await;
        assert_eq!(again.ok(), Some(STICKY));
        assert_eq!(lives.log.take(), [(2, STICKY)]);
        assert_eq!((stuck.counters().lost, stuck.counters().retried), (1, 0));
        system.shutdown().await.unwrap();
        assert_eq!(lives.messages.alive(), 0);
    });
}

/// G17
#[test]
fn a_timers_message_whose_copy_does_not_return_is_abandoned() {
    on_two_threads(async || {
        let Scene { system, supervisor, other, lives, end } = Scene::new().await;
        let made = lives.clone();
        let stuck = supervisor.worker("stuck", move || Ticker(made.next()));
        let stuck = stuck.shutdown(Shutdown::Kill).start().await.unwrap();
        lives.snag.reached.opened().await;
        other.tell(Run::crash()).await.unwrap();
        life_two_is_alone(&stuck, &lives, end).await;
        let before = stuck.counters().handled;
        eventually("the successor ticks", || stuck.counters().handled > before).await;
        assert_eq!(stuck.counters().lost, 0);
        system.shutdown().await.unwrap();
    });
}

/// G17
#[test]
fn a_reply_that_nobody_wants_and_that_does_not_drop_is_abandoned() {
    on_two_threads(async || {
        let Scene { system, supervisor, other, lives, end } = Scene::new().await;
        let made = lives.clone();
        let stuck = supervisor.worker("stuck", move || Lifter(made.next()));
        let stuck = stuck.shutdown(Shutdown::Kill).start().await.unwrap();
        stuck.tell(Lift).await.unwrap();
        lives.snag.reached.opened().await;
        other.tell(Run::crash()).await.unwrap();
        life_two_is_alone(&stuck, &lives, end).await;
        // It had been handled: only its reply was in the way.
        assert_eq!((stuck.counters().handled, stuck.counters().lost), (602, 0));
        system.shutdown().await.unwrap();
    });
}
