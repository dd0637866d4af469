//! Dropping what is the user's where a panic must not end anything: it is caught here, and reported.

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::actor::envelope::Envelope;
use crate::actor::exit::ExitReason;
use crate::actor::reply::Failure;
use crate::contain::drop_payload;
use crate::observe::events;

/// Drops something of the user's; a panic in it ends here.
pub(super) fn drop_quietly<T>(value: T) {
    if let Err(payload) = catch_unwind(AssertUnwindSafe(|| drop(value))) {
        let reason = ExitReason::panicked(&*payload);
        events::drop_panicked(&reason);
        drop_payload(payload);
    }
}

pub(in crate::actor) fn discard_quietly<I>(envelope: Envelope<I>, failure: Failure) {
    drop_quietly(AssertUnwindSafe(DiscardOnDrop(Some(envelope), failure)));

    struct DiscardOnDrop<I>(Option<Envelope<I>>, Failure);

    impl<I> Drop for DiscardOnDrop<I> {
        fn drop(&mut self) {
            if let Some(envelope) = self.0.take() {
                envelope.discard(self.1);
            }
        }
    }
}
