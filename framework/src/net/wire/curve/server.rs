//! The side that is known beforehand, and learns who comes.

use std::fmt;
use std::mem;

use bytes::BytesMut;

use super::cipher::Cipher;
use super::cookie::CookieKey;
use super::nonce::{Counter, Seen};
use super::shared::SharedKey;
use super::{CurveError, hello, initiate, ready, vouch, welcome};
use crate::net::wire::keys::{KeyPair, PublicKey};

/// The server's part of one handshake: [`hello`](Self::hello), [`initiate`](Self::initiate),
/// [`ready`](Self::ready), in this order. It is the server of CURVE; which side has connected to which does
/// not matter.
///
/// Until the client has shown the cookie, the key of the cookie and one number are all that is kept.
///
/// Beyond what each method names, an error is [`CurveError::Turn`] if it was not its turn.
#[cfg_attr(test, derive(Clone))]
pub struct Server {
    own: KeyPair,
    step: Step,
}

#[cfg_attr(test, derive(Clone))]
enum Step {
    /// HELLO is next.
    Fresh,
    /// INITIATE is next.
    Welcome { cookie: CookieKey, seen: Seen },
    /// The caller lets the client in, or not. `key` is that of C' and S'.
    Initiate { key: SharedKey, seen: Seen },
    /// Done, or failed.
    Over,
}

/// A client that has proved who it is, and waits to be let in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Initiate {
    /// Whose secret key the client has. It is proved, but may be a key that nobody knows.
    pub client: PublicKey,
    /// What the client says about itself, not yet read.
    pub metadata: Vec<u8>,
}

impl Server {
    /// For one connection. `own` is what clients know this server by.
    #[must_use]
    pub fn new(own: KeyPair) -> Self {
        Self { own, step: Step::Fresh }
    }

    /// Reads the client's HELLO, 200 octets, and appends the WELCOME, 168 octets.
    ///
    /// # Errors
    ///
    /// If it is no HELLO, or for another server. Nothing is appended then.
    ///
    /// # Panics
    ///
    /// If the system has no random numbers to give.
    pub fn hello(&mut self, body: &[u8], out: &mut BytesMut) -> Result<(), CurveError> {
        let Step::Fresh = mem::replace(&mut self.step, Step::Over) else {
            return Err(CurveError::Turn { command: "HELLO" });
        };
        let hello = hello::read(body, &self.own.secret)?;
        let transient = KeyPair::generate();
        let cookie = CookieKey::generate();
        let sealed = cookie.seal(&hello.transient, &transient.secret);
        welcome::write(&transient.public, &sealed, &hello.key, out);
        self.step = Step::Welcome { cookie, seen: Seen::first(hello.counter) };
        Ok(())
    }

    /// Reads the client's INITIATE, 257 octets and its metadata. Cookie and vouch are checked; whether the
    /// client may come in is the caller's to decide. If so, call [`ready`](Self::ready); else send ERROR
    /// and close.
    ///
    /// # Errors
    ///
    /// If it is no INITIATE, was changed, is from another connection, or does not prove the client's key.
    pub fn initiate(&mut self, body: &[u8]) -> Result<Initiate, CurveError> {
        let Step::Welcome { cookie, mut seen } = mem::replace(&mut self.step, Step::Over) else {
            return Err(CurveError::Turn { command: initiate::NAME });
        };
        let sealed = initiate::read(body)?;
        seen.check(sealed.counter, initiate::NAME)?;
        let (transient, secret) = cookie.open(&sealed.cookie)?;
        let key = SharedKey::new(&transient, &secret);
        let opened = sealed.open(&key)?;
        let vouched = SharedKey::new(&opened.client, &secret);
        vouch::check(&opened.vouch, &transient, &self.own.public, &vouched)?;
        seen.accept(sealed.counter);
        self.step = Step::Initiate { key, seen };
        Ok(Initiate { client: opened.client, metadata: opened.metadata })
    }

    /// Lets the client in: appends the READY, 30 octets and `metadata`, and gives the key for all that
    /// follows.
    ///
    /// # Errors
    ///
    /// [`CurveError::Turn`] only.
    pub fn ready(&mut self, metadata: &[u8], out: &mut BytesMut) -> Result<Cipher, CurveError> {
        let Step::Initiate { key, seen } = mem::replace(&mut self.step, Step::Over) else {
            return Err(CurveError::Turn { command: "READY" });
        };
        let (counter, first) = Counter::started();
        ready::write(metadata, &key, first, out);
        Ok(Cipher::server(key, counter, seen))
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let step = match self.step {
            Step::Fresh => "Fresh",
            Step::Welcome { .. } => "Welcome",
            Step::Initiate { .. } => "Initiate",
            Step::Over => "Over",
        };
        let Self { own, step: _ } = self;
        f.debug_struct("Server")
            .field("own", &own.public)
            .field("step", &step)
            .finish_non_exhaustive()
    }
}
