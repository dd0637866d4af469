//! The handshake of one connection: octets to and fro until the peer is known.

use std::future::poll_fn;
use std::io::{self, ErrorKind, IoSlice};
use std::task::{Context, Poll, ready};

use bytes::BytesMut;
use zeroize::Zeroize;

use super::core::Core;
use crate::net::authenticate::{Applicant, Verdict, decide};
use crate::net::monitor::Failure;
use crate::net::transport::endpoint::Endpoint;
use crate::net::transport::{Link, Writer};
use crate::net::wire::curve::Cipher;
use crate::net::wire::handshake::{
    Credentials, Denial, Handshake, Peer, Progress, Security, Settings,
};

/// What one read of a handshake may bring. An honest one takes some hundred octets.
const READ: usize = 1024;
/// What a greeting and the longest command with a password take, and more. A buffer that grew would leave
/// the password behind.
const WRITE: usize = 1024;

/// A peer, what all that it says is sealed with, if it is, and what it has said beyond the handshake.
pub(crate) type Greeted = (Peer, Option<Cipher>, BytesMut);

/// Shakes hands over `link`. Within a process nobody has to say who they are.
///
/// On a failure, what there is to say to the peer has been said, as far as it could be at once.
pub(crate) async fn greet(
    core: &Core,
    endpoint: &Endpoint,
    link: &mut Link,
) -> Result<Greeted, Failure> {
    let mut settings = core.options.settings(core.socket_type);
    if matches!(endpoint, Endpoint::Inproc(_)) {
        (settings.security, settings.authenticate) = (Security::Null, false);
    }
    let greeting = Box::pin(exchange(core, settings, link));
    match tokio::time::timeout(core.options.handshake_timeout, greeting).await {
        Ok(met) => met,
        Err(_) => Err(Failure::TimedOut),
    }
}

async fn exchange(core: &Core, settings: Settings, link: &mut Link) -> Result<Greeted, Failure> {
    let (mut input, mut output) = (BytesMut::new(), Output::new());
    let mut handshake = Handshake::new(settings, &mut output.octets);
    loop {
        match handshake.advance(&mut input, &mut output.octets) {
            Ok(Progress::MoreNeeded) => {
                write(link, &mut output).await?;
                input.reserve(READ);
                let read = poll_fn(|cx| link.reader.poll_read(cx, &mut input)).await;
                match read {
                    Ok(0) => return Err(Failure::ByPeer),
                    Ok(_) => {}
                    Err(error) => return Err(broken(&error)),
                }
            }
            Ok(Progress::Authenticate(credentials)) => {
                match judge(core, link.peer.clone(), credentials).await {
                    Verdict::Allow { user_id } => {
                        // If that fails, so does the next step, which says so to the peer.
                        let _ = handshake.allow(user_id, &mut output.octets);
                    }
                    Verdict::Deny(denial) => handshake.deny(denial, &mut output.octets),
                }
            }
            Ok(Progress::Done(peer, cipher)) => {
                write(link, &mut output).await?;
                return Ok((peer, cipher, input));
            }
            Err(error) => {
                // The peer may be told why, if that takes no waiting.
                let _ = link.writer.try_write(&[IoSlice::new(&output.octets)]);
                return Err(error.into());
            }
        }
    }
}

async fn judge(core: &Core, address: String, credentials: Credentials) -> Verdict {
    match &core.options.authenticator {
        Some(authenticator) => decide(&**authenticator, Applicant::new(address, credentials)).await,
        // Passwords that nobody checks let nobody in.
        None if matches!(credentials, Credentials::Plain { .. }) => {
            Verdict::Deny(Denial::NotAllowed)
        }
        None => Verdict::ALLOW,
    }
}

/// What is to be sent. There may be a password in it: it is overwritten once it is sent, or given up.
struct Output {
    octets: BytesMut,
    /// As many of them are sent.
    sent: usize,
}

impl Output {
    fn new() -> Output {
        Output { octets: BytesMut::with_capacity(WRITE), sent: 0 }
    }

    fn clear(&mut self) {
        self.octets.zeroize();
        self.octets.clear();
        self.sent = 0;
    }
}

impl Drop for Output {
    fn drop(&mut self) {
        self.clear();
    }
}

async fn write(link: &mut Link, output: &mut Output) -> Result<(), Failure> {
    poll_fn(|cx| poll_write(&mut *link.writer, output, cx)).await.map_err(|error| broken(&error))
}

fn poll_write(
    writer: &mut dyn Writer,
    output: &mut Output,
    cx: &mut Context<'_>,
) -> Poll<io::Result<()>> {
    while let Some(rest @ [_, ..]) = output.octets.get(output.sent..) {
        match writer.try_write(&[IoSlice::new(rest)]) {
            Ok(0) => return Poll::Ready(Err(ErrorKind::WriteZero.into())),
            Ok(octets) => output.sent += octets,
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                ready!(writer.poll_writable(cx))?;
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Poll::Ready(Err(error)),
        }
    }
    output.clear();
    Poll::Ready(Ok(()))
}

/// A connection that broke.
pub(crate) fn broken(error: &io::Error) -> Failure {
    Failure::Io(error.to_string().into())
}
