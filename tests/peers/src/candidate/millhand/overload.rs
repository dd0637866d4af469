//! `overload`: the default mailbox, and `try_tell`.

use std::sync::Arc;

use millhand::TellError;
use millhand::prelude::*;

use super::system;
use crate::meter::Sample;
use crate::suite::Plan;
use crate::work::overload::{self, Station};

#[derive(Message)]
#[message(local)]
struct Job(u64);

#[derive(Worker)]
#[worker(handles(Job))]
struct Busy(Arc<Station>);

impl Handle<Job> for Busy {
    async fn handle(&mut self, Job(job): Job, _cx: &mut Context<Self>) {
        self.0.work(job);
    }
}

pub async fn overload(plan: Plan) -> Sample {
    let system = system().await;
    let station = Station::new(plan);
    let shared = Arc::clone(&station);
    let worker = system.worker("busy", move || Busy(Arc::clone(&shared)));
    let worker = worker.start().await.expect("a worker");
    overload::overload(plan, &station, |job| match worker.try_tell(Job(job)) {
        Ok(()) => true,
        Err(TellError::Full(_)) => false,
        Err(error) => panic!("{error}"),
    })
}
