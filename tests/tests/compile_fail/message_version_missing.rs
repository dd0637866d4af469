//! A message needs a version, from the first one on.

use millhand::prelude::*;

#[derive(Message, Serialize, Deserialize)]
#[message(name = "inventory.hash")]
struct Hash;

fn main() {}
