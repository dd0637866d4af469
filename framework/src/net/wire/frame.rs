//! Frames: what everything after the greeting is cut into (RFC 37, "Framing").
//!
//! ```text
//!  short form, a body of 0 to 255 octets
//!  ┌───────┬────────┬──────────────┐
//!  │ flags │ length │ body …       │
//!  └───────┴────────┴──────────────┘
//!      1       1       length
//!
//!  long form, a body of 0 to 2^63 - 1 octets
//!  ┌───────┬──────────────────────┬──────────────┐
//!  │ flags │ length, big-endian   │ body …       │
//!  └───────┴──────────────────────┴──────────────┘
//!      1             8               length
//!
//!  flags   bit 7 … 3     2         1      0
//!          ┌──────────┬─────────┬──────┬──────┐
//!          │    0     │ COMMAND │ LONG │ MORE │
//!          └──────────┴─────────┴──────┴──────┘
//! ```
//!
//! Only headers are read and written here; a body is the caller's, so that it need not be copied. Read
//! whole for each frame of traffic, so all of it is inlined.

use bytes::BufMut;

use super::error::WireError;

/// The longest body that a frame can have: the RFC's limit, octets.
pub const LONGEST_BODY: u64 = i64::MAX as u64;

/// The longest body that the short form can have, octets.
const LONGEST_SHORT: u64 = 255;

/// Octets of a header in the short form.
const SHORT: usize = 2;
/// Octets of a header in the long form.
const LONG: usize = 9;

/// What kind of frame it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Flags(u8);

impl Flags {
    const MORE: u8 = 0b001;
    const LONG: u8 = 0b010;
    const COMMAND: u8 = 0b100;

    /// Bit `n` is set if the octet `n` is legal flags: all of the three bits but COMMAND with MORE.
    const LEGAL: u8 = 0b0101_1111;

    /// A frame of a message; `more` says that another frame of the same message follows.
    #[inline]
    pub const fn message(more: bool) -> Flags {
        Flags(more as u8)
    }

    /// A command, which is always one frame.
    #[inline]
    pub const fn command() -> Flags {
        Flags(Self::COMMAND)
    }

    /// Another frame of the same message follows.
    #[inline]
    pub const fn more(self) -> bool {
        self.0 & Self::MORE != 0
    }

    /// The frame is a command, no message.
    #[inline]
    pub const fn is_command(self) -> bool {
        self.0 & Self::COMMAND != 0
    }

    /// The same, of a header in its long form.
    #[inline]
    pub(crate) const fn long(self) -> Flags {
        Flags(self.0 | Self::LONG)
    }

    #[inline]
    const fn is_long(self) -> bool {
        self.0 & Self::LONG != 0
    }

    #[inline]
    fn decode(octet: u8) -> Result<Flags, WireError> {
        if octet < 8 && Self::LEGAL >> octet & 1 == 1 {
            Ok(Flags(octet))
        } else {
            Err(Self::fault_slow(octet))
        }
    }

    #[cold]
    fn fault_slow(flags: u8) -> WireError {
        if flags < 8 {
            WireError::CommandWithMore { flags }
        } else {
            WireError::ReservedFlags { flags }
        }
    }
}

/// What stands before a frame's body.
///
/// The form, short or long, is part of it: a header that was read in the long form, though its body is
/// short, which is legal, is [written](Self::encode) in the long form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Header {
    /// The kind of frame.
    pub flags: Flags,
    /// Octets of the body. As read, it is what the peer claims: allocate nothing by it.
    pub length: u64,
}

impl Header {
    /// Reads the header at the front of `octets`. `None`: more octets are needed.
    ///
    /// # Errors
    ///
    /// [`ReservedFlags`](WireError::ReservedFlags) and [`CommandWithMore`](WireError::CommandWithMore),
    /// both from the first octet on; [`TooLong`](WireError::TooLong) for more than [`LONGEST_BODY`].
    #[inline]
    pub fn decode(octets: &[u8]) -> Result<Option<Header>, WireError> {
        let Some((&first, rest)) = octets.split_first() else { return Ok(None) };
        let flags = Flags::decode(first)?;
        if !flags.is_long() {
            return Ok(rest.first().map(|&length| Header { flags, length: length.into() }));
        }
        let Some(length) = rest.first_chunk() else { return Ok(None) };
        let length = u64::from_be_bytes(*length);
        if length > LONGEST_BODY {
            return Err(WireError::TooLong { size: length, longest: LONGEST_BODY });
        }
        Ok(Some(Header { flags, length }))
    }

    /// Appends the header; the body is to follow. In the short form if the body has at most 255
    /// octets.
    #[inline]
    pub fn encode(&self, out: &mut impl BufMut) {
        if self.size() == SHORT {
            out.put_slice(&[self.flags.0, self.length as u8]);
        } else {
            let mut octets = [self.flags.0 | Flags::LONG; LONG];
            octets[1..].copy_from_slice(&self.length.to_be_bytes());
            out.put_slice(&octets);
        }
    }

    /// The header, in the short form, of a body of at most 255 octets.
    #[inline]
    pub const fn short(flags: Flags, length: u8) -> [u8; SHORT] {
        [flags.0 & !Flags::LONG, length]
    }

    /// Octets of the header itself, as it was read or will be written: 2 or 9.
    #[inline]
    pub const fn size(&self) -> usize {
        if self.flags.is_long() || self.length > LONGEST_SHORT { LONG } else { SHORT }
    }
}

#[cfg(test)]
mod tests {
    use bytes::BytesMut;
    use proptest::prelude::*;

    use super::*;

    fn encoded(header: Header) -> Vec<u8> {
        let mut out = BytesMut::new();
        header.encode(&mut out);
        assert_eq!(out.len(), header.size());
        out.to_vec()
    }

    fn message(length: u64) -> Header {
        Header { flags: Flags::message(false), length }
    }

    #[test]
    fn a_body_of_up_to_255_octets_has_a_short_header() {
        assert_eq!(encoded(message(0)), [0, 0]);
        assert_eq!(encoded(message(255)), [0, 255]);
        assert_eq!(encoded(message(256)), [2, 0, 0, 0, 0, 0, 0, 1, 0]);
        assert_eq!(encoded(Header { flags: Flags::message(true), length: 3 }), [1, 3]);
        assert_eq!(encoded(Header { flags: Flags::command(), length: 3 }), [4, 3]);
        let long = Header { flags: Flags::command(), length: LONGEST_BODY };
        assert_eq!(encoded(long), [6, 0x7f, 255, 255, 255, 255, 255, 255, 255]);
    }

    #[test]
    fn a_long_header_of_a_short_body_is_legal_and_keeps_its_form() {
        let octets = [3, 0, 0, 0, 0, 0, 0, 0, 5];
        let header = Header::decode(&octets).unwrap().unwrap();
        assert_eq!((header.length, header.size()), (5, 9));
        assert!(header.flags.more());
        assert_eq!(encoded(header), octets);
    }

    #[test]
    fn a_part_of_a_header_needs_more() {
        let short = [4, 7];
        let long = [2, 0, 0, 0, 0, 0, 1, 0, 0];
        for (octets, whole) in [(&short[..], 2), (&long[..], 9)] {
            for end in 0..whole {
                assert_eq!(Header::decode(&octets[..end]), Ok(None));
            }
            assert!(Header::decode(octets).unwrap().is_some());
        }
    }

    #[test]
    fn every_octet_of_flags_is_judged_from_itself_alone() {
        for octet in 0..=255u8 {
            let legal = matches!(octet, 0..=4 | 6);
            match Header::decode(&[octet]) {
                Ok(header) => assert!(legal && header.is_none(), "{octet}"),
                Err(WireError::CommandWithMore { flags }) => {
                    assert!(octet == flags && matches!(octet, 5 | 7));
                }
                Err(WireError::ReservedFlags { flags }) => assert!(octet == flags && octet >= 8),
                Err(other) => panic!("{other}"),
            }
        }
    }

    #[test]
    fn a_length_beyond_63_bits_is_refused() {
        let octets = [2, 0x80, 0, 0, 0, 0, 0, 0, 0];
        let error = WireError::TooLong { size: 1 << 63, longest: LONGEST_BODY };
        assert_eq!(Header::decode(&octets), Err(error));
    }

    proptest! {
        #[test]
        fn what_was_written_is_read(more: bool, command: bool, length in 0..=LONGEST_BODY, short: u8) {
            let flags = if command { Flags::command() } else { Flags::message(more) };
            for length in [length, length >> 40, short.into()] {
                let octets = encoded(Header { flags, length });
                let read = Header::decode(&octets).unwrap().unwrap();
                prop_assert_eq!(read.length, length);
                prop_assert_eq!(read.flags.more(), flags.more());
                prop_assert_eq!(read.flags.is_command(), command);
                prop_assert_eq!(read.size(), octets.len());
            }
        }

        #[test]
        fn any_octets_that_are_read_are_written_again(octets in prop::collection::vec(any::<u8>(), 0..12)) {
            if let Ok(Some(header)) = Header::decode(&octets) {
                prop_assert_eq!(&encoded(header)[..], &octets[..header.size()]);
            }
        }
    }
}
