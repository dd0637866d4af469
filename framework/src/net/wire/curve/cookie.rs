//! The cookie: what the server must know again at INITIATE, kept by the client (RFC 26, "The WELCOME
//! command").
//!
//! ```text
//!    0   long nonce     16   COOKIE--
//!   16   box            80   ├ C', 32 ┤├ s', 32 ┤     its key is the server's alone
//!   96
//! ```
//!
//! RFC 26 lets a server have one key for the cookies of all, renewed each minute, so as to remember nothing
//! per connection. Here each connection has its own, used once: 32 octets, and a cookie of another
//! connection is worth nothing.

use crypto_box::aead::OsRng;
use crypto_secretbox::{KeyInit, XSalsa20Poly1305};
use zeroize::Zeroizing;

use super::CurveError;
use super::command::field;
use super::nonce;
use super::shared::{self, TAG};
use crate::net::wire::keys::{KEY_SIZE, PublicKey, SecretKey};

const PREFIX: &[u8; 8] = b"COOKIE--";
const BOX: usize = TAG + KEY_SIZE + KEY_SIZE;

/// Octets of a cookie.
pub(super) const COOKIE: usize = nonce::LONG + BOX;

/// What opens the cookie of one connection. Overwritten when it is dropped.
#[cfg_attr(test, derive(Clone))]
pub(super) struct CookieKey(Box<XSalsa20Poly1305>);

impl CookieKey {
    /// From the system's random numbers.
    pub(super) fn generate() -> Self {
        let key = Zeroizing::new(XSalsa20Poly1305::generate_key(OsRng));
        Self(Box::new(XSalsa20Poly1305::new(&key)))
    }

    /// Puts the client's transient key and the server's transient secret away.
    pub(super) fn seal(&self, client: &PublicKey, secret: &SecretKey) -> [u8; COOKIE] {
        let random = nonce::random();
        let mut cookie = [0; COOKIE];
        let (head, boxed) = cookie.split_at_mut(nonce::LONG);
        head.copy_from_slice(&random);
        boxed[TAG..TAG + KEY_SIZE].copy_from_slice(client.as_bytes());
        boxed[TAG + KEY_SIZE..].copy_from_slice(secret.expose());
        shared::seal(&*self.0, &nonce::long(PREFIX, &random), boxed);
        cookie
    }

    /// Takes them out again, once.
    pub(super) fn open(self, cookie: &[u8; COOKIE]) -> Result<(PublicKey, SecretKey), CurveError> {
        let mut boxed = Zeroizing::new(field::<BOX>(cookie, nonce::LONG));
        let nonce = nonce::long(PREFIX, &field(cookie, 0));
        let contents =
            shared::open(&*self.0, &nonce, boxed.as_mut_slice()).map_err(|_| CurveError::Cookie)?;
        let client = PublicKey::from_bytes(field(contents, 0)).map_err(|_| CurveError::Cookie)?;
        let secret = SecretKey::filled(|place| place.copy_from_slice(&contents[KEY_SIZE..]));
        Ok((client, secret))
    }
}
