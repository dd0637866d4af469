//! Letting other tasks run.
//!
//! Sends that find room and receives that find messages never wait, and a task that does nothing else
//! would keep its thread. So they use up tokio's cooperative budget, as reads of a socket do.

use std::task::{Context, Poll, ready};

use tokio::task::coop;

/// So many messages count as one operation: they take about as long as one read or write.
pub(crate) const PER_UNIT: usize = 64;

/// Uses up a unit of the budget; pending once it is spent, and then the task is woken.
#[cold]
pub(crate) fn poll_unit(cx: &mut Context<'_>) -> Poll<()> {
    ready!(coop::poll_proceed(cx)).made_progress();
    Poll::Ready(())
}
