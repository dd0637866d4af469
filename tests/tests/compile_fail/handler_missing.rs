//! A message is listed, and nobody handles it.

use millhand::prelude::*;

#[derive(Message)]
#[message(local)]
struct Hash;

#[derive(Message)]
#[message(local)]
struct Flush;

#[derive(Worker)]
#[worker(handles(Hash, Flush))]
struct Hasher;

impl Handle<Hash> for Hasher {
    async fn handle(&mut self, _: Hash, _cx: &mut Context<Self>) {}
}

fn main() {}
