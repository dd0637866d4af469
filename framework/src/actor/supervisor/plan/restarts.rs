//! Counts restarts in the sliding windows of an intensity.

use std::collections::VecDeque;

use crate::actor::supervisor::event::{Fruitful, Moment};
use crate::actor::supervisor::policy::Intensity;

/// The restarts of late.
#[derive(Debug)]
pub(super) struct Restarts {
    bound: Intensity,
    fruitless: VecDeque<Moment>,
    all: VecDeque<Moment>,
}

impl Restarts {
    pub(super) fn bounded_by(bound: Intensity) -> Self {
        Self { bound, fruitless: VecDeque::new(), all: VecDeque::new() }
    }

    pub(super) fn forget(&mut self) {
        self.fruitless.clear();
        self.all.clear();
    }

    /// Counts a restart; true if the intensity does not allow it.
    pub(super) fn is_one_too_many(&mut self, fruitful: Fruitful, now: Moment) -> bool {
        let oldest = now.saturating_sub(self.bound.within);
        let exceeds = |window: &mut VecDeque<Moment>, limit: u32| {
            while window.front().is_some_and(|&moment| moment < oldest) {
                window.pop_front();
            }
            window.push_back(now);
            window.len() > limit as usize
        };
        let too_fruitless = !fruitful && exceeds(&mut self.fruitless, self.bound.fruitless);
        let too_many = self.bound.all.is_some_and(|limit| exceeds(&mut self.all, limit));
        too_fruitless || too_many
    }
}
