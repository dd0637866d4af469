//! Messages: what is sent, and what the wire and the job store will know about it.

use serde::Serialize;
use serde::de::DeserializeOwned;

/// Something that can be sent to a worker. Implemented by `#[derive(Message)]`.
///
/// ```
/// use millhand::prelude::*;
///
/// #[derive(Message, Serialize, Deserialize)]
/// #[message(name = "bank.deposit", version = 1, reply = u64)]
/// struct Deposit {
///     cents: u64,
/// }
///
/// /// Never leaves the process: needs no name and no serde.
/// #[derive(Message)]
/// #[message(local)]
/// struct Flush;
///
/// assert_eq!(Deposit::IDENTITY.unwrap().to_string(), "bank.deposit@1");
/// assert!(Flush::IDENTITY.is_none());
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a message",
    label = "needs `#[derive(Message)]`",
    note = "derive it with `#[message(name = \"…\", version = …)]`, or with `#[message(local)]` if it never leaves the process"
)]
pub trait Message: Sized + Send + 'static {
    /// What `ask` gives back: `()` unless the derive says `reply = …`.
    type Reply: Send + 'static;

    /// The name and version that the wire and the job store know; `None` for a local message.
    const IDENTITY: Option<Identity>;

    /// Whether this reply counts as a failure: it does if it is a `Result` that is `Err`.
    fn is_failure(reply: &Self::Reply) -> bool;
}

/// A message that may leave the process, or wait on disk: it and its reply are serde values.
///
/// `#[derive(Message)]` implements it unless the message is `local`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is a local message",
    label = "has no name and no version",
    note = "give it `#[message(name = \"…\", version = …)]` instead of `#[message(local)]`"
)]
pub trait WireMessage:
    Message<Reply: Serialize + DeserializeOwned> + Serialize + DeserializeOwned
{
}

/// The explicit name and version of a message: never a type name or a module path, so that moving or
/// renaming a type breaks nobody.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Identity {
    /// Dotted by convention: `"inventory.hash"`.
    pub name: &'static str,
    /// Counts up when the meaning of the fields changes.
    pub version: u32,
}

impl Identity {
    /// Equality in const context, for the derive's compile-time check.
    #[doc(hidden)]
    pub const fn same(self, other: Self) -> bool {
        let (a, b) = (self.name.as_bytes(), other.name.as_bytes());
        if self.version != other.version || a.len() != b.len() {
            return false;
        }
        let mut i = 0;
        while i < a.len() {
            if a[i] != b[i] {
                return false;
            }
            i += 1;
        }
        true
    }
}

impl std::fmt::Display for Identity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}@{}", self.name, self.version)
    }
}
