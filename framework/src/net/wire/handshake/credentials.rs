//! Who a peer claims to be, and the answer it gets.

use std::fmt;

use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::net::wire::keys::PublicKey;

/// What a peer offers to be let in.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Credentials {
    /// Nothing. Its address is all that can be judged.
    Null,
    /// A user name and a password.
    Plain {
        /// The user name: any text, perhaps empty.
        user: String,
        /// The password: any octets, perhaps none.
        password: Secret,
    },
    /// A key, which the peer has proved to be its own.
    Curve {
        /// Any key at all: whether it is a known one is to be judged.
        key: PublicKey,
    },
}

/// Octets that nobody should see: `Debug` does not show them, comparing tells nothing by its time but their
/// number, and dropping overwrites them.
#[derive(Clone)]
pub struct Secret(Zeroizing<Box<[u8]>>);

impl Secret {
    /// The octets.
    pub fn expose(&self) -> &[u8] {
        &self.0
    }
}

impl From<&[u8]> for Secret {
    fn from(octets: &[u8]) -> Secret {
        Secret(Zeroizing::new(octets.into()))
    }
}

impl From<&str> for Secret {
    fn from(text: &str) -> Secret {
        Secret::from(text.as_bytes())
    }
}

/// Overwrites the text it is made from.
impl From<String> for Secret {
    fn from(text: String) -> Secret {
        Secret::from(Zeroizing::new(text).as_bytes())
    }
}

impl PartialEq for Secret {
    fn eq(&self, other: &Secret) -> bool {
        self.expose().ct_eq(other.expose()).into()
    }
}

impl Eq for Secret {}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

/// Why a peer is not let in, as RFC 27 (ZAP) counts the reasons.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Denial {
    /// 300: it cannot be judged now. The peer is told nothing, and tries again.
    Temporary,
    /// 400: it may not come in.
    NotAllowed,
    /// 500: it cannot be judged, for a fault of this side.
    Failure,
}

impl Denial {
    /// The number that the peer is told.
    pub const fn code(self) -> u16 {
        match self {
            Self::Temporary => 300,
            Self::NotAllowed => 400,
            Self::Failure => 500,
        }
    }
}

impl fmt::Display for Denial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Temporary => "it cannot be judged now (300); it will try again",
            Self::NotAllowed => "it is not allowed in (400); check its credentials",
            Self::Failure => "it could not be judged (500); see why the authenticator failed",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_not_shown() {
        let password = Secret::from("hunter2");
        let credentials = Credentials::Plain { user: "admin".into(), password };
        let shown = format!("{credentials:?} {credentials:#?}");
        assert!(shown.contains("admin") && !shown.contains("hunter2"), "{shown}");
    }

    #[test]
    fn secrets_are_equal_only_octet_for_octet() {
        let secret = Secret::from("hunter2");
        assert_eq!(secret, Secret::from(String::from("hunter2")));
        for other in ["hunter3", "hunter", "hunter22", ""] {
            assert_ne!(secret, Secret::from(other));
        }
    }
}
