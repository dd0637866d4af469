//! The name of a file below DIR: raw bytes, because file names need not be UTF-8.

use std::fmt;

use millhand::prelude::*;

/// A path relative to DIR, `/` between its parts. It sorts as one byte string.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct FilePath(#[serde(with = "serde_bytes")] Box<[u8]>);

impl FilePath {
    /// DIR itself.
    pub fn root() -> Self {
        Self(Box::default())
    }

    /// The bytes as the system gave them.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The path of an entry of this directory.
    pub fn join(&self, name: &[u8]) -> Self {
        if self.0.is_empty() {
            return Self(name.into());
        }
        Self([&self.0, &b"/"[..], name].concat().into())
    }

    /// The path as the report prints it: always one line, and no tab in it.
    pub fn escaped(&self) -> Vec<u8> {
        let mut line = Vec::with_capacity(self.0.len());
        escape(&self.0, &mut line);
        line
    }
}

impl From<&[u8]> for FilePath {
    fn from(path: &[u8]) -> Self {
        Self(path.into())
    }
}

impl fmt::Debug for FilePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", String::from_utf8_lossy(&self.escaped()))
    }
}

/// Appends `path` to `line`: `\`, tab and newline as `\\`, `\t` and `\n`, every other byte as it is.
pub fn escape(path: &[u8], line: &mut Vec<u8>) {
    for &byte in path {
        match byte {
            b'\\' => line.extend(br"\\"),
            b'\t' => line.extend(br"\t"),
            b'\n' => line.extend(br"\n"),
            other => line.push(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_backslash_tab_and_newline_are_escaped() {
        let path = FilePath::from(&b"a\\b\tc\nd\re \xff\x00\xc3\xa9"[..]);
        assert_eq!(path.escaped(), b"a\\\\b\\tc\\nd\re \xff\x00\xc3\xa9");
    }

    #[test]
    fn paths_sort_by_their_raw_bytes_not_by_their_parts_or_escapes() {
        let mut paths = [&b"a/b"[..], b"a.b", b"a", b"a\\b", b"a\tb", b"\xff", b"a\nb", b"B"]
            .map(FilePath::from);
        paths.sort_unstable();
        let sorted = [&b"B"[..], b"a", b"a\tb", b"a\nb", b"a.b", b"a/b", b"a\\b", b"\xff"];
        assert_eq!(paths, sorted.map(FilePath::from));
    }
}
