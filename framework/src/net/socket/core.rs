//! What all sockets are: lanes in and out, and the tasks that serve them.
//!
//! A user's socket holds a [`Core`] through a [`Handle`]; the tasks of its endpoints and connections hold
//! it, too. When the handle goes, the socket closes: what waits is sent, for as long as it may linger, and
//! then the tasks end, and with them the core.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::mpsc;

use super::batch::Chunk;
use super::incoming::Incoming;
use super::life::{Life, Stage};
use super::outgoing::{LaneId, Outgoing};
use super::peers::Peers;
use super::pen::Pen;
use super::subscriptions::{LONGEST_TOPIC, TooMany};
use super::waiters::Called;
use crate::net::monitor::{Failure, Source};
use crate::net::multipart::Multipart;
use crate::net::options::Options;
use crate::net::transport::endpoint::Endpoint;
use crate::net::wire::command::Subscription;
use crate::net::wire::handshake::Peer;
use crate::net::wire::socket_type::SocketType;

/// A socket, without what is particular to its type's sends and receives.
pub(crate) struct Core {
    pub(crate) socket_type: SocketType,
    pub(crate) options: Options,
    pub(crate) incoming: Incoming,
    pub(crate) outgoing: Outgoing,
    pub(crate) life: Life,
    pub(crate) source: Source,
    peers: Mutex<Peers>,
    endpoints: Mutex<Vec<Place>>,
    /// Every task holds a clone; when all are gone, the receiver says so.
    tasks: Mutex<Option<mpsc::Sender<()>>>,
}

/// Where a socket is bound or connected.
pub(crate) struct Place {
    pub(crate) endpoint: Endpoint,
    pub(crate) bound: bool,
    /// It is being left: its connection only sends what waits.
    pub(crate) leaving: bool,
    /// Where messages wait for the connection, if they do.
    pub(crate) lane: Option<LaneId>,
    pub(crate) life: Arc<Life>,
}

impl std::fmt::Debug for Core {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Core").field("type", &self.socket_type).finish_non_exhaustive()
    }
}

impl Core {
    pub(crate) fn new(socket_type: SocketType, options: Options, tasks: mpsc::Sender<()>) -> Core {
        let peers = Peers::new(options.most_subscriptions);
        Core {
            socket_type,
            incoming: Incoming::new(options.receive_high_water, options.conflate),
            outgoing: Outgoing::new(options.send_high_water, options.conflate),
            options,
            life: Life::new(),
            source: Source::new(),
            peers: Mutex::new(peers),
            endpoints: Mutex::default(),
            tasks: Mutex::new(Some(tasks)),
        }
    }

    pub(crate) fn peers(&self) -> MutexGuard<'_, Peers> {
        self.peers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn places(&self) -> MutexGuard<'_, Vec<Place>> {
        self.endpoints.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether messages are dealt out among the peers, so that they wait for one even before it is
    /// connected.
    pub(crate) fn deals(&self) -> bool {
        use SocketType::{Dealer, Pair, Push, Req};
        matches!(self.socket_type, Dealer | Pair | Push | Req)
    }

    /// A lane for a connection that is about to be opened, if messages wait for it.
    pub(crate) fn reserve(&self) -> Option<LaneId> {
        if !self.deals() {
            return None;
        }
        let lane = self.outgoing.open(Arc::new(Pen::new()));
        let is_first = self.peers().reserve(lane);
        // A PAIR has one peer, and others only once that is gone.
        let waits = self.socket_type == SocketType::Pair && !is_first;
        if !self.options.immediate && !waits {
            self.outgoing.join(lane);
        }
        Some(lane)
    }

    /// A reserved lane is needed no more.
    pub(crate) fn forget(&self, lane: LaneId) {
        let mut peers = self.peers();
        peers.forget(lane);
        self.incoming.end(lane);
        self.outgoing.remove(lane);
        drop(peers);
        self.incoming.call();
    }

    /// Lets a peer in, on the lane that was reserved for it or on one of its own.
    pub(crate) fn admit(
        &self,
        reserved: Option<LaneId>,
        peer: &Peer,
    ) -> Result<(LaneId, Arc<Pen>), Failure> {
        let mut peers = self.peers();
        if self.life.stage() != Stage::Open && reserved.is_none() {
            return Err(Failure::ByUs);
        }
        let identity = peers.identity(self.socket_type, peer, self.options.handover)?;
        let (lane, pen) = match reserved.and_then(|lane| Some((lane, self.outgoing.pen(lane)?))) {
            Some(reserved) => reserved,
            None => {
                let pen = Arc::new(Pen::new());
                (self.outgoing.open(pen.clone()), pen)
            }
        };
        let prefix = (self.socket_type == SocketType::Router).then(|| identity.clone());
        if let Some(replaced) = peers.come(lane, identity, peer.minor) {
            self.incoming.end(replaced);
            self.outgoing.remove(replaced);
        }
        self.incoming.open(lane, prefix);
        let frames = peers.subscriptions_for(peer.minor);
        if self.socket_type.sends_subscriptions() && !frames.is_empty() {
            self.outgoing.command(lane, &frames);
        }
        if self.socket_type == SocketType::Pair {
            peers
                .reserved()
                .filter(|other| *other != lane)
                .for_each(|other| self.outgoing.rest(other));
        }
        if self.deals() {
            self.outgoing.join(lane);
        }
        Ok((lane, pen))
    }

    /// A peer is gone.
    pub(crate) fn lost(&self, lane: LaneId) {
        let mut peers = self.peers();
        let unread = peers.go(lane);
        let mut called = Vec::new();
        if self.socket_type == SocketType::XPub {
            for topic in &unread {
                called.push(self.incoming.tell(Peers::subscription(&Subscription::Cancel(topic))));
            }
        }
        // Before the lane's place is free for another: what it holds would be lost to that.
        self.incoming.end(lane);
        if let Some(pen) = self.outgoing.pen(lane) {
            pen.lay_down();
        }
        if peers.is_reserved(lane) {
            self.outgoing.desert(lane);
            if self.options.immediate {
                self.outgoing.rest(lane);
            }
            peers.unanswered(lane, self.outgoing.waits(lane));
        } else {
            self.outgoing.remove(lane);
            peers.unanswered(lane, false);
        }
        drop(peers);
        called.into_iter().for_each(Called::wake);
        self.incoming.call();
    }

    /// Messages have come.
    pub(crate) fn receive(&self, lane: LaneId, mut chunk: Chunk) -> Result<(), Failure> {
        match self.socket_type {
            // What nobody has any business to send.
            SocketType::Push => {}
            SocketType::Pub | SocketType::XPub => {
                while let Some(message) = chunk.next() {
                    match Subscription::from_message(message.first()) {
                        Some(subscription) if message.len() == 1 => {
                            self.subscribed(lane, subscription)?;
                        }
                        _ if self.socket_type == SocketType::XPub => {
                            self.incoming.deliver(lane, Chunk::of(&message));
                        }
                        _ => {}
                    }
                }
            }
            _ => self.incoming.deliver(lane, chunk),
        }
        Ok(())
    }

    /// A peer subscribes or cancels. An error: it has more subscriptions than it may have.
    pub(crate) fn subscribed(
        &self,
        lane: LaneId,
        subscription: Subscription<'_>,
    ) -> Result<(), Failure> {
        if !self.socket_type.takes_subscriptions() || subscription.topic().len() > LONGEST_TOPIC {
            return Ok(());
        }
        let mut peers = self.peers();
        let most = self.options.most_subscriptions;
        let news = peers
            .subscribed(lane, subscription)
            .map_err(|TooMany| Failure::TooManySubscriptions { most })?;
        if self.socket_type == SocketType::XPub && (news || self.options.verbose) {
            // The peers stay locked: what two of them do is read in the order in which it was done.
            let called = self.incoming.tell(Peers::subscription(&subscription));
            drop(peers);
            called.wake();
        }
        Ok(())
    }

    /// Whether a subscriber wants a message; other sockets want all.
    pub(crate) fn wants(&self, message: &Multipart) -> bool {
        !self.socket_type.sends_subscriptions() || self.peers().wanted.matches(message.first())
    }

    /// What a new task holds; none once the socket is closed.
    pub(crate) fn task(&self) -> Option<mpsc::Sender<()>> {
        self.tasks.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Takes and gives no more messages. What waits is sent; tasks end when it is.
    pub(crate) fn close(&self) {
        self.life.advance(Stage::Closing);
        self.tasks.lock().unwrap_or_else(PoisonError::into_inner).take();
        for place in &*self.places() {
            place.life.advance(Stage::Closing);
        }
        self.incoming.close();
        self.outgoing.close();
    }

    /// Ends at once.
    pub(crate) fn stop(&self) {
        self.close();
        self.life.advance(Stage::Stopped);
        for place in &*self.places() {
            place.life.advance(Stage::Stopped);
        }
    }
}

/// Held by each task. If it is dropped without [`Lease::end`], the runtime has ended under the socket:
/// the socket closes, so that nobody waits for what cannot come.
pub(crate) struct Lease {
    core: Arc<Core>,
    _task: Option<mpsc::Sender<()>>,
    ended: bool,
}

impl Lease {
    /// To be taken before the task is spawned: a close waits for those only that hold one.
    pub(crate) fn new(core: Arc<Core>) -> Lease {
        let task = core.task();
        Lease::of(core, task)
    }

    /// A lease of a task that had a clone already.
    pub(crate) fn of(core: Arc<Core>, task: Option<mpsc::Sender<()>>) -> Lease {
        Lease { core, _task: task, ended: false }
    }

    pub(crate) fn end(mut self) {
        self.ended = true;
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        if !self.ended {
            self.core.stop();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::wire::greeting::Mechanism;
    use crate::net::wire::metadata::Metadata;

    fn subscriber() -> Peer {
        Peer {
            minor: 1,
            socket_type: SocketType::Sub,
            identity: bytes::Bytes::new(),
            properties: Metadata::default(),
            mechanism: Mechanism::Null,
            user_id: None,
        }
    }

    /// An XPUB once took the news of its peers in turn: one that saw "A cancels" after "B subscribes" stopped
    /// to publish what B wanted.
    #[test]
    fn news_of_several_subscribers_is_read_in_the_order_in_which_it_came() {
        let (tasks, _ended) = mpsc::channel(1);
        let core = Core::new(SocketType::XPub, Options::new(), tasks);
        let [(a, _), (b, _)] = [(), ()].map(|()| core.admit(None, &subscriber()).unwrap());
        core.subscribed(a, Subscription::Subscribe(b"other")).unwrap();
        core.subscribed(a, Subscription::Subscribe(b"topic")).unwrap();
        core.subscribed(a, Subscription::Cancel(b"topic")).unwrap();
        core.subscribed(b, Subscription::Subscribe(b"topic")).unwrap();
        core.lost(b);
        core.subscribed(a, Subscription::Subscribe(b"topic")).unwrap();
        let news: Vec<_> = std::iter::from_fn(|| core.incoming.take().ok())
            .map(|(_, news)| news[0].to_vec())
            .collect();
        let expected = [
            &b"\x01other"[..],
            b"\x01topic",
            b"\x00topic",
            b"\x01topic",
            b"\x00topic",
            b"\x01topic",
        ];
        assert_eq!(news, expected);
    }
}
