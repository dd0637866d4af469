//! What can go wrong with building, starting and stopping; and one error that all verbs convert into.

use std::fmt;
use std::io;

use crate::actor::error::{AskError, TellError};
use crate::actor::exit::ExitReason;
use crate::actor::message::Identity;

/// A system, worker, pool or supervisor did not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// There is no tokio runtime here. Call it inside `#[tokio::main]`, `#[tokio::test]`, or
    /// `runtime.block_on`.
    #[error("no tokio runtime here; start the system inside #[tokio::main] or Runtime::block_on")]
    NoRuntime,
    /// The runtime has no timer.
    ///
    /// tokio offers no way to ask, so this is found by catching tokio's panic. The library installs no
    /// panic hook: unless you do, `thread 'main' panicked at …` is printed before you see this error. With
    /// `panic = "abort"` that panic ends the process.
    #[error("the tokio runtime has no timer; build it with Builder::enable_time or enable_all")]
    NoTimer,
    /// The watchdog's thread could not be made.
    #[error("could not start the watchdog thread: {0}")]
    Thread(#[source] io::Error),
    /// A name is empty, or has a `/` or a control character in it.
    #[error("`{name}` is not a name: {problem}")]
    InvalidName {
        /// The name.
        name: String,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// An option has a value that makes no sense.
    #[error("`{owner}`: {problem}")]
    InvalidOption {
        /// The system, supervisor or pool it was given for.
        owner: String,
        /// Option, value and bound.
        problem: String,
    },
    /// There is a worker, pool or supervisor of this path already.
    #[error("the path `{path}` is taken; each child of a supervisor needs a name of its own")]
    NameTaken {
        /// The path.
        path: String,
    },
    /// Two message types of the system have the same name and version.
    #[error(
        "the message {identity} is declared by two types, `{first}` and `{second}`; rename one"
    )]
    MessageConflict {
        /// Name and version.
        identity: Identity,
        /// The type that was known first.
        first: &'static str,
        /// The type that came later.
        second: &'static str,
    },
    /// It was started, as often as its supervisor allows, and ended each time. It may still come up
    /// later: see [`WorkerBuilder::start`](crate::WorkerBuilder::start).
    #[error("`{path}` did not start: {}{reason}", subject(reason))]
    Failed {
        /// Its path.
        path: String,
        /// Why it ended the last time; see [`ExitReason::root_cause`].
        reason: ExitReason,
    },
    /// The supervisor is stopping, or has stopped; nothing can be added to it.
    #[error("`{path}` was not started: its supervisor is stopping")]
    Stopping {
        /// The path it would have had.
        path: String,
    },
}

/// An escalation names its supervisor itself.
fn subject(reason: &ExitReason) -> &'static str {
    if matches!(reason, ExitReason::Escalated { .. }) { "" } else { "it " }
}

/// A shutdown ran out of time: it lost messages, or had to leave something behind.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ShutdownError {
    /// Paths of the workers that did not end, even when they were killed. Their threads may still be busy
    /// with them.
    pub abandoned: Vec<String>,
    /// Paths of the workers that were killed, because their own time to stop or the system's ran out, and
    /// lost the message in hand or what was in their mailboxes. What they lost is in their counters.
    pub killed: Vec<String>,
}

impl fmt::Display for ShutdownError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = |f: &mut fmt::Formatter<'_>, verb: &str, paths: &[String], fault: &str| {
            write!(f, "{verb} {}, which did not {fault} in time", paths.join(", "))
        };
        if !self.abandoned.is_empty() {
            list(f, "abandoned", &self.abandoned, "stop")?;
        }
        if !self.abandoned.is_empty() && !self.killed.is_empty() {
            f.write_str("; ")?;
        }
        if !self.killed.is_empty() {
            list(f, "killed", &self.killed, "finish their messages")?;
        }
        Ok(())
    }
}

impl std::error::Error for ShutdownError {}

/// Any error of this crate, for `fn main() -> Result<(), millhand::Error>`. Messages that came back
/// with an error are dropped in the conversion.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Something did not start.
    #[error(transparent)]
    Start(#[from] StartError),
    /// A `tell` failed.
    #[error(transparent)]
    Tell(TellError<()>),
    /// An `ask` failed.
    #[error(transparent)]
    Ask(AskError<()>),
    /// A shutdown ran out of time.
    #[error(transparent)]
    Shutdown(#[from] ShutdownError),
}

impl<M> From<TellError<M>> for Error {
    fn from(error: TellError<M>) -> Self {
        Self::Tell(match error {
            TellError::Full(_) => TellError::Full(()),
            TellError::Stopped(_) => TellError::Stopped(()),
        })
    }
}

impl<M> From<AskError<M>> for Error {
    fn from(error: AskError<M>) -> Self {
        Self::Ask(match error {
            AskError::Full(_) => AskError::Full(()),
            AskError::Timeout(message) => AskError::Timeout(message.map(drop)),
            AskError::Stopped(message) => AskError::Stopped(message.map(drop)),
            AskError::Restarted => AskError::Restarted,
            AskError::Dropped => AskError::Dropped,
            AskError::WouldBlock(_) => AskError::WouldBlock(()),
        })
    }
}
