//! `tell`: a send without a reply.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use crate::actor::deliver::{Deliver, Parcel, Refused};
use crate::actor::dispatcher;
use crate::actor::error::TellError;
use crate::actor::mailbox::waiters::{Ticket, Turn};
use crate::actor::message::Message;

/// The future of a tell; see [`Address::tell`](crate::Address::tell). Nothing is sent before it is polled.
#[must_use = "a tell sends nothing until it is awaited"]
pub struct Tell<'a, M: Message> {
    to: &'a dyn Deliver<M>,
    /// Here until it is accepted, or has come back.
    message: Option<M>,
    /// The place in the line of senders that wait for room.
    ticket: Option<Ticket>,
}

impl<'a, M: Message> Tell<'a, M> {
    #[inline(always)]
    pub(crate) fn new(to: &'a dyn Deliver<M>, message: M) -> Self {
        Self { to, message: Some(message), ticket: None }
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
                Poll::Ready(Err(TellError::Stopped(parcel.message)))
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
            Refused::Stopped(parcel) => Poll::Ready(Err(TellError::Stopped(parcel.message))),
        }
    }
}

impl<M: Message> Future for Tell<'_, M> {
    type Output = Result<(), TellError<M>>;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        if self.ticket.is_some() {
            return self.wait(cx);
        }
        let Some(message) = self.message.take() else {
            panic!("a tell was polled after it had finished")
        };
        match self.to.deliver(Parcel::tell(message), false) {
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

pub(crate) fn tell_blocking<M: Message>(
    to: &dyn Deliver<M>,
    message: M,
) -> Result<(), TellError<M>> {
    if dispatcher::on_driver_thread() {
        return try_tell(to, message);
    }
    pollster::block_on(Tell::new(to, message))
}
