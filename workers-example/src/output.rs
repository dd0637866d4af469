//! Where the report goes: standard output, or `--out FILE`.
//!
//! A file appears whole or not at all: it grows under another name beside its target, reaches the disk
//! and is renamed at the end. Whatever goes wrong before, what was there stays, and the growing file
//! vanishes. A device or a FIFO cannot be replaced, so it is written to.

use std::ffi::OsStr;
use std::fs::{self, File, Permissions};
use std::io::{self, Write};
use std::os::fd::AsFd;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use crate::report::{self, Entry};
use crate::tree::Hidden;

/// Where the report goes.
#[derive(Debug)]
pub enum Output {
    /// Standard output.
    Standard,
    /// A device or a FIFO.
    Device(PathBuf),
    /// A file that appears at the end.
    File(Growing),
}

/// A file under another name, beside its target.
#[derive(Debug)]
pub struct Growing {
    file: NamedTempFile,
    target: PathBuf,
    directory: PathBuf,
}

impl Output {
    /// Standard output, or what `--out` names. A file starts growing at once, so that a target that
    /// cannot be written is known before the work.
    ///
    /// # Errors
    ///
    /// Whatever the system says about the target and its directory.
    pub fn open(target: Option<&Path>) -> io::Result<Self> {
        let Some(target) = target else {
            return Ok(Self::Standard);
        };
        match fs::metadata(target) {
            // The file itself is replaced, not a link that leads to it; and it keeps its mode.
            Ok(old) if old.is_file() => {
                Ok(Self::File(Growing::beside(target.canonicalize()?, old.permissions())?))
            }
            Ok(old) if old.is_dir() => Err(io::ErrorKind::IsADirectory.into()),
            Ok(_) => Ok(Self::Device(target.to_path_buf())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                Ok(Self::File(Growing::new(target.to_path_buf())?))
            }
            Err(error) => Err(error),
        }
    }

    /// The names that the walk must not find.
    ///
    /// # Errors
    ///
    /// Whatever the system says about the directory of the target.
    pub fn hidden(&self) -> io::Result<Option<Hidden>> {
        let Self::File(growing) = self else {
            return Ok(None);
        };
        let names = [growing.target.file_name(), growing.file.path().file_name()];
        let names: Vec<&OsStr> = names.into_iter().flatten().collect();
        Hidden::new(&growing.directory, &names).map(Some)
    }

    /// Writes the report. `proceed` is asked again and again, the last time before a file appears; if it
    /// says no, the report is left out and the answer is false.
    ///
    /// # Errors
    ///
    /// Whatever the system says; `BrokenPipe` if nobody reads on.
    pub fn write(self, entries: &[Entry], proceed: impl Fn() -> bool) -> io::Result<bool> {
        match self {
            Self::Standard => {
                // Not `stdout()`, which would look for the last newline in every piece.
                let mut output = File::from(io::stdout().as_fd().try_clone_to_owned()?);
                report::print(entries, &mut output, proceed)
            }
            Self::Device(path) => {
                let mut output = File::options().write(true).open(path)?;
                report::print(entries, &mut output, proceed)
            }
            Self::File(growing) => growing.write(entries, proceed),
        }
    }
}

impl Growing {
    /// Beside a target that is new: with the mode of any new file.
    fn new(target: PathBuf) -> io::Result<Self> {
        let directory = match target.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent.to_path_buf(),
            _ => PathBuf::from("."),
        };
        let file = tempfile::Builder::new()
            .prefix(".inventory-")
            .suffix(".partial")
            .permissions(Permissions::from_mode(0o666))
            .tempfile_in(&directory)?;
        Ok(Self { file, target, directory })
    }

    /// Beside a target that is there: with its mode.
    fn beside(target: PathBuf, mode: Permissions) -> io::Result<Self> {
        let growing = Self::new(target)?;
        growing.file.as_file().set_permissions(mode)?;
        Ok(growing)
    }

    fn write(mut self, entries: &[Entry], proceed: impl Fn() -> bool) -> io::Result<bool> {
        let whole = report::print(entries, self.file.as_file_mut(), &proceed)?;
        self.file.flush()?;
        self.file.as_file().sync_all()?;
        if !whole || !proceed() {
            return Ok(false);
        }
        self.file.persist(&self.target).map_err(|refused| refused.error)?;
        Ok(true)
    }
}
