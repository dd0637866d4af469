//! The files of a certificate.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use super::{CertificateError, Problem, SavedFiles};

/// The largest file that is read. A certificate has some 500 octets, and its metadata.
const LIMIT: usize = 64 * 1024;

const PUBLIC: &str = ".key";
const SECRET: &str = ".key_secret";

/// Reads a file that may have a secret in it.
pub(super) fn read(path: &Path) -> Result<Zeroizing<Vec<u8>>, CertificateError> {
    // With all its room from the start: one that grew would leave secrets behind.
    let mut text = Zeroizing::new(Vec::with_capacity(LIMIT + 1));
    File::open(path)
        .and_then(|file| file.take(LIMIT as u64 + 1).read_to_end(&mut text))
        .map_err(|source| failed("read", path, source))?;
    if text.len() > LIMIT {
        let problem = Problem::Large { limit: LIMIT };
        return Err(CertificateError::File { path: path.into(), line: 1, problem });
    }
    Ok(text)
}

/// The two names, whichever of them, or what they have in common, is given.
pub(super) fn names(path: &Path) -> SavedFiles {
    let name = path.file_name().unwrap_or_default();
    let stem = match name.to_str() {
        Some(text) => {
            let stem = text.strip_suffix(SECRET).or_else(|| text.strip_suffix(PUBLIC));
            stem.filter(|stem| !stem.is_empty()).unwrap_or(text).into()
        }
        None => name.to_owned(),
    };
    let with = |ending: &str| {
        let mut name: OsString = stem.clone();
        name.push(ending);
        path.with_file_name(name)
    };
    SavedFiles { public: with(PUBLIC), secret: with(SECRET) }
}

/// Writes both files, or none.
pub(super) fn save(files: &SavedFiles, public: &str, secret: &str) -> Result<(), CertificateError> {
    // Both names are taken before anything is written.
    let mut secret_file = NewFile::create(&files.secret, true)?;
    let mut public_file = NewFile::create(&files.public, false)?;
    secret_file.fill(secret)?;
    public_file.fill(public)?;
    secret_file.keep();
    public_file.keep();
    Ok(())
}

/// A file that was not there before, and is not there afterwards unless it is kept.
struct NewFile<'a> {
    path: &'a PathBuf,
    file: File,
    kept: bool,
}

impl<'a> NewFile<'a> {
    fn create(path: &'a PathBuf, private: bool) -> Result<Self, CertificateError> {
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        if private {
            use std::os::unix::fs::OpenOptionsExt;
            options.mode(0o600);
        }
        #[cfg(not(unix))]
        let _ = private;
        match options.open(path) {
            Ok(file) => Ok(Self { path, file, kept: false }),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                Err(CertificateError::Exists { path: path.clone() })
            }
            Err(error) => Err(failed("create", path, error)),
        }
    }

    fn fill(&mut self, text: &str) -> Result<(), CertificateError> {
        self.file
            .write_all(text.as_bytes())
            .and_then(|()| self.file.sync_all())
            .map_err(|source| failed("write", self.path, source))
    }

    fn keep(&mut self) {
        self.kept = true;
    }
}

impl Drop for NewFile<'_> {
    fn drop(&mut self) {
        if !self.kept {
            // There is an error on its way already, which says more than a second one.
            let _ = fs::remove_file(self.path);
        }
    }
}

pub(super) fn failed(verb: &'static str, path: &Path, source: io::Error) -> CertificateError {
    CertificateError::Io { verb, path: path.into(), source }
}
