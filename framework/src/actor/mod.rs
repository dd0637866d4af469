//! A message inside one process, from the sender to the handler and back.
//!
//! The modules in the order in which a message meets them.

pub(crate) mod message;

pub(crate) mod address;

pub(crate) mod tell;

pub(crate) mod ask;

pub(crate) mod error;

pub(crate) mod deliver;

pub(crate) mod envelope;

pub(crate) mod mailbox;

pub(crate) mod dispatcher;

#[expect(unsafe_code, reason = "runs what others own; its contract heads the file")]
pub(crate) mod cell;

pub(crate) mod seat;

pub(crate) mod orders;

pub(crate) mod worker;

pub(crate) mod context;

#[expect(unsafe_code, reason = "a slot shared by two; its contract heads the file")]
pub(crate) mod reply;

pub(crate) mod exit;

pub(crate) mod supervisor;

pub(crate) mod pool;
