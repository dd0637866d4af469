//! Certificates: key pairs in files, as CZMQ and pyzmq write and read them.
//!
//! A certificate is two text files (ZPL, RFC 4): `NAME.key` for everybody, and `NAME.key_secret` for its
//! owner alone.
//!
//! ```text
//!   # comments                                  only whole lines, or behind a value
//!   metadata                                    a section: no indentation
//!       email = "mill@example.org"              its entries: indented, by 4 spaces when written
//!   curve
//!       public-key = "Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID"
//!       secret-key = "D:)Q[IlAW!ahhC2ac:9*A}h:p?([4%wOTJ%JR%cs"       only in NAME.key_secret
//! ```
//!
//! Reading is liberal in form: any indentation, LF or CRLF, single, double or no quotes, sections and
//! entries that are not known. It is strict in substance: a key that is none, is there twice, or does not
//! belong to the other one is an error that names file and line. [`Certificate::save`] never overwrites
//! anything, and its secret file is readable by nobody else from the moment that it exists. There is no
//! signature and no expiry in a certificate; whoever is in a [`CertificateStore`] is so because somebody
//! put the file there.
//!
//! Files are read and written with blocking calls: do it at the start, or on a thread for such things.

mod error;
mod file;
mod store;
mod text;

use std::fmt;
use std::path::{Path, PathBuf};

pub use self::error::{CertificateError, Problem};
pub use self::store::CertificateStore;
use super::wire::keys::{KeyPair, PublicKey, SecretKey};

/// A key, or both, with what its owner has written beside it.
///
/// ```no_run
/// use millhand::net::certificate::Certificate;
///
/// let mine = Certificate::generate().with_metadata("role", "miller")?;
/// let files = mine.save("keys/mill")?; // keys/mill.key and keys/mill.key_secret
/// assert_eq!(Certificate::load(&files.secret)?.public(), mine.public());
/// # Ok::<(), millhand::net::certificate::CertificateError>(())
/// ```
#[derive(Clone)]
pub struct Certificate {
    public: PublicKey,
    secret: Option<SecretKey>,
    metadata: Vec<(String, String)>,
}

/// Where a certificate has been saved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SavedFiles {
    /// The file to give away.
    pub public: PathBuf,
    /// The file to keep.
    pub secret: PathBuf,
}

impl Certificate {
    /// Makes a new key pair. It has no metadata.
    ///
    /// # Panics
    ///
    /// If the system has no random numbers to give.
    #[must_use]
    pub fn generate() -> Self {
        let KeyPair { public, secret } = KeyPair::generate();
        Self { public, secret: Some(secret), metadata: Vec::new() }
    }

    /// For a key pair that there is already. The public half is computed from the secret one.
    #[must_use]
    pub fn from_secret(secret: SecretKey) -> Self {
        Self { public: secret.public(), secret: Some(secret), metadata: Vec::new() }
    }

    /// Adds a line of metadata; it goes into both files. A name that is there already gets the new value.
    ///
    /// # Errors
    ///
    /// [`CertificateError::Metadata`] if it could not be read again: a name is made of ASCII letters,
    /// digits and `$-_@.&+/`, and does not begin as the names of the keys do; a value is one line, without
    /// control characters, and has no more than one kind of quotes.
    pub fn with_metadata(mut self, name: &str, value: &str) -> Result<Self, CertificateError> {
        text::check_metadata(name, value)?;
        match self.metadata.iter_mut().find(|(known, _)| known == name) {
            Some((_, known)) => *known = value.into(),
            None => self.metadata.push((name.into(), value.into())),
        }
        Ok(self)
    }

    /// The key that others know the owner by.
    #[must_use]
    pub fn public(&self) -> &PublicKey {
        &self.public
    }

    /// Both keys, if this is the owner's certificate.
    #[must_use]
    pub fn key_pair(&self) -> Option<KeyPair> {
        let secret = self.secret.clone()?;
        Some(KeyPair { public: self.public, secret })
    }

    /// The value of a line of metadata.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.metadata().find_map(|(known, value)| (known == name).then_some(value))
    }

    /// All metadata, names and values, in the order of the file.
    pub fn metadata(&self) -> impl Iterator<Item = (&str, &str)> {
        self.metadata.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Reads one file, of either kind. Only the one that is named is read, whatever lies beside it.
    ///
    /// # Errors
    ///
    /// [`CertificateError::Io`] or [`CertificateError::File`]: the latter has the line, and what is wrong.
    pub fn load(path: impl AsRef<Path>) -> Result<Self, CertificateError> {
        let path = path.as_ref();
        text::read(&file::read(path)?).map_err(|(line, problem)| CertificateError::File {
            path: path.into(),
            line,
            problem,
        })
    }

    /// Writes both files: `path` with `.key` (added unless it ends so already), and with `.key_secret`.
    ///
    /// On Unix the secret file has mode 0600 from its creation; elsewhere the rights are those that the
    /// directory hands down. If one of the files cannot be written, the other is not left behind. A crash
    /// of the machine while this runs may leave one that [`load`](Self::load) refuses.
    ///
    /// # Errors
    ///
    /// [`CertificateError::Exists`] if there is a file of either name; nothing has been changed then.
    /// [`CertificateError::Public`] if this certificate has no secret key. [`CertificateError::Io`] for
    /// all that the system says.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<SavedFiles, CertificateError> {
        let secret = self.secret.as_ref().ok_or(CertificateError::Public)?;
        let files = file::names(path.as_ref());
        let public = text::write(&self.public, None, &self.metadata);
        let secret = text::write(&self.public, Some(secret), &self.metadata);
        file::save(&files, &public, &secret)?;
        Ok(files)
    }
}

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Certificate")
            .field("public", &self.public)
            .field("secret", &self.secret)
            .field("metadata", &self.metadata)
            .finish()
    }
}

#[cfg(test)]
mod tests;
