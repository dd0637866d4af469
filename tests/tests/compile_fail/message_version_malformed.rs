//! Versions count from 1.

use millhand::prelude::*;

#[derive(Message, Serialize, Deserialize)]
#[message(name = "inventory.hash", version = 0)]
struct Zero;

#[derive(Message, Serialize, Deserialize)]
#[message(name = "inventory.hash", version = 4294967296)]
struct TooLarge;

#[derive(Message, Serialize, Deserialize)]
#[message(name = "inventory.hash", version = "1")]
struct Text;

fn main() {}
