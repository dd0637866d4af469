//! What is to be handled again after a crash must be copied before.

use millhand::prelude::*;

#[derive(Message, Clone)]
#[message(local)]
struct Hash;

#[derive(Message)]
#[message(local)]
struct Flush;

#[derive(Worker)]
#[worker(handles(Hash, boxed(Flush)), on_crash = retry(3))]
struct Hasher;

impl Handle<Hash> for Hasher {
    async fn handle(&mut self, _: Hash, _cx: &mut Context<Self>) {}
}

impl Handle<Flush> for Hasher {
    async fn handle(&mut self, _: Flush, _cx: &mut Context<Self>) {}
}

fn main() {}
