//! Says which handshakes fail, and notices when nobody is left who could let this side in.

use std::collections::HashSet;
use std::future::{Future, pending, poll_fn};
use std::pin::pin;
use std::task::Poll;

use millhand::net::wire::error::WireError;
use millhand::net::{Endpoint, Event, Failure as Reason, Monitor};
use tokio::task::coop::unconstrained;

use crate::failure::{Failure, one_line, say};

/// Watches a socket's connections.
pub(crate) struct Refusals {
    monitor: Monitor,
    /// Endpoints that have not refused for good yet; none if the socket listens, so that others may come.
    hopes: Option<HashSet<Endpoint>>,
    /// What was said last: who tries again and again is told of once.
    said: (Option<Endpoint>, String),
}

impl Refusals {
    /// For a socket that connects to some endpoints, and perhaps listens.
    pub(crate) fn new(monitor: Monitor, connects: &[Endpoint], listens: bool) -> Refusals {
        let hopes = (!listens).then(|| connects.iter().cloned().collect());
        Refusals { monitor, hopes, said: (None, String::new()) }
    }

    /// Waits until all have refused.
    pub(crate) async fn by_all(&mut self) -> Failure {
        while let Some(event) = self.monitor.next().await {
            match event {
                Event::HandshakeFailed { endpoint, address, reason } => {
                    let reason_text = reason.to_string();
                    self.tell(&endpoint, format!("no handshake with {address}"), reason_text);
                    if !matches!(reason, Reason::Wire(WireError::Refused { .. })) {
                        continue;
                    }
                    // The socket does not try again.
                    if let Some(hopes) = &mut self.hopes {
                        hopes.remove(&endpoint);
                        if hopes.is_empty() {
                            return Failure::failed(format!("{endpoint} has refused: {reason}"));
                        }
                    }
                }
                Event::AcceptFailed { endpoint, reason } => {
                    self.tell(&endpoint, "no connection".to_owned(), reason.to_string());
                }
                _ => {}
            }
        }
        pending().await
    }

    /// Whether all have refused, as far as it has been said.
    pub(crate) async fn heard(&mut self) -> Option<Failure> {
        let mut all = pin!(unconstrained(self.by_all()));
        poll_fn(|cx| match all.as_mut().poll(cx) {
            Poll::Ready(failure) => Poll::Ready(Some(failure)),
            Poll::Pending => Poll::Ready(None),
        })
        .await
    }

    fn tell(&mut self, endpoint: &Endpoint, what: String, reason: String) {
        let now = (Some(endpoint.clone()), reason);
        if self.said != now {
            let reason = one_line(&now.1);
            say(format_args!("millhand: {what} at {endpoint}: {reason}"));
            self.said = now;
        }
    }
}
