//! `flooded`: both actors and what floods are on one arbiter.

use std::sync::Arc;

use actix::prelude::*;

use crate::meter::Sample;
use crate::suite::Plan;
use crate::work::BOUND;
use crate::work::flood::Flood;

#[derive(Message)]
#[rtype(result = "()")]
struct Drop;

struct Flooded(Arc<Flood>);

impl Actor for Flooded {
    type Context = Context<Self>;

    fn started(&mut self, cx: &mut Context<Self>) {
        cx.set_mailbox_capacity(BOUND);
    }
}

impl Handler<Drop> for Flooded {
    type Result = ();

    fn handle(&mut self, _: Drop, _: &mut Context<Self>) {
        self.0.hit();
    }
}

#[derive(Message)]
#[rtype(result = "()")]
struct Probe {
    sent: u64,
}

struct Probed(Arc<Flood>);

impl Actor for Probed {
    type Context = Context<Self>;
}

impl Handler<Probe> for Probed {
    type Result = ();

    fn handle(&mut self, Probe { sent }: Probe, _: &mut Context<Self>) {
        self.0.probed(sent);
    }
}

pub fn flooded(plan: Plan, arbiter: &ArbiterHandle) -> Sample {
    let flood = Flood::new(plan);
    let shared = Arc::clone(&flood);
    let flooded = Flooded::start_in_arbiter(arbiter, move |_| Flooded(shared));
    let shared = Arc::clone(&flood);
    let probed = Probed::start_in_arbiter(arbiter, move |_| Probed(shared));
    for _ in 0..flood.flooders() {
        let flooded = flooded.clone();
        arbiter.spawn(async move {
            loop {
                match flooded.try_send(Drop) {
                    Ok(()) => {}
                    Err(SendError::Full(_)) => tokio::task::yield_now().await,
                    Err(SendError::Closed(_)) => panic!("it lives"),
                }
            }
        });
    }
    flood.probe(|sent| probed.do_send(Probe { sent }))
}
