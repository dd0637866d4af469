//! A key that no message has, and two that are given twice: all are reported, and nothing else.

use millhand::prelude::*;

#[derive(Message, Serialize, Deserialize)]
#[message(name = "inventory.hash", version = 1, retries = 3, reply = u8)]
#[message(name = "inventory.flush", reply = Result<u8, u8>)]
struct Hash;

#[derive(Worker)]
#[worker(handles(Hash))]
struct Hasher;

impl Handle<Hash> for Hasher {
    async fn handle(&mut self, _: Hash, _cx: &mut Context<Self>) -> u8 {
        0
    }
}

fn main() {}
