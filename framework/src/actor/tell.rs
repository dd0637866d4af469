//! `tell`: a send without a reply, and the waiting for room that `ask` shares with it.

use std::future::poll_fn;
use std::task::Poll;

use crate::actor::deliver::{Deliver, Parcel, Refused};
use crate::actor::dispatcher;
use crate::actor::error::TellError;
use crate::actor::mailbox::waiters::{Ticket, Turn};
use crate::actor::message::Message;

pub(crate) async fn tell<M, D>(to: &D, message: M) -> Result<(), TellError<M>>
where
    M: Message,
    D: Deliver<M> + ?Sized,
{
    let parcel = Parcel::tell(message);
    let refused = if to.has_line() {
        // Others wait for room already; stand behind them.
        Refused::Full { parcel, wait: true }
    } else {
        match to.deliver(parcel) {
            Ok(()) => return Ok(()),
            Err(refused) => refused,
        }
    };
    match refused {
        Refused::Full { parcel, wait: true } => match wait_for_room(to, parcel).await {
            Ok(()) => Ok(()),
            Err(parcel) => Err(TellError::Stopped(parcel.message)),
        },
        Refused::Full { parcel, wait: false } => Err(TellError::Full(parcel.message)),
        Refused::Stopped(parcel) => Err(TellError::Stopped(parcel.message)),
    }
}

#[inline]
pub(crate) fn try_tell<M, D>(to: &D, message: M) -> Result<(), TellError<M>>
where
    M: Message,
    D: Deliver<M> + ?Sized,
{
    to.deliver(Parcel::tell(message)).map_err(|refused| match refused {
        Refused::Full { parcel, .. } => TellError::Full(parcel.message),
        Refused::Stopped(parcel) => TellError::Stopped(parcel.message),
    })
}

pub(crate) fn tell_blocking<M, D>(to: &D, message: M) -> Result<(), TellError<M>>
where
    M: Message,
    D: Deliver<M> + ?Sized,
{
    if dispatcher::on_driver_thread() {
        return try_tell(to, message);
    }
    pollster::block_on(tell(to, message))
}

/// Waits in line until the parcel is accepted, or comes back because the worker has stopped.
///
/// Dropping the future leaves the line; a call that came meanwhile goes to the next sender.
pub(crate) async fn wait_for_room<M, D>(to: &D, parcel: Parcel<M>) -> Result<(), Parcel<M>>
where
    M: Message,
    D: Deliver<M> + ?Sized,
{
    let mut place = Place { to, parcel: Some(parcel), ticket: None };
    poll_fn(|cx| {
        // Join first, then try: room that is made between the two calls this sender.
        let turn = to.join_line(&mut place.ticket, cx.waker());
        if turn == Turn::NotYet {
            return Poll::Pending;
        }
        let Some(parcel) = place.parcel.take() else {
            return Poll::Ready(Ok(()));
        };
        match to.deliver(parcel) {
            Ok(()) => {
                to.leave_line(&mut place.ticket, Some(turn));
                Poll::Ready(Ok(()))
            }
            Err(Refused::Full { parcel, .. }) => {
                place.parcel = Some(parcel);
                Poll::Pending
            }
            Err(Refused::Stopped(parcel)) => {
                to.leave_line(&mut place.ticket, None);
                Poll::Ready(Err(parcel))
            }
        }
    })
    .await
}

/// A sender's place in the line, and the parcel it waits with.
struct Place<'a, M: Message, D: Deliver<M> + ?Sized> {
    to: &'a D,
    parcel: Option<Parcel<M>>,
    ticket: Option<Ticket>,
}

impl<M: Message, D: Deliver<M> + ?Sized> Drop for Place<'_, M, D> {
    fn drop(&mut self) {
        self.to.leave_line(&mut self.ticket, None);
    }
}
