//! Actor-based asynchronous jobs: typed workers, supervised, on a work-stealing dispatcher.
//!
//! You declare *messages* and *workers* with derive macros. A worker owns its state and handles one
//! message at a time. A supervisor starts it, starts it again when it fails, and stops it in order. A
//! dispatcher runs whichever worker has something to do, on the threads of your tokio runtime.
//!
//! ```
//! use millhand::prelude::*;
//!
//! /// What is sent. The reply type belongs to the message.
//! #[derive(Message)]
//! #[message(local, reply = usize)]
//! struct CountWords(String);
//!
//! /// Who handles it. The derive builds an inbox over the listed messages; nothing is boxed.
//! #[derive(Worker)]
//! #[worker(handles(CountWords))]
//! struct Counter {
//!     total: usize,
//! }
//!
//! /// A plain impl, outside any macro.
//! impl Handle<CountWords> for Counter {
//!     async fn handle(&mut self, CountWords(text): CountWords, _: &mut Context<Self>) -> usize {
//!         self.total += text.split_whitespace().count();
//!         self.total
//!     }
//! }
//!
//! #[tokio::main]
//! async fn main() -> Result<(), millhand::Error> {
//!     let system = System::builder("words").start().await?;
//!     let counter = system.worker("counter", || Counter { total: 0 }).start().await?;
//!
//!     counter.tell(CountWords("one two".into())).await?; // at most once, no reply
//!     let total = counter.ask(CountWords("three".into())).await?; // a reply, or a typed failure
//!     assert_eq!(total, 3);
//!
//!     system.shutdown().await?; // drains, then stops in reverse order
//!     Ok(())
//! }
//! ```
//!
//! # The journey of a message
//!
//! ```text
//!   sender                                                   handler
//!     │ 1 tell / ask                                            ▲
//!     ▼                                                         │ 5
//!  Address ──2──▶ mailbox ──3──▶ dispatcher ──4──▶ cell ────────┘
//!     ▲           (block queue,   (drivers,         (state,
//!     │            one word)       stealing)         context)
//!     └────────────────────────6 reply──────────────────┘
//!                      7 a panic goes to the supervisor
//! ```
//!
//! 1. The sender has an [`Address`] of the worker, a [`Recipient`] that can send one message type only,
//!    or a [`Pool`]. It chooses the promise: [`tell`](Address::tell) or [`ask`](Address::ask).
//! 2. The message goes into the worker's mailbox: one compare-and-swap, which also says whether the
//!    worker was idle. A full mailbox makes the sender wait, or does what the worker's `overflow` says.
//!    If it is refused, the message comes back in the error.
//! 3. If the worker was idle, the sender, and nobody else, hands it to the dispatcher.
//! 4. A driver, one task per thread of the runtime, takes the messages out, one by one.
//! 5. It calls [`Handle::handle`] with the message, the worker's state and a [`Context`].
//! 6. What the handler returns goes back to whoever asked.
//! 7. If the handler panics, the worker's supervisor decides what becomes of it. The address, and the
//!    messages in the mailbox, outlive the crash.
//!
//! # Where to look
//!
//! | for | see |
//! |---|---|
//! | declaring | [`Message`](macro@Message), [`Worker`](macro@Worker), [`Handle`], [`Lifecycle`] |
//! | building and ending | [`System`], [`SystemBuilder`], [`WorkerBuilder`], [`PoolBuilder`], [`SupervisorBuilder`] |
//! | sending | [`Address`], [`Recipient`], [`Pool`], [`Tell`], [`Ask`], [`TellError`], [`AskError`] |
//! | inside a handler | [`Context`] |
//! | failing | [`Strategy`], [`Restart`], [`Intensity`], [`Backoff`], [`Shutdown`], [`ExitReason`] |
//! | ZeroMQ's sockets | `net`, with the feature of that name |
//! | watching | [`Counters`], and the `tracing` events of target `millhand` |
//!
//! The library installs no panic hook and reads no environment variable.

#![deny(unsafe_code)]

#[allow(unused_extern_crates)]
extern crate self as millhand;

// What everything stands on: atomics and fences, recycled memory, coarse time, the runtime.
mod sync;

mod pool;

mod time;

mod runtime;

// A message inside one process.
mod actor;
mod contain;

// A message that leaves the process.
#[cfg(feature = "net")]
pub mod net;

// What can be seen from outside.
mod observe;

// The only part that knows all the others.
mod system;

pub use actor::address::{Address, Recipient};
pub use actor::ask::Ask;
pub use actor::context::{Context, TimerId};
pub use actor::error::{AskError, TellError};
pub use actor::exit::ExitReason;
pub use actor::message::{Identity, Message, WireMessage};
pub use actor::pool::{Pool, Routing};
pub use actor::supervisor::policy::{Backoff, Intensity, Restart, Shutdown, Strategy};
pub use actor::tell::Tell;
pub use actor::worker::{Accepts, BoxError, Handle, Lifecycle, Worker};
pub use millhand_macros::{Message, Worker};
pub use observe::counters::Counters;
pub use system::System;
pub use system::builder::SystemBuilder;
pub use system::error::{Error, ShutdownError, StartError};
pub use system::tree::{Construct, PoolBuilder, Supervisor, SupervisorBuilder, WorkerBuilder};

/// All that most programs name: `use millhand::prelude::*`. Nothing in it has the name of something in
/// the standard library's prelude; [`Error`] stays outside, since programs have their own.
///
/// It has serde's derives too, but their code names the crate `serde`: add `serde` to your
/// dependencies if you have messages that are not `local`.
pub mod prelude {
    pub use crate::{
        Address, AskError, Backoff, BoxError, Context, ExitReason, Handle, Intensity, Lifecycle,
        Message, Pool, Recipient, Restart, Routing, Shutdown, ShutdownError, StartError, Strategy,
        Supervisor, System, TellError, Worker,
    };
    pub use serde::{Deserialize, Serialize};
}

/// For the code that the derives write; not for people.
#[doc(hidden)]
pub mod __private {
    pub use crate::actor::worker::{
        Asker, CopyForRetry, Host, MessageType, OnCrash, Overflow, Policy, settle_one,
    };
}
