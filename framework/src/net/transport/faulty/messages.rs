//! What becomes of the messages in one direction, each as a whole.
//!
//! ```text
//!              ┌─ pass ──────────────────────▶ under way
//!   a message  ├─ drop
//!     begins   ├─ duplicate ──┬──────────────▶ under way
//!              │              └─ a copy ─────▶   once it is whole
//!              └─ reorder ───── all of it        once it is whole: late
//!                                 └──────────▶   after others, or 100 ms
//! ```
//!
//! All that is not a message goes its way at once.

use std::time::Duration;

use tokio::time::Instant;

use super::chance::Chance;
use super::faults::Faults;
use super::frames::{Frames, Unit};
use super::log::{Act, Log};
use super::under_way::UnderWay;

/// After this time a message that is late goes on though nothing overtook it.
const LONGEST_HOLD: Duration = Duration::from_millis(100);

/// Messages that overtake a message, at most.
const MOST_OVERTAKING: u64 = 4;

/// The messages of one direction.
pub(super) struct Messages {
    frames: Frames,
    /// Octets of the longest message that is copied or withheld.
    longest: usize,
    /// Of the message that is being written.
    fate: Fate,
    /// Octets of the message that is being written, up to now.
    size: usize,
    late: Option<Late>,
}

enum Fate {
    Pass,
    Drop,
    /// With a copy of it.
    Duplicate(Vec<u8>),
    /// With all of it.
    Reorder(Vec<u8>),
}

/// A whole message that is being overtaken.
struct Late {
    octets: Vec<u8>,
    overtaken_by: u32,
    /// Messages that are still to overtake it.
    more: u64,
    until: Instant,
}

impl Messages {
    /// Those longer than `longest` are neither copied nor withheld.
    pub(super) fn new(longest: usize) -> Messages {
        Messages { frames: Frames::new(), longest, fate: Fate::Pass, size: 0, late: None }
    }

    /// Takes octets from the front of `octets`, of which there must be some, and says how many.
    pub(super) fn take(
        &mut self,
        octets: &[u8],
        due: Instant,
        under_way: &mut UnderWay,
        chance: &mut Chance,
        faults: &Faults,
        log: &mut Log,
    ) -> usize {
        let segment = self.frames.next(octets);
        let octets = &octets[..segment.length];
        if segment.unit == Unit::Other {
            under_way.push(octets, due);
            return segment.length;
        }
        if segment.begins {
            self.fate = self.draw(chance, faults);
            self.size = 0;
        }
        self.size += octets.len();
        self.meet(octets, due, under_way);
        if segment.ends {
            self.end(due, under_way, chance, log);
        }
        segment.length
    }

    /// When the late message goes on.
    pub(super) fn until(&self) -> Option<Instant> {
        self.late.as_ref().map(|late| late.until)
    }

    /// Lets the late message go on.
    pub(super) fn release(&mut self, under_way: &mut UnderWay, chance: &Chance, log: &mut Log) {
        if let Some(Late { octets, overtaken_by, .. }) = self.late.take() {
            chance.note(log, Act::Reorder { size: octets.len(), overtaken_by });
            under_way.push(&octets, Instant::now());
        }
    }

    /// Lets all go on that is withheld: nothing more will be written.
    pub(super) fn flush(&mut self, under_way: &mut UnderWay, chance: &Chance, log: &mut Log) {
        self.release(under_way, chance, log);
        if let Fate::Reorder(octets) = std::mem::replace(&mut self.fate, Fate::Pass) {
            under_way.push(&octets, Instant::now());
        }
    }

    /// Loses what is copied or withheld.
    pub(super) fn clear(&mut self) {
        self.fate = Fate::Pass;
        self.late = None;
    }

    /// Octets that are copied or withheld.
    pub(super) fn held(&self) -> usize {
        let current = match &self.fate {
            Fate::Duplicate(octets) | Fate::Reorder(octets) => octets.len(),
            Fate::Pass | Fate::Drop => 0,
        };
        current + self.late.as_ref().map_or(0, |late| late.octets.len())
    }

    fn draw(&self, chance: &mut Chance, faults: &Faults) -> Fate {
        if chance.strikes(faults.drop) {
            Fate::Drop
        } else if chance.strikes(faults.duplicate) {
            Fate::Duplicate(Vec::new())
        } else if self.late.is_none() && chance.strikes(faults.reorder) {
            Fate::Reorder(Vec::new())
        } else {
            Fate::Pass
        }
    }

    /// Does with octets of a message what is its fate.
    fn meet(&mut self, octets: &[u8], due: Instant, under_way: &mut UnderWay) {
        let is_too_long = self.size > self.longest;
        match &mut self.fate {
            Fate::Pass => under_way.push(octets, due),
            Fate::Drop => {}
            Fate::Duplicate(copy) => {
                under_way.push(octets, due);
                if is_too_long {
                    self.fate = Fate::Pass;
                } else {
                    copy.extend_from_slice(octets);
                }
            }
            Fate::Reorder(withheld) if is_too_long => {
                under_way.push(withheld, due);
                under_way.push(octets, due);
                self.fate = Fate::Pass;
            }
            Fate::Reorder(withheld) => withheld.extend_from_slice(octets),
        }
    }

    /// The message that was being written is whole.
    fn end(&mut self, due: Instant, under_way: &mut UnderWay, chance: &mut Chance, log: &mut Log) {
        match std::mem::replace(&mut self.fate, Fate::Pass) {
            Fate::Pass => {}
            Fate::Drop => return chance.note(log, Act::Drop(self.size)),
            Fate::Duplicate(copy) => {
                under_way.push(&copy, due);
                chance.note(log, Act::Duplicate(self.size));
            }
            Fate::Reorder(octets) => {
                let more = chance.between(1, MOST_OVERTAKING);
                let until = Instant::now() + LONGEST_HOLD;
                self.late = Some(Late { octets, overtaken_by: 0, more, until });
                return;
            }
        }
        if let Some(late) = &mut self.late {
            late.overtaken_by += 1;
            late.more -= 1;
            if late.more == 0 {
                self.release(under_way, chance, log);
            }
        }
    }
}
