//! What a worker does at its very end, when its runtime is being dropped: nothing that it waits for can
//! come any more, so nothing of it may wait.

use millhand::prelude::*;

use crate::stage::*;

clerk!(Full, mailbox = 1);

/// A blocking verb, as a worker's last act.
#[derive(Debug, Clone, Copy)]
enum Verb {
    Tell,
    Ask,
}

impl Verb {
    fn say(self, full: &Address<Full>) -> String {
        match self {
            Self::Tell => format!("{:?}", full.tell_blocking(Note(0))),
            Self::Ask => format!("{:?}", full.ask_blocking(Note(0))),
        }
    }

    /// Refused, by a mailbox that is full or by a worker that has ended; but not waited for.
    fn was_refused(self, said: &str) -> bool {
        match self {
            Self::Tell => ["Err(Full(..))", "Err(Stopped(..))"].contains(&said),
            Self::Ask => said == "Err(WouldBlock(..))",
        }
    }
}

/// Says goodbye to somebody when it has stopped, and again when it is dropped.
#[derive(Worker)]
#[worker(handles(Note, Run), lifecycle)]
struct Parting {
    verb: Verb,
    full: Address<Full>,
    said: Log<String>,
    _alive: Alive,
}

impl Parting {
    fn say(&self) {
        self.said.push(self.verb.say(&self.full));
    }
}

impl Lifecycle for Parting {
    fn stopped(&mut self, _: &ExitReason) {
        self.say();
    }
}

impl Drop for Parting {
    fn drop(&mut self) {
        self.say();
    }
}

impl Handle<Note> for Parting {
    async fn handle(&mut self, Note(n): Note, _: &mut Context<Self>) -> u64 {
        n
    }
}

impl Handle<Run> for Parting {
    async fn handle(&mut self, run: Run, _: &mut Context<Self>) -> u64 {
        run.body().await
    }
}

/// What it is about when the runtime goes away.
#[derive(Debug, Clone, Copy)]
enum Doing {
    Nothing,
    /// It has a message that it has not come to.
    Queued,
    /// Its handler is suspended.
    Handling,
}

/// G21: a last act that waits, in a `stopped` or a destructor, keeps nobody from dropping the runtime.
#[test]
fn a_blocking_verb_in_stopped_does_not_block_the_drop_of_the_runtime() {
    let runtimes: [fn() -> tokio::runtime::Runtime; 4] =
        [current_thread, || multi_thread(1), || multi_thread(2), || multi_thread(8)];
    for verb in [Verb::Tell, Verb::Ask] {
        for doing in [Doing::Nothing, Doing::Queued, Doing::Handling] {
            for runtime in runtimes {
                guarded("the drop of a runtime", move || drop_with(runtime(), verb, doing));
            }
        }
    }
}

fn drop_with(runtime: tokio::runtime::Runtime, verb: Verb, doing: Doing) {
    let (states, said) = (Population::default(), Log::new());
    let (_system, parting) = runtime.block_on(async {
        let system = system().await;
        let full = system.worker("full", Full::writing(&Log::new())).start().await.unwrap();
        let (entered, never) = (Gate::new(), Gate::new());
        full.tell(Run::held(&entered, &never)).await.unwrap();
        entered.opened().await;
        full.tell(Note(0)).await.unwrap();
        let (alive, written) = (states.clone(), said.clone());
        let make = move || {
            let (full, said) = (full.clone(), written.clone());
            Parting { verb, full, said, _alive: alive.born() }
        };
        let parting = system.worker("parting", make).start().await.unwrap();
        if let Doing::Handling = doing {
            let entered = Gate::new();
            parting.tell(Run::held(&entered, &never)).await.unwrap();
            entered.opened().await;
        }
        (system, parting)
    });
    if let Doing::Queued = doing {
        parting.try_tell(Note(1)).unwrap();
    }
    drop(runtime);
    assert!(parting.is_stopped());
    without_runtime(eventually("the state is gone", || states.alive() == 0));
    let said = said.take();
    assert_eq!(said.len(), 2, "{said:?}");
    assert!(said.iter().all(|said| verb.was_refused(said)), "{verb:?}, {doing:?}: {said:?}");
}
