//! A message is handled, and not listed.

use millhand::prelude::*;

#[derive(Message)]
#[message(local)]
struct Hash;

#[derive(Message)]
#[message(local)]
struct Flush;

#[derive(Worker)]
#[worker(handles(Hash))]
struct Hasher;

impl Handle<Hash> for Hasher {
    async fn handle(&mut self, _: Hash, _cx: &mut Context<Self>) {}
}

impl Handle<Flush> for Hasher {
    async fn handle(&mut self, _: Flush, _cx: &mut Context<Self>) {}
}

fn main() {}
