//! Whether the peer still lives: PING and PONG (RFC 37), decided without a clock.
//!
//! ```text
//!   interval      timeout
//!  ├────────▶ PING ────────▶ silent: the connection ends
//!  ▲            │
//!  └── anything heard
//! ```
//!
//! Anything that is heard is life. No second PING is sent before something was heard after the first. If
//! the peer's own PINGs name a time to live, it may not be silent for longer than that either.
//!
//! A connection that is *stalled* reads nothing, since its lane is full: it cannot hear the peer, which may well
//! live, nor its PINGs. So it judges nobody, and says PONG without being asked, lest it be taken for dead.

use std::time::{Duration, Instant};

/// When to ask for a sign of life, and how long to wait for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Heartbeat {
    interval: Duration,
    timeout: Duration,
    ttl: Duration,
}

/// More than anybody waits, and little enough to be added to any time.
const FAR: Duration = Duration::from_secs(30 * 365 * 24 * 3600);

impl Heartbeat {
    /// A PING whenever nothing has been heard for `interval`; if nothing is heard for as long again, the
    /// connection ends.
    pub fn every(interval: Duration) -> Heartbeat {
        let interval = interval.min(FAR);
        Heartbeat { interval, timeout: interval, ttl: Duration::ZERO }
    }

    /// How long to wait for an answer. Default: the interval.
    pub fn timeout(self, timeout: Duration) -> Heartbeat {
        Heartbeat { timeout: timeout.min(FAR), ..self }
    }

    /// How long the peer may hear nothing of us before it gives up in turn, in steps of a tenth of a
    /// second; at most 60 s are sent, since libzmq reckons wrongly with more than 65. Default: none.
    pub fn ttl(self, ttl: Duration) -> Heartbeat {
        Heartbeat { ttl, ..self }
    }

    /// The time to live as it is sent: tenths of a second.
    pub(crate) fn wire_ttl(&self) -> u16 {
        self.ttl.as_millis().div_ceil(100).min(600) as u16
    }

    pub(crate) fn is_valid(&self) -> bool {
        !self.interval.is_zero() && !self.timeout.is_zero()
    }
}

/// How often a stalled connection gives a sign of life, unless it knows that the peer wants it more often.
const REASSURANCE: Duration = Duration::from_secs(1);
/// How often it does so at most.
const QUICKEST_REASSURANCE: Duration = Duration::from_millis(20);

/// The heart of one connection.
pub(crate) struct Heart {
    settings: Option<Heartbeat>,
    heard: Instant,
    /// When the PING was sent after which nothing has been heard.
    asked: Option<Instant>,
    /// How long the peer said that it would not be silent.
    promised: Option<Duration>,
    /// When the peer's last PING came, and how often signs of life are given while stalled.
    pinged: Option<Instant>,
    pace: Duration,
    /// Whether the peer knows a PONG: one that greets as ZMTP 3.0 may not, until it has sent a PING.
    knows_pong: bool,
    /// When the last was given, or the stall began; none while it reads.
    reassured: Option<Instant>,
}

/// What is to be done.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Beat {
    /// Nothing before this time, or ever.
    Wait(Option<Instant>),
    /// A PING is to be sent.
    Ping(Heartbeat),
    /// A PONG is to be sent, for which nobody asked.
    Pong,
    /// The peer is dead.
    Silent,
}

impl Heart {
    pub(crate) fn new(settings: Option<Heartbeat>, knows_pong: bool, now: Instant) -> Heart {
        Heart {
            settings,
            heard: now,
            asked: None,
            promised: None,
            pinged: None,
            pace: REASSURANCE,
            knows_pong,
            reassured: None,
        }
    }

    /// Whether time matters at all.
    pub(crate) fn beats(&self) -> bool {
        self.settings.is_some() || self.promised.is_some() || self.reassured.is_some()
    }

    /// Something came from the peer.
    pub(crate) fn hear(&mut self, now: Instant) {
        self.heard = now;
        self.asked = None;
    }

    /// A PING of the peer: the time to live in tenths of a second.
    pub(crate) fn hear_ping(&mut self, ttl: u16, now: Instant) {
        self.knows_pong = true;
        self.promised = (ttl > 0).then(|| Duration::from_millis(100) * u32::from(ttl));
        let gap = self.pinged.replace(now).map(|last| now.saturating_duration_since(last));
        for limit in [self.promised, gap].into_iter().flatten() {
            self.pace = self.pace.min(limit / 2).max(QUICKEST_REASSURANCE);
        }
    }

    /// Nothing is read from now on.
    pub(crate) fn stall(&mut self, now: Instant) {
        self.reassured.get_or_insert(now);
    }

    pub(crate) fn is_stalled(&self) -> bool {
        self.reassured.is_some()
    }

    /// It reads again: what the peer says is heard from now on.
    pub(crate) fn go_on(&mut self, now: Instant) {
        self.reassured = None;
        self.hear(now);
    }

    /// What is to be done now.
    pub(crate) fn beat(&mut self, now: Instant) -> Beat {
        if let Some(reassured) = &mut self.reassured {
            let due = *reassured + self.pace;
            if due > now || !self.knows_pong {
                return Beat::Wait(self.knows_pong.then_some(due));
            }
            *reassured = now;
            return Beat::Pong;
        }
        let patience = self.promised.map(|promised| self.heard + promised);
        let answer =
            self.asked.zip(self.settings).map(|(asked, settings)| asked + settings.timeout);
        let Some(dead) = patience.into_iter().chain(answer).min() else {
            return match self.settings {
                Some(settings) => self.ask(settings, None, now),
                None => Beat::Wait(None),
            };
        };
        if dead <= now {
            return Beat::Silent;
        }
        match self.settings {
            Some(settings) if self.asked.is_none() => self.ask(settings, Some(dead), now),
            _ => Beat::Wait(Some(dead)),
        }
    }

    fn ask(&mut self, settings: Heartbeat, dead: Option<Instant>, now: Instant) -> Beat {
        let due = self.heard + settings.interval;
        if due > now {
            return Beat::Wait(Some(dead.map_or(due, |dead| dead.min(due))));
        }
        self.asked = Some(now);
        Beat::Ping(settings)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn a_silent_peer_is_asked_once_and_then_dead() {
        let start = Instant::now();
        let settings = Heartbeat::every(SECOND).timeout(SECOND * 3);
        let mut heart = Heart::new(Some(settings), true, start);
        assert_eq!(heart.beat(start), Beat::Wait(Some(start + SECOND)));
        assert_eq!(heart.beat(start + SECOND), Beat::Ping(settings));
        assert_eq!(heart.beat(start + SECOND), Beat::Wait(Some(start + SECOND * 4)));
        assert_eq!(heart.beat(start + SECOND * 4), Beat::Silent);
    }

    #[test]
    fn whatever_is_heard_is_life() {
        let start = Instant::now();
        let settings = Heartbeat::every(SECOND);
        let mut heart = Heart::new(Some(settings), true, start);
        assert_eq!(heart.beat(start + SECOND), Beat::Ping(settings));
        heart.hear(start + SECOND * 3 / 2);
        assert_eq!(heart.beat(start + SECOND * 2), Beat::Wait(Some(start + SECOND * 5 / 2)));
        assert_eq!(heart.beat(start + SECOND * 5 / 2), Beat::Ping(settings));
    }

    #[test]
    fn a_peer_that_promised_signs_of_life_is_held_to_it() {
        let start = Instant::now();
        let mut heart = Heart::new(None, true, start);
        assert!(!heart.beats());
        assert_eq!(heart.beat(start), Beat::Wait(None));
        heart.hear_ping(20, start);
        assert!(heart.beats());
        assert_eq!(heart.beat(start), Beat::Wait(Some(start + SECOND * 2)));
        heart.hear(start + SECOND);
        assert_eq!(heart.beat(start + SECOND * 2), Beat::Wait(Some(start + SECOND * 3)));
        assert_eq!(heart.beat(start + SECOND * 3), Beat::Silent);
    }

    #[test]
    fn who_is_stalled_judges_nobody_and_gives_signs_of_life() {
        let start = Instant::now();
        let mut heart = Heart::new(Some(Heartbeat::every(SECOND)), true, start);
        heart.stall(start);
        assert_eq!(heart.beat(start), Beat::Wait(Some(start + REASSURANCE)));
        let late = start + SECOND * 100;
        assert_eq!(heart.beat(late), Beat::Pong);
        heart.stall(late);
        assert_eq!(heart.beat(late), Beat::Wait(Some(late + REASSURANCE)));
        heart.go_on(late);
        assert_eq!(heart.beat(late), Beat::Wait(Some(late + SECOND)));
        let mut to_an_older_one = Heart::new(None, false, start);
        to_an_older_one.stall(start);
        assert_eq!(to_an_older_one.beat(late), Beat::Wait(None));
    }

    #[test]
    fn a_peer_that_asks_often_gets_signs_of_life_as_often() {
        let start = Instant::now();
        let pace = |ttl, gap: Duration| {
            let mut heart = Heart::new(None, true, start);
            heart.hear_ping(ttl, start);
            heart.hear_ping(ttl, start + gap);
            heart.pace
        };
        assert_eq!(pace(0, SECOND * 60), REASSURANCE);
        assert_eq!(pace(0, SECOND / 2), SECOND / 4);
        assert_eq!(pace(3, SECOND * 60), Duration::from_millis(150));
        assert_eq!(pace(0, Duration::ZERO), QUICKEST_REASSURANCE);
    }

    #[test]
    fn a_time_to_live_is_rounded_up_and_capped() {
        let ttl = |ttl| Heartbeat::every(SECOND).ttl(ttl).wire_ttl();
        assert_eq!(ttl(Duration::ZERO), 0);
        assert_eq!(ttl(Duration::from_millis(1)), 1);
        assert_eq!(ttl(SECOND), 10);
        assert_eq!(ttl(SECOND * 3600), 600);
    }
}
