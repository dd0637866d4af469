//! What is listed derives `Message`.

use millhand::prelude::*;

struct Hash;

#[derive(Worker)]
#[worker(handles(Hash))]
struct Hasher;

fn main() {}
