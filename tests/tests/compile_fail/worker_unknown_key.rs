//! A key that no worker has, and one that is given twice.

use millhand::prelude::*;

#[derive(Message)]
#[message(local)]
struct Hash;

#[derive(Worker)]
#[worker(handles(Hash), size = 12, mailbox = 5, mailbox = 6, overload(reject, 2))]
struct Hasher;

impl Handle<Hash> for Hasher {
    async fn handle(&mut self, _: Hash, _cx: &mut Context<Self>) {}
}

fn main() {}
