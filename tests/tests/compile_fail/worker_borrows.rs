//! A worker outlives whoever started it, so it cannot borrow from them.

use millhand::prelude::*;

#[derive(Message)]
#[message(local)]
struct Hash;

#[derive(Worker)]
#[worker(handles(Hash))]
struct Hasher<'a> {
    buffer: &'a [u8],
}

fn main() {}
