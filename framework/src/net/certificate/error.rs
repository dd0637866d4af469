//! What can be wrong with a certificate.

use std::io;
use std::path::PathBuf;

use crate::net::wire::keys::{KeyError, PublicKey};

/// A certificate, or a directory of them, could not be read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CertificateError {
    /// The system could not do it.
    #[error("could not {verb} `{}`: {source}", path.display())]
    Io {
        /// What it was to do.
        verb: &'static str,
        /// With which file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// There is a file of this name, which is not overwritten.
    #[error("`{}` exists already; choose another name, or move that key away if nobody uses it", path.display())]
    Exists {
        /// Its name.
        path: PathBuf,
    },
    /// The file is no certificate.
    #[error("`{}`, line {line}: {problem}", path.display())]
    File {
        /// Which file.
        path: PathBuf,
        /// Which line, counted from 1; for something that is missing, the last.
        line: usize,
        /// What is wrong there.
        problem: Problem,
    },
    /// A certificate without its secret key is somebody else's, and not saved.
    #[error("the certificate has no secret key; save the owner's, or copy the file it came from")]
    Public,
    /// Metadata that could not be read again.
    #[error("`{name}` is no metadata: {problem}")]
    Metadata {
        /// Its name.
        name: String,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// A key is in two files of a directory.
    #[error("`{}` and `{}` have the same key, {key}; remove one of them", first.display(), second.display())]
    Twice {
        /// The key.
        key: PublicKey,
        /// One of the files.
        first: PathBuf,
        /// The other.
        second: PathBuf,
    },
}

/// What is wrong in a line of a certificate.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// The file is larger than any certificate.
    #[error("the file is larger than {limit} octets; it is no certificate")]
    Large {
        /// The largest that is read, in octets.
        limit: usize,
    },
    /// It is not text.
    #[error("the line is not UTF-8; write the file again as UTF-8")]
    Utf8,
    /// A line is neither a section nor an entry.
    #[error("this is neither a comment, nor a section, nor `name = value`")]
    Line,
    /// A key stands outside the section of keys.
    #[error("a key stands outside of the section `curve`; indent it below a line `curve`")]
    Outside,
    /// A key is given twice.
    #[error("`{name}` is given twice; remove one")]
    Repeated {
        /// Its name.
        name: &'static str,
    },
    /// A key is none.
    #[error("`{name}`: {source}")]
    Key {
        /// Its name.
        name: &'static str,
        /// What is wrong with it.
        source: KeyError,
    },
    /// There is no key in the whole file.
    #[error(
        "the file ends without a `public-key` in a section `curve`; it is no certificate, or cut off"
    )]
    Missing,
}
