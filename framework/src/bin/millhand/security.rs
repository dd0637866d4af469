//! The security options: from flags and files to what sockets take.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::future::ready;
use std::path::Path;

use millhand::net::certificate::{Certificate, CertificateStore};
use millhand::net::wire::handshake::{Credentials, Secret, Security};
use millhand::net::wire::keys::{KeyPair, PublicKey};
use millhand::net::{Applicant, Options, Verdict};
use zeroize::Zeroizing;

use crate::arguments;
use crate::failure::Failure;

impl arguments::Security {
    /// Reads the files that are named, and adds what they say.
    pub(crate) fn apply(&self, options: Options) -> Result<Options, Failure> {
        let options = options.allow_insecure(self.allow_insecure);
        if let Some(file) = &self.curve_key {
            return self.curve(options, key_pair(file)?);
        }
        if let Some(file) = &self.plain_server {
            let users = users(file)?;
            return Ok(options
                .security(Security::PlainServer)
                .authenticator(move |applicant| ready(judge(&users, applicant))));
        }
        match (&self.plain_user, &self.plain_password) {
            (Some(user), Some(password)) => {
                let password = Secret::from(password.as_str());
                Ok(options.security(Security::PlainClient { user: user.clone(), password }))
            }
            _ => Ok(options),
        }
    }

    fn curve(&self, options: Options, keys: KeyPair) -> Result<Options, Failure> {
        if let Some(server) = &self.curve_server_key {
            return Ok(options.security(Security::curve_client(keys, server_key(server)?)));
        }
        if !self.curve_server {
            return Err(Failure::usage(
                "--curve-key needs --curve-server, or --curve-server-key with the server's key",
            ));
        }
        let options = options.security(Security::curve_server(keys));
        let Some(directory) = &self.curve_allow else { return Ok(options) };
        let allowed = CertificateStore::load(directory).map_err(Failure::usage)?;
        Ok(options.authenticator(move |applicant| {
            ready(match applicant.credentials {
                Credentials::Curve { key, .. } if allowed.contains(&key) => {
                    Verdict::allow_as(key.to_string())
                }
                _ => Verdict::DENY,
            })
        }))
    }
}

fn key_pair(file: &Path) -> Result<KeyPair, Failure> {
    let certificate = Certificate::load(file).map_err(Failure::usage)?;
    certificate.key_pair().ok_or_else(|| {
        let file = file.display();
        Failure::usage(format!("`{file}` has no secret key; name the file NAME.key_secret"))
    })
}

/// The key itself, or the certificate it is in.
fn server_key(text: &OsStr) -> Result<PublicKey, Failure> {
    /// Characters of a key.
    const LENGTH: usize = 40;
    let key = text.to_str().filter(|text| text.len() == LENGTH && !Path::new(text).exists());
    match key {
        Some(key) => {
            key.parse().map_err(|error| Failure::usage(format!("--curve-server-key: {error}")))
        }
        None => Ok(*Certificate::load(Path::new(text)).map_err(Failure::usage)?.public()),
    }
}

/// Reads lines `user:password`. Lines without anything are passed over.
fn users(file: &Path) -> Result<HashMap<String, Secret>, Failure> {
    let shown = file.display();
    let text = std::fs::read(file)
        .map_err(|error| Failure::usage(format!("could not read `{shown}`: {error}")))?;
    parse(&Zeroizing::new(text))
        .map_err(|(line, problem)| Failure::usage(format!("`{shown}`, line {line}: {problem}")))
}

fn parse(text: &[u8]) -> Result<HashMap<String, Secret>, (usize, &'static str)> {
    let mut users = HashMap::new();
    for (number, line) in text.split(|octet| *octet == b'\n').enumerate() {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.is_empty() {
            continue;
        }
        let fault = |problem| (number + 1, problem);
        let colon = line.iter().position(|octet| *octet == b':');
        let (user, password) =
            line.split_at(colon.ok_or(fault("there is no colon; a line is user:password"))?);
        let user = str::from_utf8(user).map_err(|_| fault("the user is not UTF-8"))?;
        if users.insert(user.to_owned(), Secret::from(&password[1..])).is_some() {
            return Err(fault("the user is there already; remove one of the lines"));
        }
    }
    Ok(users)
}

fn judge(users: &HashMap<String, Secret>, applicant: Applicant) -> Verdict {
    match applicant.credentials {
        Credentials::Plain { user, password } if users.get(&user) == Some(&password) => {
            Verdict::allow_as(user)
        }
        _ => Verdict::DENY,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users_are_read_with_colons_in_their_passwords() {
        let users = parse(b"ann:a:b\r\n\nbob:\n").unwrap();
        assert_eq!(users.len(), 2);
        assert_eq!(users["ann"].expose(), b"a:b");
        assert_eq!(users["bob"].expose(), b"");
    }

    #[test]
    fn what_is_no_list_of_users_is_refused_with_its_line() {
        assert_eq!(parse(b"ann:a\nbob").unwrap_err().0, 2);
        assert_eq!(parse(b"ann:a\nann:b").unwrap_err().0, 2);
        assert_eq!(parse(b"\xff:a").unwrap_err().0, 1);
    }
}
