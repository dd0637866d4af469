//! `ping_pong`, `pairs` and the rings.

use std::sync::Arc;

use millhand::prelude::*;

use super::system;
use crate::meter::{Phases, Sample};
use crate::suite::Plan;
use crate::work::goal::Goal;
use crate::work::token::{self, Course};

#[derive(Message)]
#[message(local)]
struct Token(token::Token);

/// Who is next: closes the ring.
#[derive(Message)]
#[message(local)]
struct Link(Address<Node>);

#[derive(Worker)]
#[worker(handles(Token, Link))]
struct Node {
    number: u64,
    next: Option<Address<Self>>,
    goal: Arc<Goal>,
}

impl Handle<Token> for Node {
    async fn handle(&mut self, Token(token): Token, _cx: &mut Context<Self>) {
        let next = self.next.as_ref().expect("it is linked");
        match token.pass(self.number) {
            Ok(token) => next.tell(Token(token)).await.expect("it lives"),
            Err(sum) => self.goal.report(sum),
        }
    }
}

impl Handle<Link> for Node {
    async fn handle(&mut self, Link(next): Link, _cx: &mut Context<Self>) {
        self.next = Some(next);
    }
}

pub async fn relay(plan: Plan) -> Sample {
    let system = system().await;
    let course = Course::of(plan.workload);
    let goal = Goal::new();
    let mut rings = Vec::new();
    for number in 0..course.rings {
        rings.push(ring(&system, number, course.nodes, &goal).await);
    }
    let mut phases = Phases::of(plan.operations);
    while let Some(hops) = phases.next() {
        let sum = goal.expect(course.all_tokens());
        for ring in &rings {
            for (node, token) in course.starts(hops) {
                ring[node].tell(Token(token)).await.expect("it lives");
            }
        }
        assert_eq!(sum.await, Ok(course.expected_sum(hops)));
    }
    phases.sample()
}

async fn ring(system: &System, ring: usize, nodes: usize, goal: &Arc<Goal>) -> Vec<Address<Node>> {
    let mut addresses = Vec::new();
    for number in 0..nodes {
        let goal = Arc::clone(goal);
        let node = system.worker(format!("node-{ring}-{number}"), move || Node {
            number: number as u64,
            next: None,
            goal: Arc::clone(&goal),
        });
        addresses.push(node.start().await.expect("a worker"));
    }
    for (number, node) in addresses.iter().enumerate() {
        let next = addresses[(number + 1) % nodes].clone();
        node.ask(Link(next)).await.expect("it lives");
    }
    addresses
}
