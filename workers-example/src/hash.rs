//! The hashers: a pool of workers that read files. Here is *Work*; its *Result* goes to the collector.

use std::io;
use std::sync::{Arc, OnceLock};

use millhand::prelude::*;

use crate::chaos::Chaos;
use crate::collect::Hashed;
use crate::path::FilePath;
use crate::progress::Progress;
use crate::read::{BUFFER, Reading};
use crate::root::Root;
use crate::stop::Stop;

/// Work: a file to read, from its beginning.
#[derive(Debug, Clone, Message, Serialize, Deserialize)]
#[message(name = "inventory.hash", version = 1)]
pub struct Hash {
    /// Which one.
    pub path: FilePath,
}

/// Work: the rest of a large file. It goes to the back of whichever hasher's queue is shortest, so the
/// files that wait there come first, and any hasher can take it up.
///
/// It carries all that is known of the file. When its hasher crashes on some other file, nothing is lost.
#[derive(Debug, Clone, Message)]
#[message(local)]
pub struct Continue(Box<Unfinished>);

/// A file that has not been read to its end.
#[derive(Debug, Clone)]
struct Unfinished {
    reading: Reading,
    retries: u32,
}

/// Reads files, one message at a time. A crash costs the message it was handling one attempt: the
/// successor has another.
#[derive(Debug, Worker)]
#[worker(handles(Hash, Continue), unbounded, on_crash = retry(1), lifecycle)]
pub struct Hasher {
    tools: Tools,
    buffer: Box<[u8]>,
    /// Taken up for the last time: if this attempt crashes too, nobody else will say so.
    last_attempt: Option<FilePath>,
}

/// What every hasher needs.
#[derive(Debug, Clone)]
pub struct Tools {
    /// Where the files are.
    pub root: Arc<Root>,
    /// Which of them crash the worker.
    pub chaos: Chaos,
    /// Whether it is still worth while.
    pub stop: Stop,
    /// Counts what is read.
    pub progress: Progress,
    /// Takes the results.
    pub results: Recipient<Hashed>,
    /// The pool itself, for the rest of a large file; filled in when the pool has started.
    pub rest: Arc<OnceLock<Recipient<Continue>>>,
}

/// How much of a file is read for one message, in bytes: 2 ms of work. Less would let a large file fall
/// behind, more would let it hold up the small ones.
const QUANTUM: u64 = 4 * 1024 * 1024;

impl Hasher {
    /// A hasher with a buffer of its own.
    pub fn new(tools: Tools) -> Self {
        Self { tools, buffer: vec![0; BUFFER].into(), last_attempt: None }
    }

    async fn read_on(&mut self, mut unfinished: Box<Unfinished>) {
        let Unfinished { reading, retries } = &mut *unfinished;
        let before = reading.offset();
        let ended = reading.read_on(&mut self.buffer, QUANTUM);
        self.tools.progress.read_bytes(reading.offset() - before);
        let hashed = match ended {
            Ok(false) => return self.put_back(unfinished).await,
            Ok(true) => {
                let retries = *retries;
                let (path, digest) = unfinished.reading.finish();
                Hashed { path, retries, result: Ok(digest) }
            }
            Err(error) => {
                Hashed { path: reading.path().clone(), retries: *retries, result: Err(error) }
            }
        };
        self.give_back(hashed).await;
    }

    async fn put_back(&mut self, unfinished: Box<Unfinished>) {
        self.last_attempt = None;
        if let (Some(rest), false) = (self.tools.rest.get(), self.tools.stop.asked()) {
            // Refused only when the system stops, and then the report is not wanted any more.
            let _ = rest.tell(Continue(unfinished)).await;
        }
    }

    async fn give_back(&mut self, hashed: Hashed) {
        self.last_attempt = None;
        // As above.
        let _ = self.tools.results.tell(hashed).await;
    }
}

impl Handle<Hash> for Hasher {
    async fn handle(&mut self, Hash { path }: Hash, cx: &mut Context<Self>) {
        let retries = cx.attempt() - 1;
        if retries > 0 {
            self.last_attempt = Some(path.clone());
        } else if self.tools.chaos.strikes(&path) {
            Chaos::strike();
        }
        match Reading::open(&self.tools.root, path.clone()) {
            Ok(reading) => self.read_on(Box::new(Unfinished { reading, retries })).await,
            Err(error) => self.give_back(Hashed { path, retries, result: Err(error) }).await,
        }
    }
}

impl Handle<Continue> for Hasher {
    async fn handle(&mut self, Continue(mut unfinished): Continue, cx: &mut Context<Self>) {
        if cx.attempt() > 1 {
            unfinished.retries += 1;
            self.last_attempt = Some(unfinished.reading.path().clone());
        }
        self.read_on(unfinished).await;
    }
}

impl Lifecycle for Hasher {
    /// A file whose second attempt crashed as well is named as unreadable, instead of being waited for.
    fn stopped(&mut self, _reason: &ExitReason) {
        if let Some(path) = self.last_attempt.take() {
            let error = io::Error::other("its worker crashed twice");
            let _ = self.tools.results.try_tell(Hashed { path, retries: 1, result: Err(error) });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::sync::mpsc;

    /// Passes results on to the test.
    #[derive(Debug, Worker)]
    #[worker(handles(Hashed))]
    struct Results(mpsc::UnboundedSender<Hashed>);

    impl Handle<Hashed> for Results {
        async fn handle(&mut self, hashed: Hashed, _cx: &mut Context<Self>) {
            let _ = self.0.send(hashed);
        }
    }

    #[tokio::test]
    async fn only_a_crash_of_the_last_attempt_gives_a_file_up() {
        let system = System::builder("test").start().await.unwrap();
        let (sender, mut results) = mpsc::unbounded_channel();
        let collector =
            system.worker("results", move || Results(sender.clone())).start().await.unwrap();
        let mut hasher = Hasher::new(Tools {
            root: Arc::new(Root::open(".".as_ref()).unwrap()),
            chaos: Chaos::new(0.0, 0),
            stop: Stop::default(),
            progress: Progress::new(false),
            results: collector.recipient(),
            rest: Arc::default(),
        });
        let crashed = ExitReason::Panicked("".into());

        hasher.stopped(&crashed);
        hasher.last_attempt = Some(FilePath::from(&b"lost"[..]));
        hasher.stopped(&crashed);
        hasher.stopped(&crashed);
        system.shutdown().await.unwrap();

        let lost = results.recv().await.unwrap();
        assert_eq!(lost.path.as_bytes(), b"lost");
        assert!(lost.result.is_err());
        assert!(results.try_recv().is_err());
    }
}
