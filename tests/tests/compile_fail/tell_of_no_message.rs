//! What is sent derives `Message`.

use millhand::prelude::*;

#[derive(Message)]
#[message(local)]
struct Hash;

#[derive(Message)]
#[message(local)]
struct Stop;

#[derive(Worker)]
#[worker(handles(Hash, Stop))]
struct Hasher;

impl Handle<Hash> for Hasher {
    async fn handle(&mut self, _: Hash, _cx: &mut Context<Self>) {}
}

impl Handle<Stop> for Hasher {
    async fn handle(&mut self, _: Stop, _cx: &mut Context<Self>) {}
}

async fn send(hasher: Address<Hasher>) {
    let _ = hasher.tell("hash").await;
}

fn main() {}
