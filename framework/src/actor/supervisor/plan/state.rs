//! The states a plan moves through: its children's, and its own.

use crate::actor::exit::ExitReason;
use crate::actor::supervisor::event::{ChildId, ChildPolicy, Moment, TimerNumber};
use crate::actor::supervisor::policy::{Restart, Shutdown};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    Down,
    Waiting,
    Starting,
    Up,
    Stopping,
    Killed,
    Retiring,
}

impl Phase {
    /// Whether there is, or may be, an incarnation.
    pub(super) fn is_live(self) -> bool {
        matches!(self, Self::Starting | Self::Up | Self::Stopping | Self::Killed)
    }
}

#[derive(Debug)]
pub(super) struct Child {
    pub(super) restart: Restart,
    pub(super) phase: Phase,
    /// It ended and will not be started again: to be retired.
    pub(super) finished: bool,
    /// It has been up, once at least.
    pub(super) was_up: bool,
    seldom: Option<Box<Seldom>>,
}

/// What most children have no use for while they are up: it is boxed once it is not the default.
#[derive(Debug, Default)]
pub(super) struct Seldom {
    shutdown: Shutdown,
    /// Fruitless ends in a row.
    pub(super) fruitless: u32,
    /// When its backoff ends.
    pub(super) not_before: Moment,
    /// The timer that was set for it last; 0 if none.
    pub(super) timer: TimerNumber,
}

impl Child {
    pub(super) fn new(ChildPolicy { restart, shutdown }: ChildPolicy) -> Self {
        let seldom = Seldom { shutdown, ..Seldom::default() };
        let seldom = (shutdown != Shutdown::default()).then(|| Box::new(seldom));
        Self { restart, phase: Phase::Down, finished: false, was_up: false, seldom }
    }

    pub(super) fn shutdown(&self) -> Shutdown {
        self.seldom.as_ref().map_or_else(Shutdown::default, |seldom| seldom.shutdown)
    }

    pub(super) fn not_before(&self) -> Moment {
        self.seldom.as_ref().map_or(Moment::ZERO, |seldom| seldom.not_before)
    }

    pub(super) fn has_timer(&self, number: TimerNumber) -> bool {
        self.seldom.as_ref().is_some_and(|seldom| seldom.timer == number)
    }

    pub(super) fn seldom(&mut self) -> &mut Seldom {
        self.seldom.get_or_insert_default()
    }

    /// Only if there is something to change back.
    pub(super) fn seldom_if_any(&mut self) -> Option<&mut Seldom> {
        self.seldom.as_deref_mut()
    }
}

#[derive(Debug, Clone)]
pub(super) enum Mode {
    /// Not started, or stopped to be started again.
    Down,
    /// Children run, or are being started in order.
    Running,
    /// Children from this one on are being stopped, in reverse order, to be started again.
    Regrouping { from: ChildId },
    /// All children are being stopped, in reverse order.
    Stopping(Goal),
    /// Ended for good.
    Gone,
}

#[derive(Debug, Clone)]
pub(super) enum Goal {
    /// Down, to be started again.
    Halt,
    /// Down, because the intensity was exceeded.
    Escalate(ExitReason),
    /// The end.
    Retire,
}
