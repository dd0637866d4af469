//! What a socket has received and nobody has taken yet.
//!
//! ```text
//!   connection ──chunk──▶ lane ┐
//!   connection ──chunk──▶ lane ┼─ in turn ──▶ recv
//!   connection ──chunk──▶ lane ┘
//! ```
//!
//! Every peer has a *lane*. Connections put whole chunks into theirs, receivers take one message at a
//! time, from one lane after the other (RFC 28 to 31: fair-queuing). A lane holds at most as many
//! messages as the high-water mark says: a connection that finds it full stops reading, so that the
//! peer's sends wait in turn, and is woken when half is taken.
//!
//! A lane outlives its connection until its messages are taken. *News*, which the socket makes itself for its
//! receiver, has a lane of its own, so that it is read in the order in which it was made. What lanes without a
//! connection hold together is bounded, too: while it is too much, no connection finds room.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker, ready};

use slotmap::{Key, SecondaryMap};

use super::batch::Chunk;
use super::outgoing::LaneId;
use super::waiters::{Called, Ticket, Waiters};
use super::yielding;
use crate::net::error::RecvError;
use crate::net::multipart::{Frame, Multipart};

/// Lanes without a connection hold as many messages together as so many full lanes.
const MOST_LEFT: usize = 16;

/// The incoming half of a socket.
pub(crate) struct Incoming {
    state: Mutex<State>,
    /// Messages per lane.
    high_water: usize,
    /// Whether a message is kept only until the next one comes.
    conflate: bool,
}

struct State {
    lanes: SecondaryMap<LaneId, Lane>,
    /// Lanes whose connections have ended, while they hold messages, and that of news, whose key no connection has. Not among the
    /// others: there, a later lane may come to lie in the same place.
    ended: HashMap<LaneId, Lane>,
    /// Messages in those.
    left: usize,
    /// Lanes with messages, in the order of their turns.
    turns: VecDeque<LaneId>,
    waiters: Waiters,
    closed: bool,
    /// Messages taken since a receiver last let others run.
    toil: usize,
}

#[derive(Default)]
struct Lane {
    chunks: VecDeque<Chunk>,
    /// Messages in `chunks`.
    messages: usize,
    /// The connection that found no room.
    stalled: Option<Waker>,
    /// What stands before each message for the receiver (ROUTER: the peer's routing id).
    prefix: Option<Frame>,
}

/// Why there is no message.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Nothing {
    Now,
    /// And there never will be: the socket is closed.
    Ever,
}

impl Incoming {
    pub(crate) fn new(high_water: usize, conflate: bool) -> Incoming {
        let state = State {
            lanes: SecondaryMap::new(),
            ended: HashMap::new(),
            left: 0,
            turns: VecDeque::new(),
            waiters: Waiters::default(),
            closed: false,
            toil: 0,
        };
        Incoming { state: Mutex::new(state), high_water, conflate }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes a lane, or takes the one that there is for a new connection.
    pub(crate) fn open(&self, lane: LaneId, prefix: Option<Frame>) {
        let mut called = Called::default();
        let mut state = self.lock();
        let held = state.ended.remove(&lane);
        if let Some(held) = &held {
            state.less_left(held.messages, self.high_water, &mut called);
        }
        if let Some(entry) = state.lanes.entry(lane) {
            entry.or_insert_with(|| held.unwrap_or_default()).prefix = prefix;
        }
        drop(state);
        called.wake();
    }

    /// How many messages there is room for. If none, `waker` is woken once there is.
    pub(crate) fn room(&self, lane: LaneId, waker: &Waker) -> usize {
        let mut state = self.lock();
        let too_much_left = state.left >= most_left(self.high_water);
        let Some(lane) = state.lanes.get_mut(lane) else { return 0 };
        let room = match self.conflate {
            _ if too_much_left => 0,
            true => usize::MAX,
            false => self.high_water.saturating_sub(lane.messages),
        };
        if room == 0 {
            lane.stalled = Some(waker.clone());
        }
        room
    }

    /// Puts a chunk into a lane.
    pub(crate) fn deliver(&self, id: LaneId, mut chunk: Chunk) {
        let mut called = Called::default();
        let mut state = self.lock();
        let State { lanes, turns, waiters, .. } = &mut *state;
        if let Some(lane) = lanes.get_mut(id) {
            if self.conflate {
                chunk.keep_last();
                lane.chunks.clear();
                if lane.messages > 0 {
                    turns.retain(|turn| *turn != id);
                }
                lane.messages = 0;
            }
            lane.put(id, chunk, turns, waiters, &mut called);
        }
        drop(state);
        called.wake();
    }

    /// Puts news into its lane. The caller holds the lock that decides the order of news, and wakes who is
    /// called when that is free.
    pub(crate) fn tell(&self, news: Chunk) -> Called {
        let mut called = Called::default();
        let mut state = self.lock();
        let State { ended, left, turns, waiters, .. } = &mut *state;
        *left += news.messages();
        ended.entry(LaneId::null()).or_default().put(
            LaneId::null(),
            news,
            turns,
            waiters,
            &mut called,
        );
        called
    }

    /// Takes the next message, from whoever's turn it is, and says whose it is.
    pub(crate) fn take(&self) -> Result<(LaneId, Multipart), Nothing> {
        self.lock().take(self.high_water).map(Taken::finish)
    }

    /// Takes the next message; waits if there is none, or to let other tasks run.
    ///
    /// Messages of one frame, unless it is long, are made where the result is wanted: moving one about costs as
    /// much as all the rest. For the same reason others come from elsewhere by a place of their own.
    #[inline(always)]
    pub(crate) fn poll_message(
        &self,
        ticket: &mut Ticket,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Multipart, RecvError>> {
        let mut state = self.lock();
        if state.toil < yielding::PER_UNIT && !ticket.is_waiting() {
            if let Some(frame) = state.take_simple(self.high_water, Chunk::next_short) {
                return Poll::Ready(Ok(frame.into()));
            }
            if let Some(frame) = state.take_simple(self.high_water, Chunk::next_single) {
                return Poll::Ready(Ok(frame.into()));
            }
        }
        let mut message = None;
        ready!(self.poll_message_slow(state, ticket, cx, &mut message));
        Poll::Ready(message.ok_or(RecvError::Closed))
    }

    #[inline(never)]
    fn poll_message_slow<'a>(
        &'a self,
        state: MutexGuard<'a, State>,
        ticket: &mut Ticket,
        cx: &mut Context<'_>,
        message: &mut Option<Multipart>,
    ) -> Poll<()> {
        *message = ready!(self.poll_slow(state, ticket, cx)).map(|(_, message)| message);
        Poll::Ready(())
    }

    /// Takes the next message, and says whose it is. `None`: there never will be one.
    pub(crate) fn poll_take(
        &self,
        ticket: &mut Ticket,
        cx: &mut Context<'_>,
    ) -> Poll<Option<(LaneId, Multipart)>> {
        self.poll_slow(self.lock(), ticket, cx)
    }

    #[inline(never)]
    fn poll_slow<'a>(
        &'a self,
        mut state: MutexGuard<'a, State>,
        ticket: &mut Ticket,
        cx: &mut Context<'_>,
    ) -> Poll<Option<(LaneId, Multipart)>> {
        if state.toil >= yielding::PER_UNIT {
            state.toil = 0;
            drop(state);
            ready!(yielding::poll_unit(cx));
            state = self.lock();
        }
        match state.take(self.high_water) {
            Ok(taken) => {
                // A call that came meanwhile has been used.
                state.waiters.leave(ticket);
                drop(state);
                Poll::Ready(Some(taken.finish()))
            }
            Err(Nothing::Now) => {
                state.waiters.wait(ticket, cx.waker());
                Poll::Pending
            }
            Err(Nothing::Ever) => Poll::Ready(None),
        }
    }

    /// Wakes everybody who waits: what they wait for may never come.
    pub(crate) fn call(&self) {
        let mut called = Called::default();
        self.lock().waiters.call_all(&mut called);
        called.wake();
    }

    /// A receiver gives up waiting; the next is called in its place if it was.
    pub(crate) fn leave(&self, ticket: &mut Ticket) {
        if !ticket.is_waiting() {
            return;
        }
        let mut called = Called::default();
        let mut state = self.lock();
        if state.waiters.leave(ticket) && !state.turns.is_empty() {
            state.waiters.call(1, &mut called);
        }
        drop(state);
        called.wake();
    }

    /// A lane's connection has ended: the lane stays until it is empty.
    pub(crate) fn end(&self, id: LaneId) {
        let mut state = self.lock();
        if let Some(mut lane) = state.lanes.remove(id) {
            lane.stalled = None;
            if lane.messages > 0 {
                state.left += lane.messages;
                state.ended.insert(id, lane);
            }
        }
    }

    /// Nobody will receive any more.
    pub(crate) fn close(&self) {
        let mut called = Called::default();
        let mut state = self.lock();
        state.closed = true;
        state.turns.clear();
        state.ended.clear();
        state.left = 0;
        for (_, lane) in &mut state.lanes {
            lane.chunks.clear();
            lane.messages = 0;
            if let Some(waker) = lane.stalled.take() {
                called.add(waker);
            }
        }
        state.waiters.call_all(&mut called);
        drop(state);
        called.wake();
    }
}

/// A message that was taken, and what is to be done once the lock is free.
struct Taken {
    lane: LaneId,
    message: Multipart,
    called: Called,
}

impl Taken {
    #[inline]
    fn finish(self) -> (LaneId, Multipart) {
        self.called.wake();
        (self.lane, self.message)
    }
}

impl Lane {
    fn put(
        &mut self,
        id: LaneId,
        chunk: Chunk,
        turns: &mut VecDeque<LaneId>,
        waiters: &mut Waiters,
        called: &mut Called,
    ) {
        if chunk.messages() > 0 {
            if self.messages == 0 {
                turns.push_back(id);
            }
            self.messages += chunk.messages();
            waiters.call(chunk.messages(), called);
            self.chunks.push_back(chunk);
        }
    }
}

impl State {
    /// Takes the next message if that is simple: one that `next` finds, of the only lane that has any, and for
    /// which nobody has to be woken.
    #[inline(always)]
    fn take_simple(
        &mut self,
        high_water: usize,
        next: impl FnOnce(&mut Chunk) -> Option<Frame>,
    ) -> Option<Frame> {
        let &id = self.turns.front()?;
        let lane = self.lanes.get_mut(id)?;
        let simple = self.turns.len() == 1
            && lane.prefix.is_none()
            && (lane.stalled.is_none() || lane.messages - 1 > high_water / 2);
        if !simple {
            return None;
        }
        let frame = next(lane.chunks.front_mut()?)?;
        lane.messages -= 1;
        self.toil += 1;
        Some(frame)
    }

    fn take(&mut self, high_water: usize) -> Result<Taken, Nothing> {
        let nothing = if self.closed { Nothing::Ever } else { Nothing::Now };
        let Some(id) = self.turns.front().copied() else { return Err(nothing) };
        let here = self.lanes.get_mut(id);
        let is_left = here.is_none();
        let Some(lane) = here.or_else(|| self.ended.get_mut(&id)) else { return Err(nothing) };
        let Some(chunk) = lane.chunks.front_mut() else { return Err(nothing) };
        let message = match &lane.prefix {
            None => chunk.next(),
            Some(prefix) => chunk.next_after(prefix.clone()),
        };
        let Some(message) = message else { return Err(nothing) };
        if chunk.messages() == 0 {
            lane.chunks.pop_front();
        }
        lane.messages -= 1;
        self.toil += 1;
        let mut called = Called::default();
        if lane.messages <= high_water / 2
            && let Some(stalled) = lane.stalled.take()
        {
            called.add(stalled);
        }
        let is_empty = lane.messages == 0;
        if is_empty {
            self.turns.pop_front();
        } else if self.turns.len() > 1 {
            self.turns.rotate_left(1);
        }
        if is_left {
            if is_empty {
                self.ended.remove(&id);
            }
            self.less_left(1, high_water, &mut called);
        }
        Ok(Taken { lane: id, message, called })
    }

    /// Lanes without a connection hold fewer messages: connections that found no room for that reason are
    /// called when they hold half of what is too much.
    fn less_left(&mut self, messages: usize, high_water: usize, called: &mut Called) {
        let half = most_left(high_water) / 2;
        let was_more = self.left > half;
        self.left -= messages;
        if was_more && self.left <= half {
            self.lanes
                .values_mut()
                .filter_map(|lane| lane.stalled.take())
                .for_each(|one| called.add(one));
        }
    }
}

/// So many messages in lanes without a connection are too many.
fn most_left(high_water: usize) -> usize {
    high_water.saturating_mul(MOST_LEFT)
}

#[cfg(test)]
mod tests;
