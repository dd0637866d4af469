//! Connecting: opens a connection, keeps it, and opens it again when it is lost.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use super::core::{Core, Lease};
use super::life::{Lifeline, Stage};
use super::outgoing::LaneId;
use super::serve::{Service, gone, serve};
use crate::net::monitor::Event;
use crate::net::transport::endpoint::Endpoint;
use crate::net::transport::{Link, Opener};

/// Keeps a connection to `endpoint`, which `opener` opens, as long as `life` says. `lane` is where messages wait for it from the
/// beginning, if they do.
pub(crate) async fn dial(
    core: Arc<Core>,
    lease: Lease,
    endpoint: Endpoint,
    opener: Opener,
    lane: Option<LaneId>,
    mut life: Lifeline,
) {
    let mut failures = 0;
    loop {
        let opened = tokio::select! {
            biased;
            opened = open(&core, &opener) => opened,
            () = gone(&core, lane, life.clone()) => break,
        };
        let service = match opened {
            Ok(link) => serve(&core, &endpoint, link, lane, &mut life).await,
            Err(error) => {
                let reason = error.to_string().into();
                core.source.tell(Event::ConnectFailed { endpoint: endpoint.clone(), reason });
                Service::Failed
            }
        };
        failures = if service == Service::Over { 1 } else { failures + 1 };
        if service == Service::Refused {
            break;
        }
        let Some(backoff) = &core.options.reconnect else { break };
        let delay = backoff.delay(failures, fastrand::f64());
        tokio::select! {
            biased;
            () = gone(&core, lane, life.clone()) => break,
            () = rest(&core, &endpoint, delay) => {}
        }
        if life.stage() == Stage::Stopped {
            break;
        }
    }
    if let Some(lane) = lane {
        core.forget(lane);
    }
    lease.end();
}

async fn open(core: &Core, opener: &Opener) -> io::Result<Link> {
    match tokio::time::timeout(core.options.connect_timeout, opener()).await {
        Ok(opened) => opened,
        Err(_) => Err(io::Error::new(io::ErrorKind::TimedOut, "nobody answered in time")),
    }
}

async fn rest(core: &Core, endpoint: &Endpoint, delay: Duration) {
    core.source.tell(Event::Retrying { endpoint: endpoint.clone(), delay });
    tokio::time::sleep(delay).await;
}
