//! A directory of certificates: who may come in.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fs;
use std::path::{Path, PathBuf};

use super::file::failed;
use super::{Certificate, CertificateError};
use crate::net::wire::keys::PublicKey;

/// The public keys that are in a directory, with their metadata. It is as the directory was when it was
/// read: load it again to see changes.
///
/// pyzmq's `load_certificates` reads the same files.
#[derive(Clone, Debug, Default)]
pub struct CertificateStore {
    certificates: HashMap<PublicKey, Certificate>,
}

impl CertificateStore {
    /// Reads all files `*.key` of a directory; hidden ones, other names and directories inside are passed
    /// over. A secret key in one of them is forgotten at once.
    ///
    /// # Errors
    ///
    /// [`CertificateError::Io`] if the directory or a file cannot be read. One file that is no certificate
    /// ([`CertificateError::File`]), or a key in two files ([`CertificateError::Twice`]), and there is no
    /// store: half a list would be one that nobody wrote.
    pub fn load(directory: impl AsRef<Path>) -> Result<Self, CertificateError> {
        let mut certificates = HashMap::new();
        let mut origins: HashMap<PublicKey, PathBuf> = HashMap::new();
        for path in public_files(directory.as_ref())? {
            let mut certificate = Certificate::load(&path)?;
            certificate.secret = None;
            let key = certificate.public;
            match origins.entry(key) {
                Entry::Occupied(first) => {
                    let first = first.remove();
                    return Err(CertificateError::Twice { key, first, second: path });
                }
                Entry::Vacant(place) => place.insert(path),
            };
            certificates.insert(key, certificate);
        }
        Ok(Self { certificates })
    }

    /// Whether a key is in it.
    #[must_use]
    pub fn contains(&self, key: &PublicKey) -> bool {
        self.certificates.contains_key(key)
    }

    /// The certificate of a key, without secret.
    #[must_use]
    pub fn get(&self, key: &PublicKey) -> Option<&Certificate> {
        self.certificates.get(key)
    }

    /// All certificates, without secrets, in no order.
    pub fn iter(&self) -> impl Iterator<Item = &Certificate> {
        self.certificates.values()
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.certificates.len()
    }

    /// Whether there is none: nobody may come in.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.certificates.is_empty()
    }
}

/// In the order of their names, so that an error is the same each time.
fn public_files(directory: &Path) -> Result<Vec<PathBuf>, CertificateError> {
    let io = |source| failed("list", directory, source);
    let mut files = Vec::new();
    for entry in fs::read_dir(directory).map_err(io)? {
        let path = entry.map_err(io)?.path();
        let hidden = path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
        if hidden || path.extension().is_none_or(|ending| ending != "key") {
            continue;
        }
        // A link counts as what it points to: that is how secrets are mounted into containers.
        let kind = fs::metadata(&path).map_err(|source| failed("read", &path, source))?;
        if !kind.is_dir() {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}
