//! Subscriptions, in the forms of both versions (RFC 37 and RFC 23, "The Publish-Subscribe Pattern").
//!
//! In ZMTP 3.1 they are [commands](Command), in 3.0 messages whose first octet tells what they are:
//!
//! ```text
//!  ┌────┬─────────┐    ┌────┬─────────┐
//!  │ 01 │ topic … │    │ 00 │ topic … │    the body of a message's only frame
//!  └────┴─────────┘    └────┴─────────┘
//!   subscribe           cancel
//! ```
//!
//! The form that is sent depends on the peer's version; either can come from any peer.

use bytes::{BufMut, BytesMut};

use super::Command;
use crate::net::wire::frame::{Flags, Header};

/// A subscription as it travels from SUB or XSUB to PUB or XPUB.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subscription<'a> {
    /// Messages that start with this topic are wanted.
    Subscribe(&'a [u8]),
    /// One subscription to this topic less.
    Cancel(&'a [u8]),
}

impl<'a> Subscription<'a> {
    /// Reads the body of a message. `None`: it is no subscription, but the application's.
    pub fn from_message(body: &'a [u8]) -> Option<Subscription<'a>> {
        match body.split_first()? {
            (1, topic) => Some(Self::Subscribe(topic)),
            (0, topic) => Some(Self::Cancel(topic)),
            _ => None,
        }
    }

    /// The same, if the command is a subscription.
    pub fn from_command(command: &Command<'a>) -> Option<Subscription<'a>> {
        match *command {
            Command::Subscribe(topic) => Some(Self::Subscribe(topic)),
            Command::Cancel(topic) => Some(Self::Cancel(topic)),
            _ => None,
        }
    }

    /// Appends it as a whole frame, in the form for a peer of ZMTP 3.`minor`.
    pub fn encode(&self, minor: u8, out: &mut BytesMut) {
        match minor {
            0 => {
                let length = 1 + self.topic().len() as u64;
                Header { flags: Flags::message(false), length }.encode(out);
                self.encode_body(minor, out);
            }
            _ => self.command().encode(out),
        }
    }

    /// Appends the body of that frame, for a cipher to seal, and returns the frame's flags.
    pub fn encode_body(&self, minor: u8, out: &mut BytesMut) -> Flags {
        if minor > 0 {
            self.command().encode_body(out);
            return Flags::command();
        }
        out.put_u8(matches!(self, Self::Subscribe(_)).into());
        out.put_slice(self.topic());
        Flags::message(false)
    }

    /// What messages are to start with.
    pub fn topic(&self) -> &'a [u8] {
        match *self {
            Self::Subscribe(topic) | Self::Cancel(topic) => topic,
        }
    }

    fn command(&self) -> Command<'a> {
        match *self {
            Self::Subscribe(topic) => Command::Subscribe(topic),
            Self::Cancel(topic) => Command::Cancel(topic),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subscription_has_the_form_of_the_peers_version() {
        let frame = |subscription: Subscription<'_>, minor| {
            let mut out = BytesMut::new();
            subscription.encode(minor, &mut out);
            out.to_vec()
        };
        assert_eq!(frame(Subscription::Subscribe(b"A"), 0), b"\0\x02\x01A");
        assert_eq!(frame(Subscription::Cancel(b""), 0), b"\0\x01\0");
        assert_eq!(frame(Subscription::Subscribe(b"A"), 1), b"\x04\x0b\x09SUBSCRIBEA");
        assert_eq!(frame(Subscription::Cancel(b"A"), 1), b"\x04\x08\x06CANCELA");
    }

    #[test]
    fn a_subscription_is_read_in_both_forms() {
        for subscription in [Subscription::Subscribe(b"A"), Subscription::Cancel(b"")] {
            let mut old = BytesMut::new();
            assert!(!subscription.encode_body(0, &mut old).is_command());
            assert_eq!(Subscription::from_message(&old), Some(subscription));
            let mut new = BytesMut::new();
            assert!(subscription.encode_body(1, &mut new).is_command());
            let command = Command::decode(&new).unwrap();
            assert_eq!(Subscription::from_command(&command), Some(subscription));
        }
        assert_eq!(Subscription::from_message(b""), None);
        assert_eq!(Subscription::from_message(b"\x02A"), None);
        assert_eq!(Subscription::from_command(&Command::Pong { context: b"" }), None);
    }
}
