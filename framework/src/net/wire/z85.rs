//! Z85: octets as printable ASCII, four octets in five characters (RFC 32).
//!
//! Keys in files and in configurations are written so. [`encode`] and [`decode`] promise to be each other's
//! inverse, and to refuse whatever the other could not have written; nothing is trimmed or padded. They do
//! not run in constant time.
//!
//! ```text
//!      4 octets, the first the highest               5 characters, the first the highest
//!   ┌──────┬──────┬──────┬──────┐               ┌───────┬───────┬───────┬───────┬───────┐
//!   │ 0x86 │ 0x4F │ 0xD2 │ 0x6F │  2253378159 = │ 43 H  │ 14 e  │ 21 l  │ 21 l  │ 24 o  │
//!   └──────┴──────┴──────┴──────┘               └───────┴───────┴───────┴───────┴───────┘
//!                                                 × 85⁴   × 85³   × 85²   × 85    × 1
//! ```
//!
//! ```
//! use millhand::net::wire::z85;
//!
//! let text = z85::encode(&[0x86, 0x4f, 0xd2, 0x6f]).unwrap();
//! assert_eq!(text, "Hello");
//! assert_eq!(z85::decode("Hello").unwrap(), [0x86, 0x4f, 0xd2, 0x6f]);
//! ```

/// The digits 0 to 84. No quote, backslash, comma, semicolon or space is among them.
const DIGITS: &[u8; 85] =
    b"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#";

/// What [`VALUES`] has for an octet that is no digit.
const NONE: u8 = 0xff;

/// The value of each octet as a digit.
const VALUES: [u8; 256] = {
    let mut values = [NONE; 256];
    let mut value = 0;
    while value < DIGITS.len() {
        values[DIGITS[value] as usize] = value as u8;
        value += 1;
    }
    values
};

/// A text that is not Z85, or octets that have no Z85.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Z85Error {
    /// The number of octets is not a multiple of 4.
    #[error("{octets} octets have no Z85 form; make their number a multiple of 4")]
    Octets {
        /// How many there were.
        octets: usize,
    },
    /// The number of characters does not fit.
    #[error(
        "Z85 has 5 characters for 4 octets, and here are {octets} octets; check for what was cut off"
    )]
    Length {
        /// How many octets the text has; each character is one.
        octets: usize,
    },
    /// There is something that is no digit of Z85.
    #[error("the octet at offset {offset} is no Z85 digit; check for spaces, quotes and line ends")]
    Digit {
        /// Where, counted from 0.
        offset: usize,
    },
    /// Five digits say more than four octets can hold.
    #[error(
        "the five digits at offset {offset} are above the largest, `%nSc0`; check for a typing error"
    )]
    Overflow {
        /// Where they begin, counted from 0.
        offset: usize,
    },
}

/// Writes octets as Z85.
///
/// # Errors
///
/// [`Z85Error::Octets`] if their number is not a multiple of 4.
pub fn encode(octets: &[u8]) -> Result<String, Z85Error> {
    let (groups, []) = octets.as_chunks::<4>() else {
        return Err(Z85Error::Octets { octets: octets.len() });
    };
    let mut text = String::with_capacity(groups.len() * 5);
    for group in groups {
        let value = u32::from_be_bytes(*group);
        for scale in [85 * 85 * 85 * 85, 85 * 85 * 85, 85 * 85, 85, 1] {
            text.push(char::from(DIGITS[(value / scale % 85) as usize]));
        }
    }
    Ok(text)
}

/// Reads Z85.
///
/// # Errors
///
/// [`Z85Error::Length`], [`Z85Error::Digit`] or [`Z85Error::Overflow`] if it is something else.
pub fn decode(text: &str) -> Result<Vec<u8>, Z85Error> {
    let mut octets = vec![0; text.len() / 5 * 4];
    decode_into(text, &mut octets)?;
    Ok(octets)
}

/// Reads Z85 to a place of the right size, so that a secret lies nowhere else.
pub(crate) fn decode_into(text: &str, octets: &mut [u8]) -> Result<(), Z85Error> {
    let text = text.as_bytes();
    let wrong = Z85Error::Length { octets: text.len() };
    let ((groups, []), (places, [])) = (text.as_chunks::<5>(), octets.as_chunks_mut::<4>()) else {
        return Err(wrong);
    };
    if groups.len() != places.len() {
        return Err(wrong);
    }
    for (index, (group, place)) in groups.iter().zip(places).enumerate() {
        let mut value = 0_u64;
        for (inside, digit) in group.iter().enumerate() {
            let digit = VALUES[usize::from(*digit)];
            if digit == NONE {
                return Err(Z85Error::Digit { offset: index * 5 + inside });
            }
            value = value * 85 + u64::from(digit);
        }
        let value = u32::try_from(value).map_err(|_| Z85Error::Overflow { offset: index * 5 })?;
        *place = value.to_be_bytes();
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// RFC 32 gives this pair.
    const OCTETS: [u8; 8] = [0x86, 0x4F, 0xD2, 0x6F, 0xB5, 0x59, 0xF7, 0x5B];
    const TEXT: &str = "HelloWorld";

    #[test]
    fn the_test_case_of_rfc_32_comes_out_both_ways() {
        assert_eq!(encode(&OCTETS).unwrap(), TEXT);
        assert_eq!(decode(TEXT).unwrap(), OCTETS);
    }

    #[test]
    fn the_smallest_and_the_largest_group_come_out_both_ways() {
        assert_eq!(encode(&[0; 4]).unwrap(), "00000");
        assert_eq!(decode("00000").unwrap(), [0; 4]);
        assert_eq!(encode(&[0xff; 4]).unwrap(), "%nSc0");
        assert_eq!(decode("%nSc0").unwrap(), [0xff; 4]);
        assert_eq!(encode(&[]).unwrap(), "");
        assert_eq!(decode("").unwrap(), []);
    }

    #[test]
    fn a_group_above_the_largest_is_refused() {
        assert_eq!(decode("00000%nSc1"), Err(Z85Error::Overflow { offset: 5 }));
        assert_eq!(decode("#####"), Err(Z85Error::Overflow { offset: 0 }));
    }

    #[test]
    fn lengths_that_do_not_fit_are_refused() {
        assert_eq!(encode(&[1; 5]), Err(Z85Error::Octets { octets: 5 }));
        assert_eq!(decode("Hell"), Err(Z85Error::Length { octets: 4 }));
        assert_eq!(decode("HelloW"), Err(Z85Error::Length { octets: 6 }));
        assert_eq!(decode_into("Hello", &mut [0; 8]), Err(Z85Error::Length { octets: 5 }));
    }

    #[test]
    fn what_is_no_digit_is_refused_with_its_place() {
        for other in [' ', '"', '\'', '\\', ',', ';', '_', '`', '|', '~', '\n', '\0', '\u{7f}'] {
            let text = format!("HelloWo{other}ld");
            assert_eq!(decode(&text), Err(Z85Error::Digit { offset: 7 }), "{other:?}");
        }
        assert_eq!(decode("Helé0"), Err(Z85Error::Length { octets: 6 }));
    }

    proptest! {
        #[test]
        fn octets_survive(groups in prop::collection::vec(any::<[u8; 4]>(), 0..40)) {
            let octets = groups.concat();
            prop_assert_eq!(decode(&encode(&octets).unwrap()).unwrap(), octets);
        }

        #[test]
        fn a_text_is_refused_or_is_the_only_text_of_its_octets(text in "[ -~]{0,40}") {
            if let Ok(octets) = decode(&text) {
                prop_assert_eq!(encode(&octets).unwrap(), text);
            }
        }

        #[test]
        fn no_text_makes_it_panic(text in any::<String>()) {
            let _ = decode(&text);
        }
    }
}
