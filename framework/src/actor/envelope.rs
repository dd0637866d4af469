//! What travels through a mailbox: a message in its inbox form, and what goes with it.
//!
//! ```text
//!   ┌──────────┬───────────────┐        ┌──────────────── reply slot ────────────────┐
//!   │ reply  8 │ inbox (W's)   │ ─────▶ │ state, waker, the reply's place            │
//!   └──────────┴───────────────┘        └────────────────────────────────────────────┘
//! ```
//!
//! One pointer, empty for a `tell`. What else may go with a message (a priority, a deadline to pass on, a
//! trace, a job's attempt) has its room behind that pointer, in memory that is recycled: a message that
//! carries nothing pays eight bytes, whatever others carry.

use crate::actor::reply::{Failure, ReplyTo};

/// One message on its way.
#[derive(Debug)]
pub(crate) struct Envelope<I> {
    pub(crate) reply: Option<ReplyTo>,
    pub(crate) inbox: I,
}

impl<I> Envelope<I> {
    #[inline(always)]
    pub(crate) fn tell(inbox: I) -> Self {
        Self { reply: None, inbox }
    }

    /// Whether its asker has given up waiting, so that it need not be handled any more.
    #[inline(always)]
    pub(crate) fn has_expired(&self) -> bool {
        self.reply.as_ref().is_some_and(ReplyTo::has_expired)
    }

    /// Ends the message without handling it, and gives its asker, if any, the reason.
    pub(crate) fn discard(self, failure: Failure) {
        if let Some(reply) = self.reply {
            reply.fail(failure);
        }
    }
}

const _: () = assert!(size_of::<Envelope<[u64; 0]>>() == 8);
