//! `restart`: an actor that crashes after it has handled messages. Its supervisor starts a new one, and says
//! where it is: an address belongs to one incarnation.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use ractor::{Actor, ActorProcessingErr, ActorRef, RpcReplyPort, SupervisionEvent};
use tokio::sync::mpsc;

use super::start;
use crate::meter::{Meter, Sample, p99};
use crate::suite::Plan;
use crate::work::{clock, crash};

enum Message {
    /// The reply is the time at which it is handled, and how many this incarnation has handled before.
    Touch(RpcReplyPort<(u64, u64)>),
    Crash,
}

struct Fragile(Arc<AtomicU64>);

impl Actor for Fragile {
    type Msg = Message;
    /// How many messages it has handled.
    type State = u64;
    type Arguments = ();

    async fn pre_start(&self, _: ActorRef<Message>, _: ()) -> Result<u64, ActorProcessingErr> {
        Ok(0)
    }

    async fn handle(
        &self,
        _: ActorRef<Message>,
        message: Message,
        handled: &mut u64,
    ) -> Result<(), ActorProcessingErr> {
        match message {
            Message::Touch(reply) => {
                *handled += 1;
                Ok(reply.send((clock::now(), *handled - 1))?)
            }
            Message::Crash => {
                self.0.store(clock::now(), Ordering::Relaxed);
                panic!("on purpose");
            }
        }
    }
}

struct Supervisor {
    crashed: Arc<AtomicU64>,
    started: mpsc::UnboundedSender<ActorRef<Message>>,
}

impl Supervisor {
    async fn start(&self, me: ActorRef<()>) -> Result<(), ActorProcessingErr> {
        let fragile = Fragile(Arc::clone(&self.crashed));
        let (address, _end) = Fragile::spawn_linked(None, fragile, (), me.get_cell()).await?;
        Ok(self.started.send(address)?)
    }
}

impl Actor for Supervisor {
    type Msg = ();
    type State = ();
    type Arguments = ();

    async fn pre_start(&self, me: ActorRef<()>, _: ()) -> Result<(), ActorProcessingErr> {
        self.start(me).await
    }

    async fn handle_supervisor_evt(
        &self,
        me: ActorRef<()>,
        event: SupervisionEvent,
        _: &mut (),
    ) -> Result<(), ActorProcessingErr> {
        match event {
            SupervisionEvent::ActorFailed(..) => self.start(me).await,
            _ => Ok(()),
        }
    }
}

pub async fn restart(plan: Plan) -> Sample {
    crash::silence();
    let crashed = Arc::new(AtomicU64::new(0));
    let (started, mut workers) = mpsc::unbounded_channel();
    let _supervisor = start(Supervisor { crashed: Arc::clone(&crashed), started }, ()).await;
    let mut worker = workers.recv().await.expect("a worker");
    touch(&worker).await;
    let mut gaps = Vec::new();
    let meter = Meter::start();
    for _ in 0..plan.operations {
        worker.cast(Message::Crash).expect("it lives");
        worker = workers.recv().await.expect("a successor");
        let (touched, before) = touch(&worker).await;
        assert_eq!(before, 0, "a new incarnation answered");
        gaps.push(touched - crashed.load(Ordering::Relaxed));
    }
    meter.stop_with(p99(gaps), plan.operations)
}

async fn touch(worker: &ActorRef<Message>) -> (u64, u64) {
    worker.call(Message::Touch, None).await.expect("it lives").expect("an answer")
}
