//! What this side brings to a handshake.

use bytes::Bytes;

use super::{LONGEST_COMMAND, Secret, check_identity};
use crate::net::wire::command::name;
use crate::net::wire::curve::INITIATE_OVERHEAD;
use crate::net::wire::error::{Side, WireError};
use crate::net::wire::keys::{KeyPair, PublicKey};
use crate::net::wire::metadata::{self, Metadata};
use crate::net::wire::socket_type::SocketType;

/// What this side says of itself, and what it asks of the peer.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The type of the socket that the connection belongs to.
    pub socket_type: SocketType,
    /// What ROUTER peers call this socket: up to 255 octets, the first not 0. Empty: they choose. Sent by
    /// [some types](SocketType::sends_identity) only.
    pub identity: Bytes,
    /// More properties for the peer to read, such as `X-…`. Socket-Type and Identity are not among them.
    pub properties: Vec<(String, Bytes)>,
    /// How the two sides make sure of each other.
    pub security: Security,
    /// With [`Security::Null`]: whether the application is asked about each peer. Servers of the other
    /// mechanisms always ask, and their clients never.
    pub authenticate: bool,
}

/// The mechanism and the role in it. It is the same for all connections of a socket.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Security {
    /// None: anyone can come, and anyone can listen in.
    Null,
    /// A user name and a password, in the clear.
    PlainClient {
        /// Up to 255 octets.
        user: String,
        /// Up to 255 octets.
        password: Secret,
    },
    /// Asks for a user name and a password.
    PlainServer,
    /// Proves that it has a key, and seals all that is said, for one server.
    CurveClient {
        /// This side's.
        keys: KeyPair,
        /// The server's, without which it does not answer.
        server: PublicKey,
    },
    /// Asks for a key, and seals all that is said.
    CurveServer {
        /// Clients must know the public one.
        keys: KeyPair,
    },
}

impl Security {
    /// [`PlainClient`](Self::PlainClient).
    pub fn plain_client(user: impl Into<String>, password: impl Into<Secret>) -> Security {
        Security::PlainClient { user: user.into(), password: password.into() }
    }

    /// [`CurveClient`](Self::CurveClient), with this side's keys and the server's public one.
    pub fn curve_client(keys: KeyPair, server: PublicKey) -> Security {
        Security::CurveClient { keys, server }
    }

    /// [`CurveServer`](Self::CurveServer).
    pub fn curve_server(keys: KeyPair) -> Security {
        Security::CurveServer { keys }
    }

    /// Whether this is the side that judges. It says nothing about who connects to whom.
    pub fn is_server(&self) -> bool {
        matches!(self, Self::PlainServer | Self::CurveServer { .. })
    }
}

impl Settings {
    /// A socket without identity, more properties or authentication.
    pub fn new(socket_type: SocketType, security: Security) -> Settings {
        let (identity, properties) = (Bytes::new(), Vec::new());
        Settings { socket_type, identity, properties, security, authenticate: false }
    }

    /// Says what is wrong with the settings, so that it need not be found out at the first connection.
    ///
    /// # Errors
    ///
    /// [`IdentityTooLong`](WireError::IdentityTooLong), [`ReservedIdentity`](WireError::ReservedIdentity),
    /// [`OwnProperty`](WireError::OwnProperty), [`LongCredential`](WireError::LongCredential),
    /// [`OwnKeys`](WireError::OwnKeys) if two keys do not belong together, and
    /// [`TooLong`](WireError::TooLong) if all properties together do not fit into one command.
    pub fn check(&self) -> Result<(), WireError> {
        // A multiplication on the curve: too much for every connection. A wrong pair lets nobody in there.
        if let Security::CurveClient { keys, .. } | Security::CurveServer { keys } = &self.security
        {
            keys.check().map_err(WireError::OwnKeys)?;
        }
        self.metadata().map(drop)
    }

    /// The properties to be sent, if all is well with the settings.
    pub(super) fn metadata(&self) -> Result<Metadata, WireError> {
        check_identity(&self.identity, Side::Own)?;
        if let Security::PlainClient { user, password } = &self.security {
            for (what, size) in [("user name", user.len()), ("password", password.expose().len())] {
                if size > 255 {
                    return Err(WireError::LongCredential { what, size });
                }
            }
        }
        let reserved = [metadata::SOCKET_TYPE, metadata::IDENTITY];
        for (name, _) in &self.properties {
            if reserved.iter().any(|reserved| reserved.eq_ignore_ascii_case(name)) {
                let problem = "it is set by the socket's type and identity";
                return Err(WireError::OwnProperty { name: name.clone(), problem });
            }
        }
        let socket_type = (metadata::SOCKET_TYPE, self.socket_type.as_str().as_bytes());
        let identity = (metadata::IDENTITY, &self.identity[..]);
        let identity = self.socket_type.sends_identity().then_some(identity);
        let more = self.properties.iter().map(|(name, value)| (name.as_str(), &value[..]));
        let all = [socket_type].into_iter().chain(identity).chain(more);

        // READY is never longer than INITIATE.
        let overhead = match &self.security {
            Security::CurveClient { .. } | Security::CurveServer { .. } => INITIATE_OVERHEAD,
            _ => 1 + name::INITIATE.len(),
        };
        let size = all.clone().map(|(name, value)| metadata::size(name, value));
        let size = size.fold(overhead, usize::saturating_add) as u64;
        if size > LONGEST_COMMAND {
            return Err(WireError::TooLong { size, longest: LONGEST_COMMAND });
        }
        Metadata::encode(all)
    }
}
