//! A worker that handles nothing does nothing.

use millhand::prelude::*;

#[derive(Worker)]
#[worker(handles())]
struct Empty;

#[derive(Worker)]
#[worker(mailbox = 5)]
struct Missing;

#[derive(Worker)]
struct NoAttribute;

fn main() {}
