//! What the derives generate needs no name in scope: not the prelude's, and none that a module of the
//! user's could have taken.

#![no_implicit_prelude]
#![deny(warnings)]

pub mod core {}
pub mod std {}
pub mod alloc {}
pub mod millhand {}
pub mod serde {}
pub mod diagnostic {}
pub mod clippy {}

use ::millhand::{Context, Handle, Lifecycle, Message, Worker};
use ::serde::{Deserialize, Serialize};
use ::std::clone::Clone;
use ::std::marker::{Send, Sync};
use ::std::prelude::rust_2024::derive;
use ::std::result::Result::{self, Err};

#[derive(Clone, Message)]
#[message(local)]
struct Local;

#[derive(Clone, Message, Serialize, Deserialize)]
#[message(name = "no.prelude", version = 1, reply = Result<u8, u8>)]
struct Named;

#[derive(Clone, Message, Serialize, Deserialize)]
#[message(name = "no.prelude", version = 2, reply = T)]
struct Generic<T: Clone + Send + Sync + 'static>(T);

#[derive(Worker)]
#[worker(handles(Local, Named, boxed(Generic<u8>)), on_crash = retry(1))]
struct Plain;

#[derive(Worker)]
#[worker(handles(Named))]
struct One;

#[derive(Worker)]
#[worker(handles(Local, boxed(Generic<T>)), on_crash = retry(2), mailbox = 5, overflow = reject)]
#[worker(slot = 64, blocking, queued, lifecycle)]
enum Parametric<T: Clone + Send + Sync + 'static, const N: usize> {
    Full([T; N]),
}

#[derive(Worker)]
#[worker(handles(Local), unbounded)]
struct Unbounded<T: Send + 'static>(T);

impl Handle<Local> for Plain {
    async fn handle(&mut self, _: Local, _: &mut Context<Self>) {}
}

impl Handle<Named> for Plain {
    async fn handle(&mut self, _: Named, _: &mut Context<Self>) -> Result<u8, u8> {
        Err(1)
    }
}

impl Handle<Generic<u8>> for Plain {
    async fn handle(&mut self, Generic(n): Generic<u8>, _: &mut Context<Self>) -> u8 {
        n
    }
}

impl Handle<Named> for One {
    async fn handle(&mut self, _: Named, _: &mut Context<Self>) -> Result<u8, u8> {
        Err(1)
    }
}

impl<T: Clone + Send + Sync + 'static, const N: usize> Lifecycle for Parametric<T, N> {}

impl<T: Clone + Send + Sync + 'static, const N: usize> Handle<Local> for Parametric<T, N> {
    async fn handle(&mut self, _: Local, _: &mut Context<Self>) {}
}

impl<T: Clone + Send + Sync + 'static, const N: usize> Handle<Generic<T>> for Parametric<T, N> {
    async fn handle(&mut self, Generic(value): Generic<T>, _: &mut Context<Self>) -> T {
        value
    }
}

impl<T: Send + 'static> Handle<Local> for Unbounded<T> {
    async fn handle(&mut self, _: Local, _: &mut Context<Self>) {}
}

fn main() {
    fn worker<W: Worker>() {}
    worker::<Plain>();
    worker::<One>();
    worker::<Parametric<u8, 3>>();
    worker::<Unbounded<u8>>();
    let used = (Plain, One, Unbounded(1), Parametric::Full([1; 3]), Local, Named, Generic(1));
    ::std::mem::drop(used);
}
