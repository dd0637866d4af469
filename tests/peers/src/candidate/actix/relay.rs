//! `ping_pong`, `pairs` and the rings: pairs stay on one arbiter, rings have a half on each.

use std::sync::Arc;

use actix::prelude::*;

use super::Arbiters;
use crate::candidate::THREADS;
use crate::meter::{Phases, Sample};
use crate::suite::Plan;
use crate::work::goal::Goal;
use crate::work::token::{self, Course};

#[derive(Message)]
#[rtype(result = "()")]
struct Token(token::Token);

/// Who is next: closes the ring.
#[derive(Message)]
#[rtype(result = "()")]
struct Link(Addr<Node>);

struct Node {
    number: u64,
    next: Option<Addr<Self>>,
    goal: Arc<Goal>,
}

impl Actor for Node {
    type Context = Context<Self>;
}

impl Handler<Token> for Node {
    type Result = ();

    fn handle(&mut self, Token(token): Token, _: &mut Context<Self>) {
        let next = self.next.as_ref().expect("it is linked");
        match token.pass(self.number) {
            Ok(token) => next.do_send(Token(token)),
            Err(sum) => self.goal.report(sum),
        }
    }
}

impl Handler<Link> for Node {
    type Result = ();

    fn handle(&mut self, Link(next): Link, _: &mut Context<Self>) {
        self.next = Some(next);
    }
}

pub async fn relay(plan: Plan, arbiters: Arbiters) -> Sample {
    let course = Course::of(plan.workload);
    let goal = Goal::new();
    let mut rings = Vec::new();
    for ring in 0..course.rings {
        let place = |node: usize| match course.nodes {
            2 => &arbiters[ring % THREADS],
            nodes => &arbiters[node * THREADS / nodes],
        };
        rings.push(start(course.nodes, place, &goal).await);
    }
    let mut phases = Phases::of(plan.operations);
    while let Some(hops) = phases.next() {
        let sum = goal.expect(course.all_tokens());
        for ring in &rings {
            for (node, token) in course.starts(hops) {
                ring[node].do_send(Token(token));
            }
        }
        assert_eq!(sum.await, Ok(course.expected_sum(hops)));
    }
    phases.sample()
}

async fn start<'a>(
    nodes: usize,
    place: impl Fn(usize) -> &'a ArbiterHandle,
    goal: &Arc<Goal>,
) -> Vec<Addr<Node>> {
    let addresses: Vec<_> = (0..nodes)
        .map(|number| {
            let goal = Arc::clone(goal);
            Node::start_in_arbiter(place(number), move |_| Node {
                number: number as u64,
                next: None,
                goal,
            })
        })
        .collect();
    for (number, node) in addresses.iter().enumerate() {
        let next = addresses[(number + 1) % nodes].clone();
        node.send(Link(next)).await.expect("it lives");
    }
    addresses
}
