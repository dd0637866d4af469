//! What goes wrong, and how often.

use std::time::Duration;

/// Faults of a [`Network`](super::Network). The default is none. Each probability is from 0.0, never, to
/// 1.0, always.
///
/// ```text
///   for each            may happen
///   ──────────────────────────────────────────────────────────────
///   read                split
///   write, a piece      short, delay, stall, half_cut, cut
///   message of NULL     drop, or duplicate, or reorder
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Faults {
    /// A read gets a random part of what has arrived, at least one octet.
    pub(crate) split: f64,
    /// A write takes a random part of what it is given, at least one octet.
    pub(crate) short: f64,
    /// Each piece is under way for at least so long, if `longest_delay` is longer.
    pub(crate) shortest_delay: Duration,
    /// Each piece is under way for at most so long; 0 for no delay. A piece does not overtake the one
    /// before it on the same connection.
    pub(crate) longest_delay: Duration,
    /// With the piece, its direction stops until [`heal`](super::Network::heal). The writer can write on
    /// until there is no room.
    pub(crate) stall: f64,
    /// With the piece, its direction dies: nothing more arrives, and nobody is told. The other direction
    /// lives. Only a cut ends it, and a heartbeat notices it.
    pub(crate) half_cut: f64,
    /// The connection is reset for both ends. Of what is under way in the direction of the piece a random
    /// part arrives, maybe half a frame; in the other direction all of it is lost.
    pub(crate) cut: f64,
    /// A message does not arrive.
    pub(crate) drop: f64,
    /// A message arrives twice, at once, if it is no longer than a quarter of the capacity.
    pub(crate) duplicate: f64,
    /// Up to four later messages, or commands between them, arrive before the message, if it is no longer
    /// than a quarter of the capacity. If they do not come within 100 ms, it arrives all the same.
    pub(crate) reorder: f64,
}
