//! `all_cores`.

use std::sync::Arc;

use super::{Channel, Receiver, Sender};
use crate::meter::Sample;
use crate::suite::Plan;
use crate::work::HANDS;
use crate::work::arrival::{Arrival, Arrivals};

pub async fn all_cores<C: Channel>(plan: Plan) -> Sample {
    let arrival = Arrival::new(plan);
    let mut hands = Vec::new();
    for number in 0..HANDS {
        let (to_hand, mut jobs) = C::small::<()>();
        let arrival = Arc::clone(&arrival);
        C::spawn(async move {
            while let Some(()) = jobs.receive().await {
                arrival.work(number);
            }
        });
        hands.push(to_hand);
    }
    let mut arrivals = Arrivals::of(plan, &arrival);
    while let Some(done) = arrivals.next().await {
        arrival.begin();
        for hand in &hands {
            hand.send(()).await;
        }
        arrivals.found(done.await.expect("all are done"));
    }
    arrivals.sample()
}
