//! `skynet`.

use ractor::{Actor, ActorProcessingErr, ActorRef};
use tokio::sync::mpsc;

use super::start;
use crate::meter::{Phases, Sample};
use crate::suite::Plan;
use crate::work::tree::{Branch, Sums};

struct Node {
    branch: Branch,
    up: Up,
}

enum Up {
    Parent(ActorRef<Sum>),
    Driver(mpsc::UnboundedSender<u64>),
}

struct Sum(u64);

impl Actor for Node {
    type Msg = Sum;
    type State = Sums;
    type Arguments = ();

    async fn pre_start(&self, _: ActorRef<Sum>, _: ()) -> Result<Sums, ActorProcessingErr> {
        Ok(Sums::default())
    }

    async fn post_start(&self, me: ActorRef<Sum>, _: &mut Sums) -> Result<(), ActorProcessingErr> {
        match self.branch.leaf() {
            Some(number) => {
                self.up.send(number);
                me.stop(None);
            }
            None => {
                for branch in self.branch.children() {
                    start(Self { branch, up: Up::Parent(me.clone()) }, ()).await;
                }
            }
        }
        Ok(())
    }

    async fn handle(
        &self,
        me: ActorRef<Sum>,
        Sum(sum): Sum,
        sums: &mut Sums,
    ) -> Result<(), ActorProcessingErr> {
        if let Some(all) = sums.add(sum) {
            self.up.send(all);
            me.stop(None);
        }
        Ok(())
    }
}

impl Up {
    fn send(&self, sum: u64) {
        match self {
            Self::Parent(parent) => parent.cast(Sum(sum)).expect("it lives"),
            Self::Driver(driver) => driver.send(sum).expect("it waits"),
        }
    }
}

pub async fn skynet(plan: Plan) -> Sample {
    let (up, mut sums) = mpsc::unbounded_channel();
    let mut phases = Phases::of(plan.operations);
    while let Some(nodes) = phases.next() {
        let root = Branch::root(nodes);
        start(Node { branch: root, up: Up::Driver(up.clone()) }, ()).await;
        assert_eq!(sums.recv().await, Some(root.expected_sum()));
    }
    phases.sample()
}
