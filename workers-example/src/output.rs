//! Where the report goes: standard output, or `--out FILE`.
//!
//! A file appears whole or not at all: it grows under another name beside its target, reaches the disk
//! and is renamed at the end. Whatever goes wrong before, what was there stays, and the growing file
//! vanishes; only a program that is killed (SIGKILL) leaves it. A link stays: its target is what is replaced, or made. A device or a FIFO cannot be
//! replaced, so it is written to.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::FileTypeExt;
use std::path::{Path, PathBuf};
use std::process;

use rustix::fs::{Access, AtFlags, CWD, Mode, OFlags, accessat, open, openat, renameat, unlinkat};
use rustix::io::Errno;

use crate::report::{self, Entry};
use crate::root::ENTERED;
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

/// A file under another name, beside its target. It vanishes unless it takes its target's place.
#[derive(Debug)]
pub struct Growing {
    file: File,
    directory: OwnedFd,
    partial: String,
    target: OsString,
    /// It has the target's name now.
    renamed: bool,
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
            Ok(old) if old.is_file() => {
                let growing = Growing::beside(&target.canonicalize()?)?;
                growing.file.set_permissions(old.permissions())?;
                Ok(Self::File(growing))
            }
            Ok(old) if old.is_dir() => Err(io::ErrorKind::IsADirectory.into()),
            Ok(old) => {
                let is_socket = old.file_type().is_socket();
                check_device(target, is_socket).map(|()| Self::Device(target.to_path_buf()))
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => match fs::read_link(target) {
                // A link to nothing, or to another such link.
                Ok(missing) => Self::open(Some(&target.with_file_name(missing))),
                Err(_) => Growing::beside(target).map(Self::File),
            },
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
        let names = [OsStr::new(&growing.partial), &growing.target];
        Hidden::new(&growing.directory, names).map(Some)
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
    fn beside(target: &Path) -> io::Result<Self> {
        // `name/` and `name/.` can only be directories.
        let name = target.file_name().filter(|name| ends_with(target, name));
        let name = name.ok_or(io::ErrorKind::IsADirectory)?;
        let directory = match target.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        let directory = open(directory, ENTERED, Mode::empty())?;
        let mut attempt = 0;
        loop {
            let partial = format!(".inventory-{}-{attempt}.partial", process::id());
            let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC;
            match openat(&directory, &partial, flags, Mode::from(0o666)) {
                Ok(file) => {
                    let (file, target) = (file.into(), name.into());
                    return Ok(Self { file, directory, partial, target, renamed: false });
                }
                Err(Errno::EXIST) => attempt += 1,
                Err(error) => return Err(error.into()),
            }
        }
    }

    fn write(mut self, entries: &[Entry], proceed: impl Fn() -> bool) -> io::Result<bool> {
        if !report::print(entries, &mut self.file, &proceed)? {
            return Ok(false);
        }
        self.file.sync_all()?;
        if !proceed() {
            return Ok(false);
        }
        renameat(&self.directory, &self.partial, &self.directory, &self.target)?;
        self.renamed = true;
        Ok(true)
    }
}

impl Drop for Growing {
    fn drop(&mut self) {
        if !self.renamed {
            // Nobody is left to hear that it has gone already.
            let _ = unlinkat(&self.directory, &self.partial, AtFlags::empty());
        }
    }
}

/// Whether it can be written to, as far as that is known without opening it: a FIFO that is opened waits
/// for its reader, and tells him when it is closed that this was all.
fn check_device(target: &Path, is_socket: bool) -> io::Result<()> {
    if is_socket {
        return Err(io::Error::other("a socket cannot be written to"));
    }
    Ok(accessat(CWD, target, Access::WRITE_OK, AtFlags::EACCESS)?)
}

fn ends_with(path: &Path, name: &OsStr) -> bool {
    path.as_os_str().as_bytes().ends_with(name.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_that_is_moved_meanwhile_takes_the_report_along() {
        let scratch = tempfile::tempdir().unwrap();
        let [before, after] = ["before", "after"].map(|name| scratch.path().join(name));
        fs::create_dir(&before).unwrap();
        for written in [true, false] {
            let output = Output::open(Some(&before.join("report"))).unwrap();
            fs::rename(&before, &after).unwrap();
            assert_eq!(output.write(&[], || written).unwrap(), written);
            let names = fs::read_dir(&after).unwrap().map(|entry| entry.unwrap().file_name());
            assert_eq!(names.collect::<Vec<_>>(), ["report"]);
            fs::rename(&after, &before).unwrap();
        }
    }
}
