//! What the files of the socket types name.

pub(super) use super::handle::Handle;
pub(super) use super::streams::{Inlet, Outlet};
pub(super) use crate::net::error::{BindError, ConnectError, OptionError, RecvError, SendError};
pub(super) use crate::net::monitor::Monitor;
pub(super) use crate::net::multipart::{Multipart, ToMultipart};
pub(super) use crate::net::options::Options;
pub(super) use crate::net::transport::endpoint::{Endpoint, ToEndpoint};
pub(super) use crate::net::wire::socket_type::SocketType;
