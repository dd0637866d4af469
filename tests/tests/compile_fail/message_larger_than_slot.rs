//! Every message waits in a slot of the mailbox; one that does not fit must be boxed.

use millhand::prelude::*;

#[derive(Message)]
#[message(local)]
struct Fits([u64; 16]);

#[derive(Message)]
#[message(local)]
struct Large([u64; 17]);

#[derive(Worker)]
#[worker(handles(Fits, Large))]
struct Hasher;

impl Handle<Fits> for Hasher {
    async fn handle(&mut self, _: Fits, _cx: &mut Context<Self>) {}
}

impl Handle<Large> for Hasher {
    async fn handle(&mut self, _: Large, _cx: &mut Context<Self>) {}
}

fn main() {}
