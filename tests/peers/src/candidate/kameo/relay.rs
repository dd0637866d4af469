//! `ping_pong`, `pairs` and the rings.

use std::sync::Arc;

use kameo::prelude::*;

use crate::meter::{Phases, Sample};
use crate::suite::Plan;
use crate::work::goal::Goal;
use crate::work::token::{Course, Token};

/// Who is next: closes the ring.
struct Link(ActorRef<Node>);

#[derive(Actor)]
struct Node {
    number: u64,
    next: Option<ActorRef<Self>>,
    goal: Arc<Goal>,
}

impl Message<Token> for Node {
    type Reply = ();

    async fn handle(&mut self, token: Token, _: &mut Context<Self, ()>) {
        let next = self.next.as_ref().expect("it is linked");
        match token.pass(self.number) {
            Ok(token) => next.tell(token).await.expect("it lives"),
            Err(sum) => self.goal.report(sum),
        }
    }
}

impl Message<Link> for Node {
    type Reply = ();

    async fn handle(&mut self, Link(next): Link, _: &mut Context<Self, ()>) {
        self.next = Some(next);
    }
}

pub async fn relay(plan: Plan) -> Sample {
    let course = Course::of(plan.workload);
    let goal = Goal::new();
    let mut rings = Vec::new();
    for _ in 0..course.rings {
        rings.push(ring(course.nodes, &goal).await);
    }
    let mut phases = Phases::of(plan.operations);
    while let Some(hops) = phases.next() {
        let sum = goal.expect(course.all_tokens());
        for ring in &rings {
            for (node, token) in course.starts(hops) {
                ring[node].tell(token).await.expect("it lives");
            }
        }
        assert_eq!(sum.await, Ok(course.expected_sum(hops)));
    }
    phases.sample()
}

async fn ring(nodes: usize, goal: &Arc<Goal>) -> Vec<ActorRef<Node>> {
    let addresses: Vec<_> = (0..nodes)
        .map(|number| {
            Node::spawn(Node { number: number as u64, next: None, goal: Arc::clone(goal) })
        })
        .collect();
    for (number, node) in addresses.iter().enumerate() {
        let next = addresses[(number + 1) % nodes].clone();
        node.ask(Link(next)).await.expect("it lives");
    }
    addresses
}
