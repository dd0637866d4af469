//! A handler alone makes no worker.

use millhand::prelude::*;

#[derive(Message)]
#[message(local)]
struct Hash;

struct Hasher;

impl Handle<Hash> for Hasher {
    async fn handle(&mut self, _: Hash, _cx: &mut Context<Self>) {}
}

fn main() {}
