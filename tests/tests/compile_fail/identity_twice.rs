//! Two messages of one worker have one name and version: which of them would a stored job be?

use millhand::prelude::*;

#[derive(Message, Serialize, Deserialize)]
#[message(name = "inventory.hash", version = 1)]
struct Hash;

#[derive(Message, Serialize, Deserialize)]
#[message(name = "inventory.hash", version = 2)]
struct NewerHash;

#[derive(Message, Serialize, Deserialize)]
#[message(name = "inventory.hash", version = 1)]
struct CopiedHash;

#[derive(Worker)]
#[worker(handles(Hash, NewerHash, CopiedHash))]
struct Hasher;

impl Handle<Hash> for Hasher {
    async fn handle(&mut self, _: Hash, _cx: &mut Context<Self>) {}
}

impl Handle<NewerHash> for Hasher {
    async fn handle(&mut self, _: NewerHash, _cx: &mut Context<Self>) {}
}

impl Handle<CopiedHash> for Hasher {
    async fn handle(&mut self, _: CopiedHash, _cx: &mut Context<Self>) {}
}

fn main() {}
