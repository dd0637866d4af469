//! `timers` and `timers_sleep`: a task has tokio's timers.

use std::sync::Arc;

use super::{Channel, Receiver, Sender};
use crate::meter::Sample;
use crate::suite::Plan;
use crate::work::timers::{Timers, WAITERS};

pub async fn timers<C: Channel>(plan: Plan) -> Sample {
    let timers = Timers::new(plan);
    for _ in 0..timers.busy() {
        let (to_itself, mut inbox) = C::small::<()>();
        let timers = Arc::clone(&timers);
        to_itself.send(()).await;
        C::spawn(async move {
            while let Some(()) = inbox.receive().await {
                timers.work();
                to_itself.send(()).await;
            }
        });
    }
    for number in 0..WAITERS {
        let mut waiter = timers.waiter(number);
        C::spawn(async move {
            while let Some(delay) = waiter.next() {
                tokio::time::sleep(delay).await;
                waiter.rang();
            }
        });
    }
    timers.watch()
}
