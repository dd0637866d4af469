//! The walker: looks for files and hands them out, never more at once than it has credit for.

use millhand::prelude::*;

use crate::collect::{Failure, Unseen, Walked};
use crate::hash::{Hash, Hasher};
use crate::path::FilePath;
use crate::progress::Progress;
use crate::stop::Stop;
use crate::tree::{Found, Tree};

/// Walk on.
#[derive(Debug, Message)]
#[message(local)]
pub struct Walk;

/// A file has come back: one more may be handed out.
#[derive(Debug, Message)]
#[message(local)]
pub struct Credit;

/// Walks the tree, a bounded number of entries per message. What it holds does not grow with the number
/// of files, and hashing starts with the first one.
#[derive(Debug, Worker)]
#[worker(handles(Walk, Credit), unbounded, lifecycle)]
pub struct Walker {
    tree: Tree,
    credits: usize,
    files: u64,
    /// A `Walk` is in the mailbox.
    underway: bool,
    over: bool,
    hashers: Pool<Hasher>,
    collector: Collecting,
    progress: Progress,
    stop: Stop,
}

/// The collector, as the walker knows it.
#[derive(Debug, Clone)]
pub struct Collecting {
    /// Takes what could not be seen.
    pub unseen: Recipient<Unseen>,
    /// Takes the end.
    pub walked: Recipient<Walked>,
}

/// Entries looked at for one message: a fraction of a millisecond.
const ENTRIES: usize = 64;

impl Walker {
    /// A walker that hands out up to `credits` files before one comes back.
    pub fn new(
        tree: Tree,
        credits: usize,
        hashers: Pool<Hasher>,
        collector: Collecting,
        progress: Progress,
        stop: Stop,
    ) -> Self {
        Self {
            tree,
            credits,
            files: 0,
            underway: false,
            over: false,
            hashers,
            collector,
            progress,
            stop,
        }
    }

    /// Every send here is refused only when the system stops, and then the report is not wanted any more.
    async fn walk_on(&mut self, cx: &mut Context<Self>) {
        for _ in 0..ENTRIES {
            if self.credits == 0 || self.over || self.stop.asked() {
                return;
            }
            match self.tree.step() {
                Some(Found::File(path)) => self.hand_out(path).await,
                Some(Found::Other) => {}
                Some(Found::Failed(path, error)) => {
                    let _ = self.collector.unseen.tell(Unseen(Failure { path, error })).await;
                }
                None => return self.finish().await,
            }
        }
        if !self.underway {
            self.underway = cx.address().tell(Walk).await.is_ok();
        }
    }

    async fn hand_out(&mut self, path: FilePath) {
        self.credits -= 1;
        self.files += 1;
        self.progress.found_file();
        let _ = self.hashers.tell(Hash { path }).await;
    }

    async fn finish(&mut self) {
        self.over = true;
        self.progress.found_all();
        let _ = self.collector.walked.tell(Walked { files: self.files, whole: true }).await;
    }
}

impl Handle<Walk> for Walker {
    async fn handle(&mut self, _: Walk, cx: &mut Context<Self>) {
        self.underway = false;
        self.walk_on(cx).await;
    }
}

impl Handle<Credit> for Walker {
    async fn handle(&mut self, _: Credit, cx: &mut Context<Self>) {
        self.credits += 1;
        if !self.underway {
            self.walk_on(cx).await;
        }
    }
}

impl Lifecycle for Walker {
    /// If the walk ends before its time, the collector must not wait for the rest of it.
    fn stopped(&mut self, _reason: &ExitReason) {
        if !self.over {
            let _ = self.collector.walked.try_tell(Walked { files: self.files, whole: false });
        }
    }
}
