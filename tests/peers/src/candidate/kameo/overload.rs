//! `overload`.

use std::sync::Arc;

use kameo::error::SendError;
use kameo::mailbox;
use kameo::prelude::*;

use crate::meter::Sample;
use crate::suite::Plan;
use crate::work::BOUND;
use crate::work::overload::{self, Station};

struct Job(u64);

#[derive(Actor)]
struct Busy(Arc<Station>);

impl Message<Job> for Busy {
    type Reply = ();

    async fn handle(&mut self, Job(job): Job, _: &mut Context<Self, ()>) {
        self.0.work(job);
    }
}

pub async fn overload(plan: Plan) -> Sample {
    let station = Station::new(plan);
    let worker = Busy::spawn_with_mailbox(Busy(Arc::clone(&station)), mailbox::bounded(BOUND));
    overload::overload(plan, &station, |job| match worker.tell(Job(job)).try_send() {
        Ok(()) => true,
        Err(SendError::MailboxFull(_)) => false,
        Err(error) => panic!("{error}"),
    })
}
