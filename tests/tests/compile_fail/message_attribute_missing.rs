//! A message says what it is called, or that it is local.

use millhand::prelude::*;

#[derive(Message)]
struct Hash;

fn main() {}
