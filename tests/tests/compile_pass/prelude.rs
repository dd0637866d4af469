//! The prelude is enough for a program with a supervised worker, and hides nothing of the standard
//! library's prelude.

#![deny(warnings)]

use millhand::prelude::*;

#[derive(Clone, Message)]
#[message(local, reply = Result<u64, String>)]
struct Add(u64);

#[derive(Worker)]
#[worker(handles(Add), on_crash = retry(1), lifecycle)]
struct Counter {
    total: u64,
    _tree: Supervisor,
}

impl Lifecycle for Counter {
    async fn started(&mut self, _cx: &mut Context<Self>) -> Result<(), BoxError> {
        Ok(())
    }

    fn stopped(&mut self, reason: &ExitReason) {
        assert!(matches!(reason, ExitReason::Shutdown));
    }
}

impl Handle<Add> for Counter {
    async fn handle(&mut self, Add(n): Add, _cx: &mut Context<Self>) -> Result<u64, String> {
        self.total += n;
        Ok(self.total)
    }
}

async fn start(tree: &Supervisor) -> Result<Pool<Counter>, StartError> {
    let held = tree.clone();
    tree.pool("counters", 2, move || Counter { total: 0, _tree: held.clone() })
        .routing(Routing::LeastLoaded)
        .restart(Restart::permanent())
        .shutdown(Shutdown::default())
        .start()
        .await
}

async fn send(to: &Recipient<Add>) -> Option<AskError<Add>> {
    let told: Result<(), TellError<Add>> = to.tell(Add(1)).await;
    assert!(told.is_ok());
    to.ask(Add(2)).await.err()
}

async fn stop(system: System) -> Result<(), ShutdownError> {
    system.shutdown().await
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let system = System::builder("prelude").start().await?;
    let tree = system
        .supervisor("tree")
        .strategy(Strategy::OneForAll)
        .intensity(Intensity::default())
        .backoff(Backoff::default())
        .start()
        .await?;
    let counters = start(&tree).await?;
    let first: &Address<Counter> = &counters.members()[0];
    assert!(send(&first.recipient()).await.is_none());
    stop(system).await?;
    Ok(())
}

/// A glob import hides what is in the standard library's prelude without a word: these would be others.
#[allow(dead_code)]
fn hides_nothing(
    _: Option<Box<Vec<String>>>,
    _: Result<(), ()>,
    _: impl Fn() + Send + Sync + Unpin + Copy + Clone + Default + Eq + Ord + ToString + ToOwned,
    _: impl FnMut() + FnOnce() + AsyncFn() + IntoIterator + Extend<u8> + PartialEq + PartialOrd,
    _: impl Iterator<Item = u8> + ExactSizeIterator + DoubleEndedIterator,
    _: impl Into<u8> + TryInto<u8> + From<u8> + TryFrom<u8> + AsRef<u8> + AsMut<u8>,
    _: impl Future<Output = ()> + IntoFuture,
) {
    drop(vec![Some(1), None]);
    let _ = (Ok::<u8, u8>(1), Err::<u8, u8>(1));
}
