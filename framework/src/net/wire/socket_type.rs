//! The eleven socket types, and which of them belong together (RFC 23 and 37, "The Socket-Type
//! Property").
//!
//! The types of ZeroMQ's draft API (CLIENT, SERVER, RADIO, …) are not supported.

use std::fmt;
use std::str::FromStr;

use super::error::{WireError, shown};

/// What a socket does with messages; its pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SocketType {
    /// Exclusive: one peer, both ways.
    Pair,
    /// Publishes to subscribers.
    Pub,
    /// Subscribes to publishers.
    Sub,
    /// Publishes, and sees the subscriptions as messages.
    XPub,
    /// Subscribes, by sending subscriptions as messages.
    XSub,
    /// Sends work, to one of its peers at a time.
    Push,
    /// Receives work, from all of its peers in turn.
    Pull,
    /// Asks, and waits for the answer.
    Req,
    /// Answers.
    Rep,
    /// Asks without waiting, one of its peers at a time.
    Dealer,
    /// Knows its peers by their identity and sends to the one that is named.
    Router,
}

use SocketType::*;

impl SocketType {
    /// All of them.
    pub const ALL: [SocketType; 11] =
        [Pair, Pub, Sub, XPub, XSub, Push, Pull, Req, Rep, Dealer, Router];

    /// Its name on the wire: upper case.
    pub const fn as_str(self) -> &'static str {
        match self {
            Pair => "PAIR",
            Pub => "PUB",
            Sub => "SUB",
            XPub => "XPUB",
            XSub => "XSUB",
            Push => "PUSH",
            Pull => "PULL",
            Req => "REQ",
            Rep => "REP",
            Dealer => "DEALER",
            Router => "ROUTER",
        }
    }

    /// The type with this name on the wire. Exactly: there, only upper case is legal.
    ///
    /// # Errors
    ///
    /// [`UnknownSocketType`](WireError::UnknownSocketType).
    pub fn from_wire(name: &[u8]) -> Result<SocketType, WireError> {
        Self::find(name, |socket_type| socket_type.as_bytes() == name)
    }

    /// The types that this one can talk to.
    ///
    /// ```text
    ///  PAIR ── PAIR        PUB, XPUB ── SUB, XSUB        PUSH ── PULL
    ///
    ///  REQ ── REP          REQ, DEALER, ROUTER ── ROUTER     REP, DEALER ── DEALER
    /// ```
    pub const fn peers(self) -> &'static [SocketType] {
        match self {
            Pair => &[Pair],
            Pub | XPub => &[Sub, XSub],
            Sub | XSub => &[Pub, XPub],
            Push => &[Pull],
            Pull => &[Push],
            Req => &[Rep, Router],
            Rep => &[Req, Dealer],
            Dealer => &[Rep, Dealer, Router],
            Router => &[Req, Dealer, Router],
        }
    }

    /// Whether a connection between the two makes sense.
    pub fn accepts(self, peer: SocketType) -> bool {
        self.peers().contains(&peer)
    }

    /// Whether its identity is sent, and means something to the peer (RFC 37, "The Identity Property").
    pub const fn sends_identity(self) -> bool {
        matches!(self, Req | Dealer | Router)
    }

    /// Whether its peers tell it what to send.
    pub const fn takes_subscriptions(self) -> bool {
        matches!(self, Pub | XPub)
    }

    /// Whether it tells its peers what to send.
    pub const fn sends_subscriptions(self) -> bool {
        matches!(self, Sub | XSub)
    }

    fn find(name: &[u8], is: impl Fn(&str) -> bool) -> Result<SocketType, WireError> {
        let found = Self::ALL.into_iter().find(|socket_type| is(socket_type.as_str()));
        found.ok_or_else(|| WireError::UnknownSocketType { name: shown(name) })
    }
}

impl fmt::Display for SocketType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// From a name in lower or upper case, as people write it.
impl FromStr for SocketType {
    type Err = WireError;

    fn from_str(name: &str) -> Result<SocketType, WireError> {
        Self::find(name.as_bytes(), |known| known.eq_ignore_ascii_case(name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_back() {
        for socket_type in SocketType::ALL {
            let name = socket_type.as_str();
            assert_eq!(SocketType::from_wire(name.as_bytes()), Ok(socket_type));
            assert_eq!(name.parse(), Ok(socket_type));
            let lower = name.to_lowercase();
            assert_eq!(lower.parse(), Ok(socket_type));
            assert!(SocketType::from_wire(lower.as_bytes()).is_err());
        }
    }

    #[test]
    fn a_draft_type_is_refused_by_name() {
        let error = SocketType::from_wire(b"CLIENT").unwrap_err();
        assert_eq!(error, WireError::UnknownSocketType { name: "CLIENT".into() });
        assert!("".parse::<SocketType>().is_err());
        assert!("REQ ".parse::<SocketType>().is_err());
    }

    /// The matrix of the RFC, written out pair by pair.
    #[test]
    fn exactly_the_pairs_of_the_rfc_accept_each_other() {
        let pairs = [
            (Pair, Pair),
            (Pub, Sub),
            (Pub, XSub),
            (XPub, Sub),
            (XPub, XSub),
            (Push, Pull),
            (Req, Rep),
            (Req, Router),
            (Rep, Dealer),
            (Dealer, Dealer),
            (Dealer, Router),
            (Router, Router),
        ];
        for one in SocketType::ALL {
            for other in SocketType::ALL {
                let legal = pairs.contains(&(one, other)) || pairs.contains(&(other, one));
                assert_eq!(one.accepts(other), legal, "{one} and {other}");
            }
        }
    }
}
