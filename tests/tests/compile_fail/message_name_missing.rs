//! A message needs a name that outlives its type's.

use millhand::prelude::*;

#[derive(Message, Serialize, Deserialize)]
#[message(version = 1)]
struct Hash;

fn main() {}
