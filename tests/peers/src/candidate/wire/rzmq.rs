//! rzmq.

use ::rzmq::socket::{LAST_ENDPOINT, SNDBATCH_BYTES, SNDBATCH_COUNT};
use ::rzmq::{Context, Msg, Socket, SocketType};
use bytes::Bytes;

use super::runtime::on_threads;
use crate::work::wire::{Part, Side, Sink, Source, Trips, found, over, told};
use crate::workload::wire::Transport;

/// Messages in a batch: what its guide advises for many small messages.
const SMALL: i32 = 256;

/// And for "large message streams".
const LARGE: i32 = 2;

/// Octets in a batch, for both.
const BYTES: i32 = 1 << 20;

pub fn side(side: Side) {
    on_threads(async move {
        let context = Context::new().expect("a context");
        match side.part {
            Part::Push => {
                let socket = context.socket(SocketType::Push).expect("a socket");
                let count = if side.wire.size < 65536 { SMALL } else { LARGE };
                socket.set_option(SNDBATCH_COUNT, count).await.expect("an option");
                socket.set_option(SNDBATCH_BYTES, BYTES).await.expect("an option");
                socket.connect(&side.endpoint).await.expect("an endpoint");
                let mut source = Source::of(&side);
                while let Some(body) = source.next() {
                    socket.send(message(body)).await.expect("a send");
                }
                over().await;
                found(&source.sample());
            }
            Part::Pull => {
                let socket = bound(&context, SocketType::Pull, &side).await;
                let mut sink = Sink::of(&side);
                loop {
                    let message = socket.recv().await.expect("a message");
                    if !sink.take(message.data().unwrap_or_default()) {
                        break;
                    }
                }
                found(&sink.sample());
                over().await;
            }
            Part::Req => ask(&context, SocketType::Req, &side).await,
            Part::Dealer => ask(&context, SocketType::Dealer, &side).await,
            Part::Rep => answer(&bound(&context, SocketType::Rep, &side).await, &side).await,
            Part::Router => answer(&bound(&context, SocketType::Router, &side).await, &side).await,
        }
    });
}

async fn ask(context: &Context, kind: SocketType, side: &Side) {
    let socket = context.socket(kind).expect("a socket");
    socket.connect(&side.endpoint).await.expect("an endpoint");
    let mut trips = Trips::of(side);
    while let Some(body) = trips.next() {
        socket.send(message(body)).await.expect("a send");
        let answer = socket.recv().await.expect("an answer");
        trips.answered(answer.data().unwrap_or_default());
    }
    found(&trips.sample());
    over().await;
}

/// A ROUTER's messages begin with the identity, and go back with it; what it puts between the two it also
/// takes away.
async fn answer(socket: &Socket, side: &Side) {
    let mut sink = Sink::of(side);
    loop {
        let question = socket.recv_multipart().await.expect("a question");
        let body = question.last().and_then(Msg::data).unwrap_or_default();
        let more = sink.take(body);
        socket.send_multipart(question).await.expect("a send");
        if !more {
            break;
        }
    }
    over().await;
    found(&sink.sample());
}

async fn bound(context: &Context, kind: SocketType, side: &Side) -> Socket {
    let socket = context.socket(kind).expect("a socket");
    socket.bind(&side.endpoint).await.expect("an endpoint");
    match side.wire.transport {
        Transport::Tcp => {
            let endpoint = socket.get_option(LAST_ENDPOINT).await.expect("an endpoint");
            told(&String::from_utf8(endpoint).expect("UTF-8"));
        }
        Transport::Ipc => told(&side.endpoint),
    }
    socket
}

fn message(body: &[u8]) -> Msg {
    Msg::from_bytes(Bytes::copy_from_slice(body))
}
