//! The worker's state must be able to move to another thread.

use std::rc::Rc;

use millhand::prelude::*;

#[derive(Message)]
#[message(local)]
struct Hash;

#[derive(Worker)]
#[worker(handles(Hash))]
struct Hasher {
    shared: Rc<u8>,
}

impl Handle<Hash> for Hasher {
    async fn handle(&mut self, _: Hash, _cx: &mut Context<Self>) {}
}

fn main() {}
