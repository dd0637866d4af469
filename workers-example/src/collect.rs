//! The collector: takes the results, and gives the walker credit for more.

use std::io;

use millhand::prelude::*;
use tokio::sync::oneshot;

use crate::digest::Digest;
use crate::path::FilePath;
use crate::progress::Progress;
use crate::report::Entry;
use crate::walk::Credit;

/// Result: what became of one file.
#[derive(Debug, Message)]
#[message(local)]
pub struct Hashed {
    /// Which one.
    pub path: FilePath,
    /// How many attempts crashed before.
    pub retries: u32,
    /// What is in it, or why that is unknown.
    pub result: io::Result<Digest>,
}

/// An entry or a directory that the walk could not read.
#[derive(Debug, Message)]
#[message(local)]
pub struct Unseen(pub Failure);

/// The walk is over.
#[derive(Debug, Message)]
#[message(local)]
pub struct Walked {
    /// How many files it has sent to the hashers.
    pub files: u64,
    /// Whether it saw the whole tree, or crashed on the way.
    pub whole: bool,
}

/// Something that the report lacks.
#[derive(Debug)]
pub struct Failure {
    /// What.
    pub path: FilePath,
    /// Why.
    pub error: io::Error,
}

/// All that was found, in the order it came.
#[derive(Debug, Default)]
pub struct Collection {
    /// The lines of the report.
    pub entries: Vec<Entry>,
    /// What the report lacks.
    pub failures: Vec<Failure>,
    /// Whether the walk saw the whole tree, instead of crashing on the way.
    pub whole: bool,
}

/// Keeps the results until the walk is over and every file is back.
#[derive(Debug, Worker)]
#[worker(handles(Hashed, Unseen, Walked, Credited), unbounded)]
pub struct Collector {
    collection: Collection,
    returned: u64,
    walked: Option<u64>,
    walker: Option<Recipient<Credit>>,
    progress: Progress,
    done: Option<oneshot::Sender<Collection>>,
}

/// Who gets a credit for every file that is back.
#[derive(Debug, Message)]
#[message(local)]
pub struct Credited(pub Recipient<Credit>);

impl Collector {
    /// A collector that sends what it has when all is there.
    pub fn new(progress: Progress, done: oneshot::Sender<Collection>) -> Self {
        let collection = Collection::default();
        Self { collection, returned: 0, walked: None, walker: None, progress, done: Some(done) }
    }

    fn finish_if_all_is_there(&mut self) {
        if self.walked != Some(self.returned) {
            return;
        }
        if let Some(done) = self.done.take() {
            // Nobody waits for it any more when the program was interrupted.
            let _ = done.send(std::mem::take(&mut self.collection));
        }
    }
}

impl Handle<Credited> for Collector {
    async fn handle(&mut self, Credited(walker): Credited, _cx: &mut Context<Self>) {
        self.walker = Some(walker);
    }
}

impl Handle<Hashed> for Collector {
    async fn handle(&mut self, hashed: Hashed, _cx: &mut Context<Self>) {
        let Hashed { path, retries, result } = hashed;
        self.returned += 1;
        let length = result.as_ref().ok().map(|digest| digest.bytes);
        self.progress.returned_file(length, retries);
        match result {
            Ok(digest) => self.collection.entries.push(Entry { path, digest }),
            Err(error) => self.collection.failures.push(Failure { path, error }),
        }
        if let Some(walker) = &self.walker {
            // Refused when the walk is over: it needs no credit.
            let _ = walker.tell(Credit).await;
        }
        self.finish_if_all_is_there();
    }
}

impl Handle<Unseen> for Collector {
    async fn handle(&mut self, Unseen(failure): Unseen, _cx: &mut Context<Self>) {
        self.collection.failures.push(failure);
    }
}

impl Handle<Walked> for Collector {
    async fn handle(&mut self, Walked { files, whole }: Walked, _cx: &mut Context<Self>) {
        self.walked = Some(files);
        self.collection.whole = whole;
        self.finish_if_all_is_there();
    }
}
