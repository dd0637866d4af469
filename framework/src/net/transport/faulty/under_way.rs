//! Octets that were written and not read yet, each with the time of its arrival.
//!
//! ```text
//!   octets  ┌─────────────┬──────┬───────────────────┐
//!    read ◀─│ a b c d e f │ g h  │ i j k l m n o …   │◀─ push
//!           └─────────────┴──────┴───────────────────┘
//!   pieces     due 10 ms    12 ms       12.5 ms            never falls
//! ```

use std::collections::VecDeque;

use bytes::BytesMut;
use tokio::time::Instant;

/// Pieces with times of their own; what comes on top shares the time of the last.
const MOST_PIECES: usize = 256;

/// A queue of octets.
#[derive(Default)]
pub(super) struct UnderWay {
    octets: VecDeque<u8>,
    /// What `octets` consists of.
    pieces: VecDeque<Piece>,
}

struct Piece {
    /// At least 1.
    length: usize,
    due: Instant,
}

impl UnderWay {
    pub(super) fn len(&self) -> usize {
        self.octets.len()
    }

    /// Sends octets on their way, to arrive at `due`, but not before those that are under way.
    pub(super) fn push(&mut self, octets: &[u8], due: Instant) {
        if octets.is_empty() {
            return;
        }
        self.octets.extend(octets);
        let full = self.pieces.len() >= MOST_PIECES;
        match self.pieces.back_mut() {
            Some(last) if full || due <= last.due => {
                last.length += octets.len();
                last.due = last.due.max(due);
            }
            _ => self.pieces.push_back(Piece { length: octets.len(), due }),
        }
    }

    /// Octets that have arrived.
    pub(super) fn arrived(&self, now: Instant) -> usize {
        self.pieces.iter().take_while(|piece| piece.due <= now).map(|piece| piece.length).sum()
    }

    /// When the first of them arrive.
    pub(super) fn due(&self) -> Option<Instant> {
        self.pieces.front().map(|piece| piece.due)
    }

    /// Moves the first octets, as many as `length`, to `buffer`.
    pub(super) fn pop(&mut self, length: usize, buffer: &mut BytesMut) {
        let (front, back) = self.octets.as_slices();
        let of_front = length.min(front.len());
        buffer.extend_from_slice(&front[..of_front]);
        buffer.extend_from_slice(&back[..length - of_front]);
        self.octets.drain(..length);
        let mut rest = length;
        while let Some(piece) = self.pieces.front_mut() {
            if piece.length > rest {
                piece.length -= rest;
                break;
            }
            rest -= piece.length;
            self.pieces.pop_front();
        }
    }

    /// Loses all but the first octets.
    pub(super) fn keep(&mut self, length: usize) {
        self.octets.truncate(length);
        let mut rest = length;
        self.pieces.retain_mut(|piece| {
            piece.length = piece.length.min(rest);
            rest -= piece.length;
            piece.length > 0
        });
    }

    /// Lets all octets arrive now.
    pub(super) fn hurry(&mut self, now: Instant) {
        self.pieces.truncate(1);
        if let Some(only) = self.pieces.front_mut() {
            *only = Piece { length: self.octets.len(), due: now };
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn pieces_are_bounded_and_the_last_takes_what_comes_on_top() {
        let start = Instant::now();
        let at = |millis| start + Duration::from_millis(millis);
        let mut under_way = UnderWay::default();
        (0..1000).for_each(|millis| under_way.push(b"x", at(millis)));
        assert_eq!(under_way.pieces.len(), MOST_PIECES);
        assert_eq!(under_way.arrived(at(254)), 255);
        assert_eq!(under_way.arrived(at(998)), 255);
        assert_eq!(under_way.arrived(at(999)), 1000);
    }
}
