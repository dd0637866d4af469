//! Who writes the hooks says `lifecycle`, or the derive writes them, too.

use millhand::prelude::*;

#[derive(Message)]
#[message(local)]
struct Hash;

#[derive(Worker)]
#[worker(handles(Hash))]
struct Hasher;

impl Handle<Hash> for Hasher {
    async fn handle(&mut self, _: Hash, _cx: &mut Context<Self>) {}
}

impl Lifecycle for Hasher {}

fn main() {}
