//! Addresses: how to reach a worker.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::ptr;
use std::sync::Arc;

use crate::actor::ask::Ask;
use crate::actor::cell::Core;
use crate::actor::deliver::Deliver;
use crate::actor::error::{AskError, TellError};
use crate::actor::message::Message;
use crate::actor::tell::{Tell, try_tell};
use crate::actor::worker::{Accepts, Worker};
use crate::observe::counters::Counters;

/// Reaches one logical worker, whichever incarnation is alive: a restart is invisible to senders, and
/// messages sent while it happens wait in the mailbox.
///
/// Cheap to clone. Equal addresses reach the same worker, so an address can be the key of a map. (Clippy's
/// `mutable_key_type` looks at the worker behind it and warns; `ignore-interior-mutability =
/// ["millhand::Address"]` in `clippy.toml` tells it better.)
pub struct Address<W: Worker> {
    route: Route<W>,
}

/// Where the worker is. One variant today; a worker in another process becomes the second, and no
/// signature changes.
enum Route<W: Worker> {
    Local(Arc<Core<W>>),
}

impl<W: Worker> Address<W> {
    pub(crate) fn local(core: Arc<Core<W>>) -> Self {
        Self { route: Route::Local(core) }
    }

    pub(crate) fn core(&self) -> &Arc<Core<W>> {
        let Route::Local(core) = &self.route;
        core
    }

    /// Sends a message and asks for nothing in return: at most once, in memory, in order per sender.
    ///
    /// If the mailbox is full, waits for room (with the default policy `overflow = wait`). And now and then, in
    /// a task of the system's runtime, it waits until workers have run: a task that tells without end does not
    /// keep what it sends from being handled. [`try_tell`](Self::try_tell) never waits; it is for what is polled
    /// only once, as in `now_or_never`.
    ///
    /// What is in order is what was sent, and a message is sent when its `tell` is ready: tells that are awaited
    /// one after the other arrive in this order, tells that are polled side by side, as by `join!`, in any.
    ///
    /// # Errors
    ///
    /// [`TellError::Stopped`] if the worker has ended, [`TellError::Full`] with `overflow = reject`.
    /// Both give the message back.
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped before it is ready, the message has not been sent, and is dropped.
    #[inline]
    pub fn tell<M: Message>(&self, message: M) -> Tell<'_, M>
    where
        W: Accepts<M>,
    {
        Tell::new(&**self.core(), message)
    }

    /// As [`tell`](Self::tell), but returns at once: [`TellError::Full`] if there is no room. It takes
    /// room that it finds, also while others wait for it.
    ///
    /// # Errors
    ///
    /// The message comes back if it was not accepted.
    #[inline]
    pub fn try_tell<M: Message>(&self, message: M) -> Result<(), TellError<M>>
    where
        W: Accepts<M>,
    {
        try_tell(&**self.core(), message)
    }

    /// As [`tell`](Self::tell), for a thread outside the runtime: blocks it while the mailbox is full.
    /// In a task of the runtime it blocks that task's thread; if that is the only one, for ever.
    ///
    /// # Errors
    ///
    /// As for `tell`. Inside a worker's handler, where blocking would hold up other workers, a full
    /// mailbox is [`TellError::Full`] whatever the policy.
    pub fn tell_blocking<M: Message>(&self, message: M) -> Result<(), TellError<M>>
    where
        W: Accepts<M>,
    {
        self.tell(message).blocking()
    }

    /// Sends a message and waits for what its handler returns. There is always a deadline: the
    /// system's default (5 s), or [`timeout`](Ask::timeout), unless [`no_timeout`](Ask::no_timeout).
    ///
    /// ```
    /// # use millhand::prelude::*;
    /// # use std::time::Duration;
    /// # #[derive(Message)]
    /// # #[message(local, reply = u64)]
    /// # struct Double(u64);
    /// # #[derive(Worker)]
    /// # #[worker(handles(Double))]
    /// # struct Doubler;
    /// # impl Handle<Double> for Doubler {
    /// #     async fn handle(&mut self, Double(n): Double, _: &mut Context<Self>) -> u64 { 2 * n }
    /// # }
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let system = System::builder("doc").start().await?;
    /// # let doubler = system.worker("doubler", || Doubler).start().await?;
    /// let reply = doubler.ask(Double(21)).timeout(Duration::from_secs(1)).await?;
    /// assert_eq!(reply, 42);
    /// # system.shutdown().await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// See [`AskError`]: each variant says what happened to the message.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future before its first poll sends nothing. Later, the message may be handled; its
    /// reply is dropped.
    pub fn ask<M: Message>(&self, message: M) -> Ask<'_, M>
    where
        W: Accepts<M>,
    {
        Ask::new(&**self.core(), message)
    }

    /// As [`ask`](Self::ask) with the default deadline, for a thread outside the runtime.
    ///
    /// # Errors
    ///
    /// As for `ask`. Inside a worker's handler it is refused with [`AskError::WouldBlock`].
    pub fn ask_blocking<M: Message>(&self, message: M) -> Result<M::Reply, AskError<M>>
    where
        W: Accepts<M>,
    {
        self.ask(message).blocking()
    }

    /// An address of the same worker that can only send `M`.
    pub fn recipient<M: Message>(&self) -> Recipient<M>
    where
        W: Accepts<M>,
    {
        Recipient { target: Target::One(Arc::clone(self.core()) as Arc<dyn Deliver<M>>) }
    }

    /// The worker's path in the supervision tree, such as `"pipeline/hashers/3"`.
    pub fn path(&self) -> &str {
        self.core().path()
    }

    /// What the worker has done so far.
    pub fn counters(&self) -> Counters {
        self.core().counters()
    }

    /// Whether every send would be refused: the worker has ended for good, or is draining its mailbox
    /// before it does.
    pub fn is_stopped(&self) -> bool {
        self.core().header.word.load().is_closed()
    }
}

impl<W: Worker> Clone for Address<W> {
    fn clone(&self) -> Self {
        Self::local(Arc::clone(self.core()))
    }
}

impl<W: Worker> PartialEq for Address<W> {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(self.core(), other.core())
    }
}

impl<W: Worker> Eq for Address<W> {}

impl<W: Worker> Hash for Address<W> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        ptr::hash(Arc::as_ptr(self.core()), state);
    }
}

impl<W: Worker> fmt::Debug for Address<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Address({})", self.path())
    }
}

/// Reaches something that accepts messages of type `M`: a worker or a pool. It can do nothing else, so
/// it is the address to hand to code that should be able to do nothing else.
///
/// Equal recipients reach the same worker, or the same pool. One of a pool equals none of its members'.
pub struct Recipient<M: Message> {
    target: Target<M>,
}

enum Target<M: Message> {
    One(Arc<dyn Deliver<M>>),
    /// A pool: picks a member for each message.
    Many(Arc<dyn Pick<M>>),
}

/// Picks who gets the next message.
pub(crate) trait Pick<M: Message>: Send + Sync {
    /// The one whose turn it is of those that have not ended.
    fn pick_living(&self) -> Option<&dyn Deliver<M>>;

    /// Whether there is one.
    fn has_living(&self) -> bool {
        self.pick_living().is_some()
    }

    fn any(&self) -> &dyn Deliver<M>;

    fn path(&self) -> &str;
}

impl<M: Message> Recipient<M> {
    pub(crate) fn many(pool: Arc<dyn Pick<M>>) -> Self {
        Self { target: Target::Many(pool) }
    }

    /// See [`Address::tell`].
    ///
    /// # Errors
    ///
    /// As for `Address::tell`.
    ///
    /// # Cancel safety
    ///
    /// As for `Address::tell`.
    pub fn tell(&self, message: M) -> Tell<'_, M> {
        match &self.target {
            Target::One(one) => Tell::new(&**one, message),
            Target::Many(many) => Tell::to_pool(&**many, message),
        }
    }

    /// See [`Address::try_tell`].
    ///
    /// # Errors
    ///
    /// As for `Address::try_tell`.
    pub fn try_tell(&self, message: M) -> Result<(), TellError<M>> {
        self.tell(message).now()
    }

    /// See [`Address::tell_blocking`].
    ///
    /// # Errors
    ///
    /// As for `Address::tell_blocking`.
    pub fn tell_blocking(&self, message: M) -> Result<(), TellError<M>> {
        self.tell(message).blocking()
    }

    /// See [`Address::ask`].
    pub fn ask(&self, message: M) -> Ask<'_, M> {
        match &self.target {
            Target::One(one) => Ask::new(&**one, message),
            Target::Many(many) => Ask::to_pool(&**many, message),
        }
    }

    /// See [`Address::ask_blocking`].
    ///
    /// # Errors
    ///
    /// As for `Address::ask_blocking`.
    pub fn ask_blocking(&self, message: M) -> Result<M::Reply, AskError<M>> {
        self.ask(message).blocking()
    }

    /// The path of the worker or pool.
    pub fn path(&self) -> &str {
        match &self.target {
            Target::One(one) => one.path(),
            Target::Many(many) => many.path(),
        }
    }

    /// Where the worker or pool lies, which is what it is known by. Without the pointer to the vtable,
    /// of which one type may have several.
    fn identity(&self) -> *const () {
        match &self.target {
            Target::One(one) => Arc::as_ptr(one).cast(),
            Target::Many(many) => Arc::as_ptr(many).cast(),
        }
    }
}

impl<M: Message> Clone for Recipient<M> {
    fn clone(&self) -> Self {
        Self {
            target: match &self.target {
                Target::One(one) => Target::One(Arc::clone(one)),
                Target::Many(many) => Target::Many(Arc::clone(many)),
            },
        }
    }
}

impl<M: Message> PartialEq for Recipient<M> {
    fn eq(&self, other: &Self) -> bool {
        ptr::eq(self.identity(), other.identity())
    }
}

impl<M: Message> Eq for Recipient<M> {}

impl<M: Message> Hash for Recipient<M> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        ptr::hash(self.identity(), state);
    }
}

impl<M: Message> fmt::Debug for Recipient<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Recipient({})", self.path())
    }
}
