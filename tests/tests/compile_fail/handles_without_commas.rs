//! A mistake inside the list is reported once.

use millhand::prelude::*;

#[derive(Message)]
#[message(local)]
struct Hash;

#[derive(Message)]
#[message(local)]
struct Flush;

#[derive(Worker)]
#[worker(handles(Hash Flush), mailbox = 0)]
struct Hasher;

#[derive(Worker)]
#[worker(handles(boxed(boxed(Hash))))]
struct Twice;

#[derive(Worker)]
#[worker(handles(boxed(Hash, Flush)))]
struct Both;

#[derive(Worker)]
#[worker(handles((Hash Flush)), on_crash = retry(1 2))]
struct Nested;

fn main() {}
