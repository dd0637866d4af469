//! `ping_pong`, `pairs` and the rings.

use std::sync::Arc;

use nexosim::model::Model;
use nexosim::ports::{EventSource, Output};
use nexosim::simulation::{Mailbox, SimInit};
use serde::{Deserialize, Serialize};

use super::{bench, start};
use crate::meter::{Phases, Sample};
use crate::suite::Plan;
use crate::work::goal::Goal;
use crate::work::token::{Course, Token};

#[derive(Serialize, Deserialize)]
struct Node {
    number: u64,
    next: Output<Token>,
    #[serde(skip)]
    goal: Arc<Goal>,
}

#[Model]
impl Node {
    async fn pass(&mut self, token: Token) {
        match token.pass(self.number) {
            Ok(token) => self.next.send(token).await,
            Err(sum) => self.goal.report(sum),
        }
    }
}

/// Gives each ring its tokens.
#[derive(Serialize, Deserialize)]
struct Starter {
    #[serde(skip)]
    course: Course,
    /// To all nodes of all rings.
    nodes: Vec<Output<Token>>,
}

#[Model]
impl Starter {
    async fn begin(&mut self, hops: u64) {
        let course = self.course;
        for ring in self.nodes.chunks_mut(course.nodes) {
            for (node, token) in course.starts(hops) {
                ring[node].send(token).await;
            }
        }
    }
}

pub fn relay(plan: Plan) -> Sample {
    let course = Course::of(plan.workload);
    let goal = Goal::new();
    let mut bench = bench();
    let mut starter = Starter { course, nodes: Vec::new() };
    for number in 0..course.rings {
        bench = ring(bench, number, course.nodes, &goal, &mut starter);
    }
    let inbox = Mailbox::new();
    let begin = EventSource::new().connect(Starter::begin, &inbox).register(&mut bench);
    let mut simulation = start(bench.add_model(starter, inbox, "starter"));
    let mut phases = Phases::of(plan.operations);
    while let Some(hops) = phases.next() {
        let mut sum = goal.expect(course.all_tokens());
        simulation.process_event(&begin, hops).expect("it goes on");
        assert_eq!(sum.try_recv(), Ok(course.expected_sum(hops)));
    }
    phases.sample()
}

fn ring(
    mut bench: SimInit,
    ring: usize,
    nodes: usize,
    goal: &Arc<Goal>,
    starter: &mut Starter,
) -> SimInit {
    let inboxes: Vec<Mailbox<Node>> = (0..nodes).map(|_| Mailbox::new()).collect();
    let addresses: Vec<_> = inboxes.iter().map(Mailbox::address).collect();
    for (number, inbox) in inboxes.into_iter().enumerate() {
        let mut next = Output::new();
        next.connect(Node::pass, &addresses[(number + 1) % nodes]);
        let mut from_starter = Output::new();
        from_starter.connect(Node::pass, &addresses[number]);
        starter.nodes.push(from_starter);
        let node = Node { number: number as u64, next, goal: Arc::clone(goal) };
        bench = bench.add_model(node, inbox, &format!("node-{ring}-{number}"));
    }
    bench
}
