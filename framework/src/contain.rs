//! Somebody else's code, called where its panic must not end what we are at: a subscriber's, a waker's.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Calls it; a panic ends here.
#[inline]
pub(crate) fn contain(foreign: impl FnOnce()) {
    catch_unwind(AssertUnwindSafe(foreign)).unwrap_or_else(drop_payload);
}

/// Drops what a panic carried. That may panic as well, with a payload that is leaked: there must be an end.
#[cold]
pub(crate) fn drop_payload(payload: Box<dyn Any + Send>) {
    catch_unwind(AssertUnwindSafe(|| drop(payload))).unwrap_or_else(std::mem::forget);
}
