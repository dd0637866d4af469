//! What a socket is to send and no connection has written yet.
//!
//! ```text
//!            ┌─▶ lane: │sealed│sealed│open│ ──▶ pen ──▶ connection
//!   send ────┼─▶ lane: │open│            ──▶ pen ──▶ connection
//!            └─▶ lane: │open│                 (connecting: nobody writes yet)
//! ```
//!
//! Every peer has a *lane*, which holds messages as they will be on the wire. Senders append to the open
//! [`Batch`] of a lane; its [`Pen`] takes whole batches and writes them. A lane holds at most as many
//! messages as the high-water mark says; when it is full and half is written, it has room again.
//!
//! # Who writes
//!
//! The first message after the connection's task has run is written by its sender, at once: a lone
//! message waits for nobody. What is sent after it is gathered until the task runs, which the second
//! message calls; if the senders are faster, whoever fills a batch or the lane writes it. So a burst goes
//! out in few large writes, and nobody has to say `flush`.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker, ready};

use slotmap::{SlotMap, new_key_type};

use super::batch::{BY_REFERENCE, Batch, LONGEST_HEADER};
use super::pen::{Pen, Written};
use super::waiters::{Called, Ticket, Waiters};
use super::yielding;
use crate::net::multipart::Frame;
use crate::net::wire::frame::Flags;

new_key_type! {
    /// A lane of a socket. A key is never used again for another.
    pub(crate) struct LaneId;
}

/// Octets from which on a batch is written by whoever fills it.
const FULL_BATCH: usize = 64 * 1024;

/// The outgoing half of a socket.
pub(crate) struct Outgoing {
    state: Mutex<State>,
    /// Messages per lane.
    high_water: usize,
    /// Whether a message is kept only until the next one comes.
    conflate: bool,
}

struct State {
    lanes: SlotMap<LaneId, Lane>,
    /// Lanes with room, among which messages are dealt out in turn.
    turns: Vec<LaneId>,
    turn: usize,
    waiters: Waiters,
    closed: bool,
    /// Messages dealt out since a sender last let others run.
    toil: usize,
}

struct Lane {
    sealed: VecDeque<Batch>,
    open: Batch,
    /// Memory for the next open batch.
    spare: Batch,
    /// Messages in the batches, and in the pen's.
    unwritten: usize,
    /// Those in the pen's.
    in_pen: usize,
    /// The pen has been given a batch, and has not asked for another since.
    pen_is_busy: bool,
    /// Messages are dealt out to it while it has room …
    joined: bool,
    /// … which it has: it is among the turns.
    has_turn: bool,
    /// It is being given up, and joins no more.
    leaving: bool,
    /// The next message is written by its sender.
    fresh: bool,
    /// The connection's task has been woken, and not run since.
    called: bool,
    /// The connection's task; none while there is no connection.
    task: Option<Waker>,
    pen: Arc<Pen>,
}

/// Why a message was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// No lane has room.
    Full,
    /// There is no such lane.
    Gone,
    /// The socket is closed.
    Closed,
}

/// What is left to do when the lock is free.
#[must_use]
enum After {
    Nothing,
    Write(Arc<Pen>),
    Wake(Waker),
}

impl Outgoing {
    pub(crate) fn new(high_water: usize, conflate: bool) -> Outgoing {
        let state = State {
            lanes: SlotMap::with_key(),
            turns: Vec::new(),
            turn: 0,
            waiters: Waiters::default(),
            closed: false,
            toil: 0,
        };
        Outgoing { state: Mutex::new(state), high_water, conflate }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes a lane.
    pub(crate) fn open(&self, pen: Arc<Pen>) -> LaneId {
        self.lock().lanes.insert(Lane {
            sealed: VecDeque::new(),
            open: Batch::default(),
            spare: Batch::default(),
            unwritten: 0,
            in_pen: 0,
            pen_is_busy: false,
            joined: false,
            has_turn: false,
            leaving: false,
            fresh: false,
            called: false,
            task: None,
            pen,
        })
    }

    /// From now on messages are dealt out to the lane as well.
    pub(crate) fn join(&self, id: LaneId) {
        let mut called = Called::default();
        let mut state = self.lock();
        if let Some(lane) = state.lanes.get_mut(id) {
            lane.joined = !lane.leaving;
            state.give_turn(id, self.high_water, &mut called);
        }
        drop(state);
        called.wake();
    }

    /// From now on messages are not dealt out to the lane, even if it has a connection, or gets one: it is
    /// being given up. What it holds is still sent.
    pub(crate) fn withdraw(&self, id: LaneId) {
        if let Some(lane) = self.lock().lanes.get_mut(id) {
            lane.leaving = true;
        }
        self.rest(id);
    }

    /// The pen of a lane.
    pub(crate) fn pen(&self, id: LaneId) -> Option<Arc<Pen>> {
        self.lock().lanes.get(id).map(|lane| lane.pen.clone())
    }

    /// Whether messages wait in a lane that have not been written.
    pub(crate) fn waits(&self, id: LaneId) -> bool {
        self.lock().lanes.get(id).is_some_and(|lane| lane.unwritten > 0)
    }

    /// Removes a lane, with all that it holds; its connection, if there is one, is called, and will find
    /// it gone.
    pub(crate) fn remove(&self, id: LaneId) {
        let mut called = Called::default();
        let mut state = self.lock();
        let mut lane = state.lanes.remove(id);
        if let Some(task) = lane.as_mut().and_then(|lane| lane.task.take()) {
            called.add(task);
        }
        state.turns.retain(|turn| *turn != id);
        // Who waits for all to be written has less to wait for.
        if state.closed {
            state.waiters.call_all(&mut called);
        }
        drop(state);
        called.wake();
        drop(lane);
    }

    /// Gives a message to the lane whose turn it is.
    #[inline]
    pub(crate) fn deal(&self, message: &[Frame]) -> Result<LaneId, Refusal> {
        let mut state = self.lock();
        let (id, after) = state.deal(self, message)?;
        drop(state);
        self.finish(id, after);
        Ok(id)
    }

    /// The same with a message of one frame, whose octets these are, if that is simple. False if it
    /// is not.
    #[inline(always)]
    pub(crate) fn deal_octets(&self, octets: &[u8]) -> bool {
        let size = LONGEST_HEADER + octets.len().max(Frame::IN_PLACE);
        size <= BY_REFERENCE
            && self.lock().deal_simple(self, size, |batch| batch.push_octets(octets)).is_some()
    }

    /// The same; waits if no lane has room, or to let other tasks run.
    #[inline(always)]
    pub(crate) fn poll_deal(
        &self,
        message: &[Frame],
        ticket: &mut Ticket,
        cx: &mut Context<'_>,
    ) -> Poll<Result<LaneId, Refusal>> {
        let mut state = self.lock();
        if let [frame] = message
            && let Some((length, octets)) = frame.place()
            && !ticket.is_waiting()
            && let Some(id) = state.deal_simple(self, 2 + Frame::IN_PLACE, |batch| {
                batch.push_short(Flags::message(false), octets, length);
                batch.count();
            })
        {
            return Poll::Ready(Ok(id));
        }
        self.poll_slow(state, message, ticket, cx)
    }

    #[inline(never)]
    fn poll_slow<'a>(
        &'a self,
        mut state: MutexGuard<'a, State>,
        message: &[Frame],
        ticket: &mut Ticket,
        cx: &mut Context<'_>,
    ) -> Poll<Result<LaneId, Refusal>> {
        if !ticket.is_waiting()
            && let Some(id) = state.deal_simple(self, BY_REFERENCE, |batch| batch.push(message))
        {
            return Poll::Ready(Ok(id));
        }
        if state.toil >= yielding::PER_UNIT {
            state.toil = 0;
            drop(state);
            ready!(yielding::poll_unit(cx));
            state = self.lock();
        }
        match state.deal(self, message) {
            Ok((id, after)) => {
                let mut called = Called::default();
                // Where one found room there may be more.
                if ticket.is_waiting() && state.waiters.leave(ticket) && !state.turns.is_empty() {
                    state.waiters.call(1, &mut called);
                }
                drop(state);
                called.wake();
                self.finish(id, after);
                Poll::Ready(Ok(id))
            }
            Err(Refusal::Full) => {
                state.waiters.wait(ticket, cx.waker());
                Poll::Pending
            }
            Err(refusal) => Poll::Ready(Err(refusal)),
        }
    }

    /// A sender gives up waiting; the next is called in its place if it was.
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

    /// Lets other tasks run, now and then, between sends that do not wait.
    pub(crate) async fn breathe(&self) {
        let tired = {
            let mut state = self.lock();
            state.toil += 1;
            state.toil >= yielding::PER_UNIT && std::mem::take(&mut state.toil) > 0
        };
        if tired {
            std::future::poll_fn(yielding::poll_unit).await;
        }
    }

    /// Gives a message to one lane.
    pub(crate) fn send_to(&self, id: LaneId, message: &[Frame]) -> Result<(), Refusal> {
        let mut state = self.lock();
        if state.closed {
            return Err(Refusal::Closed);
        }
        let lane = state.lanes.get_mut(id).ok_or(Refusal::Gone)?;
        if !self.has_room(lane) {
            return Err(Refusal::Full);
        }
        let after = lane.push(self, |batch| batch.push(message));
        drop(state);
        self.finish(id, after);
        Ok(())
    }

    /// Gives a message to each of several lanes; those that are full go without it.
    pub(crate) fn publish(&self, lanes: &[LaneId], message: &Batch) -> Result<(), Refusal> {
        /// To so many peers a publisher writes itself; more would take it long, and are left to
        /// their tasks.
        const FEW: usize = 4;
        let mut afters = Vec::new();
        let mut state = self.lock();
        if state.closed {
            return Err(Refusal::Closed);
        }
        for id in lanes {
            let Some(lane) = state.lanes.get_mut(*id) else { continue };
            if !self.has_room(lane) {
                continue;
            }
            if lanes.len() > FEW {
                lane.fresh = false;
            }
            match lane.push(self, |open| open.append(message)) {
                After::Nothing => {}
                after => afters.push((*id, after)),
            }
        }
        drop(state);
        for (id, after) in afters {
            self.finish(id, after);
        }
        Ok(())
    }

    /// Gives a command to a lane: whole frames. They are sent even if the lane is full, and behind what
    /// it holds.
    pub(crate) fn command(&self, id: LaneId, frames: &[u8]) {
        self.command_if(id, frames, usize::MAX);
    }

    /// Answers a peer, unless `most` answers wait for it already: a peer that asks and does not listen gets
    /// no more.
    pub(crate) fn command_if(&self, id: LaneId, frames: &[u8], most: usize) {
        let mut state = self.lock();
        let Some(lane) = state.lanes.get_mut(id) else { return };
        if lane.open.commands() >= most {
            return;
        }
        lane.open.push_command(frames);
        let task = lane.call();
        drop(state);
        if let Some(task) = task {
            task.wake();
        }
    }

    fn has_room(&self, lane: &Lane) -> bool {
        lane.unwritten < self.high_water || self.conflate
    }

    #[inline]
    fn finish(&self, id: LaneId, after: After) {
        match after {
            After::Nothing => {}
            After::Wake(task) => task.wake(),
            After::Write(pen) => {
                if pen.write(self, id) != Written::All {
                    self.call(id);
                }
            }
        }
    }

    /// Calls the connection of a lane.
    pub(crate) fn call(&self, id: LaneId) {
        let task = self.lock().lanes.get_mut(id).and_then(Lane::call);
        if let Some(task) = task {
            task.wake();
        }
    }

    /// A lane's connection runs, as the task of `waker`: it is the one to be called. Says whether there is
    /// something to be written; none if the lane is gone.
    pub(crate) fn attend(&self, id: LaneId, waker: &Waker) -> Option<bool> {
        let mut state = self.lock();
        let closed = state.closed;
        let lane = state.lanes.get_mut(id)?;
        lane.called = false;
        match &mut lane.task {
            Some(task) => task.clone_from(waker),
            None => lane.task = Some(waker.clone()),
        }
        let writes = lane.pen_is_busy || !lane.sealed.is_empty() || !lane.open.is_empty();
        lane.fresh |= !writes;
        Some(writes || closed)
    }

    /// A lane has no connection: what is sent to it waits for the next.
    pub(crate) fn desert(&self, id: LaneId) {
        if let Some(lane) = self.lock().lanes.get_mut(id) {
            lane.task = None;
            lane.called = false;
            lane.fresh = false;
        }
    }

    /// Nothing is dealt out to a lane until it joins again.
    pub(crate) fn rest(&self, id: LaneId) {
        let mut guard = self.lock();
        let state = &mut *guard;
        if let Some(lane) = state.lanes.get_mut(id) {
            lane.joined = false;
            lane.has_turn = false;
            state.turns.retain(|turn| *turn != id);
        }
    }

    /// The next batch to be written. `written` messages have been since the last call, and `spare` is
    /// memory to be used again.
    ///
    /// When the connection's task finds nothing, the next sender writes itself.
    pub(crate) fn next(
        &self,
        id: LaneId,
        written: usize,
        spare: Batch,
        is_task: bool,
    ) -> Option<Batch> {
        let mut called = Called::default();
        let mut guard = self.lock();
        let state = &mut *guard;
        let lane = state.lanes.get_mut(id)?;
        lane.unwritten -= written.min(lane.unwritten);
        if spare.capacity() > lane.spare.capacity() {
            lane.spare = spare;
        }
        let batch = match lane.sealed.pop_front() {
            Some(batch) => Some(batch),
            None if lane.open.is_empty() => None,
            None => Some(std::mem::replace(&mut lane.open, std::mem::take(&mut lane.spare))),
        };
        lane.in_pen = batch.as_ref().map_or(0, Batch::messages);
        lane.pen_is_busy = batch.is_some();
        if batch.is_none() {
            lane.fresh |= is_task && !lane.called;
            if state.closed {
                state.waiters.call_all(&mut called);
            }
        }
        state.give_turn(id, self.high_water, &mut called);
        drop(guard);
        called.wake();
        batch
    }

    /// Takes no more messages, and calls all connections.
    pub(crate) fn close(&self) {
        let mut called = Called::default();
        let mut state = self.lock();
        state.closed = true;
        state.waiters.call_all(&mut called);
        for (_, lane) in &mut state.lanes {
            if let Some(task) = lane.call() {
                called.add(task);
            }
        }
        drop(state);
        called.wake();
    }
}

impl State {
    /// Deals a message out, if that is simple: the lane has room for more than this one, and its connection's
    /// task has been called already. `push` puts it into the batch, which is not full with `size` octets less.
    #[inline(always)]
    fn deal_simple(
        &mut self,
        of: &Outgoing,
        size: usize,
        push: impl FnOnce(&mut Batch),
    ) -> Option<LaneId> {
        let &id = self.turns.get(self.turn)?;
        let lane = self.lanes.get_mut(id)?;
        let simple = lane.called
            && lane.unwritten + 1 < of.high_water
            && lane.open.size() < FULL_BATCH - size
            && self.toil < yielding::PER_UNIT
            && !of.conflate
            && !self.closed;
        if !simple {
            return None;
        }
        push(&mut lane.open);
        lane.unwritten += 1;
        self.toil += 1;
        self.turn += 1;
        if self.turn == self.turns.len() {
            self.turn = 0;
        }
        Some(id)
    }

    fn deal(&mut self, of: &Outgoing, message: &[Frame]) -> Result<(LaneId, After), Refusal> {
        if self.closed {
            return Err(Refusal::Closed);
        }
        if self.turn >= self.turns.len() {
            self.turn = 0;
        }
        let id = *self.turns.get(self.turn).ok_or(Refusal::Full)?;
        let lane = self.lanes.get_mut(id).ok_or(Refusal::Full)?;
        let after = lane.push(of, |batch| batch.push(message));
        self.toil += 1;
        if of.has_room(lane) {
            self.turn += 1;
        } else {
            lane.has_turn = false;
            self.turns.remove(self.turn);
        }
        if self.turn >= self.turns.len() {
            self.turn = 0;
        }
        Ok((id, after))
    }

    /// Puts a lane that is half empty among the turns, and calls as many senders as it has room for.
    fn give_turn(&mut self, id: LaneId, high_water: usize, called: &mut Called) {
        if let Some(lane) = self.lanes.get_mut(id)
            && lane.joined
            && !lane.has_turn
            && lane.unwritten <= high_water / 2
        {
            lane.has_turn = true;
            self.turns.push(id);
            self.waiters.call(high_water - lane.unwritten, called);
        }
    }
}

impl Lane {
    #[inline]
    fn push(&mut self, of: &Outgoing, push: impl FnOnce(&mut Batch)) -> After {
        if of.conflate {
            self.sealed.retain_mut(Batch::drop_messages);
            self.open.drop_messages();
            // What is being written will be.
            self.unwritten = self.in_pen;
        }
        push(&mut self.open);
        self.unwritten += 1;
        if self.called && self.open.size() < FULL_BATCH && self.unwritten < of.high_water {
            return After::Nothing;
        }
        self.after_slow(of)
    }

    #[cold]
    fn after_slow(&mut self, of: &Outgoing) -> After {
        if self.fresh {
            self.fresh = false;
            return After::Write(self.pen.clone());
        }
        if self.open.size() >= FULL_BATCH {
            self.sealed
                .push_back(std::mem::replace(&mut self.open, std::mem::take(&mut self.spare)));
            return After::Write(self.pen.clone());
        }
        if self.unwritten >= of.high_water {
            return After::Write(self.pen.clone());
        }
        self.call().map_or(After::Nothing, After::Wake)
    }

    #[inline]
    fn call(&mut self) -> Option<Waker> {
        if self.called {
            return None;
        }
        let task = self.task.clone()?;
        self.called = true;
        Some(task)
    }
}
