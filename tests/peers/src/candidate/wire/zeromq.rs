//! zmq.rs, the Rust implementation of ZeroMQ's own organisation.

use ::zeromq::{
    DealerSocket, PullSocket, PushSocket, RepSocket, ReqSocket, RouterSocket, Socket, SocketRecv,
    SocketSend, ZmqMessage,
};
use bytes::Bytes;

use super::runtime::on_threads;
use crate::work::wire::{Part, Side, Sink, Source, Trips, found, over, told};

pub fn side(side: Side) {
    on_threads(async move {
        match side.part {
            Part::Push => {
                let mut socket: PushSocket = connected(&side).await;
                let mut source = Source::of(&side);
                while let Some(body) = source.next() {
                    socket.send(message(body)).await.expect("a send");
                }
                over().await;
                found(&source.sample());
            }
            Part::Pull => {
                let mut socket: PullSocket = bound(&side).await;
                let mut sink = Sink::of(&side);
                while sink.take(body(&socket.recv().await.expect("a message"))) {}
                found(&sink.sample());
                over().await;
            }
            Part::Req => ask(connected::<ReqSocket>(&side).await, &side).await,
            Part::Dealer => ask(connected::<DealerSocket>(&side).await, &side).await,
            Part::Rep => answer(bound::<RepSocket>(&side).await, &side).await,
            Part::Router => answer(bound::<RouterSocket>(&side).await, &side).await,
        }
    });
}

async fn ask(mut socket: impl SocketSend + SocketRecv, side: &Side) {
    let mut trips = Trips::of(side);
    while let Some(question) = trips.next() {
        socket.send(message(question)).await.expect("a send");
        trips.answered(body(&socket.recv().await.expect("an answer")));
    }
    found(&trips.sample());
    over().await;
}

/// A ROUTER's messages begin with the identity, and go back with it.
async fn answer(mut socket: impl SocketSend + SocketRecv, side: &Side) {
    let mut sink = Sink::of(side);
    loop {
        let question = socket.recv().await.expect("a question");
        let more = sink.take(body(&question));
        socket.send(question).await.expect("a send");
        if !more {
            break;
        }
    }
    over().await;
    found(&sink.sample());
}

async fn connected<S: Socket>(side: &Side) -> S {
    let mut socket = S::new();
    socket.connect(&side.endpoint).await.expect("a connection");
    socket
}

async fn bound<S: Socket>(side: &Side) -> S {
    let mut socket = S::new();
    told(&socket.bind(&side.endpoint).await.expect("an endpoint").to_string());
    socket
}

fn message(body: &[u8]) -> ZmqMessage {
    Bytes::copy_from_slice(body).into()
}

/// The last frame.
fn body(message: &ZmqMessage) -> &[u8] {
    message.get(message.len() - 1).expect("a frame")
}
