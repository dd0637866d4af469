//! A message that waits for its retry, beside timers that are due.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use millhand::prelude::*;

use crate::stage::*;

#[derive(Message, Clone)]
#[message(local, reply = u32)]
struct Job;

#[derive(Message, Clone)]
#[message(local)]
struct Init;

/// Has a timer that is due when it comes up.
#[derive(Worker)]
#[worker(handles(Job, Init), on_crash = retry(2), lifecycle)]
struct Starter {
    tries: Arc<AtomicU32>,
    /// The job succeeds at this try.
    good: u32,
    /// Its timer's message crashes it.
    fragile: bool,
}

impl Lifecycle for Starter {
    async fn started(&mut self, cx: &mut Context<Self>) -> Result<(), millhand::BoxError> {
        cx.after(ms(1), Init);
        tokio::time::sleep(ms(5)).await;
        Ok(())
    }
}

impl Handle<Job> for Starter {
    async fn handle(&mut self, _: Job, cx: &mut Context<Self>) -> u32 {
        let tries = self.tries.fetch_add(1, Ordering::SeqCst) + 1;
        assert_eq!(cx.attempt(), tries, "planned, or a wrong attempt");
        assert!(tries >= self.good, "planned");
        tries
    }
}

impl Handle<Init> for Starter {
    async fn handle(&mut self, _: Init, cx: &mut Context<Self>) {
        assert_eq!(cx.attempt(), 1);
        // In the life that came after the job's crash.
        assert!(!self.fragile || self.tries.load(Ordering::SeqCst) == 0, "planned");
    }
}

fn starter(good: u32, fragile: bool) -> (Arc<AtomicU32>, impl Fn() -> Starter) {
    silence_planned_panics();
    let tries = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&tries);
    (tries, move || Starter { tries: Arc::clone(&counted), good, fragile })
}

/// G9
#[test]
fn a_retry_goes_before_a_timer_and_keeps_its_count() {
    paused(async || {
        let system = system().await;
        let (tries, good_at_third) = starter(3, false);
        let worker = system.worker("good", good_at_third).start().await.unwrap();
        assert_eq!(worker.ask(Job).no_timeout().await.ok(), Some(3));
        assert_eq!(tries.load(Ordering::SeqCst), 3);
        let (tries, never_good) = starter(u32::MAX, false);
        let worker = system.worker("poison", never_good).start().await.unwrap();
        assert_eq!(failure(worker.ask(Job).no_timeout().await), "Restarted");
        tokio::time::sleep(secs(10)).await;
        assert_eq!(tries.load(Ordering::SeqCst), 3);
        assert_eq!((worker.counters().lost, worker.counters().retried), (1, 2));
        system.shutdown().await.unwrap();
    });
}

/// G8, G9: the crash of a timer's message, in the life that handles the retry, costs nothing else.
#[test]
fn a_retry_is_not_pushed_out_by_the_crash_of_a_timer() {
    paused(async || {
        let system = system().await;
        let (tries, good_at_second) = starter(2, true);
        let worker = system.worker("fragile", good_at_second).start().await.unwrap();
        tokio::time::sleep(secs(1)).await;
        assert_eq!(worker.ask(Job).no_timeout().await.ok(), Some(2));
        tokio::time::sleep(ms(1)).await;
        assert_eq!(tries.load(Ordering::SeqCst), 2);
        assert_eq!((worker.counters().received, worker.counters().lost), (1, 0));
        drop(system);
    });
}
