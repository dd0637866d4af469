//! Somebody else's code, called where its panic must not end what we are at: a subscriber's, a waker's.

use std::panic::{AssertUnwindSafe, catch_unwind};

/// Calls it; a panic ends here.
#[inline]
pub(crate) fn contain(foreign: impl FnOnce()) {
    // The payload's drop may panic as well, so it is leaked.
    catch_unwind(AssertUnwindSafe(foreign)).unwrap_or_else(std::mem::forget);
}
