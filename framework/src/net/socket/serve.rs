//! One connection from its first octet to its last.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::task::{Poll, Waker};

use super::connection::Connection;
use super::core::Core;
use super::greet::greet;
use super::life::{Lifeline, Stage};
use super::outgoing::LaneId;
use crate::net::monitor::{Event, Failure};
use crate::net::transport::Link;
use crate::net::transport::endpoint::Endpoint;
use crate::net::wire::curve::Cipher;
use crate::net::wire::error::WireError;

/// Serves a connection until it ends, and says how.
///
/// `lane` is the one that waits for it, if one does. `endpoint` is the socket's own end.
pub(crate) async fn serve(
    core: &Arc<Core>,
    endpoint: &Endpoint,
    link: Link,
    lane: Option<LaneId>,
    life: &mut Lifeline,
) -> Service {
    match meet(core, endpoint, link, lane, life).await {
        Ok(met) => {
            met.serve(life).await;
            Service::Over
        }
        Err(Failure::Wire(WireError::Refused { .. })) => Service::Refused,
        Err(_) => Service::Failed,
    }
}

/// What became of a connection.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Service {
    /// It was served, and has ended.
    Over,
    /// The handshake failed.
    Failed,
    /// The peer has refused to let this side in, and is not to be asked again (RFC 37, "Error
    /// Handling").
    Refused,
}

/// A connection with a peer that was let in.
pub(crate) struct Met {
    core: Arc<Core>,
    endpoint: Endpoint,
    address: Arc<str>,
    connection: Connection,
    presence: Presence,
}

/// Shakes hands.
pub(crate) async fn meet(
    core: &Arc<Core>,
    endpoint: &Endpoint,
    mut link: Link,
    lane: Option<LaneId>,
    life: &Lifeline,
) -> Result<Met, Failure> {
    let address: Arc<str> = link.peer.as_str().into();
    let greeted = tokio::select! {
        biased;
        greeted = greet(core, endpoint, &mut link) => greeted,
        () = gone(core, lane, life.clone()) => return Err(Failure::ByUs),
    };
    let admitted = greeted.and_then(|(peer, cipher, input)| {
        let (lane, pen) = core.admit(lane, &peer)?;
        Ok((peer, cipher, input, lane, pen))
    });
    let (peer, cipher, input, lane, pen) = match admitted {
        Ok(admitted) => admitted,
        Err(reason) => {
            let endpoint = endpoint.clone();
            core.source.tell(Event::HandshakeFailed { endpoint, address, reason: reason.clone() });
            return Err(reason);
        }
    };
    let presence = Presence { core: core.clone(), lane };
    let (sealer, opener) = cipher.map(Cipher::split).unzip();
    pen.take_up(link.writer, sealer);
    let minor = peer.minor;
    core.source.tell(Event::Connected {
        endpoint: endpoint.clone(),
        address: address.clone(),
        peer: Arc::new(peer),
    });
    let connection = Connection::new(core.clone(), lane, pen, link.reader, input, opener, minor);
    Ok(Met { core: core.clone(), endpoint: endpoint.clone(), address, connection, presence })
}

impl Met {
    /// Serves the connection until it ends.
    pub(crate) async fn serve(mut self, life: &mut Lifeline) {
        let reason = drive(&mut self.connection, life).await;
        drop(self.presence);
        let Met { core, endpoint, address, .. } = self;
        core.source.tell(Event::Disconnected { endpoint, address, reason });
    }
}

/// Polls the connection, has it part when the socket closes, and ends it when that is to stop.
async fn drive(connection: &mut Connection, life: &mut Lifeline) -> Failure {
    let watched = life.clone();
    let mut stop = life.clone();
    let mut closing = pin!(life.reached(Stage::Closing));
    let mut stopped = pin!(stop.reached(Stage::Stopped));
    let mut closes = false;
    let mut waker: Option<Waker> = None;
    poll_fn(|cx| {
        // Both would wake this task: they are looked at when there is news only, for that takes as long as a
        // message.
        let known = waker.as_ref().is_some_and(|waker| waker.will_wake(cx.waker()));
        let looks = !known || watched.has_news();
        if looks && !known {
            waker = Some(cx.waker().clone());
        }
        if looks && !closes && closing.as_mut().poll(cx).is_ready() {
            closes = true;
            connection.part();
        }
        match connection.poll(cx) {
            Poll::Pending if looks => stopped.as_mut().poll(cx).map(|()| Failure::ByUs),
            polled => polled,
        }
    })
    .await
}

/// Waits until there is no use in a connection any more: the socket closes, and nothing waits in the lane
/// to be sent; or it is to stop at once.
pub(crate) async fn gone(core: &Core, lane: Option<LaneId>, mut life: Lifeline) {
    life.reached(Stage::Closing).await;
    // Nothing is added once it closes.
    if lane.is_some_and(|lane| core.outgoing.waits(lane)) {
        life.reached(Stage::Stopped).await;
    }
}

/// The peer is there as long as this is.
struct Presence {
    core: Arc<Core>,
    lane: LaneId,
}

impl Drop for Presence {
    fn drop(&mut self) {
        self.core.lost(self.lane);
    }
}
