//! The side that knows whom it wants to speak to.

use std::fmt;
use std::mem;

use bytes::BytesMut;

use super::cipher::Cipher;
use super::nonce::{Counter, Seen};
use super::shared::SharedKey;
use super::{CurveError, hello, initiate, ready, vouch, welcome};
use crate::net::wire::keys::{KeyPair, PublicKey};

/// The client's part of a handshake: [`hello`](Self::hello), [`welcome`](Self::welcome),
/// [`ready`](Self::ready), in this order. It is the client of CURVE; which side has connected to which does
/// not matter.
///
/// Beyond what each method names, an error is [`CurveError::Turn`] if it was not its turn, and
/// [`CurveError::Refused`] if the server sent ERROR.
#[cfg_attr(test, derive(Clone))]
pub struct Client {
    own: KeyPair,
    server: PublicKey,
    step: Step,
}

#[cfg_attr(test, derive(Clone))]
enum Step {
    /// HELLO is next.
    Fresh,
    /// WELCOME is next. `key` is that of C' and S.
    Hello { transient: KeyPair, key: SharedKey, counter: Counter },
    /// READY is next. `key` is that of C' and S'.
    Initiate { key: SharedKey, counter: Counter },
    /// Done, or failed.
    Over,
}

impl Client {
    /// For the one server that has this key. `own` is what it will know this client by.
    #[must_use]
    pub fn new(own: KeyPair, server: PublicKey) -> Self {
        Self { own, server, step: Step::Fresh }
    }

    /// Makes a transient key and appends the HELLO, 200 octets. Called again, it begins anew, for another
    /// connection.
    ///
    /// # Panics
    ///
    /// If the system has no random numbers to give.
    pub fn hello(&mut self, out: &mut BytesMut) {
        self.begin(KeyPair::generate(), out);
    }

    /// Reads the server's WELCOME, 168 octets, and appends the INITIATE, 257 octets and `metadata`.
    ///
    /// # Errors
    ///
    /// If it is no WELCOME, or not from the owner of the server's key. Nothing is appended then.
    ///
    /// # Panics
    ///
    /// If the system has no random numbers to give.
    pub fn welcome(
        &mut self,
        body: &[u8],
        metadata: &[u8],
        out: &mut BytesMut,
    ) -> Result<(), CurveError> {
        let Step::Hello { transient, key, mut counter } = mem::replace(&mut self.step, Step::Over)
        else {
            return Err(CurveError::Turn { command: "WELCOME" });
        };
        let welcome = welcome::read(body, &key)?;
        let key = SharedKey::new(&welcome.transient, &transient.secret);
        let vouch = vouch::write(
            &transient.public,
            &self.server,
            &SharedKey::new(&welcome.transient, &self.own.secret),
        );
        let second = counter.next()?;
        let own = &self.own.public;
        initiate::write(&welcome.cookie, own, &vouch, metadata, &key, second, out);
        self.step = Step::Initiate { key, counter };
        Ok(())
    }

    /// Reads the server's READY, 30 octets and its metadata, which it gives with the key for all that
    /// follows.
    ///
    /// # Errors
    ///
    /// If it is no READY, or was changed.
    pub fn ready(&mut self, body: &[u8]) -> Result<(Vec<u8>, Cipher), CurveError> {
        let Step::Initiate { key, counter } = mem::replace(&mut self.step, Step::Over) else {
            return Err(CurveError::Turn { command: "READY" });
        };
        let (metadata, first) = ready::read(body, &key)?;
        Ok((metadata, Cipher::client(key, counter, Seen::first(first))))
    }

    /// [`hello`](Self::hello) with a given transient key.
    pub(super) fn begin(&mut self, transient: KeyPair, out: &mut BytesMut) {
        let key = SharedKey::new(&self.server, &transient.secret);
        let (counter, first) = Counter::started();
        hello::write(&transient.public, &key, first, out);
        self.step = Step::Hello { transient, key, counter };
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let step = match self.step {
            Step::Fresh => "Fresh",
            Step::Hello { .. } => "Hello",
            Step::Initiate { .. } => "Initiate",
            Step::Over => "Over",
        };
        let Self { own, server, step: _ } = self;
        f.debug_struct("Client")
            .field("own", &own.public)
            .field("server", server)
            .field("step", &step)
            .finish_non_exhaustive()
    }
}
