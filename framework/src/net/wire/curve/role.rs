//! Both sides of CURVE as the handshake of ZMTP calls them (RFC 25).
//!
//! ```text
//!     client                              server
//!        │ HELLO ──▶                        │
//!        │         ◀── WELCOME              │
//!        │ INITIATE key, metadata ──▶       │  asks its application about the key
//!        │         ◀── READY metadata, or ERROR
//!        │ MESSAGE ◀─▶                      │
//! ```
//!
//! Who is client and who is server is a matter of settings. Two clients find out from each other's HELLO;
//! two servers wait for each other until the caller's deadline.
//!
//! A client that goes wrong before READY is told nothing: whoever does not know the server's key learns
//! nothing from it.

use std::mem;

use bytes::{BufMut, BytesMut};

use super::{Cipher, Client, Server};
use crate::net::wire::command::{self, name};
use crate::net::wire::error::WireError;
use crate::net::wire::frame::{Flags, Header};
use crate::net::wire::handshake::Credentials;
use crate::net::wire::keys::{KeyPair, PublicKey};
use crate::net::wire::metadata::Metadata;
use crate::net::wire::role::{Role, Step};

/// The side that knows the other's key.
pub(in crate::net::wire) struct ClientRole {
    client: Client,
    welcome: bool,
    cipher: Option<Cipher>,
}

impl ClientRole {
    pub(in crate::net::wire) fn new(keys: KeyPair, server: PublicKey) -> ClientRole {
        ClientRole { client: Client::new(keys, server), welcome: false, cipher: None }
    }

    /// One that has said its HELLO already.
    #[cfg(test)]
    pub(super) fn begun(client: Client) -> ClientRole {
        ClientRole { client, welcome: false, cipher: None }
    }
}

impl Role for ClientRole {
    fn start(&mut self, _own: &Metadata, out: &mut BytesMut) -> Step {
        let mut hello = BytesMut::new();
        self.client.hello(&mut hello);
        frame(&hello, out);
        Step::Wait
    }

    fn receive(
        &mut self,
        body: &[u8],
        own: &Metadata,
        out: &mut BytesMut,
    ) -> Result<Step, WireError> {
        if self.welcome {
            command::expect(name::READY, body)?;
            let (metadata, cipher) = self.client.ready(body)?;
            let metadata = Metadata::decode(&metadata)?;
            self.cipher = Some(cipher);
            return Ok(Step::Met(metadata));
        }
        command::expect(name::WELCOME, body)?;
        let mut initiate = BytesMut::new();
        self.client.welcome(body, own.as_octets(), &mut initiate)?;
        self.welcome = true;
        frame(&initiate, out);
        Ok(Step::Wait)
    }

    fn cipher(&mut self) -> Option<Cipher> {
        self.cipher.take()
    }

    fn may_refuse(&self) -> bool {
        false
    }
}

/// The side that learns who comes, and judges.
pub(in crate::net::wire) struct ServerRole {
    server: Server,
    hello: bool,
    /// What the client says of itself, until it is let in.
    metadata: Metadata,
    cipher: Option<Cipher>,
}

impl ServerRole {
    pub(in crate::net::wire) fn new(keys: KeyPair) -> ServerRole {
        let metadata = Metadata::default();
        ServerRole { server: Server::new(keys), hello: false, metadata, cipher: None }
    }
}

impl Role for ServerRole {
    fn start(&mut self, _own: &Metadata, _out: &mut BytesMut) -> Step {
        Step::Wait
    }

    fn receive(
        &mut self,
        body: &[u8],
        _own: &Metadata,
        out: &mut BytesMut,
    ) -> Result<Step, WireError> {
        if self.hello {
            command::expect(name::INITIATE, body)?;
            let initiate = self.server.initiate(body)?;
            // The application is not troubled with who makes no sense.
            self.metadata = Metadata::decode(&initiate.metadata)?;
            return Ok(Step::Ask(Credentials::Curve { key: initiate.client }));
        }
        command::expect(name::HELLO, body)?;
        let mut welcome = BytesMut::new();
        self.server.hello(body, &mut welcome)?;
        self.hello = true;
        frame(&welcome, out);
        Ok(Step::Wait)
    }

    fn allow(&mut self, _own: &Metadata, _out: &mut BytesMut) -> Step {
        Step::Met(mem::take(&mut self.metadata))
    }

    fn finish(&mut self, own: &Metadata, out: &mut BytesMut) -> Result<(), WireError> {
        let mut ready = BytesMut::new();
        self.cipher = Some(self.server.ready(own.as_octets(), &mut ready)?);
        frame(&ready, out);
        Ok(())
    }

    fn cipher(&mut self) -> Option<Cipher> {
        self.cipher.take()
    }

    fn may_refuse(&self) -> bool {
        true
    }
}

/// Appends the frame of a command. MESSAGE, which travels without the flag, is no matter of the handshake.
fn frame(body: &[u8], out: &mut BytesMut) {
    Header { flags: Flags::command(), length: body.len() as u64 }.encode(out);
    out.put_slice(body);
}
