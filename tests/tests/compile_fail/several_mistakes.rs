//! All mistakes are reported at once, and a sender does not suffer from them.

use millhand::prelude::*;

#[derive(Message)]
#[message(local)]
struct Hash;

#[derive(Worker)]
#[worker(handles(Hash), mailbox = "64", overflow = block, on_crash = retry(0), slot = big, lazy)]
struct Hasher;

impl Handle<Hash> for Hasher {
    async fn handle(&mut self, _: Hash, _cx: &mut Context<Self>) {}
}

async fn send(hasher: Address<Hasher>) {
    let _ = hasher.tell(Hash).await;
}

fn main() {}
