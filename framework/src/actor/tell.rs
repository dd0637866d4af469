//! `tell`: a send without a reply.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use crate::actor::address::Pick;
use crate::actor::deliver::{Deliver, Parcel, Refused};
use crate::actor::dispatcher::{self, flood};
use crate::actor::error::TellError;
use crate::actor::mailbox::waiters::{Ticket, Turn};
use crate::actor::message::Message;

/// The future of a tell; see [`Address::tell`](crate::Address::tell). Nothing is sent before it is polled.
#[must_use = "a tell sends nothing until it is awaited"]
pub struct Tell<'a, M: Message> {
    /// Any member, until the message is about to be sent to a pool.
    to: &'a dyn Deliver<M>,
    /// The pool that picks the member, and another one if that has ended.
    pool: Option<&'a dyn Pick<M>>,
    /// Here until it is accepted, or has come back.
    message: Option<M>,
    /// The place in the line of senders that wait for room.
    ticket: Option<Ticket>,
    /// How often it has waited for drivers.
    gave_way: u8,
}

impl<'a, M: Message> Tell<'a, M> {
    #[inline(always)]
    pub(crate) fn new(to: &'a dyn Deliver<M>, message: M) -> Self {
        Self { to, pool: None, message: Some(message), ticket: None, gave_way: 0 }
    }

    pub(crate) fn to_pool(pool: &'a dyn Pick<M>, message: M) -> Self {
        let mut tell = Self::new(pool.any(), message);
        tell.pool = Some(pool);
        tell
    }

    /// Sends now or not at all; room is taken before those who wait for it.
    pub(crate) fn now(mut self) -> Result<(), TellError<M>> {
        loop {
            self.pick();
            let Some(message) = self.message.take() else { unreachable!("not polled yet") };
            match try_tell(self.to, message) {
                Err(TellError::Stopped(message)) if self.turns_elsewhere() => {
                    self.message = Some(message);
                }
                outcome => return outcome,
            }
        }
    }

    pub(crate) fn blocking(mut self) -> Result<(), TellError<M>> {
        if dispatcher::on_driver_thread() {
            return self.now();
        }
        // Who blocks the thread lets no driver go first.
        self.gave_way = u8::MAX;
        pollster::block_on(self)
    }

    /// A member is picked when the message is sent, not before: what a pool goes by changes.
    #[inline(always)]
    fn pick(&mut self) {
        if let Some(pool) = self.pool {
            self.to = pool.pick_living().unwrap_or(self.to);
        }
    }

    /// Whether the member it was for has ended, and not all have: then it is to be sent again.
    #[cold]
    fn turns_elsewhere(&self) -> bool {
        self.pool.is_some_and(Pick::has_living)
    }

    /// Waits in line until the message is accepted, or comes back because the worker has stopped.
    #[cold]
    fn wait(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), TellError<M>>> {
        // Join first, then try: room that is made between the two calls this sender.
        let turn = self.to.join_line(&mut self.ticket, cx.waker());
        if turn == Turn::NotYet {
            return Poll::Pending;
        }
        let Some(message) = self.message.take() else { unreachable!("it waits with its message") };
        match self.to.deliver(Parcel::tell(message), true) {
            Ok(()) => {
                self.to.leave_line(&mut self.ticket, Some(turn));
                Poll::Ready(Ok(()))
            }
            Err(Refused::Full { parcel, .. }) => {
                self.message = Some(parcel.message);
                Poll::Pending
            }
            Err(Refused::Stopped(parcel)) => {
                self.to.leave_line(&mut self.ticket, None);
                self.refused(Refused::Stopped(parcel), cx)
            }
        }
    }

    /// The first attempt has failed.
    #[cold]
    fn refused(
        &mut self,
        refused: Refused<M>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), TellError<M>>> {
        match refused {
            Refused::Full { parcel, wait: true } => {
                self.message = Some(parcel.message);
                self.wait(cx)
            }
            Refused::Full { parcel, wait: false } => {
                Poll::Ready(Err(TellError::Full(parcel.message)))
            }
            Refused::Stopped(parcel) if self.turns_elsewhere() => {
                self.message = Some(parcel.message);
                Pin::new(self).poll(cx)
            }
            Refused::Stopped(parcel) => Poll::Ready(Err(TellError::Stopped(parcel.message))),
        }
    }
}

impl<M: Message> Future for Tell<'_, M> {
    type Output = Result<(), TellError<M>>;

    #[inline(always)]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        if self.ticket.is_some() {
            return self.wait(cx);
        }
        let Some(message) = self.message.take() else {
            panic!("a tell was polled after it had finished")
        };
        let mut to = self.to;
        if flood::note_tell() && to.dispatcher().give_way(&mut self.gave_way, cx.waker()) {
            self.message = Some(message);
            return Poll::Pending;
        }
        if self.pool.is_some() {
            self.pick();
            to = self.to;
        }
        match to.deliver(Parcel::tell(message), false) {
            Ok(()) => Poll::Ready(Ok(())),
            Err(refused) => self.refused(refused, cx),
        }
    }
}

// Nothing in it is pinned: the message is only moved.
impl<M: Message> Unpin for Tell<'_, M> {}

impl<M: Message> Drop for Tell<'_, M> {
    #[inline]
    fn drop(&mut self) {
        if self.ticket.is_some() {
            self.to.leave_line(&mut self.ticket, None);
        }
    }
}

impl<M: Message> fmt::Debug for Tell<'_, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Tell({})", self.to.path())
    }
}

#[inline]
pub(crate) fn try_tell<M, D>(to: &D, message: M) -> Result<(), TellError<M>>
where
    M: Message,
    D: Deliver<M> + ?Sized,
{
    to.deliver(Parcel::tell(message), true).map_err(|refused| match refused {
        Refused::Full { parcel, .. } => TellError::Full(parcel.message),
        Refused::Stopped(parcel) => TellError::Stopped(parcel.message),
    })
}
