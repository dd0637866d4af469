//! A message that may leave the process is a serde value.

use millhand::prelude::*;

#[derive(Message)]
#[message(name = "inventory.hash", version = 1)]
struct Hash;

fn main() {}
