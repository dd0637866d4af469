//! What the derives generate trips no lint in the user's crate, whatever the visibilities, and relies on
//! no name that the user's crate could have taken.

#![deny(
    warnings,
    missing_docs,
    unreachable_pub,
    unused_qualifications,
    private_interfaces
)]
#![deny(
    private_bounds,
    missing_debug_implementations,
    missing_copy_implementations
)]
#![deny(
    unnameable_types,
    unused_lifetimes,
    single_use_lifetimes,
    unit_bindings,
    rust_2018_idioms
)]
#![deny(
    elided_lifetimes_in_paths,
    trivial_casts,
    unused_results,
    let_underscore_drop
)]
#![deny(explicit_outlives_requirements, redundant_lifetimes, non_ascii_idents)]
#![forbid(unsafe_code)]

use ::millhand::{Context, Handle, Message, Worker};
use ::serde::{Deserialize, Serialize};
use ::std::fmt::Debug;

pub use self::shadows::*;

/// Names that generated code could have meant instead of the standard library's.
#[allow(
    missing_docs,
    missing_debug_implementations,
    missing_copy_implementations
)]
#[allow(unnameable_types)]
pub mod shadows {
    pub struct Option;
    pub struct Some;
    pub struct None;
    pub struct Result;
    pub struct Ok;
    pub struct Err;
    pub struct Box;
    pub struct PhantomData;
    pub struct Infallible;
    pub trait Future {}
    pub mod core {}
    pub mod std {}
    pub mod millhand {}
}

/// A private message, with a private reply, in a public worker.
#[derive(Debug, Message)]
#[message(local, reply = Reply)]
struct Inbox;

#[derive(Debug, Clone, Copy)]
struct Reply;

/// Of the crate only.
#[derive(Debug, Message)]
#[message(local)]
pub(crate) struct Outcome<T: Debug + Send + 'static>(T);

/// Public and named.
#[derive(Debug, Clone, Copy, Message, Serialize, Deserialize)]
#[message(name = "no.warnings", version = 1, reply = ::std::result::Result<u64, u8>)]
pub struct Public(u64);

/// Public, handles private messages.
#[derive(Debug, Worker)]
#[worker(handles(Inbox, Outcome<u8>, boxed(Public)))]
pub struct Hasher {
    handled: Vec<u64>,
}

impl Handle<Inbox> for Hasher {
    async fn handle(&mut self, _: Inbox, _cx: &mut Context<Self>) -> Reply {
        self.handled.push(1);
        Reply
    }
}

impl Handle<Outcome<u8>> for Hasher {
    async fn handle(&mut self, outcome: Outcome<u8>, _cx: &mut Context<Self>) {
        self.handled.push(u64::from(outcome.0));
    }
}

impl Handle<Public> for Hasher {
    async fn handle(
        &mut self,
        Public(n): Public,
        _cx: &mut Context<Self>,
    ) -> ::std::result::Result<u64, u8> {
        ::std::result::Result::Ok(n)
    }
}

/// Public and generic, with one message, handled again after a crash.
#[derive(Debug, Worker)]
#[worker(handles(Public), on_crash = retry(1))]
pub struct Generic<T: Debug + Send + 'static> {
    /// Its state.
    pub state: T,
}

impl<T: Debug + Send + 'static> Handle<Public> for Generic<T> {
    async fn handle(
        &mut self,
        _: Public,
        _cx: &mut Context<Self>,
    ) -> ::std::result::Result<u64, u8> {
        ::std::result::Result::Err(1)
    }
}

mod inner {
    //! Private items, of which nothing leaves the module.

    use ::millhand::{Context, Handle, Message, Worker};

    #[derive(Message)]
    #[message(local)]
    struct Tick;

    #[derive(Worker)]
    #[worker(handles(Tick))]
    pub(super) struct Clock;

    impl Handle<Tick> for Clock {
        async fn handle(&mut self, _: Tick, _cx: &mut Context<Self>) {}
    }
}

fn main() {
    fn worker<W: Worker>() {}
    worker::<Hasher>();
    worker::<Generic<u8>>();
    worker::<inner::Clock>();
    ::std::mem::drop((inner::Clock, Inbox, Outcome(1)));
}
