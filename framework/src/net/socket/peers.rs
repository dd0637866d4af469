//! Who is there: routing ids, subscriptions, and whose turn it is to say what.

use std::collections::HashMap;

use bytes::BytesMut;
use slotmap::SecondaryMap;

use super::batch::Chunk;
use super::outgoing::LaneId;
use super::subscriptions::{Subscriptions, TooMany, Wanted};
use crate::net::monitor::Failure;
use crate::net::multipart::{Frame, Multipart};
use crate::net::wire::command::Subscription;
use crate::net::wire::handshake::Peer;
use crate::net::wire::socket_type::SocketType;

/// The peers of a socket.
pub(crate) struct Peers {
    here: SecondaryMap<LaneId, Present>,
    reserved: SecondaryMap<LaneId, ()>,
    /// ROUTER: lanes by routing id.
    routes: HashMap<Frame, LaneId>,
    /// ROUTER: the number of the last id that it chose.
    chosen: u32,
    /// PUB, XPUB: what the peers want.
    pub(crate) subscriptions: Subscriptions,
    /// SUB, XSUB: what this socket wants.
    pub(crate) wanted: Wanted,
    /// REQ and REP: whose turn it is.
    pub(crate) turn: Turn,
    /// REQ: the number of the last request.
    pub(crate) request: u32,
}

struct Present {
    identity: Frame,
    minor: u8,
}

/// Whose turn it is to say something.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) enum Turn {
    /// REQ: to send. REP: to receive.
    #[default]
    Begin,
    /// REQ: the peer of this lane was asked.
    Asked(LaneId),
    /// REQ: it was asked, and is gone.
    Lost(LaneId),
    /// REP: this is to be sent before the reply, to this lane.
    Reply(LaneId, Multipart),
}

impl Peers {
    /// Nobody yet, of whom each may have so many subscriptions.
    pub(crate) fn new(most_subscriptions: usize) -> Peers {
        Peers {
            here: SecondaryMap::new(),
            reserved: SecondaryMap::new(),
            routes: HashMap::new(),
            chosen: 0,
            subscriptions: Subscriptions::new(most_subscriptions),
            wanted: Wanted::default(),
            turn: Turn::default(),
            request: 0,
        }
    }

    /// Keeps a lane for a connection that is to be opened. True if it is the socket's first lane.
    pub(crate) fn reserve(&mut self, lane: LaneId) -> bool {
        let is_first = self.reserved.is_empty() && self.here.is_empty();
        self.reserved.insert(lane, ());
        is_first
    }

    /// The lanes that are kept.
    pub(crate) fn reserved(&self) -> impl Iterator<Item = LaneId> + '_ {
        self.reserved.keys()
    }

    pub(crate) fn forget(&mut self, lane: LaneId) {
        self.reserved.remove(lane);
        if self.turn == Turn::Asked(lane) {
            self.turn = Turn::Lost(lane);
        }
    }

    pub(crate) fn is_reserved(&self, lane: LaneId) -> bool {
        self.reserved.contains_key(lane)
    }

    /// By which name a new peer is known, if it can come in.
    pub(crate) fn identity(
        &mut self,
        socket_type: SocketType,
        peer: &Peer,
        handover: bool,
    ) -> Result<Frame, Failure> {
        match socket_type {
            SocketType::Pair if !self.here.is_empty() => Err(Failure::Taken),
            SocketType::Router if peer.identity.is_empty() => Ok(self.choose()),
            SocketType::Router => {
                let identity = Frame::from(peer.identity.clone());
                if self.routes.contains_key(&identity) && !handover {
                    return Err(Failure::Taken);
                }
                Ok(identity)
            }
            _ => Ok(Frame::EMPTY),
        }
    }

    /// A routing id for a peer without one: 5 octets, the first 0, which peers cannot choose.
    fn choose(&mut self) -> Frame {
        loop {
            self.chosen = self.chosen.wrapping_add(1);
            let [a, b, c, d] = self.chosen.to_be_bytes();
            let identity = Frame::from(&[0, a, b, c, d]);
            if !self.routes.contains_key(&identity) {
                return identity;
            }
        }
    }

    /// A peer has come. Gives the lane whose place it takes, if it does.
    pub(crate) fn come(&mut self, lane: LaneId, identity: Frame, minor: u8) -> Option<LaneId> {
        let replaced =
            if identity.is_empty() { None } else { self.routes.insert(identity.clone(), lane) };
        self.here.insert(lane, Present { identity, minor });
        replaced
    }

    /// A peer has gone. Gives the topics that nobody wants any more.
    pub(crate) fn go(&mut self, lane: LaneId) -> Vec<Vec<u8>> {
        if let Some(gone) = self.here.remove(lane)
            && self.routes.get(&gone.identity) == Some(&lane)
        {
            self.routes.remove(&gone.identity);
        }
        self.subscriptions.forget(lane)
    }

    /// A lane has no connection any more. If the peer was asked something, and the question is not still
    /// to be sent, there will be no answer.
    pub(crate) fn unanswered(&mut self, lane: LaneId, waits: bool) {
        match &self.turn {
            Turn::Asked(asked) if *asked == lane && !waits => self.turn = Turn::Lost(lane),
            _ => {}
        }
    }

    pub(crate) fn route(&self, identity: &Frame) -> Option<LaneId> {
        self.routes.get(identity).copied()
    }

    /// Everybody who is there, and the minor version that they speak.
    pub(crate) fn everybody(&self) -> impl Iterator<Item = (LaneId, u8)> + '_ {
        self.here.iter().map(|(lane, present)| (lane, present.minor))
    }

    /// Counts a peer's subscription, or takes it back. True if that is news for the publisher.
    pub(crate) fn subscribed(
        &mut self,
        lane: LaneId,
        subscription: Subscription<'_>,
    ) -> Result<bool, TooMany> {
        if !self.here.contains_key(lane) {
            return Ok(false);
        }
        match subscription {
            Subscription::Subscribe(topic) => self.subscriptions.add(topic, lane),
            Subscription::Cancel(topic) => Ok(self.subscriptions.cancel(topic, lane)),
        }
    }

    /// All subscriptions of this socket, as frames for a new peer.
    pub(crate) fn subscriptions_for(&self, minor: u8) -> BytesMut {
        let mut frames = BytesMut::new();
        for topic in self.wanted.topics() {
            Subscription::Subscribe(&topic).encode(minor, &mut frames);
        }
        frames
    }

    /// A subscription as XPUB sockets receive it: an octet, 1 or 0, and the topic.
    pub(crate) fn subscription(subscription: &Subscription<'_>) -> Chunk {
        let mut frame = BytesMut::new();
        subscription.encode_body(0, &mut frame);
        Chunk::of(&Multipart::from(frame.freeze()))
    }
}
