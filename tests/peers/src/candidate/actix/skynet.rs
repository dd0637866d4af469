//! `skynet`: the root's children are spread over both arbiters, and their trees stay there.

use actix::prelude::*;
use tokio::sync::mpsc;

use super::Arbiters;
use crate::candidate::THREADS;
use crate::meter::{Phases, Sample};
use crate::suite::Plan;
use crate::work::tree::{Branch, Sums};

#[derive(Message)]
#[rtype(result = "()")]
struct Sum(u64);

struct Node {
    branch: Branch,
    up: Up,
    sums: Sums,
    /// Only the root has them.
    arbiters: Option<Arbiters>,
}

enum Up {
    Parent(Addr<Node>),
    Driver(mpsc::UnboundedSender<u64>),
}

impl Actor for Node {
    type Context = Context<Self>;

    fn started(&mut self, cx: &mut Context<Self>) {
        if let Some(number) = self.branch.leaf() {
            self.up.send(number);
            cx.stop();
            return;
        }
        for (number, child) in self.branch.children().enumerate() {
            let node = Self::new(child, Up::Parent(cx.address()));
            match &self.arbiters {
                Some(arbiters) => {
                    Self::start_in_arbiter(&arbiters[number % THREADS], move |_| node);
                }
                None => {
                    node.start();
                }
            }
        }
    }
}

impl Handler<Sum> for Node {
    type Result = ();

    fn handle(&mut self, Sum(sum): Sum, cx: &mut Context<Self>) {
        if let Some(all) = self.sums.add(sum) {
            self.up.send(all);
            cx.stop();
        }
    }
}

impl Node {
    fn new(branch: Branch, up: Up) -> Self {
        Self { branch, up, sums: Sums::default(), arbiters: None }
    }
}

impl Up {
    fn send(&self, sum: u64) {
        match self {
            Self::Parent(parent) => parent.do_send(Sum(sum)),
            Self::Driver(driver) => driver.send(sum).expect("it waits"),
        }
    }
}

pub async fn skynet(plan: Plan, arbiters: Arbiters) -> Sample {
    let (up, mut sums) = mpsc::unbounded_channel();
    let mut phases = Phases::of(plan.operations);
    while let Some(nodes) = phases.next() {
        let root = Branch::root(nodes);
        let node = Node::new(root, Up::Driver(up.clone()));
        Node { arbiters: Some(arbiters.clone()), ..node }.start();
        assert_eq!(sums.recv().await, Some(root.expected_sum()));
    }
    phases.sample()
}
