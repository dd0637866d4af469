//! An ask that is over leaves nothing behind: neither an alarm nor an appointment.

use std::future::poll_fn;
use std::thread;
use std::time::Instant;

use tokio::sync::oneshot;

use super::*;
use crate::prelude::{Address, Handle, Message, System, Worker};

/// Answered when the channel says so, or is closed.
#[derive(Message)]
#[message(local, reply = u64)]
struct Knock(oneshot::Receiver<u64>);

#[derive(Worker)]
#[worker(handles(Knock))]
struct Door;

impl Handle<Knock> for Door {
    async fn handle(&mut self, Knock(answer): Knock, _: &mut crate::Context<Self>) -> u64 {
        answer.await.unwrap_or(0)
    }
}

fn run(body: impl AsyncFnOnce(Address<Door>)) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let system = System::builder("test").start().await.unwrap();
        body(system.worker("door", || Door).start().await.unwrap()).await;
    });
}

/// Alarms that are set, and appointments.
fn kept(door: &Address<Door>) -> (usize, usize) {
    let dispatcher = door.core().header.dispatcher();
    (dispatcher.alarms.count(), dispatcher.watchdog.count())
}

async fn poll_once(ask: &mut Ask<'_, Knock>) {
    poll_fn(|cx| {
        assert!(Pin::new(&mut *ask).poll(cx).is_pending());
        Poll::Ready(())
    })
    .await;
}

#[test]
fn an_ask_gives_its_alarm_back_however_it_ends() {
    run(async |door| {
        assert_eq!(kept(&door), (0, 0));
        let later = Duration::from_secs(3600);
        for n in 0..100 {
            let (say, answer) = oneshot::channel();
            let mut ask = door.ask(Knock(answer)).timeout(later);
            poll_once(&mut ask).await;
            assert_eq!(kept(&door), (1, 0), "it has a deadline");
            if n % 2 == 0 {
                say.send(n).unwrap();
                assert_eq!(ask.await.ok(), Some(n));
            } else {
                // Nobody waits for it any more.
                drop(ask);
            }
            assert_eq!(kept(&door), (0, 0));
        }
        // Many at a time, each first for one waker and then for another, which replaces the alarm.
        let mut pending = Vec::new();
        for n in 0..100 {
            let (say, answer) = oneshot::channel();
            let mut ask = door.ask(Knock(answer)).timeout(later);
            let polled = Pin::new(&mut ask).poll(&mut Context::from_waker(Waker::noop()));
            assert!(polled.is_pending());
            poll_once(&mut ask).await;
            pending.push((n, say, ask));
        }
        assert_eq!(kept(&door), (100, 0));
        for (n, say, ask) in pending {
            say.send(n).unwrap();
            assert_eq!(ask.await.ok(), Some(n));
        }
        assert_eq!(kept(&door), (0, 0));
        let (_say, answer) = oneshot::channel();
        let late = door.ask(Knock(answer)).timeout(Duration::from_millis(1)).await;
        assert!(matches!(late, Err(AskError::Timeout(None))));
        assert_eq!(kept(&door), (0, 0));
    });
}

#[test]
fn a_blocking_ask_gives_its_appointment_back() {
    run(async |door| {
        for n in 0..50 {
            let (say, answer) = oneshot::channel();
            let asked = door.clone();
            let asking = thread::spawn(move || {
                asked.ask(Knock(answer)).timeout(Duration::from_secs(3600)).blocking()
            });
            let begin = Instant::now();
            while kept(&door) != (0, 1) {
                assert!(begin.elapsed() < Duration::from_secs(15), "has no deadline");
                tokio::task::yield_now().await;
            }
            say.send(n).unwrap();
            let (done, outcome) = oneshot::channel();
            thread::spawn(move || done.send(asking.join().ok()));
            let outcome = outcome.await.unwrap().expect("the asker has panicked");
            assert_eq!(outcome.ok(), Some(n));
            assert_eq!(kept(&door), (0, 0));
        }
    });
}
