//! What a supervisor's plan takes in and gives out.

use std::time::Duration;

use crate::actor::exit::ExitReason;
use crate::actor::supervisor::policy::{Restart, Shutdown};

/// Names a child; children are started in this order.
pub(crate) type ChildId = usize;

/// Points in time, as the caller counts them.
pub(crate) type Moment = Duration;

/// What time it is, for those few events of which the decision depends on it.
pub(crate) type Now<'a> = &'a dyn Fn() -> Moment;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct ChildPolicy {
    pub(crate) restart: Restart,
    pub(crate) shutdown: Shutdown,
}

/// What happens to a supervisor.
#[derive(Debug, Clone)]
pub(crate) enum Event {
    /// Its parent wants it to start (again).
    Start,
    /// A child is added at the end.
    Add(ChildId, ChildPolicy),
    Started(ChildId),
    Exited(ChildId, ExitReason, Fruitful),
    Gone(ChildId),
    /// A timer that an action set has run out.
    Timer(ChildId, TimerNumber),
    /// Its parent wants it down, to start it again later.
    Halt,
    /// Its parent wants it to end for good; children drain their mailboxes.
    Retire,
    /// Its parent has lost patience: children that still stop are killed.
    Kill,
}

/// Whether the incarnation had handled a message.
pub(crate) type Fruitful = bool;

/// Tells a timer from the ones before it.
pub(crate) type TimerNumber = u64;

/// What a supervisor does about it.
#[derive(Debug, Clone)]
pub(crate) enum Action {
    Start(ChildId),
    Halt(ChildId),
    Drain(ChildId),
    Kill(ChildId),
    /// Its time to end for good has run out: what it still has to do is cut short.
    OutOfTime(ChildId),
    Retire(ChildId),
    SetTimer(ChildId, TimerNumber, Duration),
    /// The child will not be started again before it has ended for good.
    GiveUp(ChildId, ExitReason),
    Restarting(ChildId, Duration),
    ReportStarted,
    ReportExited(ExitReason),
    ReportGone,
}
