//! Why an incarnation of a worker ended.

use std::any::Any;
use std::fmt;
use std::sync::Arc;

/// Why an incarnation ended; what `stopped` sees, and what the supervisor decides on.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum ExitReason {
    /// The worker asked for it with [`Context::stop`](crate::Context::stop).
    Normal,
    /// Its supervisor stopped it, for good or to start it again with its siblings.
    Shutdown,
    /// A handler, a hook or the constructor panicked; the payload's text, if it was text.
    Panicked(Arc<str>),
    /// The constructor or `started` returned an error; its text, and that of its sources.
    Failed(Arc<str>),
    /// It did not stop in time; its handler was dropped where it was suspended.
    Killed,
    /// It did not return within the kill grace either; it lost all its rights while still running.
    Abandoned,
    /// A supervisor gave up, after more restarts than its intensity allows; why its last child ended.
    Escalated {
        /// Path of the supervisor.
        supervisor: Arc<str>,
        /// Path of the child whose end was one too many.
        child: Arc<str>,
        /// Why that child ended.
        cause: Box<ExitReason>,
    },
}

impl ExitReason {
    /// Whether a `transient` child that ends so is left alone.
    pub fn is_normal(&self) -> bool {
        matches!(self, Self::Normal | Self::Shutdown)
    }

    /// Follows `Escalated` down to the reason that started it.
    pub fn root_cause(&self) -> &Self {
        match self {
            Self::Escalated { cause, .. } => cause.root_cause(),
            other => other,
        }
    }

    pub(crate) fn panicked(payload: &(dyn Any + Send)) -> Self {
        let text = payload
            .downcast_ref::<&str>()
            .copied()
            .or_else(|| payload.downcast_ref::<String>().map(String::as_str))
            .unwrap_or("(the payload is not text)");
        Self::Panicked(text.into())
    }

    /// Only the text is kept: what a user's error does when it is shown or dropped must not happen
    /// later, in the middle of a supervisor's decision.
    pub(crate) fn failed(error: &(dyn std::error::Error + Send + Sync + 'static)) -> Self {
        let mut text = error.to_string();
        let mut source = error.source();
        while let Some(cause) = source {
            text.push_str(": ");
            text.push_str(&cause.to_string());
            source = cause.source();
        }
        Self::Failed(text.into())
    }
}

impl fmt::Display for ExitReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Normal => f.write_str("stopped itself"),
            Self::Shutdown => f.write_str("was stopped by its supervisor"),
            Self::Panicked(text) => write!(f, "panicked: {text}"),
            Self::Failed(error) => write!(f, "failed to start: {error}"),
            Self::Killed => f.write_str("was killed: it did not stop in time"),
            Self::Abandoned => f.write_str("was abandoned: its handler did not return"),
            Self::Escalated { supervisor, child, cause } => {
                write!(f, "supervisor `{supervisor}` gave up on `{child}`, which {cause}")
            }
        }
    }
}
