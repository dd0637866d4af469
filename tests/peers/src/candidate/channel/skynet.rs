//! `skynet`.

use super::{Channel, Receiver, Sender};
use crate::meter::{Phases, Sample};
use crate::suite::Plan;
use crate::work::tree::{Branch, Sums};

pub async fn skynet<C: Channel>(plan: Plan) -> Sample {
    let mut phases = Phases::of(plan.operations);
    while let Some(nodes) = phases.next() {
        let root = Branch::root(nodes);
        let (up, mut sum) = C::of_children::<u64>();
        start::<C>(root, up);
        assert_eq!(sum.receive().await, Some(root.expected_sum()));
    }
    phases.sample()
}

fn start<C: Channel>(branch: Branch, up: C::Sender<u64>) {
    C::spawn(async move {
        let sum = match branch.leaf() {
            Some(number) => number,
            None => sum_of_children::<C>(branch).await,
        };
        up.send(sum).await;
    });
}

async fn sum_of_children<C: Channel>(branch: Branch) -> u64 {
    let (to_me, mut inbox) = C::of_children::<u64>();
    for child in branch.children() {
        start::<C>(child, to_me.clone());
    }
    let mut sums = Sums::default();
    loop {
        let sum = inbox.receive().await.expect("a child");
        if let Some(all) = sums.add(sum) {
            return all;
        }
    }
}
