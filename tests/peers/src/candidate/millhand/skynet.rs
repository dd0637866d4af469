//! `skynet`: temporary workers under the outermost supervisor.

use millhand::prelude::*;
use tokio::sync::mpsc;

use super::system;
use crate::meter::{Phases, Sample};
use crate::suite::Plan;
use crate::work::tree::{Branch, Sums};

/// A leaf sends its number up, another node starts its children.
#[derive(Message)]
#[message(local)]
struct Grow;

#[derive(Message)]
#[message(local)]
struct Sum(u64);

#[derive(Worker)]
#[worker(handles(Grow, Sum))]
struct Node {
    system: System,
    tree: u64,
    branch: Branch,
    up: Up,
    sums: Sums,
}

#[derive(Clone)]
enum Up {
    Parent(Address<Node>),
    Driver(mpsc::UnboundedSender<u64>),
}

impl Handle<Grow> for Node {
    async fn handle(&mut self, _: Grow, cx: &mut Context<Self>) {
        if let Some(number) = self.branch.leaf() {
            self.up.send(number).await;
            cx.stop();
            return;
        }
        for child in self.branch.children() {
            start(&self.system, self.tree, child, Up::Parent(cx.address())).await;
        }
    }
}

impl Handle<Sum> for Node {
    async fn handle(&mut self, Sum(sum): Sum, cx: &mut Context<Self>) {
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
    let system = system().await;
    let (up, mut sums) = mpsc::unbounded_channel();
    let mut phases = Phases::of(plan.operations);
    while let Some(nodes) = phases.next() {
        let root = Branch::root(nodes);
        start(&system, nodes, root, Up::Driver(up.clone())).await;
        assert_eq!(sums.recv().await, Some(root.expected_sum()));
    }
    phases.sample()
}

/// The name says which tree: workers of the one before may still be stopping.
async fn start(system: &System, tree: u64, branch: Branch, up: Up) {
    let name = format!("{}-of-{}-in-{tree}", branch.number, branch.leaves);
    let shared = system.clone();
    let node = system.worker(name, move || Node {
        system: shared.clone(),
        tree,
        branch,
        up: up.clone(),
        sums: Sums::default(),
    });
    let node = node.restart(Restart::temporary()).start().await.expect("a worker");
    node.tell(Grow).await.expect("it lives");
}
