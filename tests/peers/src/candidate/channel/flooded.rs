//! `flooded`.

use std::sync::Arc;

use super::{Channel, Receiver, Sender};
use crate::meter::Sample;
use crate::suite::Plan;
use crate::work::BOUND;
use crate::work::flood::Flood;

pub async fn flooded<C: Channel>(plan: Plan) -> Sample {
    let flood = Flood::new(plan);
    let (to_flooded, mut drops) = C::bounded::<()>(BOUND);
    let shared = Arc::clone(&flood);
    C::spawn(async move {
        while let Some(()) = drops.receive().await {
            shared.hit();
        }
    });
    let (to_probed, mut probes) = C::bounded::<u64>(BOUND);
    let shared = Arc::clone(&flood);
    C::spawn(async move {
        while let Some(sent) = probes.receive().await {
            shared.probed(sent);
        }
    });
    for _ in 0..flood.flooders() {
        let to_flooded = to_flooded.clone();
        C::spawn(async move {
            loop {
                to_flooded.send(()).await;
            }
        });
    }
    flood.probe(|sent| assert!(to_probed.offer(sent), "there is room"))
}
