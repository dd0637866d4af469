//! libzmq, the reference, through its C interface.

use zmq::{Context, Message, Socket, SocketType};

use crate::work::wire::{Part, Side, Sink, Source, Trips, found, over_blocking, told};
use crate::workload::wire::Transport;

/// As `send` and `recv` block by default.
const FLAGS: i32 = 0;

pub fn side(side: Side) {
    let context = Context::new();
    match side.part {
        Part::Push => {
            let socket = connected(&context, SocketType::PUSH, &side);
            let mut source = Source::of(&side);
            while let Some(body) = source.next() {
                socket.send(body, FLAGS).expect("a send");
            }
            over_blocking();
            found(&source.sample());
        }
        Part::Pull => {
            let socket = bound(&context, SocketType::PULL, &side);
            let mut sink = Sink::of(&side);
            let mut message = Message::new();
            loop {
                socket.recv(&mut message, FLAGS).expect("a message");
                if !sink.take(&message) {
                    break;
                }
            }
            found(&sink.sample());
            over_blocking();
        }
        Part::Req => ask(&connected(&context, SocketType::REQ, &side), &side),
        Part::Dealer => ask(&connected(&context, SocketType::DEALER, &side), &side),
        Part::Rep => answer(&bound(&context, SocketType::REP, &side), &side),
        Part::Router => answer(&bound(&context, SocketType::ROUTER, &side), &side),
    }
    // All has arrived, and the process ends: what a context waits for when it goes is not measured.
    std::mem::forget(context);
}

fn ask(socket: &Socket, side: &Side) {
    let mut trips = Trips::of(side);
    let mut message = Message::new();
    while let Some(body) = trips.next() {
        socket.send(body, FLAGS).expect("a send");
        socket.recv(&mut message, FLAGS).expect("an answer");
        trips.answered(&message);
    }
    found(&trips.sample());
    over_blocking();
}

fn answer(socket: &Socket, side: &Side) {
    let mut sink = Sink::of(side);
    let (mut identity, mut message) = (Message::new(), Message::new());
    loop {
        if side.part == Part::Router {
            socket.recv(&mut identity, FLAGS).expect("an identity");
        }
        socket.recv(&mut message, FLAGS).expect("a question");
        let more = sink.take(&message);
        if side.part == Part::Router {
            socket
                .send(std::mem::replace(&mut identity, Message::new()), zmq::SNDMORE)
                .expect("a send");
        }
        socket.send(std::mem::replace(&mut message, Message::new()), FLAGS).expect("a send");
        if !more {
            break;
        }
    }
    over_blocking();
    found(&sink.sample());
}

fn connected(context: &Context, kind: SocketType, side: &Side) -> Socket {
    let socket = context.socket(kind).expect("a socket");
    socket.connect(&side.endpoint).expect("an endpoint");
    socket
}

fn bound(context: &Context, kind: SocketType, side: &Side) -> Socket {
    let socket = context.socket(kind).expect("a socket");
    let endpoint = match side.wire.transport {
        // Its word for a port of the system's choice.
        Transport::Tcp => side.endpoint.replace(":0", ":*"),
        Transport::Ipc => side.endpoint.clone(),
    };
    socket.bind(&endpoint).expect("an endpoint");
    told(&socket.get_last_endpoint().expect("an endpoint").expect("UTF-8"));
    socket
}
