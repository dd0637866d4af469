//! What can go wrong with a send: one small error per verb. The message comes back wherever it was not
//! accepted.

use std::fmt;

/// A `tell` that was not accepted.
#[derive(Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum TellError<M> {
    /// The mailbox is full. A retry can help once the worker has caught up; a mailbox that is always
    /// full wants more workers, or a sender that slows down.
    Full(M),
    /// The worker, or its system, has stopped. A retry cannot help.
    Stopped(M),
}

impl<M> TellError<M> {
    /// The message that was not sent.
    pub fn into_message(self) -> M {
        match self {
            Self::Full(message) | Self::Stopped(message) => message,
        }
    }

    /// Whether the same send can succeed later.
    pub fn can_retry(&self) -> bool {
        matches!(self, Self::Full(_))
    }
}

/// An `ask` that got no reply.
///
/// Variants that carry the message were not accepted, so a retry cannot do the work twice. The others
/// were accepted: the handler may have run, wholly or in part.
#[derive(Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum AskError<M> {
    /// The mailbox is full, and its policy does not let senders wait. A retry can help.
    Full(M),
    /// The deadline passed. With `Some`, the message was still waiting for room and was not sent; with
    /// `None` it was sent, and may be handled yet.
    Timeout(Option<M>),
    /// The worker, or its system, has stopped: before the message was accepted (`Some`), or before it
    /// was handled to the end (`None`). A retry cannot help.
    Stopped(Option<M>),
    /// The worker crashed while it handled the message. A retry can help if the crash was not the
    /// message's fault; the worker restarts meanwhile.
    Restarted,
    /// The mailbox was full, and its policy dropped this message or made room by dropping it. A retry
    /// can help.
    Dropped,
    /// `ask_blocking` was called inside a worker's handler, where it would hold up other workers. Use
    /// `ask(..).await`.
    WouldBlock(M),
}

impl<M> AskError<M> {
    /// The message, if it was not accepted.
    pub fn into_message(self) -> Option<M> {
        match self {
            Self::Full(message) | Self::WouldBlock(message) => Some(message),
            Self::Timeout(message) | Self::Stopped(message) => message,
            Self::Restarted | Self::Dropped => None,
        }
    }

    /// Whether the same ask can succeed later.
    pub fn can_retry(&self) -> bool {
        !matches!(self, Self::Stopped(_) | Self::WouldBlock(_))
    }
}

impl<M> fmt::Display for TellError<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Full(_) => "the worker's mailbox is full; retry when it has caught up",
            Self::Stopped(_) => "the worker has stopped",
        })
    }
}

impl<M> fmt::Display for AskError<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Full(_) => "the worker's mailbox is full; retry when it has caught up",
            Self::Timeout(Some(_)) => "the deadline passed while the message waited for room; it was not sent",
            Self::Timeout(None) => "the deadline passed before the reply came",
            Self::Stopped(_) => "the worker has stopped",
            Self::Restarted => "the worker crashed while it handled the message",
            Self::Dropped => "the worker's mailbox was full and dropped the message",
            Self::WouldBlock(_) => {
                "ask_blocking was called inside a handler, where it would hold up other workers; use ask(..).await"
            }
        })
    }
}

// The message need not be `Debug` for the error to be: what matters is which error it is.
impl<M> fmt::Debug for TellError<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Full(_) => "Full(..)",
            Self::Stopped(_) => "Stopped(..)",
        })
    }
}

impl<M> fmt::Debug for AskError<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Full(_) => "Full(..)",
            Self::Timeout(Some(_)) => "Timeout(Some(..))",
            Self::Timeout(None) => "Timeout(None)",
            Self::Stopped(Some(_)) => "Stopped(Some(..))",
            Self::Stopped(None) => "Stopped(None)",
            Self::Restarted => "Restarted",
            Self::Dropped => "Dropped",
            Self::WouldBlock(_) => "WouldBlock(..)",
        })
    }
}

impl<M> std::error::Error for TellError<M> {}

impl<M> std::error::Error for AskError<M> {}
