//! In the long run nothing grows: what crashes, is killed, comes and goes, times out or is cancelled leaves
//! nothing behind.

use std::future::{Future, poll_fn};
use std::sync::{Arc, Once};
use std::task::{self, Poll, Wake, Waker};
use std::time::{Duration, Instant};

use millhand::prelude::*;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::watch;

use crate::{counter, guarded};

const ROUNDS: usize = 50;

/// Of each kind of event, in a round.
const EVENTS: usize = 1_000;

/// Rounds before those.
const WARM_UP: usize = 3;

/// Halves more, in which it may grow: each thread keeps some of what it will need again, and has not seen all of
/// it before. What leaks grows in all of them.
const SETTLING: usize = 2;

/// What may come and go with the moment, in bytes.
const ALLOWANCE: isize = 8 * 1024;

const HOUR: Duration = Duration::from_secs(3600);

/// What the panics of these tests say.
const PLANNED: &str = "planned";

fn silence_planned_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if info.payload_as_str() != Some(PLANNED) {
                before(info);
            }
        }));
    });
}

/// Do this, and answer.
#[derive(Message)]
#[message(local, reply = ())]
enum Do {
    Nothing,
    Crash,
    /// Ends the worker.
    Stop,
    /// Sets timers, and cancels them.
    Timers(usize),
    /// Says when it has begun, and waits for the end.
    Wait(watch::Sender<bool>, watch::Receiver<bool>),
}

#[derive(Worker)]
#[worker(handles(Do))]
struct Doer {
    _state: Box<[u8; 100]>,
}

impl Doer {
    fn new() -> Self {
        Self { _state: Box::new([0; 100]) }
    }
}

impl Handle<Do> for Doer {
    async fn handle(&mut self, what: Do, cx: &mut Context<Self>) {
        match what {
            Do::Nothing => {}
            Do::Crash => panic!("{PLANNED}"),
            Do::Stop => cx.stop(),
            Do::Timers(count) => {
                for n in (0..count).rev() {
                    let timer = cx.after(HOUR + Duration::from_secs(n as u64), Do::Nothing);
                    assert!(cx.cancel(timer));
                }
            }
            Do::Wait(begun, mut end) => {
                begun.send_replace(true);
                // It ends as well when nobody can say so any more.
                let _ = end.wait_for(|end| *end).await;
            }
        }
    }
}

/// Gets a worker to wait; dropping what is returned lets it go on.
async fn wait(worker: &Address<Doer>) -> watch::Sender<bool> {
    let (begun, end) = (watch::Sender::new(false), watch::Sender::new(false));
    let mut has_begun = begun.subscribe();
    worker.tell(Do::Wait(begun, end.subscribe())).await.unwrap();
    has_begun.wait_for(|begun| *begun).await.unwrap();
    end
}

struct Cast {
    system: System,
    /// Alone under its supervisor.
    single: Address<Doer>,
    /// What happens to the first is the end of the second.
    first: Address<Doer>,
    second: Address<Doer>,
}

impl Cast {
    async fn new() -> Self {
        silence_planned_panics();
        let system = System::builder("test").kill_grace(Duration::from_millis(20));
        let system = system.start().await.unwrap();
        let single = system.worker("single", Doer::new).start().await.unwrap();
        let rest = system.supervisor("rest").strategy(Strategy::RestForOne).start().await.unwrap();
        let first = rest.worker("first", Doer::new).start().await.unwrap();
        let second = rest.worker("second", Doer::new).shutdown(Shutdown::Kill);
        let second = second.start().await.unwrap();
        Self { system, single, first, second }
    }

    async fn round(&self, round: usize) {
        for _ in 0..EVENTS {
            self.killed().await;
        }
        for _ in 0..EVENTS {
            crashed(&self.single).await;
        }
        for n in 0..EVENTS {
            self.come_and_gone(format!("{round}-{n}")).await;
        }
        self.timed_out().await;
        self.woken_badly().await;
        self.single.ask(Do::Timers(EVENTS)).await.unwrap();
    }

    /// A worker is killed in the middle of a message.
    async fn killed(&self) {
        let end = wait(&self.second).await;
        crashed(&self.first).await;
        self.second.ask(Do::Nothing).await.unwrap();
        drop(end);
    }

    /// A worker is added, and ends.
    async fn come_and_gone(&self, name: String) {
        let worker = self.system.worker(name, Doer::new).restart(Restart::temporary());
        let worker = worker.start().await.unwrap();
        worker.ask(Do::Stop).await.unwrap();
        eventually("the worker has ended", || worker.is_stopped()).await;
    }

    /// Asks find their worker busy until it is too late.
    async fn timed_out(&self) {
        let end = wait(&self.single).await;
        let mut asks = Vec::new();
        for _ in 0..EVENTS {
            let mut ask = Box::pin(self.single.ask(Do::Crash).timeout(Duration::from_millis(1)));
            // One that is sent too late to wait has ended as well.
            match poll_fn(|cx| Poll::Ready(ask.as_mut().poll(cx))).await {
                Poll::Ready(outcome) => assert!(outcome.is_err()),
                Poll::Pending => asks.push(ask),
            }
        }
        for ask in asks {
            ask.await.unwrap_err();
        }
        drop(end);
        self.single.ask(Do::Nothing).await.unwrap();
    }

    /// Asks are polled with a waker that panics.
    async fn woken_badly(&self) {
        let waker = Waker::from(Arc::new(Panicking));
        let end = wait(&self.single).await;
        let mut asks = Vec::new();
        for _ in 0..EVENTS {
            let mut ask = Box::pin(self.single.ask(Do::Nothing).no_timeout());
            assert!(ask.as_mut().poll(&mut task::Context::from_waker(&waker)).is_pending());
            asks.push(ask);
        }
        drop(end);
        self.single.ask(Do::Nothing).await.unwrap();
        for ask in asks {
            ask.await.unwrap();
        }
    }
}

/// A waker of the user's own.
struct Panicking;

impl Wake for Panicking {
    fn wake(self: Arc<Self>) {
        panic!("{PLANNED}");
    }
}

/// A worker crashes after useful work.
async fn crashed(worker: &Address<Doer>) {
    worker.ask(Do::Nothing).await.unwrap();
    worker.ask(Do::Crash).await.unwrap_err();
}

async fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let begin = Instant::now();
    while !holds() {
        assert!(begin.elapsed() < Duration::from_secs(15), "never came true: {what}");
        tokio::task::yield_now().await;
    }
}

/// Waits until memory is what it was. How much more it is, if that does not come.
async fn came_back(before: isize) -> Result<(), isize> {
    let (begin, mut least) = (Instant::now(), isize::MAX);
    while least > ALLOWANCE {
        least = least.min(grown_since(before));
        if begin.elapsed() > Duration::from_secs(2) {
            return Err(least);
        }
        tokio::task::yield_now().await;
    }
    Ok(())
}

/// Runs half the rounds twice. After each half, memory comes back to what it was before; if not, that is put down to
/// [`SETTLING`], and another half is run.
fn does_not_grow(runtime: fn() -> Runtime) {
    guarded(move || {
        runtime().block_on(async {
            let cast = Cast::new().await;
            for round in 0..WARM_UP {
                cast.round(round).await;
            }
            let (mut done, mut calm, mut grown) = (WARM_UP, 0, Vec::new());
            while calm < 2 {
                let before = counter::live_bytes();
                for _ in 0..ROUNDS / 2 {
                    cast.round(done).await;
                    done += 1;
                }
                match came_back(before).await {
                    Ok(()) => calm += 1,
                    Err(bytes) => grown.push(bytes),
                }
                assert!(grown.len() <= SETTLING, "it grows and grows, by {grown:?} bytes");
            }
            cast.system.shutdown().await.unwrap();
        });
    });
}

fn grown_since(before: isize) -> isize {
    counter::live_bytes() - before
}

#[test]
fn on_one_thread() {
    does_not_grow(|| {
        Builder::new_current_thread().enable_all().start_paused(true).build().unwrap()
    });
}

#[test]
fn on_two_threads() {
    does_not_grow(|| Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap());
}

/// One byte for each event of one kind would be noticed.
#[test]
fn a_little_growth_is_noticed() {
    guarded(|| {
        let before = counter::live_bytes();
        let little: Vec<_> = (0..ROUNDS / 2 * EVENTS).map(|_| Box::new(1_u8)).collect();
        assert!(grown_since(before) > ALLOWANCE);
        drop(little);
        assert!(grown_since(before) <= ALLOWANCE);
    });
}
