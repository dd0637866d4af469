//! NULL: no security (RFC 37, "The NULL Security Mechanism").
//!
//! ```text
//!     one side                     the other
//!        │ READY metadata ──▶ ◀── READY metadata │
//! ```
//!
//! Both send READY at once, or, if they ask their application first, when it has said yes. The RFC lets
//! the side that binds wait for the other's; libzmq does not, and roles are not known here.

use bytes::BytesMut;

use super::command::{self, name};
use super::error::WireError;
use super::handshake::Credentials;
use super::metadata::Metadata;
use super::role::{Role, Step};

/// Either side.
pub(super) struct Null {
    authenticate: bool,
}

impl Null {
    pub(super) fn new(authenticate: bool) -> Null {
        Null { authenticate }
    }
}

impl Role for Null {
    fn start(&mut self, own: &Metadata, out: &mut BytesMut) -> Step {
        if self.authenticate {
            return Step::Ask(Credentials::Null);
        }
        self.allow(own, out)
    }

    fn receive(
        &mut self,
        body: &[u8],
        _own: &Metadata,
        _out: &mut BytesMut,
    ) -> Result<Step, WireError> {
        let metadata = command::expect(name::READY, body)?;
        Ok(Step::Met(Metadata::decode(metadata)?))
    }

    fn allow(&mut self, own: &Metadata, out: &mut BytesMut) -> Step {
        command::encode(name::READY, &[own.as_octets()], out);
        Step::Wait
    }

    fn may_refuse(&self) -> bool {
        true
    }
}
