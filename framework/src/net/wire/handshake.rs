//! The handshake: from the first octet of a connection to its traffic.
//!
//! ```text
//!   new ──▶ own greeting, at once
//!    │
//!    ▼        the peer's 64 octets              the mechanism's commands
//!  Greeting ───────────────────────▶ Commands ◀──────────┐
//!                                     │    │    allow    │
//!                                     │    └─────────▶ Asking ──deny──▶ Failed
//!                          metadata   │  Authenticate
//!                          are fine   ▼
//!                                    Met ──Done(peer, cipher)──▶ Over
//!
//!   Any fault leads to Failed, which stays: each later `advance` returns the same error.
//! ```
//!
//! It is given octets in pieces of any size, and gives back what is to be sent. On an error, send what
//! was appended (it may be an ERROR command), then close the connection.
//!
//! It keeps no octets of its own: what is not yet whole stays in the caller's buffer, which is bounded by
//! [`LONGEST_COMMAND`] if the caller stops reading while an answer to
//! [`Authenticate`](Progress::Authenticate) is out. The deadline is the caller's, too.

use bytes::{Buf, Bytes, BytesMut};
use zeroize::Zeroize;

use super::command::Command;
use super::curve::Cipher;
use super::error::{Side, WireError};
use super::frame::Header;
use super::greeting::{self, Greeting, Mechanism};
use super::metadata::{self, Metadata};
use super::role::{Machine, Step};
use super::socket_type::SocketType;

mod credentials;
mod settings;

pub use credentials::{Credentials, Denial, Secret};
pub use settings::{Security, Settings};

/// The longest body of a handshake's command, octets, either way.
///
/// Room for generous metadata, and little enough that a thousand peers of whom nothing is known yet hold
/// 64 MiB at most.
pub const LONGEST_COMMAND: u64 = 64 * 1024;

/// A connection on its way to traffic.
pub struct Handshake {
    socket_type: SocketType,
    own: Metadata,
    machine: Machine,
    /// From the greeting on.
    minor: u8,
    user_id: Option<String>,
    /// In the state `Met`.
    met: Option<(Peer, Option<Cipher>)>,
    state: State,
}

enum State {
    Greeting,
    Commands,
    Asking,
    Met,
    Over,
    Failed(WireError),
}

/// How far a handshake has come.
#[derive(Debug)]
pub enum Progress {
    /// More octets of the peer are needed, or the answer to [`Authenticate`](Self::Authenticate).
    MoreNeeded,
    /// May this peer come in? To be answered by [`Handshake::allow`] or [`Handshake::deny`].
    Authenticate(Credentials),
    /// All is said. What is still in the input is traffic.
    ///
    /// With a cipher, which CURVE brings, each frame that is sent and received from now on has a
    /// [MESSAGE](super::curve) in it, and no other may be sent or taken.
    Done(Peer, Option<Cipher>),
}

/// The other side of a connection that is ready for traffic.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Peer {
    /// The minor version of ZMTP 3 that is spoken with it: 0 or 1. It decides the form of
    /// [subscriptions](super::command::Subscription).
    pub minor: u8,
    /// Its socket type, which belongs with this side's.
    pub socket_type: SocketType,
    /// Its identity: empty if it has none, or if its type [sends none](SocketType::sends_identity).
    pub identity: Bytes,
    /// All of its properties; socket type and identity among them.
    pub properties: Metadata,
    /// How it was made sure of.
    pub mechanism: Mechanism,
    /// Who it is, as [`allow`](Handshake::allow) was told.
    pub user_id: Option<String>,
}

impl Handshake {
    /// Starts, and appends the greeting to `output`; it is to be sent without waiting for the peer's.
    ///
    /// If the settings have a fault, which [`Settings::check`] would have found, nothing is appended and
    /// [`advance`](Self::advance) returns it.
    pub fn new(settings: Settings, output: &mut BytesMut) -> Handshake {
        let own = settings.metadata();
        let machine = Machine::new(settings.security, settings.authenticate);
        let (own, state) = match own {
            Ok(own) => {
                Greeting::encode(machine.mechanism(), machine.is_server(), output);
                (own, State::Greeting)
            }
            Err(fault) => (Metadata::default(), State::Failed(fault)),
        };
        let socket_type = settings.socket_type;
        Handshake { socket_type, own, machine, minor: 0, user_id: None, met: None, state }
    }

    /// Takes what it needs from the front of `input`, and appends to `output` what is to be sent.
    ///
    /// The octets of commands are overwritten with zeros before they are taken, since there may be a
    /// password among them.
    ///
    /// # Errors
    ///
    /// Any [`WireError`] but those of the settings, and again the same one. After
    /// [`Done`](Progress::Done), [`OutOfTurn`](WireError::OutOfTurn).
    pub fn advance(
        &mut self,
        input: &mut BytesMut,
        output: &mut BytesMut,
    ) -> Result<Progress, WireError> {
        loop {
            let taken = match &self.state {
                State::Greeting => self.greet(input, output),
                State::Commands => self.command(input, output),
                State::Asking => return Ok(Progress::MoreNeeded),
                State::Met | State::Over => {
                    self.state = State::Over;
                    let problem = "the handshake is over";
                    let over = WireError::OutOfTurn { call: "advance", problem };
                    let done = |(peer, cipher)| Progress::Done(peer, cipher);
                    return self.met.take().map(done).ok_or(over);
                }
                State::Failed(fault) => return Err(fault.clone()),
            };
            match taken {
                Ok(None) => {}
                Ok(Some(progress)) => return Ok(progress),
                Err(fault) => self.state = State::Failed(fault),
            }
        }
    }

    /// Lets the peer in whose credentials were asked about, under a name that the application chooses.
    /// [`advance`](Self::advance) is to be called next.
    ///
    /// # Errors
    ///
    /// [`OutOfTurn`](WireError::OutOfTurn) if no credentials are waiting for an answer; the error of
    /// `advance` if the handshake has failed, or fails now.
    pub fn allow(
        &mut self,
        user_id: Option<String>,
        output: &mut BytesMut,
    ) -> Result<(), WireError> {
        match &self.state {
            State::Asking => {}
            State::Failed(fault) => return Err(fault.clone()),
            _ => {
                let problem = "no credentials are waiting for an answer";
                return Err(WireError::OutOfTurn { call: "allow", problem });
            }
        }
        self.user_id = user_id;
        self.state = State::Commands;
        let step = self.machine.role().allow(&self.own, output);
        self.take(step, output)
            .map(drop)
            .inspect_err(|fault| self.state = State::Failed(fault.clone()))
    }

    /// Refuses the peer: appends an ERROR with the status, if credentials are waiting for an answer and
    /// the status is not [silent](Denial::Temporary). From now on [`advance`](Self::advance) returns
    /// [`Denied`](WireError::Denied). Does nothing if the handshake has failed already or is over.
    pub fn deny(&mut self, status: Denial, output: &mut BytesMut) {
        match self.state {
            State::Over | State::Failed(_) => return,
            State::Asking if status != Denial::Temporary => {
                self.refuse(&status.code().to_string(), output);
            }
            _ => {}
        }
        self.met = None;
        self.state = State::Failed(WireError::Denied { status });
    }

    /// Reads the peer's greeting. `None`: go on.
    fn greet(
        &mut self,
        input: &mut BytesMut,
        output: &mut BytesMut,
    ) -> Result<Option<Progress>, WireError> {
        let Some(greeting) = Greeting::decode(input)? else {
            return Ok(Some(Progress::MoreNeeded));
        };
        greeting.expect_mechanism(self.machine.mechanism())?;
        input.advance(greeting::SIZE);
        self.minor = greeting.minor;
        self.state = State::Commands;
        let step = self.machine.role().start(&self.own, output);
        self.take(step, output)
    }

    /// Reads one command. `None`: go on.
    fn command(
        &mut self,
        input: &mut BytesMut,
        output: &mut BytesMut,
    ) -> Result<Option<Progress>, WireError> {
        let Some(header) = Header::decode(input)? else {
            return Ok(Some(Progress::MoreNeeded));
        };
        if !header.flags.is_command() {
            return Err(WireError::MessageInHandshake);
        }
        if header.length > LONGEST_COMMAND {
            return Err(WireError::TooLong { size: header.length, longest: LONGEST_COMMAND });
        }
        let end = header.size() + header.length as usize;
        let Some(body) = input.get(header.size()..end) else {
            return Ok(Some(Progress::MoreNeeded));
        };
        let step = match Command::decode(body)? {
            Command::Error { reason } => {
                Err(WireError::Refused { reason: reason.escape_ascii().to_string() })
            }
            _ => self.machine.role().receive(body, &self.own, output),
        };
        input[..end].zeroize();
        input.advance(end);
        self.take(step?, output)
    }

    /// Does what the mechanism says.
    fn take(&mut self, step: Step, output: &mut BytesMut) -> Result<Option<Progress>, WireError> {
        match step {
            Step::Wait => Ok(None),
            Step::Ask(credentials) => {
                self.state = State::Asking;
                Ok(Some(Progress::Authenticate(credentials)))
            }
            Step::Met(properties) => {
                let met = self.meet(properties);
                if let Err(fault) = &met {
                    self.refuse(&reason(fault), output);
                }
                let peer = met?;
                let role = self.machine.role();
                role.finish(&self.own, output)?;
                self.met = Some((peer, role.cipher()));
                self.state = State::Met;
                Ok(None)
            }
        }
    }

    /// Judges what the peer says of itself.
    fn meet(&mut self, properties: Metadata) -> Result<Peer, WireError> {
        let socket_type = properties.get(metadata::SOCKET_TYPE).ok_or(WireError::NoSocketType)?;
        let socket_type = SocketType::from_wire(socket_type)?;
        if !self.socket_type.accepts(socket_type) {
            return Err(WireError::Incompatible { own: self.socket_type, peer: socket_type });
        }
        let identity = match properties.get_bytes(metadata::IDENTITY) {
            Some(identity) if socket_type.sends_identity() => identity,
            _ => Bytes::new(),
        };
        check_identity(&identity, Side::Peer)?;
        Ok(Peer {
            minor: self.minor,
            socket_type,
            identity,
            properties,
            mechanism: self.machine.mechanism(),
            user_id: self.user_id.take(),
        })
    }

    /// Appends an ERROR, if this side may.
    fn refuse(&mut self, reason: &str, output: &mut BytesMut) {
        if self.machine.role().may_refuse() {
            Command::Error { reason: reason.as_bytes() }.encode(output);
        }
    }
}

/// What a peer is told that does not fit; visible characters only.
fn reason(fault: &WireError) -> String {
    match fault {
        WireError::Incompatible { own, peer } => format!("{own}-cannot-talk-to-{peer}"),
        WireError::NoSocketType => "no-Socket-Type".into(),
        WireError::UnknownSocketType { .. } => "unknown-Socket-Type".into(),
        _ => "invalid-Identity".into(),
    }
}

/// RFC 37, "The Identity Property": at most 255 octets, the first not 0.
fn check_identity(identity: &[u8], whose: Side) -> Result<(), WireError> {
    if identity.len() > 255 {
        return Err(WireError::IdentityTooLong { whose, size: identity.len() });
    }
    if identity.first() == Some(&0) {
        return Err(WireError::ReservedIdentity { whose });
    }
    Ok(())
}

#[cfg(test)]
mod tests;
