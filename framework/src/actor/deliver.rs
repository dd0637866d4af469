//! The seam between those who send and those who receive: one small trait that an address, a pool's
//! member and, later, a remote worker implement.

use std::sync::Arc;
use std::task::Waker;

use crate::actor::cell::{Core, discard_quietly};
use crate::actor::dispatcher::Dispatcher;
use crate::actor::envelope::Envelope;
use crate::actor::mailbox::queue::PushError;
use crate::actor::mailbox::waiters::{Ticket, Turn};
use crate::actor::message::Message;
use crate::actor::reply::{Failure, ReplyTo};
use crate::actor::worker::{Accepts, Overflow, Worker};

/// A message with what goes along, before it becomes an envelope and after it has come back.
pub(crate) struct Parcel<M> {
    pub(crate) message: M,
    pub(crate) reply: Option<ReplyTo>,
}

impl<M> Parcel<M> {
    pub(crate) fn tell(message: M) -> Self {
        Self { message, reply: None }
    }
}

/// Why a parcel was not taken. It comes back.
pub(crate) enum Refused<M> {
    /// The mailbox is full; `wait` if its policy lets senders wait for room.
    Full { parcel: Parcel<M>, wait: bool },
    /// The worker, or its system, has stopped.
    Stopped(Parcel<M>),
}

/// Something that takes messages of one type.
pub(crate) trait Deliver<M: Message>: Send + Sync {
    /// Takes the parcel or gives it back; never waits. While other senders wait for room, a sender that
    /// does not overtake is sent to join them.
    fn deliver(&self, parcel: Parcel<M>, overtake: bool) -> Result<(), Refused<M>>;

    /// As `deliver`, for a parcel whose sender waits for the reply: the worker may run before it returns.
    fn deliver_in_place(&self, parcel: Parcel<M>) -> Result<(), Refused<M>>;

    /// Joins the line of senders; see [`Waiters::join`](crate::actor::mailbox::waiters::Waiters::join).
    fn join_line(&self, ticket: &mut Option<Ticket>, waker: &Waker) -> Turn;

    /// Leaves the line; `sent` is the turn in which it delivered, if it did.
    fn leave_line(&self, ticket: &mut Option<Ticket>, sent: Option<Turn>);

    fn dispatcher(&self) -> &Arc<Dispatcher>;

    fn path(&self) -> &str;
}

impl<W, M> Deliver<M> for Core<W>
where
    W: Accepts<M>,
    M: Message,
{
    #[inline]
    fn deliver(&self, parcel: Parcel<M>, overtake: bool) -> Result<(), Refused<M>> {
        self.accept(parcel, overtake, |right| self.header.schedule_if(right))
    }

    #[inline]
    fn deliver_in_place(&self, parcel: Parcel<M>) -> Result<(), Refused<M>> {
        self.accept(parcel, false, |right| self.header.run_in_place_if(right))
    }

    fn join_line(&self, ticket: &mut Option<Ticket>, waker: &Waker) -> Turn {
        let turn = self.mailbox.waiters.join(ticket, waker);
        // Nobody is called any more when the mailbox is closed: everybody learns it by trying.
        if self.header.word.load().is_closed() { Turn::Called } else { turn }
    }

    fn leave_line(&self, ticket: &mut Option<Ticket>, sent: Option<Turn>) {
        self.mailbox.waiters.leave(ticket, sent);
    }

    fn dispatcher(&self) -> &Arc<Dispatcher> {
        self.header.dispatcher()
    }

    fn path(&self) -> &str {
        self.path()
    }
}

impl<W: Worker> Core<W> {
    /// Puts a parcel into the mailbox. `then(true)`: the caller now owns the right.
    #[inline(always)]
    fn accept<M>(
        &self,
        parcel: Parcel<M>,
        overtake: bool,
        then: impl FnOnce(bool),
    ) -> Result<(), Refused<M>>
    where
        W: Accepts<M>,
        M: Message,
    {
        if W::POLICY.has_line() && !overtake && self.mailbox.waiters.any() {
            return Err(Refused::Full { parcel, wait: true });
        }
        let Parcel { message, reply } = parcel;
        let envelope = Envelope { reply, inbox: W::wrap(message) };
        let mut oldest = None;
        match self.mailbox.push(&self.header.word, envelope, |message| oldest = Some(message)) {
            Ok(right) => {
                then(right);
                if let Some(oldest) = oldest {
                    self.drop_message(oldest);
                }
                Ok(())
            }
            Err(error) => self.refuse(error),
        }
    }

    #[cold]
    fn refuse<M>(&self, error: PushError<Envelope<W::Inbox>>) -> Result<(), Refused<M>>
    where
        W: Accepts<M>,
        M: Message,
    {
        let (envelope, full) = match error {
            PushError::Full(envelope) => (envelope, true),
            PushError::Closed(envelope) => (envelope, false),
        };
        if full && W::POLICY.overflow == Overflow::DropNewest {
            self.drop_message(envelope);
            return Ok(());
        }
        let Envelope { reply, inbox } = envelope;
        let Some(message) = W::unwrap(inbox) else {
            unreachable!("an inbox gives back the message that was wrapped")
        };
        let parcel = Parcel { message, reply };
        Err(if full {
            Refused::Full { parcel, wait: W::POLICY.overflow == Overflow::Wait }
        } else {
            Refused::Stopped(parcel)
        })
    }

    /// The overflow policy throws a message away.
    #[cold]
    fn drop_message(&self, envelope: Envelope<W::Inbox>) {
        self.mishaps().dropped(1);
        crate::observe::events::message_dropped(self.path(), W::POLICY.overflow);
        discard_quietly(envelope, Failure::Dropped);
    }
}
