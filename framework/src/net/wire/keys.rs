//! Keys: who a peer of a CURVE connection is.
//!
//! A [`KeyPair`] is made once and kept, for example in a [certificate](crate::net::certificate). The public
//! half is given away; whoever holds the secret half is, for all others, that peer.
//!
//! A [`PublicKey`] is always one that can keep a secret: constructors refuse the few points of the curve
//! with which everybody can compute the shared key, and refuse second spellings of one key, so two keys are
//! the same peer exactly if their octets are equal. A [`SecretKey`] never shows itself in `Debug` and is
//! overwritten when it is dropped. What cannot be promised: copies that the compiler or the system makes
//! (registers, stack, swap) are out of reach.
//!
//! Text is Z85 (RFC 32), 40 characters for a key, as all ZeroMQ programs write it.

use std::fmt;
use std::hint::black_box;
use std::str::FromStr;

use crypto_box::SalsaBox;
use crypto_box::aead::OsRng;
use crypto_box::aead::rand_core::RngCore;
use zeroize::Zeroizing;

use super::z85::{self, Z85Error};

/// Octets of a key, of either half.
pub const KEY_SIZE: usize = 32;

/// The u-coordinates of the points of small order on Curve25519 and its twist. Times whatever secret key,
/// they give zero or one of a handful of points, so that everybody can open the box of such a "key". Their
/// other spellings (2²⁵⁵ - 19 and above, or the unused top bit set) are refused already for being such.
///
/// There are mixed points besides, a good key and one of these added up. They are not refused: version 0.9.1
/// of `crypto_box` reduces the secret number by the order of the curve, against the habit of X25519, so who
/// sends one can learn the three lowest bits of that number, of 252, and nothing more.
const SMALL_ORDER: [[u8; KEY_SIZE]; 5] = [
    [0; KEY_SIZE],
    {
        let mut one = [0; KEY_SIZE];
        one[0] = 1;
        one
    },
    {
        // 2²⁵⁵ - 20, which is -1.
        let mut minus_one = [0xff; KEY_SIZE];
        minus_one[0] = 0xec;
        minus_one[31] = 0x7f;
        minus_one
    },
    [
        0xe0, 0xeb, 0x7a, 0x7c, 0x3b, 0x41, 0xb8, 0xae, 0x16, 0x56, 0xe3, 0xfa, 0xf1, 0x9f, 0xc4,
        0x6a, 0xda, 0x09, 0x8d, 0xeb, 0x9c, 0x32, 0xb1, 0xfd, 0x86, 0x62, 0x05, 0x16, 0x5f, 0x49,
        0xb8, 0x00,
    ],
    [
        0x5f, 0x9c, 0x95, 0xbc, 0xa3, 0x50, 0x8c, 0x24, 0xb1, 0xd0, 0xb1, 0x55, 0x9c, 0x83, 0xef,
        0x5b, 0x04, 0x44, 0x5c, 0xc4, 0x58, 0x1c, 0x8e, 0x86, 0xd8, 0x22, 0x4e, 0xdd, 0xd0, 0x9f,
        0x11, 0x57,
    ],
];

/// Octets or a text that are no key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// The text is not Z85.
    #[error("the key is not Z85: {0}")]
    Text(#[from] Z85Error),
    /// The text has not 40 characters.
    #[error(
        "a key has 40 characters of Z85, and here are {octets} octets; check for what was cut off"
    )]
    Length {
        /// How many octets there are; each character should be one.
        octets: usize,
    },
    /// No key pair has this public key: it is another spelling of one, with a number above the largest.
    #[error("the public key is not written as X25519 writes it; take it from its owner again")]
    Spelling,
    /// With this public key nothing is secret.
    #[error("the public key is a point of small order, which protects nothing; refuse its owner")]
    SmallOrder,
    /// The public key is not the one of the secret key.
    #[error("the public and the secret key do not belong together; take both from one certificate")]
    Halves,
}

/// The half of a key pair that is given away.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PublicKey([u8; KEY_SIZE]);

impl PublicKey {
    /// Takes the octets as they are on the wire.
    ///
    /// # Errors
    ///
    /// [`KeyError::Spelling`] or [`KeyError::SmallOrder`], if no honest key pair has this half.
    pub fn from_bytes(bytes: [u8; KEY_SIZE]) -> Result<Self, KeyError> {
        let [first, middle @ .., last] = &bytes;
        let above = *first >= 0xed && middle.iter().all(|octet| *octet == 0xff) && *last == 0x7f;
        if *last > 0x7f || above {
            return Err(KeyError::Spelling);
        }
        if SMALL_ORDER.contains(&bytes) {
            return Err(KeyError::SmallOrder);
        }
        Ok(Self(bytes))
    }

    /// The octets as they are on the wire.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; KEY_SIZE] {
        &self.0
    }
}

/// Z85.
impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&z85::encode(&self.0).map_err(|_| fmt::Error)?)
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({self})")
    }
}

/// Z85.
impl FromStr for PublicKey {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, KeyError> {
        Self::from_bytes(*octets(text)?)
    }
}

/// The half of a key pair that nobody else may have.
#[derive(Clone)]
pub struct SecretKey(
    // In a box, so that moving the key leaves no copy behind.
    Box<Zeroizing<[u8; KEY_SIZE]>>,
);

impl SecretKey {
    /// Takes the octets. Overwriting the place that they came from is yours to do.
    #[must_use]
    pub fn from_bytes(bytes: [u8; KEY_SIZE]) -> Self {
        Self::filled(|place| *place = bytes)
    }

    /// The key as Z85, overwritten when it is dropped; a `Display` would be too easy to log.
    #[must_use]
    pub fn to_z85(&self) -> Zeroizing<String> {
        // 32 is a multiple of 4.
        Zeroizing::new(z85::encode(self.0.as_slice()).unwrap_or_default())
    }

    /// The other half.
    #[must_use]
    pub fn public(&self) -> PublicKey {
        PublicKey(self.lend(|key| key.public_key().to_bytes()))
    }

    /// The box that only the owners of the two pairs can fill and open.
    pub(crate) fn shared(&self, theirs: &PublicKey) -> SalsaBox {
        self.lend(|key| SalsaBox::new(&crypto_box::PublicKey::from_bytes(theirs.0), key))
    }

    /// The octets, to be put into a box and nowhere else.
    pub(crate) fn expose(&self) -> &[u8; KEY_SIZE] {
        &self.0
    }

    fn generate() -> Self {
        Self::filled(|place| OsRng.fill_bytes(place))
    }

    /// Has the octets written to where they stay.
    pub(crate) fn filled(fill: impl FnOnce(&mut [u8; KEY_SIZE])) -> Self {
        let mut key = Box::new(Zeroizing::new([0; KEY_SIZE]));
        fill(&mut key);
        Self(key)
    }

    /// Lends the key in the form that the crate for the boxes wants.
    fn lend<T>(&self, to: impl FnOnce(&crypto_box::SecretKey) -> T) -> T {
        let mut key = crypto_box::SecretKey::from_bytes(**self.0);
        let result = to(&key);
        // Version 0.9.1 overwrites one of its two copies when it is dropped. So another key is laid over
        // both, and looked at, or the optimiser would leave it out.
        key = crypto_box::SecretKey::from_bytes([0; KEY_SIZE]);
        black_box(&key);
        result
    }
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SecretKey").finish_non_exhaustive()
    }
}

/// Z85.
impl FromStr for SecretKey {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, KeyError> {
        let bytes = octets(text)?;
        Ok(Self::filled(|place| place.copy_from_slice(bytes.as_slice())))
    }
}

/// Both halves: who this side is.
#[derive(Clone, Debug)]
pub struct KeyPair {
    /// What others know this side by.
    pub public: PublicKey,
    /// What proves it.
    pub secret: SecretKey,
}

impl KeyPair {
    /// Makes a new one, from the system's random numbers.
    ///
    /// # Panics
    ///
    /// If the system has none to give, which a system that runs does not do.
    #[must_use]
    pub fn generate() -> Self {
        Self::from_secret(SecretKey::generate())
    }

    /// Computes the public half.
    #[must_use]
    pub fn from_secret(secret: SecretKey) -> Self {
        Self { public: secret.public(), secret }
    }

    /// Whether the halves belong together.
    ///
    /// # Errors
    ///
    /// [`KeyError::Halves`] if not.
    pub fn check(&self) -> Result<(), KeyError> {
        if self.secret.public() == self.public { Ok(()) } else { Err(KeyError::Halves) }
    }
}

/// The octets of a key in Z85.
fn octets(text: &str) -> Result<Zeroizing<[u8; KEY_SIZE]>, KeyError> {
    if text.len() != KEY_SIZE / 4 * 5 {
        return Err(KeyError::Length { octets: text.len() });
    }
    let mut octets = Zeroizing::new([0; KEY_SIZE]);
    z85::decode_into(text, octets.as_mut_slice())?;
    Ok(octets)
}

#[cfg(test)]
mod tests;
