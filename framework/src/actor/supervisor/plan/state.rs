//! The states a plan moves through: its children's, and its own.

use crate::actor::exit::ExitReason;
use crate::actor::supervisor::event::{ChildId, ChildPolicy, Moment, TimerNumber};

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
    pub(super) policy: ChildPolicy,
    pub(super) phase: Phase,
    /// Fruitless ends in a row.
    pub(super) fruitless: u32,
    /// When its backoff ends.
    pub(super) not_before: Moment,
    pub(super) timer: TimerNumber,
    /// It ended and will not be started again: to be retired.
    pub(super) finished: bool,
    /// It has been up, once at least.
    pub(super) was_up: bool,
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
