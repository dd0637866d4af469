//! `millhand keygen`: a new certificate.

use std::io::{ErrorKind, Write};

use millhand::net::certificate::Certificate;

use crate::arguments::Keygen;
use crate::failure::Failure;

/// Writes both files, and prints their paths.
pub(crate) fn run(arguments: &Keygen) -> Result<(), Failure> {
    let files = Certificate::generate().save(&arguments.out).map_err(Failure::usage)?;
    let mut paths = Vec::new();
    for path in [&files.public, &files.secret] {
        paths.extend_from_slice(path.as_os_str().as_encoded_bytes());
        paths.push(b'\n');
    }
    let mut output = std::io::stdout().lock();
    match output.write_all(&paths).and_then(|()| output.flush()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Err(Failure::Quiet),
        Err(error) => Err(Failure::failed(format!("cannot write standard output: {error}"))),
        Ok(()) => Ok(()),
    }
}
