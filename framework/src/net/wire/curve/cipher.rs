//! What is said after the handshake: a [`Sealer`] for one direction, an [`Opener`] for the other.

use std::fmt;

use bytes::BytesMut;

use super::CurveError;
use super::message::{self, Side};
use super::nonce::{Counter, Seen};
use super::shared::SharedKey;

/// Both directions of a connection after its handshake.
///
/// Nothing is allocated per message, other than the growth of the buffers that it is given. Its keys are
/// overwritten when both halves are dropped.
#[derive(Debug)]
#[cfg_attr(test, derive(Clone))]
pub struct Cipher {
    sealer: Sealer,
    opener: Opener,
}

impl Cipher {
    pub(super) fn client(key: SharedKey, counter: Counter, seen: Seen) -> Self {
        Self::new(key, Side::Client, counter, Side::Server, seen)
    }

    pub(super) fn server(key: SharedKey, counter: Counter, seen: Seen) -> Self {
        Self::new(key, Side::Server, counter, Side::Client, seen)
    }

    fn new(key: SharedKey, own: Side, counter: Counter, peer: Side, seen: Seen) -> Self {
        Self {
            sealer: Sealer { key: key.clone(), from: own, counter },
            opener: Opener { key, from: peer, seen },
        }
    }

    /// [`Sealer::seal`].
    ///
    /// # Errors
    ///
    /// As there.
    pub fn seal(&mut self, flags: u8, body: &[u8], out: &mut BytesMut) -> Result<(), CurveError> {
        self.sealer.seal(flags, body, out)
    }

    /// [`Opener::open`].
    ///
    /// # Errors
    ///
    /// As there.
    pub fn open(&mut self, command: &mut [u8], out: &mut BytesMut) -> Result<u8, CurveError> {
        self.opener.open(command, out)
    }

    /// [`Opener::open_in_place`].
    ///
    /// # Errors
    ///
    /// As there.
    pub fn open_in_place<'a>(
        &mut self,
        command: &'a mut [u8],
    ) -> Result<(u8, &'a mut [u8]), CurveError> {
        self.opener.open_in_place(command)
    }

    /// One half for whoever writes, one for whoever reads.
    #[must_use]
    pub fn split(self) -> (Sealer, Opener) {
        (self.sealer, self.opener)
    }
}

/// The half that writes.
#[cfg_attr(test, derive(Clone))]
pub struct Sealer {
    key: SharedKey,
    from: Side,
    counter: Counter,
}

impl Sealer {
    /// Appends the MESSAGE that has one frame in it: [`MESSAGE_OVERHEAD`](super::MESSAGE_OVERHEAD) octets
    /// more than `body`. It is encrypted where it is written.
    ///
    /// `flags` are those of the frame: 0, [`MORE`](super::MORE) or [`COMMAND`](super::COMMAND). The frame
    /// that it is sent in has no flags but that for its length. Send in the order of the calls: the peer
    /// takes no other.
    ///
    /// # Errors
    ///
    /// [`CurveError::Flags`] if there are no such flags; [`CurveError::Exhausted`] if there is no nonce
    /// left. Nothing is appended then.
    pub fn seal(&mut self, flags: u8, body: &[u8], out: &mut BytesMut) -> Result<(), CurveError> {
        let flags = message::check_flags(flags)?;
        let counter = self.counter.next()?;
        message::write(self.from, flags, body, &self.key, counter, out);
        Ok(())
    }
}

impl fmt::Debug for Sealer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { key: _, from, counter } = self;
        f.debug_struct("Sealer")
            .field("from", from)
            .field("counter", counter)
            .finish_non_exhaustive()
    }
}

/// The half that reads.
#[cfg_attr(test, derive(Clone))]
pub struct Opener {
    key: SharedKey,
    from: Side,
    seen: Seen,
}

impl Opener {
    /// Opens the body of a frame, a MESSAGE, and appends the body in it. Gives its flags: 0,
    /// [`MORE`](super::MORE) or [`COMMAND`](super::COMMAND). `command` is used up.
    ///
    /// # Errors
    ///
    /// [`CurveError`], if it is no MESSAGE, was changed, or is not later than all before. Nothing is
    /// appended then. Close the connection.
    pub fn open(&mut self, command: &mut [u8], out: &mut BytesMut) -> Result<u8, CurveError> {
        let (flags, body) = self.open_in_place(command)?;
        out.extend_from_slice(body);
        Ok(flags)
    }

    /// Opens the body of a frame, a MESSAGE, where it lies. Gives its flags and the body in it, which is
    /// the end of `command`, from [`MESSAGE_OVERHEAD`](super::MESSAGE_OVERHEAD) on.
    ///
    /// # Errors
    ///
    /// As [`open`](Self::open).
    pub fn open_in_place<'a>(
        &mut self,
        command: &'a mut [u8],
    ) -> Result<(u8, &'a mut [u8]), CurveError> {
        let counter = message::counter(command)?;
        self.seen.check(counter, message::NAME)?;
        let opened = message::open(self.from, command, &self.key, counter)?;
        self.seen.accept(counter);
        Ok(opened)
    }
}

impl fmt::Debug for Opener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { key: _, from, seen } = self;
        f.debug_struct("Opener").field("from", from).field("seen", seen).finish_non_exhaustive()
    }
}
