//! A handler may go on on another thread after an await: what it holds then must be `Send`. The error
//! is about the user's handler, not about the derive.

use std::rc::Rc;

use millhand::prelude::*;

#[derive(Message)]
#[message(local)]
struct Hash;

#[derive(Worker)]
#[worker(handles(Hash))]
struct Hasher;

impl Handle<Hash> for Hasher {
    async fn handle(&mut self, _: Hash, _cx: &mut Context<Self>) {
        let shared = Rc::new(1);
        tokio::task::yield_now().await;
        drop(shared);
    }
}

fn main() {}
