//! Beginnings and ends: how an incarnation is made, what is left when it has ended, and how a worker ends
//! for good.

use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Instant;

use super::activation::Slice;
use super::quietly::{discard_quietly, drop_quietly};
use super::{Core, Desk, Life, Parent, Ran};
use crate::actor::context::Context;
use crate::actor::envelope::Envelope;
use crate::actor::exit::ExitReason;
use crate::actor::mailbox::queue::Pop;
use crate::actor::orders::Order;
use crate::actor::reply::Failure;
use crate::actor::seat::Abandoned;
use crate::actor::worker::{EnvelopeOf, OnCrash, Worker};
use crate::observe::events;
use crate::sync::Ordering;

impl<W: Worker> Core<W> {
    /// There is no incarnation: starts one, ends for good, or waits for an order. `None`: go on.
    pub(super) fn between_lives(
        &self,
        desk: &mut Desk<'_>,
        slice: &mut Slice,
    ) -> Result<Option<Ran>, Abandoned> {
        if self.header.orders.has(Order::Retire) {
            return self.retire(desk).map(Some);
        }
        if !self.header.orders.has(Order::Start) {
            return Ok(self.header.word.hold().then_some(Ran::Parked));
        }
        if !slice.pay_for_restart() {
            return Ok(Some(self.again(desk)));
        }
        self.header.orders.take(Order::Start);
        let stale = self.private(desk).take_copy();
        let begun = (self.construction().nanos() == 0).then(Instant::now);
        let made = desk.away(|| {
            drop_quietly(stale);
            let made = catch_unwind(AssertUnwindSafe(|| {
                (self.origin.constructor)().map_err(|error| ExitReason::failed(&*error))
            }));
            made.unwrap_or_else(|payload| {
                let reason = ExitReason::panicked(&*payload);
                drop_quietly(payload);
                Err(reason)
            })
        });
        let made = made?;
        if let Some(begun) = begun {
            self.construction().sample(begun.elapsed());
        }
        match made {
            Ok(state) => {
                self.next_turn();
                let life = Life::new(state, Context::new(self.to_arc(), self.generation()));
                let private = self.private(desk);
                private.life = Some(life);
                private.fruitful = false;
            }
            Err(reason) => self.end(desk, None, reason)?,
        }
        Ok(None)
    }

    /// An incarnation has ended, or could not begin: clears up and tells the supervisor.
    pub(super) fn end(
        &self,
        desk: &mut Desk<'_>,
        life: Option<Life<W>>,
        reason: ExitReason,
    ) -> Result<(), Abandoned> {
        desk.away(|| {
            if let Some(mut life) = life {
                life.clear();
                let state = &mut life.incarnation().state;
                if let Err(payload) = catch_unwind(AssertUnwindSafe(|| state.stopped(&reason))) {
                    events::stopped_hook_panicked(self.path(), &ExitReason::panicked(&*payload));
                    drop_quietly(payload);
                }
            }
        })?;
        self.mailbox.publish(&desk.right);
        let fruitful = mem::take(&mut self.private(desk).fruitful);
        self.settle_message_in_hand(desk, &reason);
        self.report_exit(&reason, fruitful);
        Ok(())
    }

    /// The message that was being handled: kept for the successor, or lost.
    pub(super) fn settle_message_in_hand(&self, desk: &mut Desk<'_>, reason: &ExitReason) {
        let private = self.private(desk);
        if !mem::take(&mut private.in_hand) {
            return;
        }
        private.crashes += 1;
        let (asker, copy) = (private.asker.take(), private.take_copy());
        let (crashes, draining) = (private.crashes, private.draining);
        let again = match W::POLICY.on_crash {
            OnCrash::Lose => None,
            OnCrash::Retry(limit) if crashes <= limit => copy,
            OnCrash::Retry(_) => {
                // Its drop is user code, and has to wait for when that may run.
                self.private(desk).again().copy = copy;
                None
            }
        };
        if let Some(inbox) = again {
            self.private(desk).again().retry = Some(Envelope { reply: asker, inbox });
            return;
        }
        self.mishaps().lost();
        events::message_lost(self.path(), crashes, reason);
        self.private(desk).crashes = 0;
        if let Some(asker) = asker {
            let orders = &self.header.orders;
            let last = draining || orders.has(Order::Drain) || orders.has(Order::Retire);
            let crashed = matches!(reason, ExitReason::Panicked(_));
            asker.fail(if last && !crashed { Failure::Stopped } else { Failure::Restarted });
        }
    }

    /// The incarnation is up.
    pub(super) fn report_started(&self) {
        // Ordering: Release pairs with the Acquire in `was_up`.
        self.header.was_up.store(true, Ordering::Release);
        self.header.parent.child_started(self.header.child.load(Ordering::Relaxed));
    }

    /// The generation is over: from here on nothing of it may act, and the supervisor decides.
    pub(super) fn report_exit(&self, reason: &ExitReason, fruitful: bool) {
        self.advance_generation();
        events::worker_exited(self.path(), reason, fruitful);
        self.header.parent.child_exited(
            self.header.child.load(Ordering::Relaxed),
            reason.clone(),
            fruitful,
        );
    }

    /// Ends the worker for good: refuses new messages, gives up those that wait.
    fn retire(&self, desk: &mut Desk<'_>) -> Result<Ran, Abandoned> {
        self.header.word.close();
        self.mailbox.waiters.call_all();
        // Retired at most once more after `Busy`.
        if let Some(envelope) = self.private(desk).take_retry() {
            self.give_up(desk, envelope)?;
        }
        if let Some(stale) = self.private(desk).take_copy() {
            desk.away(|| drop_quietly(stale))?;
        }
        loop {
            match self.mailbox.pop(&self.header.word, &desk.right) {
                Pop::Message(envelope) => self.give_up(desk, envelope)?,
                Pop::Busy => return Ok(self.again(desk)),
                Pop::Empty => break,
            }
        }
        self.mailbox.publish(&desk.right);
        self.header.cancel_alarm();
        self.header.word.stop();
        self.header.parent.child_gone(self.header.child.load(Ordering::Relaxed));
        Ok(Ran::Gone)
    }

    fn give_up(&self, desk: &mut Desk<'_>, envelope: EnvelopeOf<W>) -> Result<(), Abandoned> {
        self.mishaps().dropped(1);
        desk.away(|| discard_quietly(envelope, Failure::Stopped))
    }
}
