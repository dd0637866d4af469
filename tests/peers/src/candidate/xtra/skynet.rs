//! `skynet`.

use tokio::sync::mpsc;
use xtra::prelude::*;

use crate::meter::{Phases, Sample};
use crate::suite::Plan;
use crate::work::tree::{Branch, Sums};

struct Node {
    /// Keeps it alive until it has all sums.
    me: Address<Self>,
    branch: Branch,
    up: Up,
    sums: Sums,
}

#[derive(Clone)]
enum Up {
    Parent(Address<Node>),
    Driver(mpsc::UnboundedSender<u64>),
}

struct Sum(u64);

impl Actor for Node {
    type Stop = ();

    async fn started(&mut self, _: &Mailbox<Self>) -> Result<(), ()> {
        if let Some(number) = self.branch.leaf() {
            self.up.send(number).await;
            return Err(());
        }
        for child in self.branch.children() {
            start(child, Up::Parent(self.me.clone()));
        }
        Ok(())
    }

    async fn stopped(self) {}
}

impl Handler<Sum> for Node {
    type Return = ();

    async fn handle(&mut self, Sum(sum): Sum, cx: &mut Context<Self>) {
        if let Some(all) = self.sums.add(sum) {
            self.up.send(all).await;
            cx.stop_self();
        }
    }
}

impl Up {
    async fn send(&self, sum: u64) {
        match self {
            Self::Parent(parent) => {
                let _reply = parent.send(Sum(sum)).detach().await.expect("it lives");
            }
            Self::Driver(driver) => driver.send(sum).expect("it waits"),
        }
    }
}

pub async fn skynet(plan: Plan) -> Sample {
    let (up, mut sums) = mpsc::unbounded_channel();
    let mut phases = Phases::of(plan.operations);
    while let Some(nodes) = phases.next() {
        let root = Branch::root(nodes);
        start(root, Up::Driver(up.clone()));
        assert_eq!(sums.recv().await, Some(root.expected_sum()));
    }
    phases.sample()
}

fn start(branch: Branch, up: Up) {
    let ends = Mailbox::unbounded();
    let me = ends.0.clone();
    xtra::spawn_tokio(Node { me, branch, up, sums: Sums::default() }, ends);
}
