//! A message must be able to move to another thread.

use std::rc::Rc;

use millhand::prelude::*;

#[derive(Message)]
#[message(local)]
struct Hash(Rc<u8>);

fn main() {}
