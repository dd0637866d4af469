//! One life of a worker: what an activation does with an incarnation, message by message.

use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::task::{self, Poll};
use std::time::Instant;

use super::quietly::{discard_quietly, drop_quietly};
use super::{Core, Desk, Done, Life, Ran};
use crate::actor::dispatcher::{self, Dispatcher};
use crate::actor::envelope::Envelope;
use crate::actor::exit::ExitReason;
use crate::actor::mailbox::queue::Pop;
use crate::actor::orders::Order;
use crate::actor::reply::Failure;
use crate::actor::seat::Abandoned;
use crate::actor::worker::{Asker, EnvelopeOf, OnCrash, Worker};
use crate::sync::Ordering;

/// What a restart costs of an activation's messages, so that a worker that keeps crashing yields as well.
const RESTART_COST: u32 = 16;

/// What an activation may still use.
pub(super) struct Slice {
    messages: u32,
    /// The watchdog's tick when it began: another one means that its time is up.
    tick: u32,
}

/// How a stretch of a life ended.
enum Lived {
    Paused(Pause),
    Ended(ExitReason),
}

/// What a handled message leaves to do.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Next {
    Message,
    /// The handler is suspended.
    Wait,
    /// The worker wants to stop.
    Stop,
}

enum Pause {
    /// A handler or hook is suspended.
    Suspended,
    /// The mailbox is empty.
    Empty,
    /// There is more to do, or a sender is in the middle of a send.
    Again,
}

impl Slice {
    #[inline(always)]
    fn is_over(&self, dispatcher: &Dispatcher) -> bool {
        self.messages == 0 || self.tick != dispatcher.tick()
    }

    /// Takes what a restart costs. False: there is nothing left, and it must wait.
    pub(super) fn pay_for_restart(&mut self) -> bool {
        let can = self.messages != 0;
        self.messages = self.messages.saturating_sub(RESTART_COST);
        can
    }
}

impl<W: Worker> Core<W> {
    /// Whether outcomes are plain data, whose drop runs no code.
    const PLAIN: bool = !mem::needs_drop::<W::Outcome>();

    const RETRIES: bool = matches!(W::POLICY.on_crash, OnCrash::Retry(_));

    /// One activation: goes on until there is nothing to do or the slice is used up.
    pub(super) fn activate(&self, desk: &mut Desk<'_>, messages: &mut u32) -> Ran {
        let mut slice = Slice { messages: *messages, tick: self.header.dispatcher().tick() };
        let ran = self.activate_for(desk, &mut slice);
        *messages = slice.messages;
        match ran {
            Ok(ran) => ran,
            Err(Abandoned) => Ran::Gone,
        }
    }

    fn activate_for(&self, desk: &mut Desk<'_>, slice: &mut Slice) -> Result<Ran, Abandoned> {
        // Noted before its life is dropped, which others may see.
        let returned = |abandoned: Abandoned| {
            self.header.dispatcher().note_returned(self.path());
            abandoned
        };
        loop {
            // While it is in this frame, nobody can take it away: if the seat is taken over, it is ours.
            let Some(mut life) = self.private(desk).life.take() else {
                match self.between_lives(desk, slice).map_err(returned)? {
                    Some(ran) => return Ok(ran),
                    None => continue,
                }
            };
            if self.header.orders.has(Order::Kill) {
                self.end(desk, Some(life), ExitReason::Killed).map_err(returned)?;
                continue;
            }
            life.place.borrow();
            let lived = catch_unwind(AssertUnwindSafe(|| self.live(&mut life, desk, slice)));
            let lived = match lived {
                Ok(lived) => lived.map_err(returned)?,
                Err(payload) => {
                    let came_back = desk.come_back();
                    let reason = ExitReason::panicked(&*payload);
                    if came_back.is_ok() {
                        desk.away(|| drop_quietly(payload)).map_err(returned)?;
                    } else {
                        drop_quietly(payload);
                    }
                    came_back.map_err(returned)?;
                    Lived::Ended(reason)
                }
            };
            match lived {
                Lived::Ended(reason) => {
                    self.end(desk, Some(life), reason).map_err(returned)?;
                }
                Lived::Paused(pause) => {
                    life.place.give_back();
                    self.private(desk).life = Some(life);
                    let parked = match pause {
                        Pause::Again => {
                            if self.mailbox.publish(&desk.right) {
                                dispatcher::note_called_senders();
                            }
                            return Ok(self.again(desk));
                        }
                        Pause::Empty => {
                            self.mailbox.publish_all(&desk.right);
                            self.mailbox.park(&self.header.word, &desk.right)
                        }
                        Pause::Suspended => {
                            self.mailbox.publish(&desk.right);
                            self.header.word.hold()
                        }
                    };
                    if parked {
                        return Ok(Ran::Parked);
                    }
                    // A handler that wakes itself as it is suspended uses up its slice as well.
                    slice.messages = slice.messages.saturating_sub(1);
                    if slice.is_over(self.header.dispatcher()) {
                        return Ok(self.again(desk));
                    }
                }
            }
        }
    }

    /// A stretch of a life, from where the last one ended.
    fn live(
        &self,
        life: &mut Life<W>,
        desk: &mut Desk<'_>,
        slice: &mut Slice,
    ) -> Result<Lived, Abandoned> {
        if (life.place.is_taken() || !life.is_up)
            && let Some(lived) = self.go_on(life, desk, slice)?
        {
            return Ok(lived);
        }
        loop {
            let ordered = self.header.orders.any();
            if ordered && let Some(ended) = self.obey(desk) {
                return Ok(ended);
            }
            if slice.is_over(self.header.dispatcher()) {
                return Ok(Lived::Paused(self.spent(life, desk)));
            }
            let envelope = match self.due_timer(life, desk, ordered)? {
                Some(inbox) => Envelope::tell(inbox),
                None => match self.next_message(desk) {
                    Pop::Message(envelope) => envelope,
                    Pop::Empty if self.private(desk).draining => {
                        return Ok(Lived::Ended(ExitReason::Shutdown));
                    }
                    Pop::Empty if self.header.orders.has(Order::Timer) => continue,
                    Pop::Empty => return Ok(Lived::Paused(Pause::Empty)),
                    Pop::Busy => return Ok(Lived::Paused(Pause::Again)),
                },
            };
            match self.handle(life, desk, slice, envelope)? {
                Next::Message => {}
                Next::Wait => return Ok(Lived::Paused(Pause::Suspended)),
                Next::Stop => return Ok(Lived::Ended(ExitReason::Normal)),
            }
        }
    }

    /// The slice is used up: whatever else there is to do comes later.
    fn spent(&self, life: &Life<W>, desk: &mut Desk<'_>) -> Pause {
        let private = self.private(desk);
        let busy = life.timers_first || private.has_retry() || private.draining;
        let more = !self.mailbox.is_empty(&self.header.word, &desk.right);
        if more || busy || self.header.orders.any() { Pause::Again } else { Pause::Empty }
    }

    /// Begins the life, or polls its suspended handler or hook. `None`: on to the next message.
    fn go_on(
        &self,
        life: &mut Life<W>,
        desk: &mut Desk<'_>,
        slice: &mut Slice,
    ) -> Result<Option<Lived>, Abandoned> {
        let waker = self.header.borrowed_waker();
        let mut cx = task::Context::from_waker(&waker);
        let polled = if life.place.is_taken() {
            desk.away(|| life.place.poll(&mut cx))?
        } else {
            desk.away(|| life.start(&mut cx))?.map(Done::Started)
        };
        match polled {
            Poll::Pending => return Ok(Some(Lived::Paused(Pause::Suspended))),
            Poll::Ready(Done::Handled(outcome)) => self.handled(desk, slice, outcome)?,
            Poll::Ready(Done::Started(Err(reason))) => return Ok(Some(Lived::Ended(reason))),
            Poll::Ready(Done::Started(Ok(()))) => {
                life.is_up = true;
                self.report_started();
            }
        }
        Ok(Self::wants_to_stop(life).then_some(Lived::Ended(ExitReason::Normal)))
    }

    #[inline(always)]
    fn wants_to_stop(life: &mut Life<W>) -> bool {
        life.incarnation().context.wants_to_stop()
    }

    #[cold]
    fn obey(&self, desk: &mut Desk<'_>) -> Option<Lived> {
        let orders = &self.header.orders;
        if orders.take(Order::Halt) {
            return Some(Lived::Ended(ExitReason::Shutdown));
        }
        if orders.take(Order::Drain) {
            self.header.word.close();
            self.mailbox.waiters.call_all();
            self.private(desk).draining = true;
        }
        orders.has(Order::Kill).then_some(Lived::Ended(ExitReason::Killed))
    }

    /// The timers that are due now go first; then a message, before those that have come due meanwhile,
    /// so that timers which are always due do not shut the mailbox out.
    #[inline(always)]
    fn due_timer(
        &self,
        life: &mut Life<W>,
        desk: &mut Desk<'_>,
        ordered: bool,
    ) -> Result<Option<W::Inbox>, Abandoned> {
        if !life.timers_first && !ordered {
            life.message_first = false;
            return Ok(None);
        }
        if Self::RETRIES && self.private(desk).has_retry() {
            // Before anything else: the crash of another message must not push it out.
            return Ok(None);
        }
        self.due_timer_slow(life, desk)
    }

    #[cold]
    fn due_timer_slow(
        &self,
        life: &mut Life<W>,
        desk: &mut Desk<'_>,
    ) -> Result<Option<W::Inbox>, Abandoned> {
        if !life.timers_first
            && !mem::take(&mut life.message_first)
            && self.header.orders.take(Order::Timer)
        {
            life.timers_first = true;
            life.incarnation().context.begin_timers();
        }
        if !life.timers_first {
            return Ok(None);
        }
        // A timer's message may have to be cloned, which is user code.
        let due = desk.away(|| life.incarnation().context.due_timer())?;
        if due.is_none() {
            life.timers_first = false;
            life.message_first = true;
        }
        Ok(due)
    }

    #[inline(always)]
    fn next_message(&self, desk: &mut Desk<'_>) -> Pop<EnvelopeOf<W>> {
        if Self::RETRIES
            && let Some(envelope) = self.private(desk).take_retry()
        {
            self.mishaps().retried();
            return Pop::Message(envelope);
        }
        self.mailbox.pop(&self.header.word, &desk.right)
    }

    /// Handles one message.
    #[inline(always)]
    fn handle(
        &self,
        life: &mut Life<W>,
        desk: &mut Desk<'_>,
        slice: &mut Slice,
        envelope: EnvelopeOf<W>,
    ) -> Result<Next, Abandoned> {
        if envelope.has_expired() {
            slice.messages -= 1;
            self.mishaps().dropped(1);
            desk.away(|| discard_quietly(envelope, Failure::Expired))?;
            return Ok(Next::Message);
        }
        let Envelope { reply, inbox } = envelope;
        if W::POLICY.blocking {
            // It may take long, and whoever waits for room should not wait for it.
            self.mailbox.publish(&desk.right);
        }
        slice.messages -= 1;
        let asked = reply.is_some();
        let private = self.private(desk);
        private.in_hand = true;
        private.asker = reply;
        let attempt = private.crashes + 1;
        if Self::RETRIES {
            let copy = desk.away(|| W::copy_for_retry(&inbox))?;
            self.private(desk).again().copy = copy;
        }
        self.next_turn();
        if Self::RETRIES {
            life.incarnation().context.set_attempt(attempt);
        }
        let waker = self.header.borrowed_waker();
        let mut cx = task::Context::from_waker(&waker);
        // Only asks look at what a message costs, so only they pay for knowing.
        let begun = (asked && self.counts.is_sample()).then(Instant::now);
        let polled = desk.away(|| life.handle(inbox, &mut cx))?;
        if let Some(begun) = begun {
            self.header.cost.sample(begun.elapsed());
        }
        let Poll::Ready(outcome) = polled else { return Ok(Next::Wait) };
        self.handled(desk, slice, outcome)?;
        Ok(if Self::wants_to_stop(life) { Next::Stop } else { Next::Message })
    }

    /// A handler has returned. Its message counts as handled, whatever happens to the reply.
    #[inline(always)]
    fn handled(
        &self,
        desk: &mut Desk<'_>,
        slice: &mut Slice,
        outcome: W::Outcome,
    ) -> Result<(), Abandoned> {
        let private = self.private(desk);
        private.in_hand = false;
        private.crashes = 0;
        private.fruitful = true;
        let reply = private.asker.take();
        let asked = reply.is_some();
        let asker = Asker { reply, counts: &self.counts };
        if Self::PLAIN && !Self::RETRIES && !asked {
            W::settle(outcome, asker);
        } else {
            let copy = private.take_copy();
            // Copies, and replies that nobody wants, are dropped here: that is user code too.
            desk.away(|| {
                W::settle(outcome, asker);
                if Self::RETRIES {
                    drop_quietly(copy);
                }
            })?;
            if asked && dispatcher::foreign_wake_pending() {
                // A task of the hosting runtime waits on this very thread: let it run soon.
                slice.messages = 0;
            }
        }
        Ok(())
    }

    /// Wakers of earlier turns go stale.
    #[inline(always)]
    pub(super) fn next_turn(&self) {
        if !self.header.waker_cloned.load(Ordering::Relaxed) {
            return;
        }
        self.header.waker_cloned.store(false, Ordering::Relaxed);
        let turn = self.header.turn.load(Ordering::Relaxed).wrapping_add(1);
        self.header.turn.store(turn, Ordering::Relaxed);
    }
}
