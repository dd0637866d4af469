//! Who may come in, decided by the application: what ZAP (RFC 27) is between processes, as a function.

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;

use super::wire::handshake::{Credentials, Denial};

/// Who asks to come in.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Applicant {
    /// Where the connection comes from: `127.0.0.1:41233`, or a user and process for ipc.
    pub address: String,
    /// What was offered; the mechanism is in its variant.
    pub credentials: Credentials,
}

impl Applicant {
    pub(crate) fn new(address: String, credentials: Credentials) -> Applicant {
        Applicant { address, credentials }
    }
}

/// The answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Come in; perhaps under a name, which monitors show.
    Allow {
        /// What the application calls it.
        user_id: Option<String>,
    },
    /// Stay out.
    Deny(Denial),
}

impl Verdict {
    /// Come in, without a name.
    pub const ALLOW: Verdict = Verdict::Allow { user_id: None };
    /// Stay out.
    pub const DENY: Verdict = Verdict::Deny(Denial::NotAllowed);

    /// Come in under this name.
    pub fn allow_as(user_id: impl Into<String>) -> Verdict {
        Verdict::Allow { user_id: Some(user_id.into()) }
    }
}

/// What asks the application.
pub(crate) trait Authenticator: Send + Sync {
    fn authenticate(&self, applicant: Applicant) -> Deciding;
}

/// An answer under way.
pub(crate) type Deciding = Pin<Box<dyn Future<Output = Verdict> + Send>>;

impl<F, V> Authenticator for F
where
    F: Fn(Applicant) -> V + Send + Sync,
    V: Future<Output = Verdict> + Send + 'static,
{
    fn authenticate(&self, applicant: Applicant) -> Deciding {
        Box::pin(self(applicant))
    }
}

/// Asks `authenticator`. One that panics denies.
pub(crate) async fn decide(authenticator: &dyn Authenticator, applicant: Applicant) -> Verdict {
    let failed = Verdict::Deny(Denial::Failure);
    let asked =
        std::panic::catch_unwind(AssertUnwindSafe(|| authenticator.authenticate(applicant)));
    let Ok(mut deciding) = asked else { return failed };
    std::future::poll_fn(|cx| {
        let polled = AssertUnwindSafe(|| deciding.as_mut().poll(cx));
        match std::panic::catch_unwind(polled) {
            Ok(poll) => poll,
            Err(_) => std::task::Poll::Ready(Verdict::Deny(Denial::Failure)),
        }
    })
    .await
}
