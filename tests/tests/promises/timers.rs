//! Timers of a worker: `after`, `every`, `cancel`.

use millhand::prelude::*;
use millhand::{Address, TimerId};
use tokio::time::Instant;

use crate::stage::*;

/// Told to set, or to cancel.
#[derive(Message)]
#[message(local, reply = Option<TimerId>)]
struct Do(Box<dyn FnOnce(&mut Context<Ticker>) -> Option<TimerId> + Send>);

#[derive(Worker)]
#[worker(handles(Note, Run, Do), mailbox = 4)]
struct Ticker {
    begin: Instant,
    /// Milliseconds and number.
    log: Log<(u64, u64)>,
}

impl Handle<Note> for Ticker {
    async fn handle(&mut self, Note(n): Note, _cx: &mut Context<Self>) -> u64 {
        self.log.push((self.begin.elapsed().as_millis() as u64, n));
        n
    }
}

impl Handle<Run> for Ticker {
    async fn handle(&mut self, run: Run, _cx: &mut Context<Self>) -> u64 {
        run.body().await
    }
}

impl Handle<Do> for Ticker {
    async fn handle(&mut self, Do(body): Do, cx: &mut Context<Self>) -> Option<TimerId> {
        body(cx)
    }
}

async fn ticker(system: &System) -> (Address<Ticker>, Log<(u64, u64)>) {
    let log = Log::new();
    let written = log.clone();
    let begin = Instant::now();
    let constructor = move || Ticker { begin, log: written.clone() };
    let ticker = system.worker("ticker", constructor).start().await;
    (ticker.unwrap(), log)
}

async fn set(
    ticker: &Address<Ticker>,
    body: impl FnOnce(&mut Context<Ticker>) -> TimerId + Send + 'static,
) -> TimerId {
    let set = Do(Box::new(move |cx| Some(body(cx))));
    ticker.ask(set).await.unwrap().unwrap()
}

async fn cancel(ticker: &Address<Ticker>, timer: TimerId) -> bool {
    let cancel = Do(Box::new(move |cx| cx.cancel(timer).then_some(timer)));
    ticker.ask(cancel).await.unwrap().is_some()
}

#[test]
fn after_fires_once_and_on_time() {
    paused(async || {
        let system = system().await;
        let (ticker, log) = ticker(&system).await;
        set(&ticker, |cx| cx.after(ms(30), Note(3))).await;
        set(&ticker, |cx| cx.after(ms(10), Note(1))).await;
        set(&ticker, |cx| cx.after(ms(20), Note(2))).await;
        set(&ticker, |cx| cx.after(ms(0), Note(0))).await;
        tokio::time::sleep(secs(10)).await;
        assert_eq!(log.take(), [(0, 0), (10, 1), (20, 2), (30, 3)]);
        assert_eq!(ticker.counters().handled, 8);
        assert_eq!(ticker.counters().received, 4);
        system.shutdown().await.unwrap();
    });
}

#[test]
fn every_fires_each_period() {
    paused(async || {
        let system = system().await;
        let (ticker, log) = ticker(&system).await;
        set(&ticker, |cx| cx.every(ms(10), Note(7))).await;
        tokio::time::sleep(ms(55)).await;
        let expected = [10, 20, 30, 40, 50].map(|time| (time, 7));
        assert_eq!(log.take(), expected);
        system.shutdown().await.unwrap();
    });
}

#[test]
fn every_skips_what_it_missed_and_keeps_its_rhythm() {
    paused(async || {
        let system = system().await;
        let (ticker, log) = ticker(&system).await;
        set(&ticker, |cx| cx.every(ms(10), Note(7))).await;
        // Busy from 15 to 47: the ones of 20, 30 and 40 become one.
        tokio::time::sleep(ms(15)).await;
        let busy = Run::new(async {
            tokio::time::sleep(ms(32)).await;
            0
        });
        ticker.tell(busy).await.unwrap();
        tokio::time::sleep(ms(60)).await;
        let expected = [10, 47, 50, 60, 70].map(|time| (time, 7));
        assert_eq!(log.take(), expected);
        system.shutdown().await.unwrap();
    });
}

#[test]
fn a_cancelled_timer_does_not_fire() {
    paused(async || {
        let system = system().await;
        let (ticker, log) = ticker(&system).await;
        let once = set(&ticker, |cx| cx.after(ms(10), Note(1))).await;
        let later = set(&ticker, |cx| cx.after(ms(20), Note(2))).await;
        let every = set(&ticker, |cx| cx.every(ms(8), Note(3))).await;
        assert!(cancel(&ticker, once).await);
        assert!(!cancel(&ticker, once).await);
        tokio::time::sleep(ms(17)).await;
        assert!(cancel(&ticker, every).await);
        tokio::time::sleep(secs(1)).await;
        assert_eq!(log.take(), [(8, 3), (16, 3), (20, 2)]);
        assert!(!cancel(&ticker, later).await);
        system.shutdown().await.unwrap();
    });
}

/// G15
#[test]
fn timers_end_with_their_incarnation() {
    paused(async || {
        let system = system().await;
        let (ticker, log) = ticker(&system).await;
        set(&ticker, |cx| cx.after(ms(10), Note(1))).await;
        set(&ticker, |cx| cx.every(ms(10), Note(2))).await;
        ticker.tell(Run::crash()).await.unwrap();
        set(&ticker, |cx| cx.after(ms(15), Note(3))).await;
        tokio::time::sleep(secs(1)).await;
        assert_eq!(log.take(), [(15, 3)]);
        system.shutdown().await.unwrap();
    });
}

/// A number that was kept from an earlier life names nothing in this one.
#[test]
fn a_timer_of_an_earlier_life_cannot_cancel_one_of_this() {
    paused(async || {
        let system = system().await;
        let (ticker, log) = ticker(&system).await;
        let earlier = set(&ticker, |cx| cx.after(ms(10), Note(1))).await;
        ticker.tell(Run::crash()).await.unwrap();
        set(&ticker, |cx| cx.after(ms(15), Note(2))).await;
        assert!(!cancel(&ticker, earlier).await);
        tokio::time::sleep(secs(1)).await;
        assert_eq!(log.take(), [(15, 2)]);
        system.shutdown().await.unwrap();
    });
}

/// G15
#[test]
fn a_due_timer_goes_before_the_mailbox_and_needs_no_room_in_it() {
    paused(async || {
        let system = system().await;
        let (ticker, log) = ticker(&system).await;
        set(&ticker, |cx| cx.after(ms(10), Note(1))).await;
        set(&ticker, |cx| cx.after(ms(11), Note(2))).await;
        let busy = Run::new(async {
            tokio::time::sleep(ms(20)).await;
            0
        });
        ticker.tell(busy).await.unwrap();
        until_idle().await;
        for n in 11..=14 {
            ticker.try_tell(Note(n)).unwrap();
        }
        assert!(ticker.try_tell(Note(15)).is_err());
        tokio::time::sleep(ms(100)).await;
        let numbers: Vec<_> = log.take().into_iter().map(|(_, n)| n).collect();
        assert_eq!(numbers, [1, 2, 11, 12, 13, 14]);
        system.shutdown().await.unwrap();
    });
}

/// G15
#[test]
fn no_timer_fires_after_the_end() {
    paused(async || {
        let system = system().await;
        let (ticker, log) = ticker(&system).await;
        set(&ticker, |cx| cx.after(ms(10), Note(1))).await;
        set(&ticker, |cx| cx.every(ms(5), Note(2))).await;
        system.shutdown().await.unwrap();
        tokio::time::sleep(secs(1)).await;
        assert_eq!(log.len(), 0);
    });
}

#[test]
fn a_delay_of_any_length_is_taken() {
    paused(async || {
        let system = system().await;
        let (ticker, log) = ticker(&system).await;
        let never = std::time::Duration::MAX;
        let timer = set(&ticker, move |cx| cx.after(never, Note(1))).await;
        set(&ticker, move |cx| cx.every(never, Note(1))).await;
        assert!(cancel(&ticker, timer).await);
        assert_eq!(ticker.counters().restarts, 0);
        assert_eq!(log.len(), 0);
        system.shutdown().await.unwrap();
    });
}

#[test]
fn timers_and_messages_share_a_worker_on_every_runtime() {
    on_every_runtime(async || {
        let system = system().await;
        let (ticker, log) = ticker(&system).await;
        set(&ticker, |cx| cx.every(ms(1), Note(1))).await;
        let mut sent = 0;
        while log.len() < 50 + sent {
            if sent < 5_000 {
                ticker.tell(Note(2)).await.unwrap();
                sent += 1;
            }
            tokio::task::yield_now().await;
        }
        system.shutdown().await.unwrap();
        let told = log.take().iter().filter(|(_, n)| *n == 2).count();
        assert_eq!(told, sent);
    });
}
