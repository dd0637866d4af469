//! Where a socket binds or connects: `tcp://127.0.0.1:5555`, `ipc:///run/jobs`, `inproc://jobs`.

use std::fmt;
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;
use std::str::FromStr;

/// A parsed endpoint.
///
/// ```text
///  tcp://127.0.0.1:5555     a host, by number or name, and a port
///  tcp://[::1]:5555         IPv6 in brackets
///  tcp://*:0                to bind: every IPv4 interface ([::] for both); port 0 (or *) is chosen by the system
///  ipc:///run/jobs.sock     a path; at most some 100 octets, as the system allows
///  ipc://@jobs              a name in Linux's abstract namespace
///  inproc://jobs            a name within this process
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Endpoint {
    /// Octets between hosts.
    Tcp {
        /// A name or a number, without brackets; `*` for every IPv4 interface.
        host: String,
        /// 0 to let the system choose.
        port: u16,
    },
    /// Octets between processes of one host.
    Ipc(PathBuf),
    /// Messages between sockets of one process.
    Inproc(String),
}

/// Why a text is no endpoint.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is no endpoint: {reason}")]
pub struct EndpointError {
    text: String,
    reason: &'static str,
}

/// What the address of a Unix socket holds, less the octet 0 that ends it.
const LONGEST_PATH: usize = 107;

/// As libzmq has it.
const LONGEST_NAME: usize = 255;

/// The addresses that a socket which binds to `host` and `port` may listen on, in order.
pub(crate) async fn addresses(host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
    if host == "*" {
        return Ok(vec![(Ipv4Addr::UNSPECIFIED, port).into()]);
    }
    Ok(tokio::net::lookup_host((host, port)).await?.collect())
}

impl FromStr for Endpoint {
    type Err = EndpointError;

    fn from_str(text: &str) -> Result<Endpoint, EndpointError> {
        parse(text).map_err(|reason| EndpointError { text: text.to_owned(), reason })
    }
}

fn parse(text: &str) -> Result<Endpoint, &'static str> {
    let Some((transport, address)) = text.split_once("://") else {
        return Err("it begins with tcp://, ipc:// or inproc://");
    };
    if address.is_empty() {
        return Err("nothing follows `://`");
    }
    if address.contains('\0') {
        return Err("it contains an octet 0");
    }
    match transport {
        "tcp" => tcp(address),
        "ipc" if address.len() > LONGEST_PATH => Err("a path has at most 107 octets"),
        "ipc" => Ok(Endpoint::Ipc(address.into())),
        "inproc" if address.len() > LONGEST_NAME => Err("a name has at most 255 octets"),
        "inproc" => Ok(Endpoint::Inproc(address.to_owned())),
        _ => Err("the transports are tcp, ipc and inproc"),
    }
}

fn tcp(address: &str) -> Result<Endpoint, &'static str> {
    let Some((host, port)) = address.rsplit_once(':') else {
        return Err("a port is missing: tcp://HOST:PORT");
    };
    let port = match port {
        "*" => 0,
        port if port.starts_with('+') => return Err("the port is a number from 0 to 65535, or *"),
        port => port.parse().map_err(|_| "the port is a number from 0 to 65535, or *")?,
    };
    let host = match host.strip_prefix('[') {
        Some(rest) => {
            let inner = rest.strip_suffix(']').ok_or("the bracket [ is not closed")?;
            let number = inner.split_once('%').map_or(inner, |(number, _)| number);
            if number.parse::<Ipv6Addr>().is_err() {
                return Err("in brackets stands an IPv6 address");
            }
            inner
        }
        None if host.contains(':') => return Err("an IPv6 address stands in brackets"),
        None => host,
    };
    if host.is_empty() {
        return Err("a host is missing; * stands for every interface");
    }
    if host.contains(|c: char| c.is_whitespace() || matches!(c, '/' | ';' | '@')) {
        return Err("a host is a name or a number");
    }
    Ok(Endpoint::Tcp { host: host.to_owned(), port })
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Endpoint::Tcp { host, port } if host.contains(':') => {
                write!(f, "tcp://[{host}]:{port}")
            }
            Endpoint::Tcp { host, port } => write!(f, "tcp://{host}:{port}"),
            Endpoint::Ipc(path) => write!(f, "ipc://{}", path.display()),
            Endpoint::Inproc(name) => write!(f, "inproc://{name}"),
        }
    }
}

mod convert {
    use super::{Endpoint, EndpointError};

    /// What names an endpoint: one that is parsed already, or text.
    pub trait ToEndpoint {
        /// The endpoint.
        ///
        /// # Errors
        ///
        /// The text is no endpoint.
        fn to_endpoint(self) -> Result<Endpoint, EndpointError>;
    }

    impl ToEndpoint for Endpoint {
        fn to_endpoint(self) -> Result<Endpoint, EndpointError> {
            Ok(self)
        }
    }

    impl ToEndpoint for &Endpoint {
        fn to_endpoint(self) -> Result<Endpoint, EndpointError> {
            Ok(self.clone())
        }
    }

    impl ToEndpoint for &str {
        fn to_endpoint(self) -> Result<Endpoint, EndpointError> {
            self.parse()
        }
    }

    impl ToEndpoint for &String {
        fn to_endpoint(self) -> Result<Endpoint, EndpointError> {
            self.parse()
        }
    }

    impl ToEndpoint for String {
        fn to_endpoint(self) -> Result<Endpoint, EndpointError> {
            self.parse()
        }
    }
}

pub use convert::ToEndpoint;

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Endpoint {
        text.parse().unwrap()
    }

    fn refused(text: &str) -> String {
        text.parse::<Endpoint>().unwrap_err().to_string()
    }

    #[test]
    fn what_is_shown_is_what_was_parsed() {
        for text in [
            "tcp://127.0.0.1:5555",
            "tcp://[::1]:0",
            "tcp://[fe80::1%eth0]:7",
            "tcp://*:1",
            "tcp://example.org:80",
            "ipc:///run/jobs.sock",
            "ipc://relative",
            "ipc://@jobs",
            "inproc://jobs",
        ] {
            assert_eq!(parsed(text).to_string(), text);
        }
        assert_eq!(parsed("tcp://127.0.0.1:*"), parsed("tcp://127.0.0.1:0"));
    }

    #[test]
    fn what_is_no_endpoint_is_refused_with_a_reason() {
        for (text, reason) in [
            ("127.0.0.1:5555", "begins with"),
            ("udp://127.0.0.1:5555", "the transports are"),
            ("tcp://", "nothing follows"),
            ("tcp://127.0.0.1", "a port is missing"),
            ("tcp://127.0.0.1:", "the port is a number"),
            ("tcp://127.0.0.1:65536", "the port is a number"),
            ("tcp://127.0.0.1:-1", "the port is a number"),
            ("tcp://127.0.0.1:+1", "the port is a number"),
            ("tcp://:1", "a host is missing"),
            ("tcp://::1:1", "stands in brackets"),
            ("tcp://[::1:1", "is not closed"),
            ("tcp://[localhost]:1", "in brackets stands"),
            ("tcp://a b:1", "a host is a name"),
            ("ipc://a\0b", "octet 0"),
            (&format!("ipc:///{}", "x".repeat(107)), "107"),
            (&format!("inproc://{}", "x".repeat(256)), "255"),
        ] {
            let error = refused(text);
            assert!(error.contains(reason), "{text}: {error}");
            assert!(error.contains(text), "{error}");
        }
    }
}
