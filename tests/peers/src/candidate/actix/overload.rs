//! `overload`.

use std::sync::Arc;

use actix::prelude::*;

use crate::meter::Sample;
use crate::suite::Plan;
use crate::work::BOUND;
use crate::work::overload::{self, Station};

#[derive(Message)]
#[rtype(result = "()")]
struct Job(u64);

struct Busy(Arc<Station>);

impl Actor for Busy {
    type Context = Context<Self>;

    fn started(&mut self, cx: &mut Context<Self>) {
        cx.set_mailbox_capacity(BOUND);
    }
}

impl Handler<Job> for Busy {
    type Result = ();

    fn handle(&mut self, Job(job): Job, _: &mut Context<Self>) {
        self.0.work(job);
    }
}

pub fn overload(plan: Plan, arbiter: &ArbiterHandle) -> Sample {
    let station = Station::new(plan);
    let shared = Arc::clone(&station);
    let worker = Busy::start_in_arbiter(arbiter, move |_| Busy(shared));
    overload::overload(plan, &station, |job| match worker.try_send(Job(job)) {
        Ok(()) => true,
        Err(SendError::Full(_)) => false,
        Err(SendError::Closed(_)) => panic!("it lives"),
    })
}
