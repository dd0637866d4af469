//! The stage of every test: runtimes in all flavours, gates that order what happens, logs and live
//! counters that say what happened, and a few workers that do as they are told.

use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, Once, PoisonError, mpsc};
use std::task::Poll;
use std::thread;
use std::time::{Duration, Instant};

use millhand::prelude::*;
use millhand::{BoxError, ExitReason, SystemBuilder};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::watch;

/// A test that takes longer hangs: nothing here needs more than a few seconds, or a few minutes under a
/// sanitizer (`tests/sanitizers`).
pub(crate) const PATIENCE: Duration =
    Duration::from_secs(if option_env!("PROMISES_SANITIZED").is_some() { 600 } else { 30 });

pub(crate) const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

pub(crate) const fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

/// True: this is a process of its own, for what takes in the whole process. Otherwise runs the test of this
/// name (module and function) in one, which must pass; then there is nothing more to do here.
pub(crate) fn alone(test: &str) -> bool {
    const ALONE: &str = "PROMISES_ALONE";
    if std::env::var_os(ALONE).is_some() {
        return true;
    }
    let this = std::env::current_exe().expect("a test runs in a program");
    let run = std::process::Command::new(this).args(["--exact", test]).env(ALONE, "1").output();
    let run = run.expect("it can be run again");
    let said = String::from_utf8_lossy(&run.stdout);
    assert!(run.status.success() && said.contains("1 passed"), "{said}");
    false
}

/// Runs a body on a thread of its own, so that a hang is a failure.
pub(crate) fn guarded(what: &str, body: impl FnOnce() + Send + 'static) {
    let (done, finished) = mpsc::channel();
    thread::spawn(move || {
        let outcome = catch_unwind(AssertUnwindSafe(body));
        // Nobody listens any more when patience has ended.
        let _ = done.send(outcome);
    });
    match finished.recv_timeout(PATIENCE) {
        Ok(Ok(())) => {}
        Ok(Err(panic)) => resume_unwind(panic),
        Err(_) => panic!("hangs on {what}"),
    }
}

/// Runs a body on a current-thread runtime whose clock stands still and jumps when all is idle.
pub(crate) fn paused(body: impl AsyncFnOnce() + Send + 'static) {
    guarded("a current-thread runtime with paused time", || {
        let runtime = Builder::new_current_thread()
            .enable_all()
            .start_paused(true)
            .build()
            .expect("a runtime");
        runtime.block_on(body());
    });
}

pub(crate) fn current_thread() -> Runtime {
    Builder::new_current_thread().enable_all().build().expect("a runtime")
}

pub(crate) fn multi_thread(threads: usize) -> Runtime {
    Builder::new_multi_thread().worker_threads(threads).enable_all().build().expect("a runtime")
}

/// Runs a body on a current-thread runtime, and on multi-thread runtimes of 1, 2 and 8 threads.
pub(crate) fn on_every_runtime(body: impl AsyncFn() + Clone + Send + 'static) {
    let flavours: [(&str, fn() -> Runtime); 4] = [
        ("a current-thread runtime", current_thread),
        ("one thread", || multi_thread(1)),
        ("two threads", || multi_thread(2)),
        ("eight threads", || multi_thread(8)),
    ];
    for (name, runtime) in flavours {
        let body = body.clone();
        guarded(name, move || runtime().block_on(body()));
    }
}

/// Runs a body on a multi-thread runtime with two threads.
pub(crate) fn on_two_threads(body: impl AsyncFnOnce() + Send + 'static) {
    guarded("two threads", || multi_thread(2).block_on(body()));
}

/// Runs a future without any runtime.
pub(crate) fn without_runtime<F: Future>(future: F) -> F::Output {
    use std::task::{Context, Wake, Waker};

    struct Unpark(thread::Thread);

    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }

    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut future = pin!(future);
    loop {
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(output) => return output,
            Poll::Pending => thread::park(),
        }
    }
}

/// With paused time: until nothing can go on before a millisecond has passed.
pub(crate) async fn until_idle() {
    tokio::time::sleep(ms(1)).await;
}

/// With running time: until the condition holds.
pub(crate) async fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let begin = Instant::now();
    while !holds() {
        assert!(begin.elapsed() < PATIENCE / 2, "never came true: {what}");
        tokio::task::yield_now().await;
    }
}

/// Polls a future once; it must not be ready.
pub(crate) async fn poll_once<F: Future + Unpin>(future: &mut F) {
    poll_fn(|cx| {
        assert!(Pin::new(&mut *future).poll(cx).is_pending(), "ready at its first poll");
        Poll::Ready(())
    })
    .await;
}

/// What a future is ready with, if it is; nobody else has a turn.
pub(crate) async fn now<F: Future + Unpin>(future: &mut F) -> Option<F::Output> {
    poll_fn(|cx| match Pin::new(&mut *future).poll(cx) {
        Poll::Ready(output) => Poll::Ready(Some(output)),
        Poll::Pending => Poll::Ready(None),
    })
    .await
}

/// A system with the defaults.
pub(crate) async fn system() -> System {
    System::builder("test").start().await.expect("inside a runtime")
}

/// What the payload of a panic that belongs to the test begins with.
pub(crate) const PLANNED: &str = "planned";

/// Panics of the test's own making print nothing from now on.
pub(crate) fn silence_planned_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            let text = info.payload_as_str();
            if !text.is_some_and(|text| text.starts_with(PLANNED)) {
                before(info);
            }
        }));
    });
}

/// Stays open once opened. Clones are the same gate.
#[derive(Clone)]
pub(crate) struct Gate(Arc<watch::Sender<bool>>);

impl Gate {
    pub(crate) fn new() -> Self {
        Self(Arc::new(watch::Sender::new(false)))
    }

    pub(crate) fn open(&self) {
        self.0.send_replace(true);
    }

    pub(crate) fn is_open(&self) -> bool {
        *self.0.borrow()
    }

    pub(crate) async fn opened(&self) {
        let mut open = self.0.subscribe();
        open.wait_for(|open| *open).await.expect("the gate holds its sender");
    }
}

/// Ends whatever is stuck on a thread, also when a test fails. Clones are the same release.
#[derive(Clone)]
pub(crate) struct Release(Arc<AtomicBool>);

impl Release {
    pub(crate) fn new() -> Self {
        Self(Arc::default())
    }

    pub(crate) fn is_given(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }

    /// Keeps its thread until the release is given.
    pub(crate) fn block(&self) {
        while !self.is_given() {
            std::hint::spin_loop();
        }
    }
}

/// Gives the release when dropped.
pub(crate) struct ReleaseAtEnd(pub(crate) Release);

impl Drop for ReleaseAtEnd {
    fn drop(&mut self) {
        self.0.0.store(true, Ordering::SeqCst);
    }
}

/// A system that soon gives up what does not return.
pub(crate) fn impatient() -> SystemBuilder {
    System::builder("test").kill_grace(ms(20)).shutdown_deadline(ms(200))
}

/// What happened, in order.
pub(crate) struct Log<T = u64>(Arc<Mutex<Vec<T>>>);

impl<T> Log<T> {
    pub(crate) fn new() -> Self {
        Self(Arc::new(Mutex::new(Vec::new())))
    }

    pub(crate) fn push(&self, entry: T) {
        self.lock().push(entry);
    }

    pub(crate) fn len(&self) -> usize {
        self.lock().len()
    }

    /// All entries so far; the log begins anew.
    pub(crate) fn take(&self) -> Vec<T> {
        std::mem::take(&mut *self.lock())
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<T>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> Clone for Log<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

/// How many of something are alive.
#[derive(Debug, Clone, Default)]
pub(crate) struct Population(Arc<Census>);

#[derive(Debug, Default)]
struct Census {
    alive: AtomicUsize,
    most: AtomicUsize,
    born: AtomicUsize,
}

/// One of a population, until it is dropped.
#[derive(Debug)]
pub(crate) struct Alive(Population);

impl Population {
    pub(crate) fn born(&self) -> Alive {
        self.0.born.fetch_add(1, Ordering::SeqCst);
        let alive = self.0.alive.fetch_add(1, Ordering::SeqCst) + 1;
        self.0.most.fetch_max(alive, Ordering::SeqCst);
        Alive(self.clone())
    }

    pub(crate) fn alive(&self) -> usize {
        self.0.alive.load(Ordering::SeqCst)
    }

    /// The most that were alive at a time.
    pub(crate) fn most(&self) -> usize {
        self.0.most.load(Ordering::SeqCst)
    }

    /// How many there have ever been.
    pub(crate) fn ever(&self) -> usize {
        self.0.born.load(Ordering::SeqCst)
    }
}

impl Clone for Alive {
    fn clone(&self) -> Self {
        self.0.born()
    }
}

impl Drop for Alive {
    fn drop(&mut self) {
        let before = self.0.0.alive.fetch_sub(1, Ordering::SeqCst);
        assert_ne!(before, 0, "dropped twice");
    }
}

/// To be written down by whoever handles it; the reply is the number.
#[derive(Message, Debug, Clone, Copy, PartialEq, Eq)]
#[message(local, reply = u64)]
pub(crate) struct Note(pub(crate) u64);

/// A handler's body, as a message; the reply is what the future gives.
#[derive(Message)]
#[message(local, reply = u64)]
pub(crate) struct Run(Pin<Box<dyn Future<Output = u64> + Send>>);

impl Run {
    pub(crate) fn new(body: impl Future<Output = u64> + Send + 'static) -> Self {
        Self(Box::pin(body))
    }

    /// Opens `entered`, then waits for `leave`.
    pub(crate) fn held(entered: &Gate, leave: &Gate) -> Self {
        let (entered, leave) = (entered.clone(), leave.clone());
        Self::new(async move {
            entered.open();
            leave.opened().await;
            0
        })
    }

    pub(crate) fn crash() -> Self {
        silence_planned_panics();
        Self::new(async { panic!("planned crash") })
    }
}

/// Declares a worker that writes down notes and runs bodies, with the given attributes.
macro_rules! clerk {
    ($name:ident $(, $($attribute:tt)*)?) => {
        #[derive(millhand::Worker)]
        #[worker(handles($crate::stage::Note, $crate::stage::Run) $(, $($attribute)*)?)]
        pub(crate) struct $name {
            log: $crate::stage::Log,
        }

        impl $name {
            /// A constructor.
            pub(crate) fn writing(
                log: &$crate::stage::Log,
            ) -> impl Fn() -> Self + Send + Sync + 'static {
                let log = log.clone();
                move || Self { log: log.clone() }
            }
        }

        impl millhand::Handle<$crate::stage::Note> for $name {
            async fn handle(
                &mut self,
                $crate::stage::Note(n): $crate::stage::Note,
                _cx: &mut millhand::Context<Self>,
            ) -> u64 {
                self.log.push(n);
                n
            }
        }

        impl millhand::Handle<$crate::stage::Run> for $name {
            async fn handle(
                &mut self,
                run: $crate::stage::Run,
                _cx: &mut millhand::Context<Self>,
            ) -> u64 {
                run.body().await
            }
        }
    };
}
pub(crate) use clerk;

impl Run {
    pub(crate) async fn body(self) -> u64 {
        self.0.await
    }
}

clerk!(Clerk);
clerk!(ClerkOf1, mailbox = 1);
clerk!(ClerkOf2, mailbox = 2);
clerk!(Boundless, unbounded);

/// A body that uses the worker's context, as a message.
#[derive(Message)]
#[message(local)]
pub(crate) struct With(Box<dyn FnOnce(&mut Context<Member>) + Send>);

impl With {
    pub(crate) fn new(body: impl FnOnce(&mut Context<Member>) + Send + 'static) -> Self {
        Self(Box::new(body))
    }

    pub(crate) fn stop() -> Self {
        Self::new(Context::stop)
    }
}

/// A member of a group: says `+name` when it has started, `-name reason` when it has stopped, and
/// panics, stops or hangs when told.
#[derive(Worker)]
#[worker(handles(Note, Run, With), lifecycle)]
pub(crate) struct Member {
    name: &'static str,
    log: Log<String>,
    _alive: Alive,
}

/// What members share.
#[derive(Clone)]
pub(crate) struct Group {
    pub(crate) log: Log<String>,
    pub(crate) members: Population,
}

impl Group {
    pub(crate) fn new() -> Self {
        Self { log: Log::new(), members: Population::default() }
    }

    /// A constructor.
    pub(crate) fn member(&self, name: &'static str) -> impl Fn() -> Member + Send + Sync + 'static {
        let group = self.clone();
        move || Member { name, log: group.log.clone(), _alive: group.members.born() }
    }
}

/// One word for a reason.
pub(crate) fn word(reason: &ExitReason) -> &'static str {
    match reason {
        ExitReason::Normal => "normal",
        ExitReason::Shutdown => "shutdown",
        ExitReason::Panicked(_) => "panicked",
        ExitReason::Failed(_) => "failed",
        ExitReason::Killed => "killed",
        ExitReason::Abandoned => "abandoned",
        ExitReason::Escalated { .. } => "escalated",
        _ => "unknown",
    }
}

impl Lifecycle for Member {
    async fn started(&mut self, _cx: &mut Context<Self>) -> Result<(), BoxError> {
        self.log.push(format!("+{}", self.name));
        Ok(())
    }

    fn stopped(&mut self, reason: &ExitReason) {
        self.log.push(format!("-{} {}", self.name, word(reason)));
    }
}

impl Handle<Note> for Member {
    async fn handle(&mut self, Note(n): Note, _cx: &mut Context<Self>) -> u64 {
        self.log.push(format!("{} {n}", self.name));
        n
    }
}

impl Handle<Run> for Member {
    async fn handle(&mut self, run: Run, _cx: &mut Context<Self>) -> u64 {
        run.body().await
    }
}

impl Handle<With> for Member {
    async fn handle(&mut self, With(body): With, cx: &mut Context<Self>) {
        body(cx);
    }
}

/// How an ask failed, in the words of its error.
pub(crate) fn failure<R, M>(outcome: Result<R, millhand::AskError<M>>) -> String {
    match outcome {
        Ok(_) => "(a reply)".into(),
        Err(error) => format!("{error:?}"),
    }
}

/// Runs a body on a plain thread, and waits for what it returns.
pub(crate) async fn on_a_plain_thread<T: Send + 'static>(
    body: impl FnOnce() -> T + Send + 'static,
) -> T {
    let (done, finished) = tokio::sync::oneshot::channel();
    thread::spawn(move || {
        let _ = done.send(body());
    });
    finished.await.expect("the thread has panicked")
}
