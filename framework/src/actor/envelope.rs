//! What travels through a mailbox: a message in its inbox form, and what goes with it.
//!
//! ```text
//!   ┌──────────┬───────────────┬────────────┬──────────┬───────────────┐
//!   │ reply  8 │ extension  8  │ deadline 4 │ prio   1 │ inbox (W's)   │
//!   └──────────┴───────────────┴────────────┴──────────┴───────────────┘
//! ```
//!
//! A `tell` leaves all of the header empty. The extension (trace context, job attempt) and the priority
//! are room that later parts fill; they cost nothing to carry.

use crate::actor::reply::{Failure, ReplyTo};
use crate::time::Tick;

/// One message on its way.
#[derive(Debug)]
pub(crate) struct Envelope<I> {
    pub(crate) reply: Option<ReplyTo>,
    #[expect(dead_code, reason = "room for what later parts fill")]
    pub(crate) extension: Option<Box<Extension>>,
    pub(crate) deadline: Option<Tick>,
    #[expect(dead_code, reason = "room for what later parts fill")]
    pub(crate) priority: u8,
    pub(crate) inbox: I,
}

/// What a message may carry besides itself. Nothing yet; the pointer's place is reserved because a
/// later change of the envelope's size would move every measured figure.
#[derive(Debug)]
pub(crate) enum Extension {}

impl<I> Envelope<I> {
    pub(crate) fn tell(inbox: I) -> Self {
        Self { reply: None, extension: None, deadline: None, priority: 0, inbox }
    }

    /// Ends the message without handling it, and gives its asker, if any, the reason.
    pub(crate) fn discard(self, failure: Failure) {
        if let Some(reply) = self.reply {
            reply.fail(failure);
        }
    }
}

const _: () = assert!(size_of::<Envelope<[u64; 0]>>() == 24);
