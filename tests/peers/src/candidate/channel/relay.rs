//! `ping_pong`, `pairs` and the rings.

use std::sync::Arc;

use super::{Channel, Receiver, Sender};
use crate::meter::{Phases, Sample};
use crate::suite::Plan;
use crate::work::goal::Goal;
use crate::work::token::{Course, Token};

pub async fn relay<C: Channel>(plan: Plan) -> Sample {
    let course = Course::of(plan.workload);
    let goal = Goal::new();
    let rings: Vec<_> = (0..course.rings).map(|_| ring::<C>(course.nodes, &goal)).collect();
    let mut phases = Phases::of(plan.operations);
    while let Some(hops) = phases.next() {
        let sum = goal.expect(course.all_tokens());
        for ring in &rings {
            for (node, token) in course.starts(hops) {
                ring[node].send(token).await;
            }
        }
        assert_eq!(sum.await, Ok(course.expected_sum(hops)));
    }
    phases.sample()
}

fn ring<C: Channel>(nodes: usize, goal: &Arc<Goal>) -> Vec<C::Sender<Token>> {
    let (senders, receivers): (Vec<_>, Vec<_>) = (0..nodes).map(|_| C::small::<Token>()).unzip();
    for (number, mut tokens) in receivers.into_iter().enumerate() {
        let next = senders[(number + 1) % nodes].clone();
        let goal = Arc::clone(goal);
        C::spawn(async move {
            while let Some(token) = tokens.receive().await {
                match token.pass(number as u64) {
                    Ok(token) => next.send(token).await,
                    Err(sum) => goal.report(sum),
                }
            }
        });
    }
    senders
}
