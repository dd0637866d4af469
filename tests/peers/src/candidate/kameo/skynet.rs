//! `skynet`.

use kameo::error::Infallible;
use kameo::prelude::*;
use tokio::sync::mpsc;

use crate::meter::{Phases, Sample};
use crate::suite::Plan;
use crate::work::tree::{Branch, Sums};

struct Node {
    up: Up,
    sums: Sums,
}

#[derive(Clone)]
enum Up {
    Parent(ActorRef<Node>),
    Driver(mpsc::UnboundedSender<u64>),
}

struct Sum(u64);

impl Actor for Node {
    type Args = (Branch, Up);
    type Error = Infallible;

    /// A leaf ends once nobody has its reference any more.
    async fn on_start((branch, up): Self::Args, me: ActorRef<Self>) -> Result<Self, Infallible> {
        match branch.leaf() {
            Some(number) => up.send(number).await,
            None => {
                for child in branch.children() {
                    Self::spawn((child, Up::Parent(me.clone())));
                }
            }
        }
        Ok(Self { up, sums: Sums::default() })
    }
}

impl Message<Sum> for Node {
    type Reply = ();

    async fn handle(&mut self, Sum(sum): Sum, cx: &mut Context<Self, ()>) {
        if let Some(all) = self.sums.add(sum) {
            self.up.send(all).await;
            cx.stop();
        }
    }
}

impl Up {
    async fn send(&self, sum: u64) {
        match self {
            Self::Parent(parent) => parent.tell(Sum(sum)).await.expect("it lives"),
            Self::Driver(driver) => driver.send(sum).expect("it waits"),
        }
    }
}

pub async fn skynet(plan: Plan) -> Sample {
    let (up, mut sums) = mpsc::unbounded_channel();
    let mut phases = Phases::of(plan.operations);
    while let Some(nodes) = phases.next() {
        let root = Branch::root(nodes);
        Node::spawn((root, Up::Driver(up.clone())));
        assert_eq!(sums.recv().await, Some(root.expected_sum()));
    }
    phases.sample()
}
