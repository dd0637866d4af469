//! `ping_pong`, `pairs` and the rings.

use std::sync::Arc;

use xtra::prelude::*;

use crate::meter::{Phases, Sample};
use crate::suite::Plan;
use crate::work::goal::Goal;
use crate::work::token::{Course, Token};

#[derive(xtra::Actor)]
struct Node {
    number: u64,
    next: Address<Self>,
    goal: Arc<Goal>,
}

impl Handler<Token> for Node {
    type Return = ();

    async fn handle(&mut self, token: Token, _: &mut Context<Self>) {
        match token.pass(self.number) {
            Ok(token) => send(&self.next, token).await,
            Err(sum) => self.goal.report(sum),
        }
    }
}

pub async fn relay(plan: Plan) -> Sample {
    let course = Course::of(plan.workload);
    let goal = Goal::new();
    let rings: Vec<_> = (0..course.rings).map(|_| ring(course.nodes, &goal)).collect();
    let mut phases = Phases::of(plan.operations);
    while let Some(hops) = phases.next() {
        let sum = goal.expect(course.all_tokens());
        for ring in &rings {
            for (node, token) in course.starts(hops) {
                send(&ring[node], token).await;
            }
        }
        assert_eq!(sum.await, Ok(course.expected_sum(hops)));
    }
    phases.sample()
}

fn ring(nodes: usize, goal: &Arc<Goal>) -> Vec<Address<Node>> {
    let ends: Vec<_> = (0..nodes).map(|_| Mailbox::unbounded()).collect();
    let addresses: Vec<Address<Node>> = ends.iter().map(|(address, _)| address.clone()).collect();
    for (number, ends) in ends.into_iter().enumerate() {
        let next = addresses[(number + 1) % nodes].clone();
        xtra::spawn_tokio(Node { number: number as u64, next, goal: Arc::clone(goal) }, ends);
    }
    addresses
}

async fn send(to: &Address<Node>, token: Token) {
    let _reply = to.send(token).detach().await.expect("it lives");
}
