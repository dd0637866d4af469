//! Who says `lifecycle` writes the hooks.

use millhand::prelude::*;

#[derive(Message)]
#[message(local)]
struct Hash;

#[derive(Worker)]
#[worker(handles(Hash), lifecycle)]
struct Hasher;

impl Handle<Hash> for Hasher {
    async fn handle(&mut self, _: Hash, _cx: &mut Context<Self>) {}
}

fn main() {}
