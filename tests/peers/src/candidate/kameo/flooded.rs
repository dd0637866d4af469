//! `flooded`.

use std::sync::Arc;

use kameo::mailbox;
use kameo::prelude::*;

use crate::meter::Sample;
use crate::suite::Plan;
use crate::work::BOUND;
use crate::work::flood::Flood;

struct Drop;

#[derive(Actor)]
struct Flooded(Arc<Flood>);

impl Message<Drop> for Flooded {
    type Reply = ();

    async fn handle(&mut self, _: Drop, _: &mut Context<Self, ()>) {
        self.0.hit();
    }
}

struct Probe {
    sent: u64,
}

#[derive(Actor)]
struct Probed(Arc<Flood>);

impl Message<Probe> for Probed {
    type Reply = ();

    async fn handle(&mut self, Probe { sent }: Probe, _: &mut Context<Self, ()>) {
        self.0.probed(sent);
    }
}

pub async fn flooded(plan: Plan) -> Sample {
    let flood = Flood::new(plan);
    let flooded = Flooded::spawn_with_mailbox(Flooded(Arc::clone(&flood)), mailbox::bounded(BOUND));
    let probed = Probed::spawn_with_mailbox(Probed(Arc::clone(&flood)), mailbox::bounded(BOUND));
    for _ in 0..flood.flooders() {
        let flooded = flooded.clone();
        tokio::spawn(async move {
            loop {
                flooded.tell(Drop).await.expect("it lives");
            }
        });
    }
    flood.probe(|sent| probed.tell(Probe { sent }).try_send().expect("there is room"))
}
