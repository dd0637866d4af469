//! All types without turns: what comes is printed, and lines are sent, both at once.

use std::future::pending;

use millhand::net::wire::socket_type::SocketType;
use millhand::net::{Multipart, SendError};

use super::{Talk, only_sends};
use crate::failure::{Failure, say};
use crate::input::Input;
use crate::output::Output;
use crate::progress::Progress;
use crate::socket::Socket;

impl Talk<'_> {
    pub(super) async fn freely(self) -> Result<(), Failure> {
        let Talk { socket, socket_type, input, output, progress, echo, count } = self;
        let only_sends = only_sends(socket_type);
        let sender = Sender { socket, socket_type, progress };
        tokio::select! {
            biased;
            done = receive(&sender, output, echo, count) => done,
            done = send(&sender, input, only_sends, count) => done,
        }
    }
}

/// Sends, and says what became of it.
struct Sender<'a> {
    socket: &'a Socket,
    socket_type: SocketType,
    progress: &'a Progress,
}

/// Why a message was not sent.
enum Unsent {
    /// There is nobody of that name, or without room: only that message is lost.
    Dropped(SendError),
    /// It is none for this type.
    Malformed,
    Ended(Failure),
}

impl Sender<'_> {
    async fn send(&self, message: Multipart) -> Result<(), Unsent> {
        if self.socket_type == SocketType::Router && message.len() < 2 {
            return Err(Unsent::Malformed);
        }
        match self.socket.send(message).await {
            Ok(()) => {
                self.progress.made();
                Ok(())
            }
            Err(error @ (SendError::Unroutable(_) | SendError::Full(_))) => {
                Err(Unsent::Dropped(error))
            }
            Err(error) => Err(Unsent::Ended(Failure::failed(error))),
        }
    }
}

/// Sends line after line.
async fn send(
    sender: &Sender<'_>,
    input: Option<Input>,
    only_sends: bool,
    count: Option<u64>,
) -> Result<(), Failure> {
    let Some(mut input) = input else { return pending().await };
    let mut sent = 0;
    while let Some(message) = input.next().await? {
        let number = input.number();
        match sender.send(message).await {
            Ok(()) => sent += 1,
            Err(Unsent::Dropped(error)) => {
                say(format_args!("millhand: line {number} is dropped: {error}"));
            }
            Err(Unsent::Malformed) => {
                return Err(input.fault("a ROUTER's line is a routing id, a TAB, and frames"));
            }
            Err(Unsent::Ended(failure)) => return Err(failure),
        }
        if only_sends && count == Some(sent) {
            return Ok(());
        }
    }
    if only_sends { Ok(()) } else { pending().await }
}

/// Prints message after message, and sends each back if it is an echo.
async fn receive(
    sender: &Sender<'_>,
    output: &mut Output,
    echo: bool,
    count: Option<u64>,
) -> Result<(), Failure> {
    let mut received = 0;
    loop {
        let message = sender.socket.recv().await.map_err(Failure::failed)?;
        sender.progress.made();
        output.print(&message).await;
        if echo {
            match sender.send(message).await {
                Ok(()) => {}
                Err(Unsent::Dropped(error)) => {
                    say(format_args!("millhand: an answer is dropped: {error}"));
                    continue;
                }
                // A peer that sends nothing but its name.
                Err(Unsent::Malformed) => continue,
                Err(Unsent::Ended(failure)) => return Err(failure),
            }
        }
        received += 1;
        if count == Some(received) {
            return Ok(());
        }
    }
}
