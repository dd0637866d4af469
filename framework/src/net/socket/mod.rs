//! Sockets: ZeroMQ's eleven types over any number of connections.
//!
//! ```text
//!  PushSocket, … ──▶ Core ──┬─ Outgoing: lanes ◀── Pen ──▶┐
//!   what each type          │                             ├─ Connection ◀──▶ Link
//!   sends and receives      └─ Incoming: lanes ◀─ Decoder ◀┘
//! ```
//!
//! There is no task between a socket and its connections: senders put messages into the lanes of the
//! connections, in the form in which they are written, and receivers take them out of what was read.

// Messages that wait.
mod octets;

mod batch;

pub(crate) mod waiters;

mod yielding;

mod outgoing;

mod incoming;

// One connection.
mod pen;

mod unsealing;

mod decoder;

pub(crate) mod heart;

mod greet;

mod connection;

// All of them.
mod life;

mod subscriptions;

mod peers;

mod core;

mod serve;

mod dial;

mod listen;

// What users hold.
mod handle;

mod prelude;

mod common;

pub(crate) mod streams;

pub(crate) mod pipeline;

pub(crate) mod publish;

pub(crate) mod request;

pub(crate) mod routing;

pub(crate) mod pair;

#[doc(hidden)]
pub mod fuzzed;

#[cfg(test)]
mod simulation;
