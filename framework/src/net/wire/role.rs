//! The seam between the handshake and the mechanisms.
//!
//! A [`Role`] is one mechanism's one side: it reads and writes commands, and says what has come of it. It
//! knows neither greetings nor frames, nor what the peer's metadata mean. In which order it is called:
//!
//! ```text
//!          start ──┬─ Wait ──▶ receive ──┬─ Wait ──▶ receive …
//!                  │                     ├─ Ask ───▶ the application ──▶ allow ──▶ Wait or Met
//!                  └─ Ask …              └─ Met ───▶ are the sockets compatible? ──▶ finish
//! ```

use bytes::BytesMut;

use super::curve::Cipher;
use super::curve::role::{ClientRole, ServerRole};
use super::error::WireError;
use super::greeting::Mechanism;
use super::handshake::{Credentials, Security};
use super::metadata::Metadata;
use super::null::Null;
use super::plain;

/// One mechanism's one side. `own` is the metadata that this side sends.
pub(super) trait Role {
    /// The greetings have been exchanged: appends the first command, if it is this side's turn.
    fn start(&mut self, own: &Metadata, out: &mut BytesMut) -> Step;

    /// Takes the body of a command that is no ERROR, and appends what is to be answered at once.
    fn receive(
        &mut self,
        body: &[u8],
        own: &Metadata,
        out: &mut BytesMut,
    ) -> Result<Step, WireError>;

    /// The application has let in the peer whose credentials were [asked](Step::Ask) about.
    fn allow(&mut self, _own: &Metadata, _out: &mut BytesMut) -> Step {
        Step::Wait
    }

    /// The peer's metadata are fine: appends the last command, if it is this side's.
    fn finish(&mut self, _own: &Metadata, _out: &mut BytesMut) -> Result<(), WireError> {
        Ok(())
    }

    /// What all that follows is sealed and opened with, once: `None` for mechanisms that seal nothing.
    fn cipher(&mut self) -> Option<Cipher> {
        None
    }

    /// Whether this side may send ERROR.
    fn may_refuse(&self) -> bool;
}

/// What is to be done next.
pub(super) enum Step {
    /// Wait for the peer's next command.
    Wait,
    /// Ask the application whether the peer may come in.
    Ask(Credentials),
    /// The peer has said what it is.
    Met(Metadata),
}

/// The roles there are.
pub(super) enum Machine {
    Null(Null),
    PlainClient(plain::Client),
    PlainServer(plain::Server),
    CurveClient(ClientRole),
    CurveServer(ServerRole),
}

impl Machine {
    pub(super) fn new(security: Security, authenticate: bool) -> Machine {
        match security {
            Security::Null => Self::Null(Null::new(authenticate)),
            Security::PlainClient { user, password } => {
                Self::PlainClient(plain::Client::new(user, password))
            }
            Security::PlainServer => Self::PlainServer(plain::Server::new()),
            Security::CurveClient { keys, server } => {
                Self::CurveClient(ClientRole::new(keys, server))
            }
            Security::CurveServer { keys } => Self::CurveServer(ServerRole::new(keys)),
        }
    }

    pub(super) fn role(&mut self) -> &mut dyn Role {
        match self {
            Self::Null(role) => role,
            Self::PlainClient(role) => role,
            Self::PlainServer(role) => role,
            Self::CurveClient(role) => role,
            Self::CurveServer(role) => role,
        }
    }

    pub(super) fn mechanism(&self) -> Mechanism {
        match self {
            Self::Null(_) => Mechanism::Null,
            Self::PlainClient(_) | Self::PlainServer(_) => Mechanism::Plain,
            Self::CurveClient(_) | Self::CurveServer(_) => Mechanism::Curve,
        }
    }

    /// What the greeting's as-server octet says; no peer may rely on it.
    pub(super) fn is_server(&self) -> bool {
        matches!(self, Self::PlainServer(_) | Self::CurveServer(_))
    }
}
