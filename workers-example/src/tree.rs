//! The tree below DIR, one directory entry at a time.
//!
//! Lists one directory after the other, deepest first, and holds one of them open. What it keeps are
//! the names of the directories still to be listed, never those of files. It opens nothing but
//! directories and follows no links; it says what it could not list and goes on with the rest. The order
//! of what it finds is the file system's.

use std::ffi::OsStr;
use std::io;
use std::os::fd::AsFd;
use std::os::unix::ffi::OsStrExt;
use std::sync::Arc;

use rustix::fs::{AtFlags, Dir, DirEntry, FileType, fstat, statat};

use crate::path::FilePath;
use crate::root::Root;

/// The tree below DIR, as far as it has not been listed yet.
#[derive(Debug)]
pub struct Tree {
    root: Arc<Root>,
    hidden: Option<Hidden>,
    pending: Vec<FilePath>,
    listing: Option<Listing>,
}

/// What one step met.
#[derive(Debug)]
pub enum Found {
    /// A regular file.
    File(FilePath),
    /// A directory, which is listed later, or something that the report leaves out.
    Other,
    /// An entry or a directory that cannot be read, or not any further.
    Failed(FilePath, io::Error),
}

/// Names in one directory that are not to be found: the report itself, and the file it grows in.
///
/// The directory is known by its identity, so it does not matter how it is reached.
#[derive(Debug, Clone)]
pub struct Hidden {
    directory: (u64, u64),
    names: Vec<Vec<u8>>,
}

/// A directory being listed.
#[derive(Debug)]
struct Listing {
    entries: Dir,
    path: FilePath,
    hides: bool,
}

impl Tree {
    /// The whole tree below `root`, without what is `hidden`.
    pub fn new(root: Arc<Root>, hidden: Option<Hidden>) -> Self {
        Self { root, hidden, pending: vec![FilePath::root()], listing: None }
    }

    /// Goes on to the next entry. `None`: the whole tree has been seen.
    pub fn step(&mut self) -> Option<Found> {
        let Some(listing) = &mut self.listing else {
            let path = self.pending.pop()?;
            return Some(self.list(path));
        };
        match listing.entries.next() {
            Some(Ok(entry)) => Some(self.judge(&entry)),
            Some(Err(error)) => {
                let path = self.listing.take()?.path;
                Some(Found::Failed(path, error.into()))
            }
            None => {
                self.listing = None;
                Some(Found::Other)
            }
        }
    }

    fn list(&mut self, path: FilePath) -> Found {
        let opened = self.root.open_dir(&path).and_then(|directory| {
            let hides = match &self.hidden {
                Some(hidden) => hidden.directory == identity(&directory)?,
                None => false,
            };
            Ok((Dir::new(directory)?, hides))
        });
        match opened {
            Ok((entries, hides)) => {
                self.listing = Some(Listing { entries, path, hides });
                Found::Other
            }
            Err(error) => Found::Failed(path, error),
        }
    }

    fn judge(&mut self, entry: &DirEntry) -> Found {
        let Some(listing) = &self.listing else {
            return Found::Other;
        };
        let name = entry.file_name().to_bytes();
        if name == b"." || name == b".." || (listing.hides && self.hides(name)) {
            return Found::Other;
        }
        let path = listing.path.join(name);
        match listing.kind_of(entry) {
            Ok(FileType::RegularFile) => Found::File(path),
            Ok(FileType::Directory) => {
                self.pending.push(path);
                Found::Other
            }
            Ok(_) => Found::Other,
            Err(error) => Found::Failed(path, error),
        }
    }

    fn hides(&self, name: &[u8]) -> bool {
        self.hidden.as_ref().is_some_and(|hidden| hidden.names.iter().any(|n| n == name))
    }
}

impl Hidden {
    /// Hides these names in this directory.
    ///
    /// # Errors
    ///
    /// Whatever the system says about the directory.
    pub fn new<'a>(
        directory: impl AsFd,
        names: impl IntoIterator<Item = &'a OsStr>,
    ) -> io::Result<Self> {
        let names = names.into_iter().map(|name| name.as_bytes().to_vec()).collect();
        Ok(Self { directory: identity(directory)?, names })
    }
}

impl Listing {
    /// What the entry is. Some file systems do not say so in the listing.
    fn kind_of(&self, entry: &DirEntry) -> io::Result<FileType> {
        match entry.file_type() {
            FileType::Unknown => {
                let directory = self.entries.fd()?;
                let stat = statat(directory, entry.file_name(), AtFlags::SYMLINK_NOFOLLOW)?;
                Ok(FileType::from_raw_mode(stat.st_mode))
            }
            known => Ok(known),
        }
    }
}

/// Device and inode: the same for every way to the same file.
fn identity(file: impl AsFd) -> io::Result<(u64, u64)> {
    let stat = fstat(file)?;
    Ok((stat.st_dev, stat.st_ino))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::path::Path;

    fn tree(root: &Path, hidden: Option<Hidden>) -> Tree {
        Tree::new(Arc::new(Root::open(root).unwrap()), hidden)
    }

    /// The names of the files and of the failures in the rest of the tree.
    fn rest(tree: &mut Tree) -> (Vec<String>, Vec<String>) {
        let (mut files, mut failures) = (Vec::new(), Vec::new());
        while let Some(found) = tree.step() {
            match found {
                Found::File(path) => files.push(format!("{path:?}")),
                Found::Failed(path, _) => failures.push(format!("{path:?}")),
                Found::Other => {}
            }
        }
        files.sort();
        (files, failures)
    }

    #[test]
    fn files_of_all_directories_are_found_once() {
        let directory = tempfile::tempdir().unwrap();
        for n in 0..20 {
            let below = directory.path().join(format!("a{}/b{n}", n % 4));
            fs::create_dir_all(&below).unwrap();
            fs::write(below.join("file"), "").unwrap();
        }
        let (files, failures) = rest(&mut tree(directory.path(), None));
        let mut expected: Vec<_> = (0..20).map(|n| format!("a{}/b{n}/file", n % 4)).collect();
        expected.sort();
        assert_eq!((files, failures), (expected, Vec::new()));
    }

    #[test]
    fn a_directory_that_vanishes_before_its_turn_is_named_and_the_rest_is_found() {
        let directory = tempfile::tempdir().unwrap();
        fs::create_dir_all(directory.path().join("vanishing/below")).unwrap();
        fs::write(directory.path().join("file"), "").unwrap();
        let mut tree = tree(directory.path(), None);
        // Until it is known, but not yet listed.
        while tree.pending.iter().all(|path| path.as_bytes() != b"vanishing") {
            assert!(tree.step().is_some());
        }
        fs::remove_dir_all(directory.path().join("vanishing")).unwrap();
        let (_, failures) = rest(&mut tree);
        assert_eq!(failures, ["vanishing"]);
    }

    #[test]
    fn names_are_hidden_in_their_directory_alone() {
        let directory = tempfile::tempdir().unwrap();
        fs::create_dir(directory.path().join("below")).unwrap();
        for name in ["report", "file", "below/report"] {
            fs::write(directory.path().join(name), "").unwrap();
        }
        let names = ["report", "report.partial"].map(OsStr::new);
        let hidden = Hidden::new(Root::open(directory.path()).unwrap(), names).unwrap();
        let (files, _) = rest(&mut tree(directory.path(), Some(hidden)));
        assert_eq!(files, ["below/report", "file"]);
    }
}
