//! Workers: who handles messages.

use std::any::TypeId;
use std::future::Future;
use std::task::Poll;

use crate::actor::context::Context;
use crate::actor::envelope::Envelope;
use crate::actor::exit::ExitReason;
use crate::actor::mailbox::word::MAX_BOUND;
use crate::actor::message::{Identity, Message};
use crate::actor::reply::ReplyTo;
use crate::observe::counters::Counts;

/// An actor: it owns its state and handles one message at a time. Implemented by `#[derive(Worker)]`.
///
/// Everything in this trait is the derive's business; the parts a person writes are [`Handle`] and,
/// with `#[worker(.., lifecycle)]`, [`Lifecycle`].
///
/// ```
/// use millhand::prelude::*;
///
/// #[derive(Message)]
/// #[message(local, reply = u64)]
/// struct Add(u64);
///
/// #[derive(Worker)]
/// #[worker(handles(Add), mailbox = 16)]
/// struct Counter {
///     total: u64,
/// }
///
/// impl Handle<Add> for Counter {
///     async fn handle(&mut self, Add(n): Add, _cx: &mut Context<Self>) -> u64 {
///         self.total += n;
///         self.total
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a worker",
    label = "needs `#[derive(Worker)]`",
    note = "derive it with `#[worker(handles(…))]`, listing the messages it handles"
)]
pub trait Worker: Lifecycle + Sized + Send + 'static {
    /// One variant per listed message.
    #[doc(hidden)]
    type Inbox: Send + 'static;

    /// One variant per listed message: what its handler returned.
    #[doc(hidden)]
    type Outcome: Send + 'static;

    #[doc(hidden)]
    const POLICY: Policy;

    /// The listed messages, for the system's start-up check.
    #[doc(hidden)]
    const MESSAGES: &'static [MessageType];

    /// Makes the future of the handler that the message belongs to, for a host, which polls it.
    #[doc(hidden)]
    fn dispatch<'a>(
        &'a mut self,
        inbox: Self::Inbox,
        cx: &'a mut Context<Self>,
        host: impl Host<'a, Self::Outcome>,
    ) -> Poll<Self::Outcome>;

    /// Counts the outcome, and passes it on to whoever asked.
    #[doc(hidden)]
    fn settle(outcome: Self::Outcome, to: Asker<'_>);

    /// A copy to handle again after a crash; `None` unless the worker says `on_crash = retry(n)`.
    #[doc(hidden)]
    fn copy_for_retry(inbox: &Self::Inbox) -> Option<Self::Inbox>;
}

/// How a worker handles one kind of message. Written by hand, outside any macro.
///
/// The future must be `Send`: a worker may go on on another thread after an `await`.
///
/// A handler that panics is a fact for its supervisor, never the end of the process. A handler that is
/// suspended when its worker is killed is dropped at that `await`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not handle `{M}`",
    label = "no `impl Handle<{M}> for {Self}`",
    note = "`{Self}` lists `{M}` in `#[worker(handles(…))]`, or is used as if it did: write the handler, or remove it from the list"
)]
pub trait Handle<M: Message>: Accepts<M> {
    /// Handles one message. What it returns is the reply to `ask`; for `tell` it is dropped.
    fn handle(
        &mut self,
        message: M,
        cx: &mut Context<Self>,
    ) -> impl Future<Output = M::Reply> + Send;
}

/// The worker lists `M` in `handles(..)`. Implemented by the derive alone.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not list `{M}` in `#[worker(handles(…))]`",
    label = "add `{M}` to `handles(…)` of `{Self}`"
)]
pub trait Accepts<M: Message>: Worker {
    #[doc(hidden)]
    fn wrap(message: M) -> Self::Inbox;

    #[doc(hidden)]
    fn unwrap(inbox: Self::Inbox) -> Option<M>;
}

/// Where a handler's future lives while it is polled.
#[doc(hidden)]
pub trait Host<'a, O> {
    /// Makes a future in its place and polls it once; it stays if it is not done.
    fn begin<F: Future + Send + 'a>(
        self,
        make: impl FnOnce() -> F,
        outcome: impl Fn(F::Output) -> O + Copy + Send + 'static,
    ) -> Poll<O>;
}

/// An error of any kind, as hooks and constructors return it.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// What happens around the messages. The derive writes an empty implementation; with
/// `#[worker(.., lifecycle)]` it leaves it to you.
#[diagnostic::on_unimplemented(
    message = "there is no `impl Lifecycle for {Self}`",
    label = "`#[worker(.., lifecycle)]` leaves `impl Lifecycle` to you",
    note = "write `impl Lifecycle for {Self}`, or remove the key `lifecycle`"
)]
pub trait Lifecycle: Sized + Send + 'static {
    /// Runs before the first message of each incarnation. A sibling that is started after this worker
    /// waits for it, and so does `start().await`.
    ///
    /// # Errors
    ///
    /// An error ends the incarnation, like a panic, before it has handled anything.
    fn started(
        &mut self,
        cx: &mut Context<Self>,
    ) -> impl Future<Output = Result<(), BoxError>> + Send
    where
        Self: Worker,
    {
        let _ = cx;
        std::future::ready(Ok(()))
    }

    /// Runs last, with the state as the end found it: after a stop, a crash or a kill, but not after an
    /// abandonment, whose state is still in use. It must not block; a panic in it is caught and logged.
    fn stopped(&mut self, reason: &ExitReason) {
        let _ = reason;
    }
}

/// What `#[worker(..)]` declares about the mailbox and about crashes.
#[doc(hidden)]
#[derive(Debug, Clone, Copy)]
pub struct Policy {
    pub bound: Option<u32>,
    pub overflow: Overflow,
    pub on_crash: OnCrash,
    pub blocking: bool,
    /// Asks never run it in place.
    pub queued: bool,
}

/// What happens to a message that finds the mailbox full: `#[worker(overflow = ..)]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Overflow {
    /// `tell().await` waits for room, `try_tell` returns the message. The default.
    Wait,
    /// Both return the message.
    Reject,
    /// The new message is dropped and counted; the send says `Ok`.
    DropNewest,
    /// The oldest queued message is dropped and counted; the send says `Ok`.
    DropOldest,
}

/// What happens to the message that a handler crashed on: `#[worker(on_crash = ..)]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnCrash {
    /// It is lost; an ask fails with `Restarted`. The default.
    Lose,
    /// The successor handles a copy of it, up to this many more times.
    Retry(u32),
}

/// One listed message, for the start-up check.
#[doc(hidden)]
#[derive(Debug, Clone, Copy)]
pub struct MessageType {
    pub identity: Option<Identity>,
    pub type_id: TypeId,
    pub type_name: fn() -> &'static str,
}

/// Who asked for a message, if anybody did, and where its outcome is counted.
#[doc(hidden)]
#[derive(Debug)]
pub struct Asker<'a> {
    pub(crate) reply: Option<ReplyTo>,
    pub(crate) counts: &'a Counts,
}

impl Policy {
    /// Whether a bound is one that a mailbox can have.
    pub const fn bound_is_valid(bound: u64) -> bool {
        bound >= 1 && bound <= MAX_BOUND as u64
    }

    /// Whether senders may have to wait for room.
    pub(crate) const fn has_line(&self) -> bool {
        self.bound.is_some() && matches!(self.overflow, Overflow::Wait)
    }
}

/// The derive's side of `settle`, for one message type.
#[doc(hidden)]
pub fn settle_one<M: Message>(reply: M::Reply, to: Asker<'_>) {
    // First the counts: an asker that has its reply sees itself counted.
    to.counts.handled(M::is_failure(&reply));
    if let Some(asker) = to.reply {
        asker.answer(reply);
    }
}

/// `Clone`, with an error that says who asks for it.
///
/// It is here and not in the code that the derive writes: there, `diagnostic` would be looked up in the
/// user's module.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "message `{Self}` is not `Clone`, so it cannot be handled again after a crash",
    label = "needs `#[derive(Clone)]`",
    note = "`on_crash = retry(..)` clones every message of the worker before handling it"
)]
pub trait CopyForRetry {
    fn copy(&self) -> Self;
}

#[diagnostic::do_not_recommend]
impl<M: Clone> CopyForRetry for M {
    fn copy(&self) -> Self {
        self.clone()
    }
}

pub(crate) type EnvelopeOf<W> = Envelope<<W as Worker>::Inbox>;
