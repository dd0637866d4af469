//! The text of a certificate: ZPL (RFC 4), as far as certificates need it.

use zeroize::Zeroizing;

use super::{Certificate, CertificateError, Problem};
use crate::net::wire::keys::{KeyError, KeyPair, PublicKey, SecretKey};

const PUBLIC: &str = "public-key";
const SECRET: &str = "secret-key";

/// What a written file says first.
const PUBLIC_NOTE: &str = "\
# ZeroMQ CURVE certificate: the PUBLIC key of a peer.
# Hand it to whoever shall know the peer, by a way that nobody can change it on.

";
const SECRET_NOTE: &str = "\
# ZeroMQ CURVE certificate: the SECRET key of a peer.
# Whoever can read this file can pass for the peer. Keep it; share the other file.

";

/// Reads a certificate of either kind. The error has the number of its line.
pub(super) fn read(text: &[u8]) -> Result<Certificate, (usize, Problem)> {
    let mut public: Option<PublicKey> = None;
    let mut secret: Option<(SecretKey, usize)> = None;
    let mut metadata = Vec::new();
    let mut section = Section::Other;
    let mut number = 0;
    let text = text.strip_prefix("\u{feff}".as_bytes()).unwrap_or(text);
    for line in text.strip_suffix(b"\n").unwrap_or(text).split(|octet| *octet == b'\n') {
        number += 1;
        let at = |problem| (number, problem);
        let line = str::from_utf8(line).map_err(|_| at(Problem::Utf8))?;
        match parse(line).map_err(at)? {
            Line::Empty => {}
            Line::Section(begun) => section = begun,
            // Sections inside of sections are for others to know.
            Line::Inner if section == Section::Other => {}
            Line::Inner => return Err(at(Problem::Line)),
            Line::Entry { indented, name, value } => {
                let section = if indented { section } else { Section::Other };
                match (section, name) {
                    (Section::Curve, PUBLIC) if public.is_some() => {
                        return Err(at(Problem::Repeated { name: PUBLIC }));
                    }
                    (Section::Curve, SECRET) if secret.is_some() => {
                        return Err(at(Problem::Repeated { name: SECRET }));
                    }
                    (Section::Curve, PUBLIC) => {
                        public = Some(value.parse().map_err(|source| at(key(PUBLIC, source)))?);
                    }
                    (Section::Curve, SECRET) => {
                        let read = value.parse().map_err(|source| at(key(SECRET, source)))?;
                        secret = Some((read, number));
                    }
                    (_, PUBLIC | SECRET) => return Err(at(Problem::Outside)),
                    (Section::Metadata, _) => metadata.push((name.into(), value.into())),
                    _ => {}
                }
            }
        }
    }
    let Some(public) = public else { return Err((number, Problem::Missing)) };
    let secret = match secret {
        Some((secret, line)) => {
            let pair = KeyPair { public, secret };
            pair.check().map_err(|source| (line, key(SECRET, source)))?;
            Some(pair.secret)
        }
        None => None,
    };
    Ok(Certificate { public, secret, metadata })
}

/// Writes a certificate, of the secret kind if there is a secret.
pub(super) fn write(
    public: &PublicKey,
    secret: Option<&SecretKey>,
    metadata: &[(String, String)],
) -> Zeroizing<String> {
    // Enough for all of it: a text that grew would leave secrets behind.
    let room = metadata.iter().map(|(name, value)| name.len() + value.len() + 16).sum::<usize>();
    let mut text = Zeroizing::new(String::with_capacity(1024 + room));
    text.push_str(if secret.is_some() { SECRET_NOTE } else { PUBLIC_NOTE });
    text.push_str("metadata\n");
    for (name, value) in metadata {
        entry(&mut text, name, value);
    }
    text.push_str("curve\n");
    entry(&mut text, PUBLIC, &public.to_string());
    if let Some(secret) = secret {
        entry(&mut text, SECRET, &secret.to_z85());
    }
    text
}

/// Whether [`read`] would read it as it was written, and others too.
pub(super) fn check_metadata(name: &str, value: &str) -> Result<(), CertificateError> {
    let problem = if !is_name(name) {
        "its name must be made of ASCII letters, digits and `$-_@.&+/`"
    } else if name.starts_with(PUBLIC) || name.starts_with(SECRET) {
        // pyzmq takes each line that begins so for the key.
        "its name must not begin like that of a key"
    } else if value.contains(char::is_control) {
        "its value must be one line, without control characters"
    } else if value.contains('"') && value.contains('\'') {
        "its value can have single or double quotes, not both"
    } else {
        return Ok(());
    };
    Err(CertificateError::Metadata { name: name.into(), problem })
}

/// Where a line belongs to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Section {
    Metadata,
    Curve,
    Other,
}

/// One line, without its comment.
enum Line<'a> {
    /// Nothing, or a comment.
    Empty,
    /// A section begins.
    Section(Section),
    /// A section inside of another begins.
    Inner,
    /// `name = value`. Without indentation it is in no section, and ends none.
    Entry { indented: bool, name: &'a str, value: &'a str },
}

fn parse(line: &str) -> Result<Line<'_>, Problem> {
    let indented = line.starts_with([' ', '\t']);
    let line = line.trim();
    if line.is_empty() || line.starts_with('#') {
        return Ok(Line::Empty);
    }
    if let Some((name, value)) = line.split_once('=')
        && !name.contains('#')
    {
        let name = name.trim_end();
        if name.is_empty() || name.contains(['"', '\'']) {
            return Err(Problem::Line);
        }
        return Ok(Line::Entry { indented, name, value: unquoted(value.trim_start()) });
    }
    match without_comment(line) {
        name if !is_name(name) => Err(Problem::Line),
        _ if indented => Ok(Line::Inner),
        "metadata" => Ok(Line::Section(Section::Metadata)),
        "curve" => Ok(Line::Section(Section::Curve)),
        _ => Ok(Line::Section(Section::Other)),
    }
}

/// A value without its quotes, if it has any, and without what may follow it. One that begins with a quote
/// and does not end with it has none.
fn unquoted(value: &str) -> &str {
    let quoted =
        value.chars().next().filter(|first| matches!(first, '"' | '\'')).and_then(|quote| {
            let (inside, rest) = value[1..].split_once(quote)?;
            without_comment(rest).is_empty().then_some(inside)
        });
    quoted.unwrap_or_else(|| without_comment(value))
}

/// What is before a `#` that stands first or behind a space: one inside of a word is a digit of Z85.
fn without_comment(text: &str) -> &str {
    let mut before = ' ';
    for (offset, character) in text.char_indices() {
        if character == '#' && before.is_whitespace() {
            return text[..offset].trim_end();
        }
        before = character;
    }
    text
}

fn is_name(name: &str) -> bool {
    let fits = |octet: u8| octet.is_ascii_alphanumeric() || b"$-_@.&+/".contains(&octet);
    !name.is_empty() && name.bytes().all(fits)
}

fn entry(text: &mut String, name: &str, value: &str) {
    let quote = if value.contains('"') { '\'' } else { '"' };
    for part in ["    ", name, " = "] {
        text.push_str(part);
    }
    text.push(quote);
    text.push_str(value);
    text.push(quote);
    text.push('\n');
}

fn key(name: &'static str, source: KeyError) -> Problem {
    Problem::Key { name, source }
}
