//! The workers, and who sends what to whom.
//!
//! ```text
//!            Hash, a bounded number at once         Hashed
//!   walker ─────────────────────────────▶ hashers ─────────▶ collector ──▶ Collection
//!      ▲                                  │     ▲                │
//!      │                                  └─────┘                │
//!      │                     Continue: the rest of a large file  │
//!      └─────────────────────────────────────────────────────────┘
//!                 Credit, one for every file that is back
//! ```
//!
//! No mailbox needs a bound of its own: what is in flight is bounded by the walker's credit. So nobody
//! waits for room in a mailbox, and no two workers can wait for each other.

use std::sync::{Arc, Mutex, OnceLock};

use millhand::prelude::*;
use rustix::process::{Resource, getrlimit};
use tokio::sync::oneshot;

use crate::chaos::Chaos;
use crate::collect::{Collection, Collector, Credited};
use crate::hash::{Hasher, Tools};
use crate::progress::Progress;
use crate::root::Root;
use crate::stop::Stop;
use crate::tree::{Hidden, Tree};
use crate::walk::{Collecting, Walk, Walker};

/// Files in flight beside two for each hasher: so that none runs dry while the walker lists a directory.
/// Many more would put off the next turn of a large file, on which the end of the run may depend.
const SPARE: usize = 16;

/// Files in flight at most: each may be a large one and hold a descriptor, so they may take half of what
/// the process has.
fn most_in_flight() -> usize {
    let descriptors = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
    usize::try_from(descriptors / 2).unwrap_or(usize::MAX)
}

/// The workers at work.
#[derive(Debug)]
pub struct Crew {
    system: System,
    collection: oneshot::Receiver<Collection>,
}

/// What the workers are to do.
#[derive(Debug)]
pub struct Task {
    /// The directory to take down.
    pub root: Root,
    /// What to leave out.
    pub hidden: Option<Hidden>,
    /// How many hashers.
    pub hashers: usize,
    /// Which files crash one.
    pub chaos: Chaos,
    /// Shows how far they have come.
    pub progress: Progress,
    /// Tells them to begin nothing more.
    pub stop: Stop,
}

impl Crew {
    /// Starts the workers. They begin at once.
    ///
    /// # Errors
    ///
    /// If the system or one of the workers does not start.
    pub async fn start(task: Task) -> Result<Self, millhand::Error> {
        let Task { root, hidden, hashers, chaos, progress, stop } = task;
        let root = Arc::new(root);
        let system = System::builder("inventory").start().await?;

        // What a collector or a walker knew when it crashed is lost, so neither gets a successor: the
        // end of the channel, or the walker's last message, says that the report cannot be whole.
        let (done, collection) = oneshot::channel();
        let done = Mutex::new(Some(done));
        let collector = {
            let progress = progress.clone();
            let make = move || {
                let done = done.lock().ok().and_then(|mut done| done.take());
                done.map(|done| Collector::new(progress.clone(), done))
                    .ok_or("its results are lost")
            };
            system.worker("collector", make).restart(Restart::temporary()).start().await?
        };

        let rest = Arc::new(OnceLock::new());
        let pool = {
            // The very first file of every hasher may crash it.
            let usual = Intensity::default();
            let intensity = Intensity { fruitless: usual.fruitless + hashers as u32, ..usual };
            let tools = Tools {
                root: Arc::clone(&root),
                chaos,
                stop: stop.clone(),
                progress: progress.clone(),
                results: collector.recipient(),
                rest: Arc::clone(&rest),
            };
            system
                .pool("hashers", hashers, move || Hasher::new(tools.clone()))
                .routing(Routing::LeastLoaded)
                .restart(Restart::permanent())
                .intensity(intensity)
                .start()
                .await?
        };
        rest.get_or_init(|| pool.recipient());

        let walker = {
            let collecting =
                Collecting { unseen: collector.recipient(), walked: collector.recipient() };
            let credits = (2 * hashers + SPARE).min(most_in_flight());
            let make = move || {
                let tree = Tree::new(Arc::clone(&root), hidden.clone());
                let (pool, collecting) = (pool.clone(), collecting.clone());
                Walker::new(tree, credits, pool, collecting, progress.clone(), stop.clone())
            };
            system.worker("walker", make).restart(Restart::temporary()).start().await?
        };
        // Refused only if the worker has crashed, and then the channel says so.
        let _ = collector.tell(Credited(walker.recipient())).await;
        let _ = walker.tell(Walk).await;
        Ok(Self { system, collection })
    }

    /// Waits until every file is back. `None`: the collector has crashed.
    ///
    /// # Cancel safety
    ///
    /// It can be dropped and called again, until it has answered.
    pub async fn finish(&mut self) -> Option<Collection> {
        (&mut self.collection).await.ok()
    }

    /// How often a worker has been restarted.
    pub fn restarts(&self) -> u64 {
        self.system.counters().iter().map(|(_, counters)| counters.restarts).sum()
    }

    /// Sends the workers home: the walker first, then the hashers, the collector last, each when it has
    /// dealt with what it has.
    pub async fn dismiss(self) {
        // What the library had to abandon ends with the program.
        let _ = self.system.shutdown().await;
    }
}
