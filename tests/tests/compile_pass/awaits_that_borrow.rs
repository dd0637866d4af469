//! Futures that are `Send`, though rustc has been known to say otherwise (rust-lang/rust#149407 and
//! the issues it lists): borrows held across awaits, generic async calls, a generic worker.

use std::collections::HashMap;
use std::fmt::{Debug, Display};

use millhand::Accepts;
use millhand::prelude::*;

#[derive(Message)]
#[message(local, reply = Vec<String>)]
struct Lines(Vec<String>);

#[derive(Message)]
#[message(local, reply = usize)]
struct Put<K: Send + 'static>(K);

trait Storage: Send + 'static {
    type Key: Send + Sync + Debug;

    fn store(&mut self, key: &Self::Key) -> impl Future<Output = usize> + Send;
}

#[derive(Worker)]
#[worker(handles(Lines, Put<S::Key>))]
struct Archive<S: Storage>
where
    S::Key: Display + 'static,
{
    storage: S,
    seen: HashMap<String, Vec<u8>>,
    buffer: Vec<u8>,
}

impl<S: Storage> Handle<Lines> for Archive<S>
where
    S::Key: Display + 'static,
{
    async fn handle(&mut self, Lines(lines): Lines, _cx: &mut Context<Self>) -> Vec<String> {
        // Its own field, mutably, across an await of an async fn that takes it.
        append(&mut self.buffer, &lines).await;
        // A borrow into one field while another is borrowed mutably.
        for (line, bytes) in self.seen.iter_mut() {
            let _ = copy(line.as_bytes(), bytes).await;
            append(&mut self.buffer, std::slice::from_ref(line)).await;
        }
        // A generic async call with closures and references to references.
        let longest = each(lines.iter(), |line| line.len()).await;
        // A borrowing iterator and a trait object live across an await.
        let mut words = lines
            .iter()
            .flat_map(|line| line.split(' '))
            .map(str::to_owned);
        let mut all = Vec::with_capacity(longest);
        while let Some(word) = words.next() {
            let shown: &(dyn Display + Sync) = &word;
            tokio::task::yield_now().await;
            all.push(shown.to_string());
        }
        all
    }
}

impl<S: Storage> Handle<Put<S::Key>> for Archive<S>
where
    S::Key: Display + 'static,
{
    async fn handle(&mut self, Put(key): Put<S::Key>, cx: &mut Context<Self>) -> usize {
        // An associated future of a generic field, which borrows the field and a local.
        let stored = self.storage.store(&key).await;
        // The context stays borrowed across an await, too.
        let name = key.to_string();
        with_context(cx, &mut self.seen, &name).await;
        stored
    }
}

async fn with_context<'a, W: Worker>(
    _cx: &'a mut Context<W>,
    seen: &'a mut HashMap<String, Vec<u8>>,
    name: &str,
) -> &'a mut Vec<u8> {
    let entry = seen.entry(name.to_owned()).or_default();
    tokio::task::yield_now().await;
    entry
}

async fn append(buffer: &mut Vec<u8>, lines: &[String]) {
    for line in lines {
        tokio::task::yield_now().await;
        buffer.extend_from_slice(line.as_bytes());
    }
}

async fn copy<R, W>(mut reader: R, writer: &mut W) -> std::io::Result<u64>
where
    R: tokio::io::AsyncRead + Unpin,
    W: tokio::io::AsyncWrite + Unpin + ?Sized,
{
    tokio::io::copy(&mut reader, writer).await
}

async fn each<'a, T: 'a, I, F>(items: I, mut measure: F) -> usize
where
    I: Iterator<Item = &'a T>,
    F: FnMut(&'a T) -> usize,
{
    let mut longest = 0;
    for item in items {
        tokio::task::yield_now().await;
        longest = longest.max(measure(item));
    }
    longest
}

struct Disk(Vec<u64>);

impl Storage for Disk {
    type Key = u64;

    async fn store(&mut self, key: &u64) -> usize {
        tokio::task::yield_now().await;
        self.0.push(*key);
        self.0.len()
    }
}

fn main() {
    fn accepts<W: Accepts<M>, M: Message>() {}
    accepts::<Archive<Disk>, Lines>();
    accepts::<Archive<Disk>, Put<u64>>();
    // What a driver needs of it, with concrete types.
    fn is_send<T: Send>(_: &T) {}
    let _run = |worker: &mut Archive<Disk>, cx: &mut Context<Archive<Disk>>| {
        is_send(&worker.handle(Put(1), cx));
    };
}
