//! The reply belongs to the message: a handler cannot return another one.

use millhand::prelude::*;

#[derive(Message)]
#[message(local, reply = u64)]
struct Count;

#[derive(Worker)]
#[worker(handles(Count))]
struct Counter;

impl Handle<Count> for Counter {
    async fn handle(&mut self, _: Count, _cx: &mut Context<Self>) -> String {
        String::new()
    }
}

fn main() {}
