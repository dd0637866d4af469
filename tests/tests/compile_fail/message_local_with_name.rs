//! A local message is called nothing on the wire.

use millhand::prelude::*;

#[derive(Message)]
#[message(local, name = "inventory.hash", version = 1)]
struct Hash;

fn main() {}
