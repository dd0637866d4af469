//! So is its reply.

use millhand::prelude::*;

struct Digest;

#[derive(Message, Serialize, Deserialize)]
#[message(name = "inventory.hash", version = 1, reply = Digest)]
struct Hash;

fn main() {}
