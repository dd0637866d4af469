//! omq: on its own I/O thread, and on the caller's runtime.

use omq_tokio::exclusive::{Options as ExclusiveOptions, Socket as Exclusive};
use omq_tokio::{Context, Endpoint, Message, Options, Socket, SocketType, TrySendError, blocking};

use super::runtime::on_current_thread;
use crate::work::wire::{Part, Side, Sink, Source, Trips, found, over, over_blocking, told};
use crate::workload::wire::Transport;

/// Messages that one call may bring: its own benchmarks receive as many in a turn.
const BATCH: usize = 128;

/// Blocking sockets over the default context.
pub fn own_thread(side: Side) {
    let context = Context::new();
    let socket = context.blocking_socket(kind(side.part), Options::default());
    if side.part.binds() {
        told(&socket.bind(endpoint(&side)).expect("an endpoint").to_string());
    } else {
        socket.connect(endpoint(&side)).expect("an endpoint");
    }
    match side.part {
        Part::Push => {
            let mut source = Source::of(&side);
            while let Some(body) = source.next() {
                socket.send(Message::from_slice(body)).expect("a send");
            }
            over_blocking();
            found(&source.sample());
        }
        Part::Pull => {
            let mut sink = Sink::of(&side);
            let mut batch = Vec::with_capacity(BATCH);
            loop {
                socket.recv_many_into(BATCH, &mut batch).expect("messages");
                if !take(&mut sink, &mut batch) {
                    break;
                }
            }
            found(&sink.sample());
            over_blocking();
        }
        Part::Req | Part::Dealer => {
            let mut trips = Trips::of(&side);
            while let Some(body) = trips.next() {
                socket.send(Message::from_slice(body)).expect("a send");
                trips.answered(body_of(&socket.recv().expect("an answer")));
            }
            found(&trips.sample());
            over_blocking();
        }
        Part::Rep | Part::Router => answer_blocking(&socket, &side),
    }
    // The process ends with it.
    std::mem::forget((socket, context));
}

fn answer_blocking(socket: &blocking::Socket, side: &Side) {
    let mut sink = Sink::of(side);
    loop {
        let question = socket.recv().expect("a question");
        let more = sink.take(body_of(&question));
        socket.send(question).expect("a send");
        if !more {
            break;
        }
    }
    over_blocking();
    found(&sink.sample());
}

/// Everything on the main thread.
pub fn current_thread(side: Side) {
    on_current_thread(async move {
        let round_trip = !matches!(side.part, Part::Push | Part::Pull);
        if round_trip && side.wire.transport == Transport::Tcp {
            exclusive(&side).await;
        } else {
            shared(&side).await;
        }
    });
}

async fn shared(side: &Side) {
    let socket = Socket::new(kind(side.part), Options::default());
    if side.part.binds() {
        told(&socket.bind(endpoint(side)).await.expect("an endpoint").to_string());
    } else {
        socket.connect(endpoint(side)).await.expect("an endpoint");
    }
    match side.part {
        Part::Push => {
            let mut source = Source::of(side);
            while let Some(body) = source.next() {
                match socket.try_send(Message::from_slice(body)) {
                    Ok(()) => {}
                    Err(TrySendError::Full(message)) => {
                        socket.send(message).await.expect("a send");
                    }
                    Err(problem) => panic!("a send: {problem}"),
                }
            }
            over().await;
            found(&source.sample());
        }
        Part::Pull => {
            let mut sink = Sink::of(side);
            let mut batch = Vec::with_capacity(BATCH);
            loop {
                socket.recv_many_into(BATCH, &mut batch).await.expect("messages");
                if !take(&mut sink, &mut batch) {
                    break;
                }
            }
            found(&sink.sample());
            over().await;
        }
        Part::Req | Part::Dealer => {
            let mut trips = Trips::of(side);
            while let Some(body) = trips.next() {
                socket.send(Message::from_slice(body)).await.expect("a send");
                trips.answered(body_of(&socket.recv().await.expect("an answer")));
            }
            found(&trips.sample());
            over().await;
        }
        Part::Rep | Part::Router => {
            let mut sink = Sink::of(side);
            loop {
                let question = socket.recv().await.expect("a question");
                let more = sink.take(body_of(&question));
                socket.send(question).await.expect("a send");
                if !more {
                    break;
                }
            }
            over().await;
            found(&sink.sample());
        }
    }
}

/// A socket of one peer, which the caller polls himself.
async fn exclusive(side: &Side) {
    let options = ExclusiveOptions::default();
    if side.part.binds() {
        let bound = Exclusive::bind(kind(side.part), endpoint(side), options).await;
        let (mut socket, bound) = bound.expect("an endpoint");
        told(&bound.to_string());
        let mut sink = Sink::of(side);
        loop {
            let question = socket.recv().await.expect("a question");
            let more = sink.take(body_of(&question));
            socket.send(&question).await.expect("a send");
            if !more {
                break;
            }
        }
        over().await;
        found(&sink.sample());
    } else {
        let connected = Exclusive::connect(kind(side.part), endpoint(side), options).await;
        let mut socket = connected.expect("a connection");
        let mut trips = Trips::of(side);
        while let Some(body) = trips.next() {
            socket.send(&Message::from_slice(body)).await.expect("a send");
            trips.answered(body_of(&socket.recv().await.expect("an answer")));
        }
        found(&trips.sample());
        over().await;
    }
}

/// Whether there is more to come.
fn take(sink: &mut Sink, batch: &mut Vec<Message>) -> bool {
    batch.drain(..).all(|message| sink.take(body_of(&message)))
}

/// The last frame: a ROUTER's messages begin with the identity, and go back with it.
fn body_of(message: &Message) -> &[u8] {
    message.part_slice(message.len() - 1).expect("a frame")
}

fn kind(part: Part) -> SocketType {
    match part {
        Part::Pull => SocketType::Pull,
        Part::Push => SocketType::Push,
        Part::Rep => SocketType::Rep,
        Part::Req => SocketType::Req,
        Part::Router => SocketType::Router,
        Part::Dealer => SocketType::Dealer,
    }
}

fn endpoint(side: &Side) -> Endpoint {
    side.endpoint.parse().expect("an endpoint")
}
