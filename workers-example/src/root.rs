//! DIR, and how everything below it is opened.
//!
//! Every path is opened relative to one descriptor of DIR. Links are not followed, nothing but regular
//! files and directories is ever opened, and a path may be longer than the system takes at once.

use std::fs::File;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;

use rustix::fs::{FileType, Mode, OFlags, fstat, open, openat};

use crate::path::FilePath;

/// The longest path that is given to the system at once, in bytes: below its limit, `PATH_MAX`, and
/// above the length of any single name.
const PIECE: usize = 4_000;

/// Every descriptor ends with the process. A terminal, should one appear, does not become ours.
const ALWAYS: OFlags = OFlags::CLOEXEC.union(OFlags::NOCTTY);

/// A directory. DIR itself may be given by a link.
const DIRECTORY: OFlags = ALWAYS.union(OFlags::DIRECTORY);

/// A directory that is entered and not listed: it need not be readable.
#[cfg(target_os = "linux")]
pub(crate) const ENTERED: OFlags = DIRECTORY.union(OFlags::PATH);
#[cfg(not(target_os = "linux"))]
pub(crate) const ENTERED: OFlags = DIRECTORY;

/// The directory whose files are taken down.
#[derive(Debug)]
pub struct Root(OwnedFd);

impl Root {
    /// Opens DIR.
    ///
    /// # Errors
    ///
    /// `PermissionDenied` if DIR is a directory that cannot be listed; whatever else the system says if
    /// it is none, or cannot be reached.
    pub fn open(dir: &Path) -> io::Result<Self> {
        Ok(Self(open(dir, DIRECTORY, Mode::empty())?))
    }

    /// Opens a directory below DIR, or DIR, for listing.
    ///
    /// # Errors
    ///
    /// Whatever the system says: it may have gone, changed, or not be readable.
    pub fn open_dir(&self, path: &FilePath) -> io::Result<OwnedFd> {
        let path = if path.as_bytes().is_empty() { b"." } else { path.as_bytes() };
        self.open_at(path, DIRECTORY | OFlags::NOFOLLOW)
    }

    /// Opens a regular file below DIR.
    ///
    /// # Errors
    ///
    /// Whatever the system says; and if there is something else than a regular file by now.
    pub fn open_file(&self, path: &FilePath) -> io::Result<File> {
        // Without NONBLOCK, a FIFO that has taken the file's place would keep us waiting for a writer.
        let flags = ALWAYS | OFlags::NOFOLLOW | OFlags::NONBLOCK;
        let file = self.open_at(path.as_bytes(), flags)?;
        match FileType::from_raw_mode(fstat(&file)?.st_mode) {
            FileType::RegularFile => Ok(file.into()),
            _ => Err(io::Error::other("no longer a regular file")),
        }
    }

    fn open_at(&self, path: &[u8], flags: OFlags) -> io::Result<OwnedFd> {
        if path.len() <= PIECE {
            Ok(openat(self, path, flags, Mode::empty())?)
        } else {
            self.open_far(path, flags)
        }
    }

    /// Goes down piece by piece, the rest relative to the directory reached.
    #[cold]
    fn open_far(&self, mut path: &[u8], flags: OFlags) -> io::Result<OwnedFd> {
        let mut reached: Option<OwnedFd> = None;
        loop {
            let from = reached.as_ref().map_or(self.as_fd(), OwnedFd::as_fd);
            if path.len() <= PIECE {
                return Ok(openat(from, path, flags, Mode::empty())?);
            }
            let slash = path[..=PIECE].iter().rposition(|&byte| byte == b'/');
            let slash = slash.ok_or(io::ErrorKind::InvalidFilename)?;
            let next = openat(from, &path[..slash], ENTERED | OFlags::NOFOLLOW, Mode::empty())?;
            path = &path[slash + 1..];
            reached = Some(next);
        }
    }
}

impl AsFd for Root {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::fs::{CWD, mkfifoat};
    use std::fs;

    fn path(path: &str) -> FilePath {
        FilePath::from(path.as_bytes())
    }

    #[test]
    fn what_has_taken_the_place_of_a_file_is_not_read() {
        let directory = tempfile::tempdir().unwrap();
        let at = |name: &str| directory.path().join(name);
        mkfifoat(CWD, at("fifo"), Mode::from(0o666)).unwrap();
        fs::create_dir(at("directory")).unwrap();
        fs::write(at("file"), "content").unwrap();
        std::os::unix::fs::symlink("file", at("link")).unwrap();
        let root = Root::open(directory.path()).unwrap();
        for name in ["fifo", "directory", "link", "missing", "file/below"] {
            assert!(root.open_file(&path(name)).is_err(), "{name}");
        }
        for name in ["fifo", "link", "missing", "file"] {
            assert!(root.open_dir(&path(name)).is_err(), "{name}");
        }
        assert!(root.open_file(&path("file")).is_ok());
        assert!(root.open_dir(&path("directory")).is_ok());
    }

    #[test]
    fn only_a_directory_can_be_dir() {
        let directory = tempfile::tempdir().unwrap();
        fs::write(directory.path().join("file"), "content").unwrap();
        for name in ["file", "missing", "file/below"] {
            assert!(Root::open(&directory.path().join(name)).is_err(), "{name}");
        }
    }
}
