//! What can be wrong with a peer's octets, or with the settings that they meet.
//!
//! Every fault ends the connection: after an error nothing that the peer sends can be trusted to mean
//! what it seems to. Octets of a peer appear in messages escaped and cut, so they can be logged.

use super::curve::CurveError;
use super::greeting::Mechanism;
use super::handshake::Denial;
use super::keys::KeyError;
use super::socket_type::SocketType;

/// A connection cannot be made, or cannot go on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WireError {
    // The greeting.
    /// The first octets are not a ZMTP signature: another protocol, or ZMTP 1.0.
    #[error(
        "the peer does not speak ZMTP 3: its first octets are `{seen}`; check that the endpoint is a \
         ZeroMQ socket of libzmq 4.0 or later"
    )]
    NotZmtp {
        /// What came, escaped.
        seen: String,
    },
    /// The peer speaks ZMTP 2.0 or older.
    #[error(
        "the peer speaks an older ZMTP (its major version octet is {major}); 3.0 is needed, which is \
         libzmq 4.0 or later"
    )]
    TooOld {
        /// The major version octet of its greeting.
        major: u8,
    },
    /// The two sides are set up with different security mechanisms.
    #[error("this socket's mechanism is {own}, the peer's is `{peer}`; set both to the same")]
    MechanismMismatch {
        /// This side's.
        own: Mechanism,
        /// The peer's, escaped.
        peer: String,
    },

    /// A message of more frames than are received.
    #[error("the peer's message has more than {most} frames; send fewer and longer ones")]
    TooManyFrames {
        /// As many are received.
        most: usize,
    },

    // Frames.
    /// Bits 3 to 7 of a frame's flags are not zero.
    #[error(
        "a frame has the flags {flags:#010b}, whose bits 3 to 7 must be zero; the peer's octets are \
         out of step or not ZMTP"
    )]
    ReservedFlags {
        /// The octet.
        flags: u8,
    },
    /// A frame is a command, and says that more frames follow.
    #[error(
        "a command has the MORE flag (flags {flags:#010b}), but is always one frame; the peer's \
         octets are out of step or not ZMTP"
    )]
    CommandWithMore {
        /// The octet.
        flags: u8,
    },
    /// A frame is longer than is allowed here. Nothing was allocated for it.
    #[error(
        "a frame of {size} octets is longer than the {longest} allowed here; send less or allow more"
    )]
    TooLong {
        /// Octets of its body, as claimed.
        size: u64,
        /// Octets that are allowed.
        longest: u64,
    },

    // Commands.
    /// A command, or something in it, does not follow its grammar.
    #[error("the peer's {what} is malformed: {problem}; the peer is faulty, or not what it seems")]
    Malformed {
        /// The command or field.
        what: &'static str,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// A handshake command came that is not the one whose turn it is.
    #[error(
        "the peer sent the command `{got}` where {wanted} was due; check that one side is the \
         mechanism's client and the other its server"
    )]
    UnexpectedCommand {
        /// The command that is due.
        wanted: &'static str,
        /// The name of the one that came, escaped.
        got: String,
    },
    /// A message came before the handshake was over.
    #[error(
        "the peer sent a message during the handshake; the peer is faulty, or not what it seems"
    )]
    MessageInHandshake,

    // The peer's properties.
    /// A property that has a meaning in ZMTP is there twice.
    #[error("the peer sent the property {name} twice; which one counts would be a guess")]
    RepeatedProperty {
        /// Its name.
        name: &'static str,
    },
    /// The peer did not say what its socket type is.
    #[error(
        "the peer did not send the property Socket-Type; it cannot be matched with this socket"
    )]
    NoSocketType,
    /// There is no such socket type, or none that is supported.
    #[error(
        "`{name}` is not a supported socket type; these are: PAIR, PUB, SUB, XPUB, XSUB, PUSH, PULL, \
         REQ, REP, DEALER, ROUTER"
    )]
    UnknownSocketType {
        /// The name, escaped.
        name: String,
    },
    /// The two socket types do not belong together.
    #[error(
        "a {own} socket cannot talk to a {peer} socket; it can talk to {}",
        names(own.peers())
    )]
    Incompatible {
        /// This side's.
        own: SocketType,
        /// The peer's.
        peer: SocketType,
    },

    // Both sides'.
    /// An identity is longer than 255 octets.
    #[error("{whose} identity has {size} octets; the longest has 255")]
    IdentityTooLong {
        /// Who has it.
        whose: Side,
        /// Its octets.
        size: usize,
    },
    /// An identity starts with octet 0, which ROUTER sockets keep for the identities that they give.
    #[error("{whose} identity starts with octet 0, which is reserved; let it start with another")]
    ReservedIdentity {
        /// Who has it.
        whose: Side,
    },

    // This side's settings.
    /// A property in the settings cannot be sent.
    #[error("the property `{name}` cannot be sent: {problem}")]
    OwnProperty {
        /// Its name.
        name: String,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// A user name or a password in the settings is too long for PLAIN.
    #[error("the {what} for PLAIN has {size} octets; the longest has 255")]
    LongCredential {
        /// `user name` or `password`.
        what: &'static str,
        /// Its octets.
        size: usize,
    },

    /// The two keys in the settings cannot be used together.
    #[error("this side's keys cannot be used: {0}")]
    OwnKeys(KeyError),

    // CURVE.
    /// What CURVE says of the peer's octets.
    #[error(transparent)]
    Curve(CurveError),

    // Judgements.
    /// The peer sent an ERROR command.
    #[error("the peer refused the connection: `{reason}`; change the credentials or settings")]
    Refused {
        /// Its reason, escaped. Of ZeroMQ's own servers it is a status: 400 not allowed, 500 a failure.
        reason: String,
    },
    /// This side's application refused the peer, by [`deny`](super::handshake::Handshake::deny).
    #[error("the peer was not let in: {status}")]
    Denied {
        /// Why.
        status: Denial,
    },
    /// A method of the handshake was called when it was not its turn. A fault of the caller.
    #[error("`{call}` was called out of turn: {problem}")]
    OutOfTurn {
        /// The method.
        call: &'static str,
        /// What is so instead.
        problem: &'static str,
    },
}

impl WireError {
    /// Whether connecting again, with the same settings, can help.
    ///
    /// It can where the fault may have been the moment's or the network's: octets out of step, a server
    /// that is busy. It cannot where two sides disagree, or one has judged (RFC 37, "Error Handling":
    /// after an ERROR no second try with the same credentials).
    pub fn retry_can_help(&self) -> bool {
        match self {
            Self::Curve(fault) => fault.retry_can_help(),
            Self::ReservedFlags { .. }
            | Self::CommandWithMore { .. }
            | Self::Malformed { .. }
            | Self::MessageInHandshake
            | Self::Denied { status: Denial::Temporary } => true,
            Self::NotZmtp { .. }
            | Self::TooOld { .. }
            | Self::MechanismMismatch { .. }
            | Self::TooLong { .. }
            | Self::TooManyFrames { .. }
            | Self::UnexpectedCommand { .. }
            | Self::RepeatedProperty { .. }
            | Self::NoSocketType
            | Self::UnknownSocketType { .. }
            | Self::Incompatible { .. }
            | Self::IdentityTooLong { .. }
            | Self::ReservedIdentity { .. }
            | Self::OwnProperty { .. }
            | Self::LongCredential { .. }
            | Self::OwnKeys(_)
            | Self::Refused { .. }
            | Self::Denied { .. }
            | Self::OutOfTurn { .. } => false,
        }
    }
}

/// A refusal is the same in all mechanisms.
impl From<CurveError> for WireError {
    fn from(fault: CurveError) -> WireError {
        match fault {
            CurveError::Refused { reason } => WireError::Refused { reason },
            fault => WireError::Curve(fault),
        }
    }
}

/// One of the two ends of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// This one.
    Own,
    /// The other.
    Peer,
}

impl std::fmt::Display for Side {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Own => "this socket's",
            Self::Peer => "the peer's",
        })
    }
}

/// As many octets of a peer as an error shows. Escaped, they take at most four times as much.
const SHOWN: usize = 32;

/// Octets of a peer, so that they can be logged: ASCII, escaped, cut.
#[cold]
pub(super) fn shown(octets: &[u8]) -> String {
    let cut = octets.get(..SHOWN);
    let mut text = cut.unwrap_or(octets).escape_ascii().to_string();
    if cut.is_some_and(|cut| cut.len() < octets.len()) {
        text.push_str("...");
    }
    text
}

fn names(types: &[SocketType]) -> String {
    types.iter().map(|socket_type| socket_type.as_str()).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn octets_of_a_peer_are_shown_escaped_and_cut() {
        assert_eq!(shown(b"GET / HTTP/1.1\r\n"), r"GET / HTTP/1.1\r\n");
        assert_eq!(shown(&[0x1b; SHOWN]), r"\x1b".repeat(SHOWN));
        assert_eq!(shown(&[b'a'; SHOWN + 1]), "a".repeat(SHOWN) + "...");
    }

    #[test]
    fn an_incompatible_peer_is_told_apart_by_both_types() {
        let error = WireError::Incompatible { own: SocketType::Req, peer: SocketType::Pull };
        assert_eq!(
            error.to_string(),
            "a REQ socket cannot talk to a PULL socket; it can talk to REP, ROUTER"
        );
        assert!(!error.retry_can_help());
    }

    #[test]
    fn only_a_temporary_denial_is_worth_a_second_try() {
        let denied = |status| WireError::Denied { status }.retry_can_help();
        assert!(denied(Denial::Temporary));
        assert!(!denied(Denial::NotAllowed));
        assert!(!denied(Denial::Failure));
        assert!(!WireError::Refused { reason: "400".into() }.retry_can_help());
    }

    #[test]
    fn a_refusal_under_curve_is_a_refusal() {
        let refused = WireError::from(CurveError::Refused { reason: "400".into() });
        assert_eq!(refused, WireError::Refused { reason: "400".into() });
        let forged = WireError::from(CurveError::Forged { command: "WELCOME" });
        assert!(forged.retry_can_help());
        assert!(!WireError::from(CurveError::Vouch).retry_can_help());
    }
}
