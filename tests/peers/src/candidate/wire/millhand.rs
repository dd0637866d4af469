//! millhand's sockets, through their public API.

use ::millhand::net::{
    DealerSocket, PullSocket, PushSocket, RepSocket, ReqSocket, RouterSocket,
};

use super::runtime::on_current_thread_spawned;
use crate::work::wire::{Part, Side, Sink, Source, Trips, found, over, told};

pub fn side(side: Side) {
    on_current_thread_spawned(async move {
        let endpoint = side.endpoint.as_str();
        match side.part {
            Part::Push => {
                let socket = PushSocket::connect(endpoint).await.expect("an endpoint");
                let mut source = Source::of(&side);
                while let Some(body) = source.next() {
                    socket.send(body).await.expect("a send");
                }
                over().await;
                found(&source.sample());
            }
            Part::Pull => {
                let socket = PullSocket::bind(endpoint).await.expect("an endpoint");
                told(&socket.bound()[0].to_string());
                let mut sink = Sink::of(&side);
                while sink.take(socket.recv().await.expect("a message").first()) {}
                found(&sink.sample());
                over().await;
            }
            Part::Req => {
                let socket = ReqSocket::connect(endpoint).await.expect("an endpoint");
                let mut trips = Trips::of(&side);
                while let Some(question) = trips.next() {
                    socket.send(question).await.expect("a send");
                    trips.answered(socket.recv().await.expect("an answer").first());
                }
                found(&trips.sample());
                over().await;
            }
            Part::Dealer => {
                let socket = DealerSocket::connect(endpoint).await.expect("an endpoint");
                let mut trips = Trips::of(&side);
                while let Some(question) = trips.next() {
                    socket.send(question).await.expect("a send");
                    trips.answered(socket.recv().await.expect("an answer").first());
                }
                found(&trips.sample());
                over().await;
            }
            Part::Rep => {
                let socket = RepSocket::bind(endpoint).await.expect("an endpoint");
                told(&socket.bound()[0].to_string());
                let mut sink = Sink::of(&side);
                loop {
                    let question = socket.recv().await.expect("a question");
                    let more = sink.take(question.first());
                    socket.send(question).await.expect("a send");
                    if !more {
                        break;
                    }
                }
                over().await;
                found(&sink.sample());
            }
            Part::Router => {
                let socket = RouterSocket::bind(endpoint).await.expect("an endpoint");
                told(&socket.bound()[0].to_string());
                let mut sink = Sink::of(&side);
                loop {
                    // It begins with the routing id, and goes back with it.
                    let question = socket.recv().await.expect("a question");
                    let more = sink.take(&question[1]);
                    socket.send(question).await.expect("a send");
                    if !more {
                        break;
                    }
                }
                over().await;
                found(&sink.sample());
            }
        }
    });
}
