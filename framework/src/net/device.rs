//! Devices: what stands between two sockets and passes messages on.
//!
//! ```text
//!                          ┌──────── Device ────────┐
//!  queue      REQ, DEALER ─▶ ROUTER ─ one ─▶ DEALER ─▶ REP, ROUTER
//!                         ◀─         ◀─ one ─       ◀─
//!  forwarder  PUB, XPUB   ─▶ XSUB   ─ one ─▶ XPUB   ─▶ SUB, XSUB      (subscriptions go back)
//!  streamer   PUSH        ─▶ PULL   ─ one ─▶ PUSH   ─▶ PULL
//!                          └──┬──────────────────┬──┘
//!                   capture ◀─┘                  └─▶ control
//!            a copy of every message       PAUSE, RESUME, TERMINATE, STATISTICS
//! ```
//!
//! # What it promises
//!
//! - Beside what waits in the lanes of its sockets, a device holds one message per direction at most. If
//!   the side that a message goes to has no room, the other is read no further, so that its peers wait in
//!   turn. What ROUTER and XPUB do with a message for a peer without room, or for nobody, is theirs to say:
//!   they drop it.
//! - While both directions have messages, they take turns of 64 messages.
//! - It does nothing while nothing comes. The capture socket never makes it wait.
//! - No message from outside ends it, except TERMINATE.
//!
//! # What it does not do
//!
//! It looks into no message, and stores none. It binds and connects nothing: its sockets come with their
//! endpoints and options.

mod control;

mod end;

mod statistics;

use std::pin::pin;

pub use self::control::Control;
use self::control::Order;
use self::end::End;
pub use self::end::{Capture, DeviceError};
pub use self::statistics::{Statistics, Traffic};
use super::error::SendError;
use super::multipart::Multipart;
use super::socket::pipeline::{PullSocket, PushSocket};
use super::socket::publish::{XPubSocket, XSubSocket};
use super::socket::routing::{DealerSocket, RouterSocket};

/// So many messages of one direction are passed on before it is the other's turn: enough to make a turn
/// cheap, and too few for the other side to notice.
const TURN: usize = 64;

/// Passes messages on between two sockets, in both directions.
///
/// ```
/// use millhand::net::{DealerSocket, Device, RepSocket, ReqSocket, RouterSocket};
///
/// # #[tokio::main]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let front = RouterSocket::bind("tcp://127.0.0.1:0").await?;
/// let back = DealerSocket::bind("tcp://127.0.0.1:0").await?;
/// let client = ReqSocket::connect(&front.bound()[0]).await?;
/// let server = RepSocket::connect(&back.bound()[0]).await?;
/// tokio::spawn(async move { Device::queue(front, back).run().await });
///
/// client.send("question").await?;
/// assert_eq!(server.recv().await?, "question".into());
/// server.send("answer").await?;
/// assert_eq!(client.recv().await?, "answer".into());
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
#[must_use = "a device passes nothing on until it is run"]
pub struct Device {
    front: End,
    back: End,
    capture: Option<Capture>,
    control: Option<Control>,
    /// From the front to the back.
    forth: Passage,
    /// From the back to the front.
    home: Passage,
    paused: bool,
}

impl Device {
    /// Takes requests from many clients at the front, deals them out among many servers at the back, and
    /// brings the replies home.
    pub fn queue(front: RouterSocket, back: DealerSocket) -> Device {
        Device::new(End::Router(front), End::Dealer(back))
    }

    /// Passes what publishers at the front send on to subscribers at the back, and their subscriptions to
    /// the publishers: only what somebody wants comes to the front at all.
    ///
    /// The XPUB should not be [verbose](super::Options::xpub_verbose): a subscription that a lost peer had in
    /// common with another would be counted too often.
    pub fn forwarder(front: XSubSocket, back: XPubSocket) -> Device {
        Device::new(End::XSub(front), End::XPub(back))
    }

    /// Gathers work from many at the front, and deals it out among many at the back. Nothing goes home.
    pub fn streamer(front: PullSocket, back: PushSocket) -> Device {
        Device::new(End::Pull(front), End::Push(back))
    }

    fn new(front: End, back: End) -> Device {
        Device {
            front,
            back,
            capture: None,
            control: None,
            forth: Passage::default(),
            home: Passage::default(),
            paused: false,
        }
    }

    /// Gives a copy of every message, of both directions and as it came, to a [`PubSocket`] or
    /// [`PushSocket`]. What that has no room for is not copied. Default: none.
    ///
    /// [`PubSocket`]: super::PubSocket
    pub fn capture(mut self, socket: impl Into<Capture>) -> Device {
        self.capture = Some(socket.into());
        self
    }

    /// Takes orders from a [`RepSocket`], [`PairSocket`] or [`PullSocket`]. Default: none.
    ///
    /// ```text
    ///  PAUSE        passes nothing on; what comes waits in the sockets
    ///  RESUME       goes on
    ///  TERMINATE    ends `run`
    ///  STATISTICS   is answered with 8 frames, each 8 octets in this machine's order (see Statistics)
    /// ```
    ///
    /// Each is one frame. A REP answers everything, what it does not understand, too: with one empty frame,
    /// unless with statistics. A PAIR answers STATISTICS alone, if its peer has room. A PULL answers
    /// nothing. Who can connect to it controls the device: give it an ipc endpoint, or keys.
    ///
    /// [`RepSocket`]: super::RepSocket
    /// [`PairSocket`]: super::PairSocket
    pub fn control(mut self, socket: impl Into<Control>) -> Device {
        self.control = Some(socket.into());
        self
    }

    /// Passes messages on until the control socket says TERMINATE. Then it can be run again.
    ///
    /// # Errors
    ///
    /// [`DeviceError::Closed`] if the runtime of one of the sockets has ended.
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped, no message is lost: one that was on its way stays in the device, and goes
    /// on with the next `run`. A pause stays as well.
    pub async fn run(&mut self) -> Result<(), DeviceError> {
        let mut home_first = false;
        loop {
            let order = {
                let Device { front, back, capture, control, forth, home, paused } = self;
                let mut forth = pin!(forth.turn(front, back, capture.as_ref()));
                let mut home = pin!(home.turn(back, front, capture.as_ref()));
                let (first, second) =
                    if home_first { (&mut home, &mut forth) } else { (&mut forth, &mut home) };
                tokio::select! {
                    biased;
                    order = control::next(control.as_ref()) => Some(order?),
                    turn = first, if !*paused => {
                        turn?;
                        None
                    }
                    turn = second, if !*paused => {
                        turn?;
                        None
                    }
                }
            };
            home_first = !home_first;
            if let Some(order) = order {
                let statistics = self.statistics();
                match order {
                    Order::Pause => self.paused = true,
                    Order::Resume => self.paused = false,
                    Order::Terminate | Order::Statistics | Order::Unknown => {}
                }
                if let Some(control) = &self.control {
                    control.answer(order, &statistics).await;
                }
                if order == Order::Terminate {
                    return Ok(());
                }
            }
        }
    }

    /// What has passed since the device was made.
    pub fn statistics(&self) -> Statistics {
        Statistics {
            front_received: self.forth.received,
            front_sent: self.home.sent,
            back_received: self.home.received,
            back_sent: self.forth.sent,
        }
    }

    /// Closes all its sockets, and waits until what they had to send is on its way, each for its
    /// [linger](super::Options::linger). To drop the device does the same without waiting.
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped, the sockets close without being waited for.
    pub async fn close(self) {
        let Device { front, back, capture, control, .. } = self;
        // All close at once: none of them waits for another.
        tokio::join!(front.close(), back.close(), end::close(capture), control::close(control));
    }
}

/// One direction.
#[derive(Debug, Default)]
struct Passage {
    /// What was received, and waits for room.
    message: Option<Multipart>,
    received: Traffic,
    sent: Traffic,
}

impl Passage {
    /// Passes some messages on; waits for the first, and for room.
    ///
    /// It can be dropped at any time: a message is in a socket or in `self.message` whenever this waits.
    async fn turn(
        &mut self,
        from: &End,
        to: &End,
        capture: Option<&Capture>,
    ) -> Result<(), DeviceError> {
        for _ in 0..TURN {
            let message = match self.message.take() {
                Some(message) => message,
                None => {
                    let message = from.recv().await?;
                    self.received.count(message.octets());
                    if let Some(capture) = capture {
                        capture.give(&message);
                    }
                    message
                }
            };
            self.pass(message, to).await?;
        }
        Ok(())
    }

    async fn pass(&mut self, message: Multipart, to: &End) -> Result<(), DeviceError> {
        let octets = message.octets();
        let sent = match to.try_send(message) {
            Err(SendError::Full(message)) => {
                // It is this copy that stays if the wait is broken off.
                self.message = Some(message.clone());
                let sent = to.send(message).await;
                self.message = None;
                sent
            }
            sent => sent,
        };
        match sent {
            Ok(()) => self.sent.count(octets),
            Err(SendError::Closed(message)) => {
                self.message = Some(message);
                return Err(DeviceError::Closed);
            }
            // For nobody, or malformed: such as a reply without a routing id. A peer may send what it
            // likes, and that is no reason to stop.
            Err(_) => {}
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
