//! What a peer says of itself at the end of the handshake (RFC 37, "Connection Metadata").
//!
//! ```text
//!  one property, repeated to the end of the command
//!  ┌─────────────┬────────┬──────────────────────────┬─────────┐
//!  │ name length │ name   │ value length, big-endian │ value … │
//!  └─────────────┴────────┴──────────────────────────┴─────────┘
//!         1        1…255               4
//! ```
//!
//! A name has ASCII letters, digits and `-_.+`; upper and lower case are the same. A value is at most
//! 2^31 - 1 octets; one that claims more than has come is malformed.
//!
//! The properties that have a meaning in ZMTP, which are Socket-Type, Identity and Resource, may be there
//! once only. Of others that are repeated, which the RFC does not speak of, the first counts, as in
//! libzmq; [`iter`](Metadata::iter) shows all.

use std::borrow::Cow;
use std::fmt;

use bytes::{BufMut, Bytes, BytesMut};

use super::error::WireError;

/// The sender's socket type.
pub const SOCKET_TYPE: &str = "Socket-Type";
/// The sender's identity.
pub const IDENTITY: &str = "Identity";
/// Which of the services at one endpoint is meant.
pub const RESOURCE: &str = "Resource";

/// What names of the application's own start with.
const OWN_PREFIX: &str = "X-";

/// Of the name and of the value.
const LENGTHS: usize = 1 + 4;

/// Properties, in the order in which they were sent.
///
/// Holds them as they are on the wire: exactly as many octets as came, in one allocation.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Metadata {
    octets: Bytes,
}

impl Metadata {
    /// Reads all of `octets`, and keeps a copy.
    ///
    /// # Errors
    ///
    /// [`Malformed`](WireError::Malformed), [`RepeatedProperty`](WireError::RepeatedProperty).
    pub fn decode(octets: &[u8]) -> Result<Metadata, WireError> {
        let mut seen = [false; 3];
        let mut rest = octets;
        while let Some((property, after)) = split(rest)? {
            for (name, seen) in [SOCKET_TYPE, IDENTITY, RESOURCE].into_iter().zip(&mut seen) {
                if property.0.eq_ignore_ascii_case(name) && std::mem::replace(seen, true) {
                    return Err(WireError::RepeatedProperty { name });
                }
            }
            rest = after;
        }
        Ok(Metadata { octets: Bytes::copy_from_slice(octets) })
    }

    /// Properties to be sent. The names that have a meaning in ZMTP, and the `X-` of the application's
    /// own, are sent in their canonical case, since libzmq tells upper and lower case apart.
    ///
    /// # Errors
    ///
    /// [`OwnProperty`](WireError::OwnProperty) for a name that is not legal or is there already, and for
    /// a value that is too long.
    pub fn encode<'a>(
        properties: impl IntoIterator<Item = (&'a str, &'a [u8])>,
    ) -> Result<Metadata, WireError> {
        let mut octets = BytesMut::new();
        for (name, value) in properties {
            let wrong = |problem| WireError::OwnProperty { name: name.into(), problem };
            let length = u8::try_from(name.len()).ok().filter(|&length| length > 0);
            let length = length.ok_or_else(|| wrong("a name has 1 to 255 octets"))?;
            if !name.bytes().all(is_name) {
                return Err(wrong("a name has ASCII letters, digits and `-_.+` only"));
            }
            if find(&octets, name).is_some() {
                return Err(wrong("the name is there twice"));
            }
            let size = i32::try_from(value.len());
            let size = size.map_err(|_| wrong("the longest value has 2^31 - 1 octets"))?;
            octets.put_u8(length);
            octets.put_slice(canonical(name).as_bytes());
            octets.put_i32(size);
            octets.put_slice(value);
        }
        Ok(Metadata { octets: octets.freeze() })
    }

    /// The value of the property; upper and lower case of the name are the same.
    pub fn get(&self, name: &str) -> Option<&[u8]> {
        find(&self.octets, name)
    }

    /// The value of the property, sharing this one's memory.
    pub fn get_bytes(&self, name: &str) -> Option<Bytes> {
        self.get(name).map(|value| self.octets.slice_ref(value))
    }

    /// All properties: names as they were sent, and values.
    pub fn iter(&self) -> Iter<'_> {
        Iter { rest: &self.octets }
    }

    /// The properties as they are on the wire.
    pub fn as_octets(&self) -> &[u8] {
        &self.octets
    }
}

impl fmt::Debug for Metadata {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = self.iter().map(|(name, value)| (name, value.escape_ascii().to_string()));
        f.debug_map().entries(shown).finish()
    }
}

impl<'a> IntoIterator for &'a Metadata {
    type Item = (&'a str, &'a [u8]);
    type IntoIter = Iter<'a>;

    fn into_iter(self) -> Iter<'a> {
        self.iter()
    }
}

/// The properties of a [`Metadata`].
#[derive(Debug, Clone)]
pub struct Iter<'a> {
    rest: &'a [u8],
}

impl<'a> Iterator for Iter<'a> {
    type Item = (&'a str, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        // There is no error: what is in a `Metadata` was read before.
        let (property, rest) = split(self.rest).ok()??;
        self.rest = rest;
        Some(property)
    }
}

/// A name and its value.
type Property<'a> = (&'a str, &'a [u8]);

/// The first property, and the octets after it. `None`: there are no octets.
fn split(octets: &[u8]) -> Result<Option<(Property<'_>, &[u8])>, WireError> {
    let wrong = |problem| WireError::Malformed { what: "metadata", problem };
    let Some((&length, rest)) = octets.split_first() else { return Ok(None) };
    if length == 0 {
        return Err(wrong("a name is empty"));
    }
    let (name, rest) =
        rest.split_at_checked(length.into()).ok_or_else(|| wrong("it ends within a name"))?;
    let name = std::str::from_utf8(name).ok().filter(|name| name.bytes().all(is_name));
    let name = name.ok_or_else(|| wrong("a name has an octet that is not allowed"))?;
    let (length, rest) =
        rest.split_first_chunk().ok_or_else(|| wrong("it ends within a value's length"))?;
    let length = usize::try_from(i32::from_be_bytes(*length));
    let length = length.map_err(|_| wrong("a value claims more than 2^31 - 1 octets"))?;
    let (value, rest) =
        rest.split_at_checked(length).ok_or_else(|| wrong("it ends within a value"))?;
    Ok(Some(((name, value), rest)))
}

fn find<'a>(octets: &'a [u8], name: &str) -> Option<&'a [u8]> {
    let mut properties = Iter { rest: octets };
    properties.find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value)
}

fn is_name(octet: u8) -> bool {
    octet.is_ascii_alphanumeric() || matches!(octet, b'-' | b'_' | b'.' | b'+')
}

fn canonical(name: &str) -> Cow<'_, str> {
    let known = [SOCKET_TYPE, IDENTITY, RESOURCE];
    if let Some(known) = known.into_iter().find(|known| known.eq_ignore_ascii_case(name)) {
        return known.into();
    }
    match name.split_at_checked(OWN_PREFIX.len()) {
        Some((prefix, rest)) if prefix.eq_ignore_ascii_case(OWN_PREFIX) => {
            format!("{OWN_PREFIX}{rest}").into()
        }
        _ => name.into(),
    }
}

/// Octets that a property takes on the wire.
pub(super) fn size(name: &str, value: &[u8]) -> usize {
    name.len().saturating_add(value.len()).saturating_add(LENGTHS)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const DEALER: &[u8] = b"\x0bSocket-Type\0\0\0\x06DEALER\x08Identity\0\0\0\0";

    fn malformed(octets: &[u8]) -> &'static str {
        match Metadata::decode(octets) {
            Err(WireError::Malformed { what: "metadata", problem }) => problem,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_example_of_the_rfc_is_read_and_written() {
        let read = Metadata::decode(DEALER).unwrap();
        assert_eq!(read.get("Socket-Type"), Some(&b"DEALER"[..]));
        assert_eq!(read.get("Identity"), Some(&b""[..]));
        assert_eq!(read.get("Resource"), None);
        let written =
            Metadata::encode([("Socket-Type", &b"DEALER"[..]), ("Identity", &b""[..])]).unwrap();
        assert_eq!(written.as_octets(), DEALER);
    }

    #[test]
    fn names_are_found_in_any_case_and_sent_in_the_canonical_one() {
        let properties = [
            ("socket-TYPE", &b"REQ"[..]),
            ("identity", &b"me"[..]),
            ("RESOURCE", &b"r"[..]),
            ("x-Build.Id", &b"7"[..]),
            ("Other", &b"8"[..]),
        ];
        let metadata = Metadata::encode(properties).unwrap();
        let names: Vec<_> = metadata.iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["Socket-Type", "Identity", "Resource", "X-Build.Id", "Other"]);
        assert_eq!(metadata.get("X-BUILD.ID"), Some(&b"7"[..]));
        assert_eq!(metadata.get_bytes("iDENTITY"), Some(Bytes::from_static(b"me")));
    }

    #[test]
    fn metadata_that_is_cut_anywhere_but_between_properties_is_malformed() {
        let between = DEALER.len() - b"\x08Identity\0\0\0\0".len();
        for end in 0..=DEALER.len() {
            let whole = end == 0 || end == between || end == DEALER.len();
            assert_eq!(Metadata::decode(&DEALER[..end]).is_ok(), whole, "{end}");
        }
    }

    #[test]
    fn each_fault_is_named() {
        assert_eq!(malformed(b"\0\0\0\0\0"), "a name is empty");
        assert_eq!(malformed(b"\x05abc"), "it ends within a name");
        assert_eq!(malformed(b"\x03a b\0\0\0\0"), "a name has an octet that is not allowed");
        assert_eq!(malformed(b"\x02\xc3\xa4\0\0\0\0"), "a name has an octet that is not allowed");
        assert_eq!(malformed(b"\x01a\0\0\0"), "it ends within a value's length");
        assert_eq!(malformed(b"\x01a\x80\0\0\0"), "a value claims more than 2^31 - 1 octets");
        assert_eq!(malformed(b"\x01a\x7f\xff\xff\xff"), "it ends within a value");
    }

    #[test]
    fn what_has_a_meaning_may_be_there_once_and_of_the_rest_the_first_counts() {
        let twice = [DEALER, b"\x08iDENTITY\0\0\0\0"].concat();
        assert_eq!(Metadata::decode(&twice), Err(WireError::RepeatedProperty { name: "Identity" }));
        let metadata = Metadata::decode(b"\x03X-a\0\0\0\x011\x03X-A\0\0\0\x012").unwrap();
        assert_eq!(metadata.get("x-a"), Some(&b"1"[..]));
        assert_eq!(metadata.iter().count(), 2);
    }

    #[test]
    fn own_names_are_checked() {
        let problem = |names: &[&str]| {
            let properties = names.iter().map(|name| (*name, &b""[..]));
            Metadata::encode(properties).map(drop).unwrap_err().to_string()
        };
        assert!(problem(&[""]).contains("1 to 255"));
        assert!(problem(&[&"a".repeat(256)]).contains("1 to 255"));
        assert!(problem(&["a b"]).contains("letters"));
        assert!(problem(&["X-a", "x-A"]).contains("twice"));
    }

    proptest! {
        #[test]
        fn any_octets_are_read_or_refused_and_kept_as_they_came(
            octets in prop::collection::vec(prop_oneof![0..4u8, Just(b'a'), any::<u8>()], 0..64)
        ) {
            if let Ok(metadata) = Metadata::decode(&octets) {
                let sizes: usize = metadata.iter().map(|(name, value)| size(name, value)).sum();
                prop_assert_eq!(sizes, octets.len());
                prop_assert_eq!(metadata.as_octets(), octets);
            }
        }

        #[test]
        fn what_was_written_is_read(
            properties in prop::collection::hash_map(
                "[a-zA-Z0-9_.+-]{1,12}", prop::collection::vec(any::<u8>(), 0..300), 0..6
            )
        ) {
            let given = properties.iter().map(|(name, value)| (name.as_str(), value.as_slice()));
            if let Ok(written) = Metadata::encode(given.clone()) {
                let read = Metadata::decode(written.as_octets()).unwrap();
                for (name, value) in given {
                    prop_assert_eq!(read.get(name), Some(value));
                }
            }
        }
    }
}
