//! A message as a line of text.
//!
//! ```text
//!  │ frame │TAB│ frame │TAB│ … │ frame │LF│        octets as they are, or hexadecimal
//! ```
//!
//! A line has at least one frame: an empty line is a message of one empty frame. The last line may lack its
//! LF.

use millhand::net::{Frame, Multipart};

/// Why a line is no message.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum LineError {
    #[error("a frame has an odd number of hexadecimal digits; each octet takes two")]
    Odd,
    #[error("a frame has the octet {} in it, which is no hexadecimal digit", .0.escape_ascii())]
    NoDigit(u8),
}

/// How frames are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Format {
    pub(crate) hex: bool,
}

impl Format {
    /// The message that a line, without its LF, stands for.
    pub(crate) fn read(self, line: &[u8]) -> Result<Multipart, LineError> {
        let frames = line.split(|octet| *octet == b'\t');
        if self.hex { frames.map(read_hex).collect() } else { Ok(frames.collect()) }
    }

    /// Appends a message as a line, with its LF.
    pub(crate) fn write(self, message: &Multipart, line: &mut Vec<u8>) {
        for (number, frame) in message.iter().enumerate() {
            if number > 0 {
                line.push(b'\t');
            }
            if self.hex {
                line.extend(frame.iter().flat_map(|octet| [digit(octet >> 4), digit(octet & 15)]));
            } else {
                line.extend_from_slice(frame);
            }
        }
        line.push(b'\n');
    }

    /// Whether the line of a message could be read as another message.
    pub(crate) fn is_ambiguous(self, message: &Multipart) -> bool {
        let special = |octet: &u8| matches!(octet, b'\t' | b'\n');
        !self.hex && message.iter().any(|frame| frame.iter().any(special))
    }
}

fn read_hex(digits: &[u8]) -> Result<Frame, LineError> {
    let values = digits.iter().map(|digit| value(*digit)).collect::<Result<Vec<_>, _>>()?;
    let (pairs, rest) = values.as_chunks::<2>();
    if !rest.is_empty() {
        return Err(LineError::Odd);
    }
    Ok(pairs.iter().map(|[high, low]| high << 4 | low).collect::<Vec<_>>().into())
}

fn value(digit: u8) -> Result<u8, LineError> {
    match digit {
        b'0'..=b'9' => Ok(digit - b'0'),
        b'a'..=b'f' => Ok(digit - b'a' + 10),
        b'A'..=b'F' => Ok(digit - b'A' + 10),
        _ => Err(LineError::NoDigit(digit)),
    }
}

fn digit(value: u8) -> u8 {
    match value {
        0..=9 => b'0' + value,
        _ => b'a' + value - 10,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: Format = Format { hex: false };
    const HEX: Format = Format { hex: true };

    fn written(format: Format, message: &Multipart) -> Vec<u8> {
        let mut line = Vec::new();
        format.write(message, &mut line);
        line
    }

    #[test]
    fn any_octets_but_two_pass_unchanged() {
        let line: Vec<u8> = (0..=255).filter(|octet| *octet != b'\n').collect();
        let message = PLAIN.read(&line).unwrap();
        assert_eq!(message.len(), 2);
        assert!(!PLAIN.is_ambiguous(&message));
        assert_eq!(written(PLAIN, &message), [&line[..], b"\n"].concat());
    }

    #[test]
    fn empty_frames_are_frames() {
        for format in [PLAIN, HEX] {
            for (line, frames) in [("", 1), ("\t", 2), ("00\t\t11", 3)] {
                let message = format.read(line.as_bytes()).unwrap();
                assert_eq!(message.len(), frames);
                assert_eq!(written(format, &message), format!("{line}\n").as_bytes());
            }
        }
    }

    #[test]
    fn hexadecimal_is_read_in_both_cases_and_written_in_the_lower() {
        let message = HEX.read(b"00fF\t\t0A09").unwrap();
        assert_eq!(message, [&[0, 255][..], &[], b"\n\t"].into());
        assert_eq!(written(HEX, &message), b"00ff\t\t0a09\n");
        assert!(!HEX.is_ambiguous(&message));
        assert!(PLAIN.is_ambiguous(&message));
    }

    #[test]
    fn what_is_not_hexadecimal_is_refused() {
        assert_eq!(HEX.read(b"00\t012"), Err(LineError::Odd));
        assert_eq!(HEX.read(b"0g"), Err(LineError::NoDigit(b'g')));
        assert_eq!(HEX.read(b"00\r"), Err(LineError::NoDigit(b'\r')));
    }
}
