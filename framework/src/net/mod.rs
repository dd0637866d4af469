//! Messages that leave the process: ZeroMQ's sockets over its wire protocol. Needs the feature `net`.
//!
//! The eleven types of socket of ZeroMQ, over tcp, ipc and inproc, with NULL, PLAIN and CURVE. They speak
//! ZMTP 3.1 and 3.0, so that every peer with libzmq 4 or its equal is at home with them: pyzmq, CZMQ, JeroMQ.
//!
//! ```
//! use millhand::net::{PullSocket, PushSocket};
//!
//! # #[tokio::main]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let pull = PullSocket::bind("tcp://127.0.0.1:0").await?;
//! let push = PushSocket::connect(&pull.bound()[0]).await?;
//!
//! push.send("hello").await?; // leaves at once
//! for number in 0..1000 {
//!     push.send(["part", &format!("{number}")]).await?; // a burst leaves in few writes
//! }
//! assert_eq!(pull.recv().await?, "hello".into());
//! assert_eq!(pull.recv().await?, ["part", "0"].into());
//! # Ok(())
//! # }
//! ```
//!
//! # Where to look
//!
//! | for | see |
//! |---|---|
//! | work dealt out | [`PushSocket`], [`PullSocket`] |
//! | requests and replies | [`ReqSocket`], [`RepSocket`]; without turns [`DealerSocket`], [`RouterSocket`] |
//! | news | [`PubSocket`], [`SubSocket`]; with subscriptions as messages [`XPubSocket`], [`XSubSocket`] |
//! | two ends | [`PairSocket`] |
//! | what stands between | [`Device`] |
//! | what is sent | [`Multipart`], [`Frame`], [`ToMultipart`] |
//! | how a socket behaves | [`Options`], [`Heartbeat`] |
//! | who may come in | [`Security`], [`KeyPair`], [`Certificate`], [`Applicant`], [`Verdict`] |
//! | what happens | [`Monitor`], [`Event`], [`Failure`] |
//! | the protocol alone | [`wire`] |

// What is sent and received.
mod multipart;

// What users hold.
mod options;

mod error;

mod monitor;

mod authenticate;

pub mod certificate;

// What moves it.
mod socket;

mod transport;

// What is built from sockets.
mod device;

// What it looks like on the way.
pub mod wire;

pub use authenticate::{Applicant, Verdict};
pub use certificate::{Certificate, CertificateStore};
pub use device::{Capture, Control, Device, DeviceError, Statistics, Traffic};
pub use error::{BindError, ConnectError, OptionError, RecvError, SendError};
pub use monitor::{Event, Failure, Monitor};
pub use multipart::{Frame, Multipart, ToMultipart};
pub use options::Options;
#[doc(hidden)]
pub use socket::fuzzed;
pub use socket::heart::Heartbeat;
pub use socket::pair::PairSocket;
pub use socket::pipeline::{PullSocket, PushSocket};
pub use socket::publish::{PubSocket, SubSocket, XPubSocket, XSubSocket};
pub use socket::request::{RepSocket, ReqSocket};
pub use socket::routing::{DealerSocket, RouterSocket};
pub use socket::streams::{Inlet, Outlet};
pub use transport::endpoint::{Endpoint, EndpointError, ToEndpoint};
pub use wire::handshake::{Credentials, Denial, Peer, Secret, Security};
pub use wire::keys::{KeyPair, PublicKey, SecretKey};
pub use wire::socket_type::SocketType;
