//! Pools: several workers of one type behind one handle.

use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use crate::actor::address::{Address, Pick, Recipient};
use crate::actor::ask::Ask;
use crate::actor::deliver::Deliver;
use crate::actor::error::{AskError, TellError};
use crate::actor::mailbox::word::Phase;
use crate::actor::message::Message;
use crate::actor::tell::Tell;
use crate::actor::worker::{Accepts, Worker};
use crate::sync::{AtomicUsize, Ordering};

/// Which member of a pool gets a message that has no key. Members that have ended for good are passed
/// by; a send fails with `Stopped` when all have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Routing {
    /// Each in turn. The default.
    #[default]
    RoundRobin,
    /// The one with the fewest messages waiting; an idle one before a busy one. Looks at all members
    /// for each message.
    LeastLoaded,
}

/// Several workers of one type, supervised one for one, addressed as one. Cheap to clone.
///
/// For messages that belong together, [`by_key`](Self::by_key) always gives the same member.
pub struct Pool<W: Worker> {
    inner: Arc<Inner<W>>,
}

struct Inner<W: Worker> {
    path: Arc<str>,
    members: Vec<Address<W>>,
    routing: Routing,
    next: AtomicUsize,
}

impl<W: Worker> Pool<W> {
    pub(crate) fn new(path: Arc<str>, members: Vec<Address<W>>, routing: Routing) -> Self {
        Self { inner: Arc::new(Inner { path, members, routing, next: AtomicUsize::new(0) }) }
    }

    /// See [`Address::tell`]. A full mailbox is waited for, not passed by.
    ///
    /// # Errors
    ///
    /// As for `Address::tell`.
    ///
    /// # Cancel safety
    ///
    /// As for `Address::tell`.
    pub fn tell<M: Message>(&self, message: M) -> Tell<'_, M>
    where
        W: Accepts<M>,
    {
        Tell::to_pool(&*self.inner, message)
    }

    /// See [`Address::try_tell`].
    ///
    /// # Errors
    ///
    /// As for `Address::try_tell`.
    pub fn try_tell<M: Message>(&self, message: M) -> Result<(), TellError<M>>
    where
        W: Accepts<M>,
    {
        self.tell(message).now()
    }

    /// See [`Address::tell_blocking`].
    ///
    /// # Errors
    ///
    /// As for `Address::tell_blocking`.
    pub fn tell_blocking<M: Message>(&self, message: M) -> Result<(), TellError<M>>
    where
        W: Accepts<M>,
    {
        self.tell(message).blocking()
    }

    /// See [`Address::ask`].
    pub fn ask<M: Message>(&self, message: M) -> Ask<'_, M>
    where
        W: Accepts<M>,
    {
        Ask::to_pool(&*self.inner, message)
    }

    /// See [`Address::ask_blocking`].
    ///
    /// # Errors
    ///
    /// As for `Address::ask_blocking`.
    pub fn ask_blocking<M: Message>(&self, message: M) -> Result<M::Reply, AskError<M>>
    where
        W: Accepts<M>,
    {
        self.ask(message).blocking()
    }

    /// The member that is responsible for a key: always the same one for equal keys, so that their
    /// messages are handled in order, one at a time. If that member has ended for good, sends to it fail
    /// with `Stopped`; no other takes its keys.
    pub fn by_key<K: Hash + ?Sized>(&self, key: &K) -> &Address<W> {
        let mut hasher = DefaultHasher::new();
        key.hash(&mut hasher);
        let at = hasher.finish() % self.inner.members.len() as u64;
        &self.inner.members[at as usize]
    }

    /// The members, in order.
    pub fn members(&self) -> &[Address<W>] {
        &self.inner.members
    }

    /// An address of the pool that can only send `M`.
    pub fn recipient<M: Message>(&self) -> Recipient<M>
    where
        W: Accepts<M>,
    {
        Recipient::many(Arc::clone(&self.inner) as Arc<dyn Pick<M>>)
    }

    /// The pool's path in the supervision tree. Its members are `path/0`, `path/1`, …
    pub fn path(&self) -> &str {
        &self.inner.path
    }
}

impl<W: Worker> Inner<W> {
    fn living(&self) -> Option<&Address<W>> {
        // Ordering: Relaxed; any spread will do.
        let turn = self.next.fetch_add(1, Ordering::Relaxed);
        let count = self.members.len();
        // From a different member each time, so that equals take turns.
        let in_turn = (0..count).map(|step| &self.members[turn.wrapping_add(step) % count]);
        let mut in_turn = in_turn.filter(|member| !member.is_stopped());
        match self.routing {
            Routing::RoundRobin => in_turn.next(),
            Routing::LeastLoaded => in_turn.min_by_key(|member| member.load()),
        }
    }
}

impl<W: Worker> Address<W> {
    /// Messages waiting, doubled, and the one in hand: a running handler, which is about to be done,
    /// counts as half a message, a suspended one as two.
    fn load(&self) -> u64 {
        let core = self.core();
        let state = core.header.word.load();
        let in_hand = match state.phase() {
            Phase::Idle => 0,
            Phase::Running | Phase::Signalled => 1,
            Phase::Held => 4,
        };
        core.mailbox.counts(&core.header.word).1 * 2 + in_hand
    }
}

impl<W, M> Pick<M> for Inner<W>
where
    W: Accepts<M>,
    M: Message,
{
    fn pick_living(&self) -> Option<&dyn Deliver<M>> {
        self.living().map(|member| &**member.core() as &dyn Deliver<M>)
    }

    fn any(&self) -> &dyn Deliver<M> {
        &**self.members[0].core()
    }

    fn path(&self) -> &str {
        &self.path
    }
}

impl<W: Worker> Clone for Pool<W> {
    fn clone(&self) -> Self {
        Self { inner: Arc::clone(&self.inner) }
    }
}

impl<W: Worker> fmt::Debug for Pool<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pool({} × {})", self.path(), self.members().len())
    }
}
