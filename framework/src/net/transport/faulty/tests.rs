//! The network's faults happen when they are set, and not else.

use std::future::{Future, poll_fn};
use std::io::{self, ErrorKind, IoSlice};
use std::time::Duration;

use bytes::BytesMut;

use super::{Act, Faults, Log, Network};
use crate::net::transport::{Link, Listener, Reader, Writer};

mod messages;
mod octets;
mod repeated;
mod sound;
mod waking;

/// Runs on one thread, with time that passes only when all wait; so an hour passes only if somebody waits
/// for what never comes.
fn run<T>(future: impl Future<Output = T>) -> T {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_time().start_paused(true).build().unwrap();
    let hour = Duration::from_secs(3600);
    runtime.block_on(async { tokio::time::timeout(hour, future).await }).expect("a waker is lost")
}

/// A link from the host `b` to the place `a`: its two ends, who connected first.
async fn pair(network: &Network) -> (Link, Link) {
    let mut listener = network.listen("a").unwrap();
    let connector = network.connect("b", "a").await.unwrap();
    (connector, accept(&mut *listener).await)
}

async fn accept(listener: &mut dyn Listener) -> Link {
    poll_fn(|cx| listener.poll_accept(cx)).await.unwrap()
}

/// One read, into a buffer with room for `room` octets.
async fn read_into(reader: &mut dyn Reader, room: usize) -> io::Result<Vec<u8>> {
    let mut buffer = BytesMut::with_capacity(room);
    let length = poll_fn(|cx| reader.poll_read(cx, &mut buffer)).await?;
    assert_eq!(length, buffer.len());
    Ok(buffer.to_vec())
}

async fn read(link: &mut Link) -> io::Result<Vec<u8>> {
    read_into(&mut *link.reader, 64 * 1024).await
}

/// All that comes until the end, and how it ended.
async fn read_to_end(reader: &mut dyn Reader, room: usize) -> (Vec<u8>, io::Result<()>) {
    let mut all = Vec::new();
    loop {
        match read_into(reader, room).await {
            Ok(octets) if octets.is_empty() => return (all, Ok(())),
            Ok(octets) => all.extend(octets),
            Err(error) => return (all, Err(error)),
        }
    }
}

/// One write.
fn write(link: &mut Link, octets: &[u8]) -> io::Result<usize> {
    link.writer.try_write(&[IoSlice::new(octets)])
}

async fn write_all(writer: &mut dyn Writer, mut octets: &[u8]) -> io::Result<()> {
    while !octets.is_empty() {
        let (front, back) = octets.split_at(octets.len() / 2);
        match writer.try_write(&[IoSlice::new(front), IoSlice::new(back)]) {
            Ok(length) => octets = &octets[length..],
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                poll_fn(|cx| writer.poll_writable(cx)).await?;
            }
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Whether nothing happens to `future` for ten seconds.
async fn waits<F: Future + Unpin>(future: &mut F) -> bool {
    tokio::time::timeout(Duration::from_secs(10), future).await.is_err()
}

/// Whether a read finds nothing for ten seconds.
async fn reads_nothing(link: &mut Link) -> bool {
    waits(&mut Box::pin(read(link))).await
}

fn kind<T: std::fmt::Debug>(result: io::Result<T>) -> ErrorKind {
    result.unwrap_err().kind()
}

fn acts(log: &Log) -> Vec<Act> {
    log.latest().map(|entry| entry.act).collect()
}
