//! `ping_pong`, `pairs` and the rings.

use std::sync::Arc;

use ractor::{Actor, ActorProcessingErr, ActorRef};

use super::start;
use crate::meter::{Phases, Sample};
use crate::suite::Plan;
use crate::work::goal::Goal;
use crate::work::token::{self, Course};

enum Message {
    Token(token::Token),
    /// Who is next: closes the ring.
    Link(ActorRef<Message>),
}

struct Node {
    number: u64,
    goal: Arc<Goal>,
}

impl Actor for Node {
    type Msg = Message;
    /// Who is next.
    type State = Option<ActorRef<Message>>;
    type Arguments = ();

    async fn pre_start(
        &self,
        _: ActorRef<Message>,
        _: (),
    ) -> Result<Self::State, ActorProcessingErr> {
        Ok(None)
    }

    async fn handle(
        &self,
        _: ActorRef<Message>,
        message: Message,
        next: &mut Self::State,
    ) -> Result<(), ActorProcessingErr> {
        match message {
            Message::Token(token) => match token.pass(self.number) {
                Ok(token) => {
                    let next = next.as_ref().expect("it is linked");
                    next.cast(Message::Token(token)).expect("it lives");
                }
                Err(sum) => self.goal.report(sum),
            },
            Message::Link(to) => *next = Some(to),
        }
        Ok(())
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
                ring[node].cast(Message::Token(token)).expect("it lives");
            }
        }
        assert_eq!(sum.await, Ok(course.expected_sum(hops)));
    }
    phases.sample()
}

async fn ring(nodes: usize, goal: &Arc<Goal>) -> Vec<ActorRef<Message>> {
    let mut addresses = Vec::new();
    for number in 0..nodes as u64 {
        addresses.push(start(Node { number, goal: Arc::clone(goal) }, ()).await);
    }
    for (number, node) in addresses.iter().enumerate() {
        // It comes before any token: messages of one sender keep their order.
        let next = addresses[(number + 1) % nodes].clone();
        node.cast(Message::Link(next)).expect("it lives");
    }
    addresses
}
