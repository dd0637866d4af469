//! Binding: accepts connections, and keeps those in their handshakes from crowding out others.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::AbortHandle;

use super::core::{Core, Lease};
use super::life::{Lifeline, Stage};
use super::serve::meet;
use crate::net::monitor::Event;
use crate::net::transport::endpoint::Endpoint;
use crate::net::transport::{Link, Listener};

/// As many connections may be in their handshakes; then each new one ends the oldest. An honest
/// handshake is over in milliseconds, so whoever is the oldest among so many is not in one.
const MOST_HANDSHAKES: usize = 4096;

/// How long to wait when a connection cannot be accepted and none can be ended for it.
const PAUSE: Duration = Duration::from_millis(50);

/// Accepts connections as long as `life` says.
pub(crate) async fn listen(
    core: Arc<Core>,
    lease: Lease,
    mut listener: Box<dyn Listener>,
    mut life: Lifeline,
) {
    let endpoint = listener.endpoint();
    // Oldest first; those that are over are still among them.
    let mut greeting: VecDeque<AbortHandle> = VecDeque::new();
    loop {
        let accepted = tokio::select! {
            biased;
            () = life.reached(Stage::Closing) => break,
            accepted = poll_fn(|cx| listener.poll_accept(cx)) => accepted,
        };
        while greeting.front().is_some_and(AbortHandle::is_finished) {
            greeting.pop_front();
        }
        match accepted {
            Ok(link) => {
                if greeting.len() >= MOST_HANDSHAKES {
                    greeting.retain(|task| !task.is_finished());
                }
                if greeting.len() >= MOST_HANDSHAKES
                    && let Some(oldest) = greeting.pop_front()
                {
                    oldest.abort();
                }
                greeting.push_back(accept(&core, endpoint.clone(), link));
            }
            Err(error) => {
                let reason = error.to_string().into();
                core.source.tell(Event::AcceptFailed { endpoint: endpoint.clone(), reason });
                // Most likely all descriptors are in use: the oldest stranger gives one back.
                greeting.retain(|task| !task.is_finished());
                if let Some(oldest) = greeting.pop_front() {
                    oldest.abort();
                }
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
    // Whoever waits for this task finds the place free.
    drop(listener);
    lease.end();
}

/// Starts the handshake, and if that goes well the service, of a connection. It can be aborted until the
/// handshake is over.
fn accept(core: &Arc<Core>, endpoint: Endpoint, link: Link) -> AbortHandle {
    let core = core.clone();
    let task = core.task();
    let greeting = async move {
        let mut life = core.life.line();
        if let Ok(met) = meet(&core, &endpoint, link, None, &life).await {
            // A task of its own, out of reach of the one who may abort this one.
            let lease = Lease::of(core, task);
            tokio::spawn(async move {
                met.serve(&mut life).await;
                lease.end();
            });
        }
    };
    tokio::spawn(greeting).abort_handle()
}
