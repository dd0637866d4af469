//! `flooded`.

use std::sync::Arc;

use millhand::prelude::*;

use super::system;
use crate::meter::Sample;
use crate::suite::Plan;
use crate::work::flood::Flood;

#[derive(Message)]
#[message(local)]
struct Drop;

#[derive(Worker)]
#[worker(handles(Drop))]
struct Flooded(Arc<Flood>);

impl Handle<Drop> for Flooded {
    async fn handle(&mut self, _: Drop, _cx: &mut Context<Self>) {
        self.0.hit();
    }
}

#[derive(Message)]
#[message(local)]
struct Probe {
    sent: u64,
}

#[derive(Worker)]
#[worker(handles(Probe))]
struct Probed(Arc<Flood>);

impl Handle<Probe> for Probed {
    async fn handle(&mut self, Probe { sent }: Probe, _cx: &mut Context<Self>) {
        self.0.probed(sent);
    }
}

pub async fn flooded(plan: Plan) -> Sample {
    let system = system().await;
    let flood = Flood::new(plan);
    let shared = Arc::clone(&flood);
    let flooded = system.worker("flooded", move || Flooded(Arc::clone(&shared)));
    let flooded = flooded.start().await.expect("a worker");
    let shared = Arc::clone(&flood);
    let probed = system.worker("probed", move || Probed(Arc::clone(&shared)));
    let probed = probed.start().await.expect("a worker");
    for _ in 0..flood.flooders() {
        let flooded = flooded.clone();
        tokio::spawn(async move {
            loop {
                flooded.tell(Drop).await.expect("it lives");
            }
        });
    }
    flood.probe(|sent| probed.try_tell(Probe { sent }).expect("there is room"))
}
