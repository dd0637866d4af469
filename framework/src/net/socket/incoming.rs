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
//! A lane outlives its connection until its messages are taken. What such lanes hold together is bounded, too:
//! while it is too much, no connection finds room.
//!
//! XPUB takes messages in the order in which they came, whoever sent them: of two peers that subscribe and
//! cancel, it has to know who did so last.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker, ready};

use slotmap::SecondaryMap;

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
    order: Order,
}

/// Which message is next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Order {
    /// That of the lane whose turn it is.
    Turns,
    /// That which came first.
    Arrival,
    /// That of the lane whose turn it is, which keeps a message only until the next one comes.
    Newest,
}

struct State {
    lanes: SecondaryMap<LaneId, Lane>,
    /// Lanes whose connections have ended, while they hold messages. Not among the others: there, a later
    /// lane may come to lie in the same place.
    ended: HashMap<LaneId, Lane>,
    /// Messages in those.
    left: usize,
    /// Lanes with messages, in the order of their turns; by arrival, a lane for each message.
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
    pub(crate) fn new(high_water: usize, order: Order) -> Incoming {
        let state = State {
            lanes: SecondaryMap::new(),
            ended: HashMap::new(),
            left: 0,
            turns: VecDeque::new(),
            waiters: Waiters::default(),
            closed: false,
            toil: 0,
        };
        Incoming { state: Mutex::new(state), high_water, order }
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
        let room = match self.order {
            _ if too_much_left => 0,
            Order::Newest => usize::MAX,
            Order::Turns | Order::Arrival => self.high_water.saturating_sub(lane.messages),
        };
        if room == 0 {
            lane.stalled = Some(waker.clone());
        }
        room
    }

    /// Puts a chunk into a lane.
    pub(crate) fn deliver(&self, id: LaneId, chunk: Chunk) {
        self.put(id, chunk).wake();
    }

    /// The same, for callers that hold other locks: who is called is theirs to wake.
    pub(crate) fn put(&self, id: LaneId, mut chunk: Chunk) -> Called {
        let mut called = Called::default();
        let mut state = self.lock();
        let State { lanes, turns, waiters, .. } = &mut *state;
        if let Some(lane) = lanes.get_mut(id) {
            if self.order == Order::Newest {
                chunk.keep_last();
                lane.chunks.clear();
                if lane.messages > 0 {
                    turns.retain(|turn| *turn != id);
                }
                lane.messages = 0;
            }
            if chunk.messages() > 0 {
                match self.order {
                    Order::Arrival => turns.extend(std::iter::repeat_n(id, chunk.messages())),
                    Order::Turns | Order::Newest if lane.messages == 0 => turns.push_back(id),
                    Order::Turns | Order::Newest => {}
                }
                lane.messages += chunk.messages();
                waiters.call(chunk.messages(), &mut called);
                lane.chunks.push_back(chunk);
            }
        }
        called
    }

    /// Takes the next message, from whoever's turn it is, and says whose it is.
    pub(crate) fn take(&self) -> Result<(LaneId, Multipart), Nothing> {
        self.lock().take(self.high_water, self.order).map(Taken::finish)
    }

    /// Takes the next message; waits if there is none, or to let other tasks run.
    ///
    /// Short messages are made where the result is wanted: moving one about costs as much as all the rest.
    #[inline(always)]
    pub(crate) fn poll_message(
        &self,
        ticket: &mut Ticket,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Multipart, RecvError>> {
        let mut state = self.lock();
        if state.toil < yielding::PER_UNIT
            && !ticket.is_waiting()
            && let Some(frame) = state.take_simple(self.high_water, Chunk::next_short)
        {
            return Poll::Ready(Ok(frame.into()));
        }
        self.poll_message_slow(state, ticket, cx)
    }

    #[inline(never)]
    fn poll_message_slow<'a>(
        &'a self,
        mut state: MutexGuard<'a, State>,
        ticket: &mut Ticket,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Multipart, RecvError>> {
        if state.toil < yielding::PER_UNIT
            && !ticket.is_waiting()
            && let Some(frame) = state.take_simple(self.high_water, Chunk::next_single)
        {
            return Poll::Ready(Ok(frame.into()));
        }
        match ready!(self.poll_slow(state, ticket, cx)) {
            Some((_, message)) => Poll::Ready(Ok(message)),
            None => Poll::Ready(Err(RecvError::Closed)),
        }
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
        match state.take(self.high_water, self.order) {
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

    fn take(&mut self, high_water: usize, order: Order) -> Result<Taken, Nothing> {
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
        if is_empty || order == Order::Arrival {
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
mod tests {
    use slotmap::SlotMap;

    use super::*;
    use crate::net::socket::batch::Batch;

    fn chunk(messages: &[&str]) -> Chunk {
        let mut batch = Batch::default();
        for message in messages {
            batch.push(&Multipart::from(*message));
        }
        batch.into_chunk()
    }

    fn lanes<const N: usize>() -> [LaneId; N] {
        let mut keys = SlotMap::with_key();
        std::array::from_fn(|_| keys.insert(()))
    }

    fn waits(incoming: &Incoming, ticket: &mut Ticket, waker: &Waker) -> bool {
        incoming.poll_take(ticket, &mut Context::from_waker(waker)).is_pending()
    }

    fn all(incoming: &Incoming) -> Vec<String> {
        std::iter::from_fn(|| incoming.take().ok())
            .map(|(_, message)| message[0].as_str().unwrap().to_owned())
            .collect()
    }

    #[test]
    fn lanes_take_turns() {
        let incoming = Incoming::new(10, Order::Turns);
        let [a, b] = lanes();
        incoming.open(a, None);
        incoming.open(b, None);
        incoming.deliver(a, chunk(&["a1", "a2", "a3"]));
        incoming.deliver(b, chunk(&["b1", "b2"]));
        assert_eq!(all(&incoming), ["a1", "b1", "a2", "b2", "a3"]);
    }

    #[test]
    fn a_full_lane_has_no_room_until_half_is_taken() {
        let incoming = Incoming::new(4, Order::Turns);
        let [a] = lanes();
        incoming.open(a, None);
        assert_eq!(incoming.room(a, Waker::noop()), 4);
        incoming.deliver(a, chunk(&["1", "2", "3", "4"]));
        let (woken, waker) = crate::net::socket::waiters::tests::task();
        assert_eq!(incoming.room(a, &waker), 0);
        incoming.take().unwrap();
        assert_eq!(woken.times(), 0);
        incoming.take().unwrap();
        assert_eq!(woken.times(), 1);
        assert_eq!(incoming.room(a, &waker), 2);
    }

    #[test]
    fn a_lane_that_ended_gives_what_it_holds() {
        let incoming = Incoming::new(4, Order::Turns);
        let [a] = lanes();
        incoming.open(a, None);
        incoming.deliver(a, chunk(&["1", "2"]));
        incoming.end(a);
        assert_eq!(all(&incoming), ["1", "2"]);
        assert_eq!(incoming.room(a, Waker::noop()), 0);
    }

    /// A lane's place was once given to the next peer while there were messages in it: they were lost, and
    /// receivers waited for them for ever, in front of all others.
    #[test]
    fn a_lane_in_the_place_of_one_that_ended_takes_nothing_from_it() {
        let incoming = Incoming::new(4, Order::Turns);
        let mut keys = SlotMap::with_key();
        let first = keys.insert(());
        incoming.open(first, None);
        incoming.deliver(first, chunk(&["1", "2"]));
        keys.remove(first);
        incoming.end(first);
        let second = keys.insert(());
        incoming.open(second, None);
        incoming.deliver(second, chunk(&["3"]));
        assert_eq!(all(&incoming), ["1", "3", "2"]);
    }

    #[test]
    fn a_lane_that_is_opened_again_gives_what_it_held_first() {
        let incoming = Incoming::new(4, Order::Turns);
        let [a] = lanes();
        incoming.open(a, None);
        incoming.deliver(a, chunk(&["1"]));
        incoming.end(a);
        incoming.open(a, None);
        incoming.deliver(a, chunk(&["2"]));
        assert_eq!(all(&incoming), ["1", "2"]);
        assert_eq!(incoming.room(a, Waker::noop()), 4);
    }

    #[test]
    fn conflating_keeps_the_last_message() {
        let incoming = Incoming::new(4, Order::Newest);
        let [a] = lanes();
        incoming.open(a, None);
        incoming.deliver(a, chunk(&["1", "2"]));
        incoming.deliver(a, chunk(&["3", "4", "5"]));
        assert_eq!(all(&incoming), ["5"]);
    }

    #[test]
    fn by_arrival_the_first_that_came_is_the_first_taken() {
        let incoming = Incoming::new(10, Order::Arrival);
        let [a, b] = lanes();
        incoming.open(a, None);
        incoming.open(b, None);
        incoming.deliver(a, chunk(&["1", "2"]));
        incoming.deliver(b, chunk(&["3"]));
        incoming.deliver(a, chunk(&["4"]));
        incoming.end(a);
        incoming.deliver(b, chunk(&["5"]));
        assert_eq!(all(&incoming), ["1", "2", "3", "4", "5"]);
    }

    /// A peer that sends, leaves and comes again once filled memory, since every time it got a lane of its own.
    #[test]
    fn lanes_that_ended_hold_a_bounded_number_of_messages() {
        let incoming = Incoming::new(2, Order::Turns);
        let mut keys = SlotMap::with_key();
        let mut come = || {
            let lane = keys.insert(());
            incoming.open(lane, None);
            lane
        };
        for _ in 0..MOST_LEFT {
            let lane = come();
            assert_eq!(incoming.room(lane, Waker::noop()), 2);
            incoming.deliver(lane, chunk(&["1", "2"]));
            incoming.end(lane);
        }
        let late = come();
        let (woken, waker) = crate::net::socket::waiters::tests::task();
        assert_eq!(incoming.room(late, &waker), 0);
        for taken in 1..=MOST_LEFT {
            assert_eq!(woken.times(), 0, "after {taken}");
            incoming.take().unwrap();
        }
        assert_eq!(woken.times(), 1);
        assert_eq!(incoming.room(late, &waker), 2);
        assert_eq!(all(&incoming).len(), MOST_LEFT);
        assert_eq!(incoming.lock().left, 0);
    }

    #[test]
    fn a_lane_that_comes_back_is_not_left_any_more() {
        let incoming = Incoming::new(1, Order::Turns);
        let mut keys = SlotMap::with_key();
        let left: Vec<LaneId> =
            std::iter::repeat_with(|| keys.insert(())).take(MOST_LEFT).collect();
        for lane in &left {
            incoming.open(*lane, None);
            incoming.deliver(*lane, chunk(&["1"]));
            incoming.end(*lane);
        }
        let late = keys.insert(());
        incoming.open(late, None);
        let (woken, waker) = crate::net::socket::waiters::tests::task();
        assert_eq!(incoming.room(late, &waker), 0);
        left.iter().for_each(|lane| incoming.open(*lane, None));
        assert_eq!(woken.times(), 1);
        assert_eq!(incoming.room(late, &waker), 1);
    }

    #[test]
    fn a_receiver_that_was_called_and_leaves_passes_the_call_on() {
        let incoming = Incoming::new(4, Order::Turns);
        let [a] = lanes();
        incoming.open(a, None);
        let (_, first) = crate::net::socket::waiters::tests::task();
        let (woken, second) = crate::net::socket::waiters::tests::task();
        let (mut early, mut late) = (Ticket::default(), Ticket::default());
        assert!(waits(&incoming, &mut early, &first));
        assert!(waits(&incoming, &mut late, &second));
        incoming.deliver(a, chunk(&["1"]));
        assert_eq!(woken.times(), 0);
        incoming.leave(&mut early);
        assert_eq!(woken.times(), 1);
    }

    #[test]
    fn nothing_comes_after_the_end() {
        let incoming = Incoming::new(4, Order::Turns);
        let [a] = lanes();
        incoming.open(a, None);
        let (woken, waker) = crate::net::socket::waiters::tests::task();
        assert!(waits(&incoming, &mut Ticket::default(), &waker));
        incoming.deliver(a, chunk(&["1", "2"]));
        incoming.close();
        assert_eq!(woken.times(), 1);
        assert_eq!(incoming.take(), Err(Nothing::Ever));
    }
}
