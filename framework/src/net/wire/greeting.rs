//! The greeting: the first 64 octets of each side (RFC 37, "Formal Grammar").
//!
//! ```text
//!   0     1 … 8     9      10      11     12 … 31     32          33 … 63
//!  ┌────┬─────────┬────┬───────┬───────┬───────────┬───────────┬─────────┐
//!  │ FF │ padding │ 7F │ major │ minor │ mechanism │ as-server │ filler  │
//!  └────┴─────────┴────┴───────┴───────┴───────────┴───────────┴─────────┘
//!     └─ signature ─┘   3       0, 1    NUL-padded   0, 1       zeros
//! ```
//!
//! Both sides send theirs at once; neither waits for the other. Of the peer's, only the signature's
//! ends, the version and the mechanism count. The padding is no zeros from libzmq, which puts a length
//! there for the sake of ZMTP 1.0. The as-server octet is 0 from libzmq even from servers, so who is
//! client and who is server is known from settings alone.

use std::fmt;

use bytes::{BufMut, BytesMut};

use super::error::{WireError, shown};

/// Octets of a greeting.
pub const SIZE: usize = 64;

const MAJOR: u8 = 3;
/// The latest minor version that is spoken here.
const MINOR: u8 = 1;

/// As many of the first octets as are shown if they are no greeting.
const SHOWN: usize = 16;

/// What a peer's greeting says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Greeting {
    /// The minor version of ZMTP 3 to speak with this peer: 0 or 1.
    pub minor: u8,
    /// The name of its mechanism, padded with NUL.
    pub mechanism: [u8; 20],
}

impl Greeting {
    /// Appends a greeting: version 3.1.
    ///
    /// `as_server` should be false with NULL, and else say which role this side has.
    pub fn encode(mechanism: Mechanism, as_server: bool, out: &mut BytesMut) {
        out.reserve(SIZE);
        out.put_u8(0xff);
        out.put_bytes(0, 8);
        out.put_u8(0x7f);
        out.put_slice(&[MAJOR, MINOR]);
        out.put_slice(&mechanism.field());
        out.put_u8(as_server.into());
        out.put_bytes(0, 31);
    }

    /// Reads the greeting at the front of `octets`. `None`: more octets are needed, up to [`SIZE`].
    ///
    /// A later version than 3.1 is taken as 3.1, as the RFC demands.
    ///
    /// # Errors
    ///
    /// [`NotZmtp`](WireError::NotZmtp) and [`TooOld`](WireError::TooOld), as soon as the octet that
    /// shows it is there.
    pub fn decode(octets: &[u8]) -> Result<Option<Greeting>, WireError> {
        let differs = |at: usize, right: u8| octets.get(at).is_some_and(|&octet| octet != right);
        if differs(0, 0xff) || differs(9, 0x7f) {
            return Err(WireError::NotZmtp { seen: shown(&octets[..octets.len().min(SHOWN)]) });
        }
        if let Some(&major) = octets.get(10)
            && major < MAJOR
        {
            return Err(WireError::TooOld { major });
        }
        let Some(octets) = octets.first_chunk::<SIZE>() else { return Ok(None) };
        let minor = if octets[10] > MAJOR { MINOR } else { octets[11].min(MINOR) };
        let mut mechanism = [0; 20];
        mechanism.copy_from_slice(&octets[12..32]);
        Ok(Some(Greeting { minor, mechanism }))
    }

    /// Compares the mechanisms, all of the 20 octets (RFC 37, "Authentication and Confidentiality").
    ///
    /// # Errors
    ///
    /// [`MechanismMismatch`](WireError::MechanismMismatch).
    pub fn expect_mechanism(&self, own: Mechanism) -> Result<(), WireError> {
        if self.mechanism == own.field() {
            return Ok(());
        }
        let name = self.mechanism.iter().rposition(|&octet| octet != 0).map_or(0, |last| last + 1);
        Err(WireError::MechanismMismatch { own, peer: shown(&self.mechanism[..name]) })
    }
}

/// How the two sides make sure of each other. A socket has one, and so must all of its peers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Mechanism {
    /// Not at all.
    Null,
    /// By user name and password, in the clear.
    Plain,
    /// By keys, with all traffic encrypted.
    Curve,
}

impl Mechanism {
    /// Its name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Null => "NULL",
            Self::Plain => "PLAIN",
            Self::Curve => "CURVE",
        }
    }

    /// Its name as it stands in a greeting.
    fn field(self) -> [u8; 20] {
        let mut field = [0; 20];
        field[..self.as_str().len()].copy_from_slice(self.as_str().as_bytes());
        field
    }
}

impl fmt::Display for Mechanism {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As libzmq sends it: a length in the padding, as-server 0.
    fn of_libzmq(major: u8, minor: u8, mechanism: &[u8]) -> Vec<u8> {
        let mut octets = vec![0xff, 0, 0, 0, 0, 0, 0, 0, 1, 0x7f, major, minor];
        octets.extend(mechanism);
        octets.resize(SIZE, 0);
        octets
    }

    fn own(mechanism: Mechanism, as_server: bool) -> BytesMut {
        let mut out = BytesMut::new();
        Greeting::encode(mechanism, as_server, &mut out);
        out
    }

    #[test]
    fn every_octet_of_a_greeting_is_in_its_place() {
        let octets = own(Mechanism::Plain, true);
        let mut expected = [0; SIZE];
        expected[0] = 0xff;
        expected[9..12].copy_from_slice(&[0x7f, 3, 1]);
        expected[12..17].copy_from_slice(b"PLAIN");
        expected[32] = 1;
        assert_eq!(octets[..], expected);
        assert_eq!(own(Mechanism::Null, false)[32], 0);
    }

    #[test]
    fn padding_server_octet_and_filler_do_not_count() {
        let mut octets = own(Mechanism::Curve, true);
        octets[1..9].fill(0xa5);
        octets[32..].fill(0xa5);
        let greeting = Greeting::decode(&octets).unwrap().unwrap();
        assert_eq!(greeting.minor, 1);
        assert_eq!(greeting.expect_mechanism(Mechanism::Curve), Ok(()));
    }

    #[test]
    fn the_lower_of_both_versions_is_spoken() {
        for (major, minor, spoken) in [(3, 0, 0), (3, 1, 1), (3, 2, 1), (4, 0, 1), (255, 255, 1)] {
            let octets = of_libzmq(major, minor, b"NULL");
            assert_eq!(Greeting::decode(&octets).unwrap().unwrap().minor, spoken);
        }
    }

    #[test]
    fn an_older_version_is_refused_from_its_11th_octet() {
        for major in 0..3 {
            let octets = of_libzmq(major, 1, b"");
            assert_eq!(Greeting::decode(&octets[..10]), Ok(None));
            assert_eq!(Greeting::decode(&octets[..11]), Err(WireError::TooOld { major }));
        }
    }

    #[test]
    fn another_protocol_is_refused_from_its_first_octet_and_shown() {
        let seen = |octets: &[u8]| match Greeting::decode(octets) {
            Err(WireError::NotZmtp { seen }) => seen,
            other => panic!("{other:?}"),
        };
        assert_eq!(seen(b"G"), "G");
        assert_eq!(seen(b"GET / HTTP/1.1\r\nHost: a\r\n"), r"GET / HTTP/1.1\r\n");
        // ZMTP 1.0, without an identity: first short, then long.
        assert_eq!(seen(&[1, 0]), r"\x01\x00");
        let old = [0xff, 0, 0, 0, 0, 0, 0, 0, 1, 0];
        assert_eq!(Greeting::decode(&old[..9]), Ok(None));
        assert!(seen(&old).starts_with(r"\xff"));
    }

    #[test]
    fn a_mechanism_must_match_to_its_last_octet() {
        let expect = |field: &[u8], own| {
            let greeting = Greeting::decode(&of_libzmq(3, 1, field)).unwrap().unwrap();
            greeting.expect_mechanism(own)
        };
        assert_eq!(expect(b"NULL", Mechanism::Null), Ok(()));
        let mismatch = |peer: &str| {
            Err(WireError::MechanismMismatch { own: Mechanism::Null, peer: peer.into() })
        };
        assert_eq!(expect(b"PLAIN", Mechanism::Null), mismatch("PLAIN"));
        assert_eq!(expect(b"null", Mechanism::Null), mismatch("null"));
        assert_eq!(expect(b"", Mechanism::Null), mismatch(""));
        let mut last = [0; 20];
        last[..4].copy_from_slice(b"NULL");
        last[19] = b'X';
        let shown = String::from("NULL") + &r"\x00".repeat(15) + "X";
        assert_eq!(expect(&last, Mechanism::Null), mismatch(&shown));
    }
}
