//! PLAIN: a user name and a password, in the clear (RFC 24).
//!
//! ```text
//!     client                              server
//!        │ HELLO user, password ──▶         │  asks its application
//!        │         ◀── WELCOME, or ERROR    │
//!        │ INITIATE metadata ──▶            │  compares the socket types
//!        │         ◀── READY metadata, or ERROR
//! ```
//!
//! Who is client and who is server is a matter of settings. Two clients find out from each other's HELLO;
//! two servers wait for each other until the caller's deadline.

use bytes::BytesMut;

use super::command::{self, name};
use super::error::WireError;
use super::handshake::{Credentials, Secret};
use super::metadata::Metadata;
use super::role::{Role, Step};

/// The side that has a user name and a password.
pub(super) struct Client {
    /// Gone once they are sent.
    credentials: Option<(String, Secret)>,
    welcome: bool,
}

impl Client {
    /// Neither may be longer than 255 octets; what is longer would be cut.
    pub(super) fn new(user: String, password: Secret) -> Client {
        Client { credentials: Some((user, password)), welcome: false }
    }
}

impl Role for Client {
    fn start(&mut self, _own: &Metadata, out: &mut BytesMut) -> Step {
        if let Some((user, password)) = self.credentials.take() {
            let (user, password) = (user.as_bytes(), password.expose());
            let data = [&[user.len() as u8][..], user, &[password.len() as u8], password];
            command::encode(name::HELLO, &data, out);
        }
        Step::Wait
    }

    fn receive(
        &mut self,
        body: &[u8],
        own: &Metadata,
        out: &mut BytesMut,
    ) -> Result<Step, WireError> {
        if self.welcome {
            let metadata = command::expect(name::READY, body)?;
            return Ok(Step::Met(Metadata::decode(metadata)?));
        }
        if !command::expect(name::WELCOME, body)?.is_empty() {
            return Err(WireError::Malformed { what: "WELCOME", problem: "it has data" });
        }
        self.welcome = true;
        command::encode(name::INITIATE, &[own.as_octets()], out);
        Ok(Step::Wait)
    }

    fn may_refuse(&self) -> bool {
        false
    }
}

/// The side that judges.
pub(super) struct Server {
    hello: bool,
}

impl Server {
    pub(super) fn new() -> Server {
        Server { hello: false }
    }
}

impl Role for Server {
    fn start(&mut self, _own: &Metadata, _out: &mut BytesMut) -> Step {
        Step::Wait
    }

    fn receive(
        &mut self,
        body: &[u8],
        _own: &Metadata,
        _out: &mut BytesMut,
    ) -> Result<Step, WireError> {
        if self.hello {
            let metadata = command::expect(name::INITIATE, body)?;
            return Ok(Step::Met(Metadata::decode(metadata)?));
        }
        let credentials = credentials(command::expect(name::HELLO, body)?)?;
        self.hello = true;
        Ok(Step::Ask(credentials))
    }

    fn allow(&mut self, _own: &Metadata, out: &mut BytesMut) -> Step {
        command::encode(name::WELCOME, &[], out);
        Step::Wait
    }

    fn finish(&mut self, own: &Metadata, out: &mut BytesMut) -> Result<(), WireError> {
        command::encode(name::READY, &[own.as_octets()], out);
        Ok(())
    }

    fn may_refuse(&self) -> bool {
        true
    }
}

/// Reads the data of HELLO.
fn credentials(data: &[u8]) -> Result<Credentials, WireError> {
    let wrong = |problem| WireError::Malformed { what: "HELLO", problem };
    let part = |octets| -> Option<(&[u8], &[u8])> {
        let (&length, rest) = <[u8]>::split_first(octets)?;
        rest.split_at_checked(length.into())
    };
    let (user, rest) = part(data).ok_or_else(|| wrong("it ends within the user name"))?;
    let (password, rest) = part(rest).ok_or_else(|| wrong("it ends within the password"))?;
    if !rest.is_empty() {
        return Err(wrong("something follows the password"));
    }
    let user = std::str::from_utf8(user).map_err(|_| wrong("the user name is not UTF-8"))?;
    Ok(Credentials::Plain { user: user.into(), password: Secret::from(password) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(data: &[u8]) -> &'static str {
        match credentials(data) {
            Err(WireError::Malformed { what: "HELLO", problem }) => problem,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn credentials_are_read_whole() {
        let read = |data| credentials(data).unwrap();
        let expected = |user: &str, password: &[u8]| Credentials::Plain {
            user: user.into(),
            password: Secret::from(password),
        };
        assert_eq!(read(b"\x05admin\x06secret"), expected("admin", b"secret"));
        assert_eq!(read(b"\0\0"), expected("", b""));
        assert_eq!(read(b"\0\x02\xff\0"), expected("", b"\xff\0"));
    }

    #[test]
    fn a_faulty_hello_is_refused_by_its_fault() {
        assert_eq!(problem(b""), "it ends within the user name");
        assert_eq!(problem(b"\x05admi"), "it ends within the user name");
        assert_eq!(problem(b"\x05admin"), "it ends within the password");
        assert_eq!(problem(b"\x05admin\x06secre"), "it ends within the password");
        assert_eq!(problem(b"\x05admin\x06secret!"), "something follows the password");
        assert_eq!(problem(b"\x01\xff\0"), "the user name is not UTF-8");
    }
}
