//! `ask`: a message, and what its handler returns.

use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use tokio::time::Instant;

use crate::actor::address::Pick;
use crate::actor::cell;
use crate::actor::deliver::{Deliver, Parcel, Refused};
use crate::actor::dispatcher::{self, WakeKey};
use crate::actor::error::AskError;
use crate::actor::mailbox::waiters::{Ticket, Turn};
use crate::actor::message::Message;
use crate::actor::reply::{self, Failure, Reply};
use crate::sync::{AtomicBool, Ordering};
use crate::time::{self, Alarm};

/// The future of an ask; see [`Address::ask`](crate::Address::ask). Nothing is sent before it is polled.
#[must_use = "an ask sends nothing until it is awaited"]
pub struct Ask<'a, M: Message> {
    /// Any member, until the message is about to be sent to a pool.
    to: &'a dyn Deliver<M>,
    /// The pool that picks the member, and another one if that has ended.
    pool: Option<&'a dyn Pick<M>>,
    timeout: Timeout,
    /// Not to be run in place.
    queued: bool,
    /// When to give up; known once the first poll has had to wait.
    due: Option<Instant>,
    alarm: Option<(WakeKey, Waker)>,
    /// The place in the line of senders that wait for room.
    ticket: Option<Ticket>,
    stage: Stage<M>,
}

enum Timeout {
    Default,
    After(Duration),
    Never,
}

enum Stage<M: Message> {
    Unsent(M),
    /// The mailbox is full; the sender stands in line.
    Queued {
        parcel: Parcel<M>,
        reply: Reply<M::Reply>,
    },
    Sent(Reply<M::Reply>),
    Over,
}

impl<'a, M: Message> Ask<'a, M> {
    pub(crate) fn new(to: &'a dyn Deliver<M>, message: M) -> Self {
        let stage = Stage::Unsent(message);
        Self {
            to,
            pool: None,
            timeout: Timeout::Default,
            queued: false,
            due: None,
            alarm: None,
            ticket: None,
            stage,
        }
    }

    pub(crate) fn to_pool(pool: &'a dyn Pick<M>, message: M) -> Self {
        let mut ask = Self::new(pool.any(), message);
        ask.pool = Some(pool);
        ask
    }

    /// Whether the member it was for has ended, and not all have: then it is to be sent again.
    #[cold]
    fn turns_elsewhere(&self) -> bool {
        self.pool.is_some_and(Pick::has_living)
    }

    /// Fails with [`AskError::Timeout`] after this long, counted from the first poll. Resolution: 1 ms.
    ///
    /// The message is sent however short this is, and a reply that is there at once is taken. A message that
    /// is still in the mailbox when the time is up is not handled.
    ///
    /// # Default
    ///
    /// The system's [`ask_timeout`](crate::SystemBuilder::ask_timeout), 5 s.
    pub fn timeout(mut self, after: Duration) -> Self {
        self.timeout = Timeout::After(after);
        self
    }

    /// Waits as long as it takes. It still ends when the worker crashes or stops.
    pub fn no_timeout(mut self) -> Self {
        self.timeout = Timeout::Never;
        self
    }

    /// Lets the message take its place in the queue of workers, and never runs its handler in the asker's
    /// own turn, which an ask does if the worker is idle and its handlers have been short so far.
    ///
    /// Say it where the handler may block its thread, or compute for long, now and then: nothing else of
    /// the asker's goes on then, its deadline included.
    pub fn queued(mut self) -> Self {
        self.queued = true;
        self
    }

    pub(crate) fn blocking(self) -> Result<M::Reply, AskError<M>> {
        if dispatcher::on_driver_thread() {
            let mut this = self;
            return match this.give_up() {
                Some(message) => Err(AskError::WouldBlock(message)),
                None => unreachable!("not polled yet"),
            };
        }
        if self.to.dispatcher().is_inside_runtime() {
            pollster::block_on(self.with_real_deadline())
        } else {
            pollster::block_on(self)
        }
    }

    /// A thread that blocks may be the very one that would run the runtime's timers, so the deadline of
    /// a blocking ask is also kept by the watchdog, which has a thread of its own.
    async fn with_real_deadline(mut self) -> Result<M::Reply, AskError<M>> {
        let late = Arc::new(AtomicBool::new(false));
        let mut appointed = None;
        let dispatcher = Arc::clone(self.to.dispatcher());
        let outcome = poll_fn(|cx| {
            if let Poll::Ready(outcome) = Pin::new(&mut self).poll(cx) {
                return Poll::Ready(outcome);
            }
            if late.load(Ordering::Acquire) {
                return Poll::Ready(Err(AskError::Timeout(self.give_up())));
            }
            if appointed.is_none()
                && let Some(due) = self.due
            {
                let (late, waker) = (Arc::clone(&late), cx.waker().clone());
                let delay = due.saturating_duration_since(Instant::now());
                appointed = dispatcher.watchdog.appoint(
                    delay,
                    Alarm::call(move || {
                        late.store(true, Ordering::Release);
                        waker.wake();
                    }),
                );
            }
            Poll::Pending
        })
        .await;
        if let Some(appointed) = appointed {
            dispatcher.watchdog.cancel(appointed);
        }
        outcome
    }

    /// The deadline has passed: takes the message back, if it has not been sent.
    fn give_up(&mut self) -> Option<M> {
        match std::mem::replace(&mut self.stage, Stage::Over) {
            Stage::Unsent(message) => Some(message),
            Stage::Queued { parcel, .. } => {
                self.to.leave_line(&mut self.ticket, None);
                Some(parcel.message)
            }
            Stage::Sent(reply) => {
                reply.expire();
                None
            }
            Stage::Over => None,
        }
    }

    /// Tries to send.
    fn send(&mut self, message: M) -> Result<Stage<M>, AskError<M>> {
        if let Some(pool) = self.pool {
            // Not before: what a pool goes by changes.
            self.to = pool.pick_living().unwrap_or(self.to);
        }
        let (reply, reply_to) = reply::slot();
        let parcel = Parcel { message, reply: Some(reply_to) };
        let sent = match self.queued {
            true => self.to.deliver(parcel, false),
            false => self.to.deliver_in_place(parcel),
        };
        match sent {
            Ok(()) => Ok(Stage::Sent(reply)),
            Err(Refused::Full { parcel, wait: true }) => Ok(Stage::Queued { parcel, reply }),
            Err(Refused::Full { parcel, wait: false }) => Err(AskError::Full(parcel.message)),
            Err(Refused::Stopped(parcel)) if self.turns_elsewhere() => {
                Ok(Stage::Unsent(parcel.message))
            }
            Err(Refused::Stopped(parcel)) => Err(AskError::Stopped(Some(parcel.message))),
        }
    }

    /// Whether the deadline has passed; if not, sees to being woken then.
    fn is_due(&mut self, cx: &Context<'_>) -> bool {
        let due = match (self.due, &self.timeout) {
            (_, Timeout::Never) => return false,
            (_, Timeout::After(Duration::ZERO)) => return true,
            (Some(due), _) if Instant::now() >= due => return true,
            (Some(due), _) => due,
            // Only an ask that has to wait needs to know what time it is.
            (None, &Timeout::After(after)) => *self.due.insert(time::after(after)),
            (None, Timeout::Default) => {
                *self.due.insert(time::after(self.to.dispatcher().ask_timeout))
            }
        };
        if cell::wake_worker_by(cx.waker(), due) {
            return false;
        }
        if self.alarm.as_ref().is_none_or(|(_, waker)| !waker.will_wake(cx.waker())) {
            self.cancel_alarm();
            let key = self.to.dispatcher().wake_at(due, cx.waker().clone());
            self.alarm = Some((key, cx.waker().clone()));
        }
        false
    }

    fn cancel_alarm(&mut self) {
        if let Some((key, _)) = self.alarm.take() {
            self.to.dispatcher().cancel_wake(key);
        }
    }
}

impl<M: Message> Future for Ask<'_, M> {
    type Output = Result<M::Reply, AskError<M>>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        loop {
            match std::mem::replace(&mut this.stage, Stage::Over) {
                Stage::Unsent(message) => this.stage = this.send(message)?,
                Stage::Queued { parcel, reply } => {
                    // Join first, then try: room that is made between the two calls this sender.
                    let turn = this.to.join_line(&mut this.ticket, cx.waker());
                    let tried = if turn != Turn::NotYet {
                        this.to.deliver(parcel, true)
                    } else {
                        Err(Refused::Full { parcel, wait: true })
                    };
                    match tried {
                        Ok(()) => {
                            this.to.leave_line(&mut this.ticket, Some(turn));
                            this.stage = Stage::Sent(reply);
                        }
                        Err(Refused::Stopped(parcel)) => {
                            this.to.leave_line(&mut this.ticket, None);
                            if this.turns_elsewhere() {
                                this.stage = Stage::Unsent(parcel.message);
                                continue;
                            }
                            return Poll::Ready(Err(AskError::Stopped(Some(parcel.message))));
                        }
                        Err(Refused::Full { parcel, .. }) => {
                            if this.is_due(cx) {
                                this.to.leave_line(&mut this.ticket, None);
                                return Poll::Ready(Err(AskError::Timeout(Some(parcel.message))));
                            }
                            this.stage = Stage::Queued { parcel, reply };
                            return Poll::Pending;
                        }
                    }
                }
                Stage::Sent(mut reply) => {
                    if let Poll::Ready(outcome) = reply.poll(cx) {
                        return Poll::Ready(outcome.map_err(|failure| match failure {
                            Failure::Restarted => AskError::Restarted,
                            Failure::Stopped => AskError::Stopped(None),
                            Failure::Dropped => AskError::Dropped,
                            Failure::Expired => AskError::Timeout(None),
                        }));
                    }
                    if this.to.dispatcher().is_over() {
                        // Left behind by a shutdown: nobody will answer.
                        return Poll::Ready(Err(AskError::Stopped(None)));
                    }
                    if this.is_due(cx) {
                        reply.expire();
                        return Poll::Ready(Err(AskError::Timeout(None)));
                    }
                    this.stage = Stage::Sent(reply);
                    return Poll::Pending;
                }
                Stage::Over => panic!("an ask was polled after it had finished"),
            }
        }
    }
}

// Nothing in it is pinned: the message is only moved.
impl<M: Message> Unpin for Ask<'_, M> {}

impl<M: Message> Drop for Ask<'_, M> {
    fn drop(&mut self) {
        self.cancel_alarm();
        if self.ticket.is_some() {
            self.to.leave_line(&mut self.ticket, None);
        }
    }
}

impl<M: Message> fmt::Debug for Ask<'_, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Ask({})", self.to.path())
    }
}

#[cfg(all(test, not(millhand_loom)))]
mod tests;
