//! `tell` and `fan_in`.

use super::{Channel, Ends, Receiver, Sender};
use crate::meter::{Phases, Sample};
use crate::suite::Plan;
use crate::work::goal::{Goal, Tally};
use crate::work::{PRODUCERS, sum_below};

pub async fn tell<C: Channel>(plan: Plan, ends: Ends<C, u64>) -> Sample {
    let (sink, numbers) = ends;
    let goal = Goal::new();
    C::spawn(count(numbers, Tally::new(&goal)));
    let mut phases = Phases::of(plan.operations);
    while let Some(n) = phases.next() {
        let sum = goal.expect(n);
        for number in 0..n {
            sink.send(number).await;
        }
        assert_eq!(sum.await, Ok(sum_below(n)));
    }
    phases.sample()
}

pub async fn fan_in<C: Channel>(plan: Plan, ends: Ends<C, u64>) -> Sample {
    let (sink, numbers) = ends;
    let goal = Goal::new();
    C::spawn(count(numbers, Tally::new(&goal)));
    let mut phases = Phases::of(plan.operations);
    while let Some(n) = phases.next() {
        let sum = goal.expect(n);
        let each = n / PRODUCERS;
        for _ in 0..PRODUCERS {
            let sink = sink.clone();
            C::spawn(async move {
                for number in 0..each {
                    sink.send(number).await;
                }
            });
        }
        assert_eq!(sum.await, Ok(PRODUCERS * sum_below(each)));
    }
    phases.sample()
}

async fn count(mut numbers: impl Receiver<u64>, mut tally: Tally) {
    while let Some(number) = numbers.receive().await {
        tally.add(number);
    }
}
