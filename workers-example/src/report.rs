//! The report: one line per file, sorted.
//!
//! ```text
//! sha256 <TAB> bytes <TAB> lines <TAB> words <TAB> path
//! ```

use std::io::{self, Write};

use crate::digest::Digest;
use crate::path::{FilePath, escape};

/// One line of the report. Entries sort by their path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Where the file is.
    pub path: FilePath,
    /// What is in it.
    pub digest: Digest,
}

impl Entry {
    /// Appends the entry's line, with its newline.
    pub fn print(&self, line: &mut Vec<u8>) {
        const HEX: &[u8; 16] = b"0123456789abcdef";
        let Digest { sha256, bytes, lines, words } = &self.digest;
        for byte in sha256 {
            line.push(HEX[usize::from(byte >> 4)]);
            line.push(HEX[usize::from(byte & 15)]);
        }
        for number in [bytes, lines, words] {
            line.push(b'\t');
            line.extend(number.to_string().as_bytes());
        }
        line.push(b'\t');
        escape(self.path.as_bytes(), line);
        line.push(b'\n');
    }
}

/// Sorts a report by the raw bytes of the paths, before anything in them is escaped.
pub fn sort(entries: &mut [Entry]) {
    entries.sort_unstable_by(|a, b| a.path.cmp(&b.path));
}

/// Prints a report in writes of about 64 KiB. `proceed` is asked before each of them; if it
/// says no, the rest is left out and the answer is false.
///
/// # Errors
///
/// Whatever `output` says.
pub fn print(
    entries: &[Entry],
    output: &mut impl Write,
    proceed: impl Fn() -> bool,
) -> io::Result<bool> {
    let mut text = Vec::with_capacity(2 * AT_ONCE);
    for entry in entries {
        entry.print(&mut text);
        if text.len() >= AT_ONCE {
            if !proceed() {
                return Ok(false);
            }
            output.write_all(&text)?;
            text.clear();
        }
    }
    if !proceed() {
        return Ok(false);
    }
    output.write_all(&text)?;
    Ok(true)
}

/// What a pipe holds: larger writes gain nothing.
const AT_ONCE: usize = 64 * 1024;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::digest::Digesting;

    fn entry(path: &[u8], content: &[u8]) -> Entry {
        let mut digesting = Digesting::default();
        digesting.update(content);
        Entry { path: FilePath::from(path), digest: digesting.finish() }
    }

    #[test]
    fn a_line_has_five_fields_and_an_escaped_path() {
        let mut line = Vec::new();
        entry(b"odd\tname\n", b"abc").print(&mut line);
        // The digest is the example in FIPS 180-2, B.1.
        let digest = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(line, format!("{digest}\t3\t0\t1\todd\\tname\\n\n").as_bytes());
    }

    #[test]
    fn entries_sort_before_their_paths_are_escaped() {
        // Escaped, the tab would come after the letter: `\` is 5C and `A` is 41.
        let mut entries = [entry(b"A", b""), entry(b"\t", b"")];
        sort(&mut entries);
        assert_eq!(entries[0].path.as_bytes(), b"\t");
    }

    #[test]
    fn a_report_is_printed_whole_or_not_to_its_end() {
        let entries: Vec<_> = (0..5_000).map(|n| entry(format!("{n}").as_bytes(), b"")).collect();
        let mut expected = Vec::new();
        entries.iter().for_each(|entry| entry.print(&mut expected));

        let mut whole = Vec::new();
        assert!(print(&entries, &mut whole, || true).unwrap());
        assert_eq!(whole, expected);

        let asked = std::cell::Cell::new(0);
        let mut part = Vec::new();
        let twice = || asked.replace(asked.get() + 1) < 2;
        assert!(!print(&entries, &mut part, twice).unwrap());
        assert!(
            expected.starts_with(&part) && part.len() >= 2 * AT_ONCE && part.len() < whole.len()
        );
    }
}
