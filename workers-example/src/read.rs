//! A file that is being read, piece by piece.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::sync::Arc;

use crate::digest::{Digest, Digesting};
use crate::path::FilePath;
use crate::root::Root;

/// Length of the buffer that files are read into, in bytes. It and what hashing needs fit the cache that
/// belongs to one core; more does not make it faster.
pub const BUFFER: usize = 128 * 1024;

/// A file with what has been learnt of it so far.
///
/// It says itself where it stands and reads from there, so a copy goes on from the same place, in any
/// worker, whatever has become of the original.
#[derive(Debug, Clone)]
pub struct Reading {
    path: FilePath,
    file: Arc<File>,
    offset: u64,
    digesting: Digesting,
}

impl Reading {
    /// Opens a file, at its beginning.
    ///
    /// # Errors
    ///
    /// As [`Root::open_file`].
    pub fn open(root: &Root, path: FilePath) -> io::Result<Self> {
        let file = Arc::new(root.open_file(&path)?);
        Ok(Self { path, file, offset: 0, digesting: Digesting::default() })
    }

    /// Reads on, until the file ends or about `limit` bytes have been read. True: it has ended.
    ///
    /// The end is where the system says so, not where it was when the file was opened: a file that grows
    /// or shrinks meanwhile is reported as it was read.
    ///
    /// # Errors
    ///
    /// Whatever the system says.
    pub fn read_on(&mut self, buffer: &mut [u8], limit: u64) -> io::Result<bool> {
        let until = self.offset.saturating_add(limit);
        while self.offset < until {
            match self.file.read_at(buffer, self.offset) {
                Ok(0) => return Ok(true),
                Ok(length) => {
                    self.digesting.update(&buffer[..length]);
                    self.offset += length as u64;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(false)
    }

    /// Which file it is.
    pub fn path(&self) -> &FilePath {
        &self.path
    }

    /// How far it has been read, in bytes.
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// What the report says about it.
    pub fn finish(self) -> (FilePath, Digest) {
        (self.path, self.digesting.finish())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn reading(content: &[u8]) -> (tempfile::TempDir, Reading) {
        let directory = tempfile::tempdir().unwrap();
        fs::write(directory.path().join("file"), content).unwrap();
        let root = Root::open(directory.path()).unwrap();
        let reading = Reading::open(&root, FilePath::from(&b"file"[..])).unwrap();
        (directory, reading)
    }

    fn digest(content: &[u8]) -> Digest {
        let mut digesting = Digesting::default();
        digesting.update(content);
        digesting.finish()
    }

    #[test]
    fn a_file_is_read_in_turns_and_a_copy_takes_its_own() {
        let content = b"some words, and more\n".repeat(100);
        let (_directory, mut reading) = reading(&content);
        let mut copies = Vec::new();
        while !reading.read_on(&mut [0; 7], 70).unwrap() {
            copies.push(reading.clone());
        }
        assert_eq!(copies.len(), content.len() / 70);
        for mut copy in copies {
            assert!(copy.read_on(&mut [0; 64], u64::MAX).unwrap());
            assert_eq!(copy.finish().1, digest(&content));
        }
        assert_eq!(reading.finish().1, digest(&content));
    }

    #[test]
    fn a_file_that_grows_meanwhile_is_read_to_its_new_end() {
        let (directory, mut reading) = reading(b"one tw");
        assert!(!reading.read_on(&mut [0; 6], 6).unwrap());
        fs::write(directory.path().join("file"), b"one two three").unwrap();
        assert!(reading.read_on(&mut [0; 6], u64::MAX).unwrap());
        assert_eq!(reading.finish().1, digest(b"one two three"));
    }

    #[test]
    fn a_file_that_shrinks_meanwhile_is_reported_as_it_was_read() {
        let (directory, mut reading) = reading(b"one two three");
        assert!(!reading.read_on(&mut [0; 6], 6).unwrap());
        fs::write(directory.path().join("file"), b"one").unwrap();
        assert!(reading.read_on(&mut [0; 6], u64::MAX).unwrap());
        assert_eq!(reading.finish().1, digest(b"one tw"));
    }

    #[test]
    fn a_file_that_is_removed_meanwhile_is_read_to_its_end() {
        let (directory, mut reading) = reading(b"one two three");
        assert!(!reading.read_on(&mut [0; 6], 6).unwrap());
        fs::remove_file(directory.path().join("file")).unwrap();
        assert!(reading.read_on(&mut [0; 6], u64::MAX).unwrap());
        assert_eq!(reading.finish().1, digest(b"one two three"));
    }
}
