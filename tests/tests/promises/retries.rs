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
    }
}

fn starter(good: u32) -> (Arc<AtomicU32>, impl Fn() -> Starter) {
    silence_planned_panics();
    let tries = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&tries);
    (tries, move || Starter { tries: Arc::clone(&counted), good })
}

#[test]
fn a_retry_goes_before_a_timer_and_keeps_its_count() {
    paused(async || {
        let system = system().await;
        let (tries, good_at_third) = starter(3);
        let worker = system.worker("good", good_at_third).start().await.unwrap();
        assert_eq!(worker.ask(Job).no_timeout().await.ok(), Some(3));
        assert_eq!(tries.load(Ordering::SeqCst), 3);
        let (tries, never_good) = starter(u32::MAX);
        let worker = system.worker("poison", never_good).start().await.unwrap();
        assert_eq!(failure(worker.ask(Job).no_timeout().await), "Restarted");
        tokio::time::sleep(secs(10)).await;
        assert_eq!(tries.load(Ordering::SeqCst), 3);
        assert_eq!((worker.counters().lost, worker.counters().retried), (1, 2));
        system.shutdown().await.unwrap();
    });
}
