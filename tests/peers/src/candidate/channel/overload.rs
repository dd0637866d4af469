//! `overload`.

use std::sync::Arc;

use super::{Channel, Receiver, Sender};
use crate::meter::Sample;
use crate::suite::Plan;
use crate::work::BOUND;
use crate::work::overload::{self, Station};

pub async fn overload<C: Channel>(plan: Plan) -> Sample {
    let station = Station::new(plan);
    let (to_worker, mut jobs) = C::bounded::<u64>(BOUND);
    let shared = Arc::clone(&station);
    C::spawn(async move {
        while let Some(job) = jobs.receive().await {
            shared.work(job);
        }
    });
    overload::overload(plan, &station, |job| to_worker.offer(job))
}
