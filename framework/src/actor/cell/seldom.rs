//! What few workers need, and those that do not have no room for.

use crate::actor::seat::Seat;
use crate::observe::counters::Mishaps;
use crate::sync::Mutex;

#[derive(Debug)]
pub(super) struct Seldom {
    pub(super) mishaps: Mishaps,
    /// One more for every abandonment; they must not move, since drivers point at them. The lock also makes
    /// takers-over take turns.
    #[expect(clippy::vec_box, reason = "they must not move")]
    pub(super) later_seats: Mutex<Vec<Box<Seat>>>,
}

impl Seldom {
    pub(super) fn new() -> Self {
        Self { mishaps: Mishaps::default(), later_seats: Mutex::new(Vec::new()) }
    }
}
