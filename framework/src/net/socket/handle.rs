//! What every type of socket can do: be bound, be connected, be watched and be closed.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use tokio::runtime;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::core::{Core, Lease, Place};
use super::dial::dial;
use super::incoming::Nothing;
use super::life::{Life, Stage};
use super::listen::listen;
use super::outgoing::{LaneId, Refusal};
use super::streams::{Inlet, Outlet};
use super::waiters::Ticket;
use crate::net::error::{BindError, ConnectError, OptionError, RecvError, SendError};
use crate::net::monitor::{Event, Monitor};
use crate::net::multipart::{Multipart, ToMultipart};
use crate::net::options::Options;
use crate::net::transport::endpoint::{self, Endpoint, ToEndpoint};
use crate::net::transport::{self, Listener, Opener};
use crate::net::wire::handshake::Security;
use crate::net::wire::socket_type::SocketType;

/// A socket of any type. The last reference closes it.
pub(crate) struct Handle {
    pub(crate) core: Arc<Core>,
    /// Says when all tasks have ended.
    tasks: Mutex<Option<mpsc::Receiver<()>>>,
    runtime: Mutex<Option<runtime::Handle>>,
}

impl Handle {
    pub(crate) fn new(socket_type: SocketType, options: Options) -> Result<Handle, OptionError> {
        options.check(socket_type)?;
        let (sender, receiver) = mpsc::channel(1);
        let core = Arc::new(Core::new(socket_type, options, sender));
        Ok(Handle { core, tasks: Mutex::new(Some(receiver)), runtime: Mutex::new(None) })
    }

    /// Listens at an endpoint, and says where that is.
    pub(crate) async fn bind(&self, endpoint: impl ToEndpoint) -> Result<Endpoint, BindError> {
        let endpoint = endpoint.to_endpoint()?;
        let addresses = match &endpoint {
            Endpoint::Tcp { host, port } => endpoint::addresses(host, *port)
                .await
                .map_err(|source| BindError::Io { endpoint: endpoint.clone(), source })?,
            Endpoint::Ipc(_) | Endpoint::Inproc(_) => Vec::new(),
        };
        let local = addresses.iter().all(|address| address.ip().to_canonical().is_loopback());
        if !local && !self.core.options.allow_insecure && !self.is_guarded() {
            return Err(BindError::Insecure { endpoint });
        }
        let listener = transport::listen(&endpoint, &addresses)
            .await
            .map_err(|source| BindError::Io { endpoint, source })?;
        self.bind_through(listener)
    }

    /// The same, at a listener that there is.
    pub(crate) fn bind_through(&self, listener: Box<dyn Listener>) -> Result<Endpoint, BindError> {
        let endpoint = listener.endpoint();
        let life = self.place(&endpoint, true, None).ok_or(BindError::Closed)?;
        let lease = Lease::new(self.core.clone());
        self.core.source.tell(Event::Listening { endpoint: endpoint.clone() });
        tokio::spawn(listen(self.core.clone(), lease, listener, life.line()));
        Ok(endpoint)
    }

    /// Whether peers have to say who they are, and show that they are. A client of PLAIN asks nobody, and
    /// would tell its password to whoever comes.
    fn is_guarded(&self) -> bool {
        !matches!(self.core.options.security, Security::Null | Security::PlainClient { .. })
    }

    /// Keeps a connection to an endpoint.
    pub(crate) fn connect(&self, endpoint: impl ToEndpoint) -> Result<(), ConnectError> {
        let endpoint = endpoint.to_endpoint()?;
        if let Endpoint::Tcp { host, port } = &endpoint
            && (host == "*" || *port == 0)
        {
            return Err(ConnectError::Nowhere { endpoint });
        }
        let opener = transport::opener(endpoint.clone());
        self.connect_through(endpoint, opener)
    }

    /// The same, by whatever opens connections.
    pub(crate) fn connect_through(
        &self,
        endpoint: Endpoint,
        opener: Opener,
    ) -> Result<(), ConnectError> {
        let lane = self.core.reserve();
        let Some(life) = self.place(&endpoint, false, lane) else {
            if let Some(lane) = lane {
                self.core.forget(lane);
            }
            return Err(ConnectError::Closed);
        };
        let lease = Lease::new(self.core.clone());
        tokio::spawn(dial(self.core.clone(), lease, endpoint, opener, lane, life.line()));
        Ok(())
    }

    fn place(&self, endpoint: &Endpoint, bound: bool, lane: Option<LaneId>) -> Option<Arc<Life>> {
        *self.runtime.lock().unwrap_or_else(PoisonError::into_inner) =
            Some(runtime::Handle::current());
        let life = Arc::new(Life::new());
        let mut places = self.core.places();
        if self.core.life.stage() != Stage::Open {
            return None;
        }
        // Those that have been left, and whose tasks have ended.
        places.retain(|place| !place.leaving || place.life.is_heard());
        let (endpoint, leaving) = (endpoint.clone(), false);
        places.push(Place { endpoint, bound, leaving, lane, life: life.clone() });
        Some(life)
    }

    /// Ends what was begun by `bind` or `connect`; false if there is no such thing.
    pub(crate) fn leave(&self, endpoint: impl ToEndpoint, bound: bool) -> bool {
        let Ok(endpoint) = endpoint.to_endpoint() else { return false };
        let mut places = self.core.places();
        let found = places
            .iter_mut()
            .find(|place| !place.leaving && place.bound == bound && place.endpoint == endpoint);
        let Some(place) = found else { return false };
        // It stays among the places, for the socket's own end to reach it.
        place.leaving = true;
        if let Some(lane) = place.lane {
            self.core.outgoing.withdraw(lane);
        }
        place.life.advance(Stage::Closing);
        true
    }

    /// Where the socket listens.
    pub(crate) fn bound(&self) -> Vec<Endpoint> {
        let places = self.core.places();
        places
            .iter()
            .filter(|place| place.bound && !place.leaving)
            .map(|place| place.endpoint.clone())
            .collect()
    }

    pub(crate) fn monitor(&self) -> Monitor {
        self.core.source.monitor()
    }

    /// Closes the socket, and waits until what it had to send is sent, or its linger is over.
    pub(crate) async fn close(self) {
        if let Some(lingering) = self.shut() {
            // That it was cut short by the end of its runtime is an end as well.
            let _ = lingering.await;
        }
    }

    /// Closes the socket; a task sees to it that its linger ends.
    fn shut(&self) -> Option<JoinHandle<()>> {
        self.core.close();
        let mut tasks = self.tasks.lock().unwrap_or_else(PoisonError::into_inner).take()?;
        let core = self.core.clone();
        let linger = core.options.linger;
        let runtime = self.runtime.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(runtime) = runtime.filter(|_| !linger.is_zero()) else {
            core.stop();
            return None;
        };
        Some(runtime.spawn(async move {
            // All tasks have ended when all is sent.
            let _ = tokio::time::timeout(linger, tasks.recv()).await;
            core.stop();
        }))
    }

    /// Deals a message out.
    #[inline]
    pub(crate) fn deal<M: ToMultipart>(&self, message: M) -> Dealing<'_, M> {
        let (given, message) = (Some(message), None);
        Dealing { core: &self.core, given, message, ticket: Ticket::default() }
    }

    /// The same, if a peer has room.
    pub(crate) fn try_deal(&self, message: Multipart) -> Result<(), SendError> {
        if message.is_empty() {
            return Err(SendError::Empty(message));
        }
        match self.core.outgoing.deal(&message) {
            Ok(_) => Ok(()),
            Err(Refusal::Closed) => Err(SendError::Closed(message)),
            Err(Refusal::Full | Refusal::Gone) => Err(SendError::Full(message)),
        }
    }

    /// The next message of any peer, if there is one.
    pub(crate) fn try_take(&self) -> Result<Multipart, RecvError> {
        match self.core.incoming.take() {
            Ok((_, message)) => Ok(message),
            Err(Nothing::Now) => Err(RecvError::Empty),
            Err(Nothing::Ever) => Err(RecvError::Closed),
        }
    }

    pub(crate) fn stream(&self) -> Inlet<'_> {
        Inlet::new(&self.core)
    }

    pub(crate) fn sink(&self) -> Outlet<'_> {
        Outlet::new(&self.core)
    }

    /// Takes the next message of any peer.
    #[inline]
    pub(crate) fn take(&self) -> Taking<'_> {
        Taking { core: &self.core, ticket: Ticket::default() }
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.shut();
    }
}

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Socket")
            .field("type", &self.core.socket_type)
            .field("bound", &self.bound())
            .finish_non_exhaustive()
    }
}

/// A message on its way to whichever peer has room first.
#[must_use = "futures do nothing unless awaited"]
pub(crate) struct Dealing<'a, M> {
    core: &'a Core,
    /// The message as it was given …
    given: Option<M>,
    /// … and as it is made, if it cannot go straight to where it is written from.
    message: Option<Multipart>,
    ticket: Ticket,
}

/// Nothing is pinned in it.
impl<M> Unpin for Dealing<'_, M> {}

impl<M: ToMultipart> Future for Dealing<'_, M> {
    type Output = Result<(), SendError>;

    #[inline(always)]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        if let Some(octets) = this.given.as_ref().and_then(ToMultipart::as_single)
            && this.core.outgoing.deal_octets(octets)
        {
            return Poll::Ready(Ok(()));
        }
        let message = match this.given.take() {
            Some(given) => this.message.insert(given.into()),
            None => this.message.get_or_insert_default(),
        };
        if message.is_empty() {
            return Poll::Ready(Err(SendError::Empty(std::mem::take(message))));
        }
        match this.core.outgoing.poll_deal(message, &mut this.ticket, cx) {
            Poll::Ready(Ok(_)) => Poll::Ready(Ok(())),
            Poll::Ready(Err(_)) => Poll::Ready(Err(SendError::Closed(std::mem::take(message)))),
            Poll::Pending => Poll::Pending,
        }
    }
}

impl<M> Drop for Dealing<'_, M> {
    #[inline]
    fn drop(&mut self) {
        if self.ticket.is_waiting() {
            self.core.outgoing.leave(&mut self.ticket);
        }
    }
}

/// A message to be received.
#[must_use = "futures do nothing unless awaited"]
pub(crate) struct Taking<'a> {
    core: &'a Core,
    ticket: Ticket,
}

impl Future for Taking<'_> {
    type Output = Result<Multipart, RecvError>;

    #[inline(always)]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        this.core.incoming.poll_message(&mut this.ticket, cx)
    }
}

impl Drop for Taking<'_> {
    #[inline]
    fn drop(&mut self) {
        if self.ticket.is_waiting() {
            self.core.incoming.leave(&mut self.ticket);
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::net::{PullSocket, PushSocket};

    /// Tasks once took their leases when they first ran: a socket that was closed before that waited for
    /// nothing, and what it had been given was lost.
    #[tokio::test]
    async fn what_was_sent_before_the_connection_was_tried_survives_the_close() {
        let pull = PullSocket::bind("tcp://127.0.0.1:0").await.unwrap();
        let push = PushSocket::connect(&pull.bound()[0]).await.unwrap();
        push.send("early").await.unwrap();
        push.close().await;
        assert_eq!(pull.recv().await.unwrap(), "early".into());
    }
}
