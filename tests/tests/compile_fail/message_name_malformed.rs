//! A name is what file names, topics and other languages can carry.

use millhand::prelude::*;

#[derive(Message, Serialize, Deserialize)]
#[message(name = "", version = 1)]
struct Empty;

#[derive(Message, Serialize, Deserialize)]
#[message(name = "inventory..hash", version = 1)]
struct EmptyWord;

#[derive(Message, Serialize, Deserialize)]
#[message(name = "Inventory hash", version = 1)]
struct OtherLetters;

fn main() {}
