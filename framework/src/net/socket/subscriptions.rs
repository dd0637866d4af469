//! Which peer wants which messages: topics, and who has subscribed to them how often.
//!
//! A message goes to every peer with a subscription that its first frame begins with. Topics lie in a
//! Patricia tree, so that a message of n octets takes a walk of at most n steps, however many subscriptions
//! there are, and a long topic takes memory once.

use std::collections::HashMap;

use patricia_tree::GenericPatriciaMap;
use slotmap::SecondaryMap;

use super::outgoing::LaneId;

/// The longest topic, octets. The tree is walked by recursion, which has to end long before the stack does.
pub(crate) const LONGEST_TOPIC: usize = 1024;

/// The subscriptions of all peers.
///
/// Each topic is kept twice: under its name, to find who wants a message, and with its peer, so that what a
/// lost peer leaves behind takes as long to clear away as it had subscriptions itself.
pub(crate) struct Subscriptions {
    topics: GenericPatriciaMap<Vec<u8>, Vec<LaneId>>,
    peers: SecondaryMap<LaneId, HashMap<Box<[u8]>, u32>>,
    /// Topics that one peer may have.
    most: usize,
}

/// A peer has as many topics as it may have, and wants another.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct TooMany;

impl Subscriptions {
    pub(crate) fn new(most: usize) -> Subscriptions {
        Subscriptions { topics: GenericPatriciaMap::new(), peers: SecondaryMap::new(), most }
    }

    /// Counts a subscription. True if nobody had this one.
    pub(crate) fn add(&mut self, topic: &[u8], lane: LaneId) -> Result<bool, TooMany> {
        let Some(own) = self.peers.entry(lane) else { return Ok(false) };
        let own = own.or_default();
        if let Some(count) = own.get_mut(topic) {
            *count = count.saturating_add(1);
            return Ok(false);
        }
        if own.len() >= self.most {
            return Err(TooMany);
        }
        own.insert(topic.into(), 1);
        match self.topics.get_mut(topic) {
            Some(lanes) => {
                lanes.push(lane);
                Ok(false)
            }
            None => {
                self.topics.insert(topic, vec![lane]);
                Ok(true)
            }
        }
    }

    /// Takes one back. True if nobody has it any more.
    pub(crate) fn cancel(&mut self, topic: &[u8], lane: LaneId) -> bool {
        let Some(own) = self.peers.get_mut(lane) else { return false };
        match own.get_mut(topic) {
            None => return false,
            Some(1) => own.remove(topic),
            Some(count) => {
                *count -= 1;
                return false;
            }
        };
        self.remove(topic, lane)
    }

    /// Takes back all that a peer has, and gives the topics that nobody has any more.
    pub(crate) fn forget(&mut self, lane: LaneId) -> Vec<Vec<u8>> {
        let own = self.peers.remove(lane).unwrap_or_default();
        own.into_keys()
            .filter(|topic| self.remove(topic, lane))
            .map(|topic| topic.into_vec())
            .collect()
    }

    /// True if it was the last who had it.
    fn remove(&mut self, topic: &[u8], lane: LaneId) -> bool {
        let Some(lanes) = self.topics.get_mut(topic) else { return false };
        if let Some(at) = lanes.iter().position(|one| *one == lane) {
            lanes.swap_remove(at);
        }
        let last = lanes.is_empty();
        if last {
            self.topics.remove(topic);
        }
        last
    }

    /// Puts everybody who wants a message with this first frame into `lanes`, each once.
    pub(crate) fn matching(&self, first: &[u8], lanes: &mut Vec<LaneId>) {
        let mut topics = 0;
        for (_, wanting) in self.topics.common_prefixes(first) {
            lanes.extend(wanting);
            topics += 1;
        }
        if topics > 1 {
            lanes.sort_unstable();
            lanes.dedup();
        }
    }
}

/// The subscriptions of this socket itself.
#[derive(Default)]
pub(crate) struct Wanted {
    topics: GenericPatriciaMap<Vec<u8>, u32>,
}

impl Wanted {
    /// Counts a subscription. True if it is the first to this topic.
    pub(crate) fn add(&mut self, topic: &[u8]) -> bool {
        match self.topics.get_mut(topic) {
            Some(count) => {
                *count = count.saturating_add(1);
                false
            }
            None => {
                self.topics.insert(topic, 1);
                true
            }
        }
    }

    /// Takes one back. True if it was the last to this topic.
    pub(crate) fn cancel(&mut self, topic: &[u8]) -> bool {
        let Some(count) = self.topics.get_mut(topic) else { return false };
        *count -= 1;
        let last = *count == 0;
        if last {
            self.topics.remove(topic);
        }
        last
    }

    /// Whether a message with this first frame is wanted.
    pub(crate) fn matches(&self, first: &[u8]) -> bool {
        self.topics.common_prefixes(first).next().is_some()
    }

    /// All topics.
    pub(crate) fn topics(&self) -> impl Iterator<Item = Vec<u8>> + '_ {
        self.topics.keys()
    }
}

#[cfg(test)]
mod tests {
    use slotmap::SlotMap;

    use super::*;

    fn lanes<const N: usize>() -> [LaneId; N] {
        let mut keys = SlotMap::with_key();
        std::array::from_fn(|_| keys.insert(()))
    }

    fn matching(subscriptions: &Subscriptions, first: &str) -> Vec<LaneId> {
        let mut lanes = Vec::new();
        subscriptions.matching(first.as_bytes(), &mut lanes);
        lanes.sort_unstable();
        lanes
    }

    #[test]
    fn a_message_goes_to_whoever_wants_what_it_begins_with() {
        let [a, b, c] = lanes();
        let mut subscriptions = Subscriptions::new(100);
        assert_eq!(subscriptions.add(b"", a), Ok(true));
        assert_eq!(subscriptions.add(b"weather", b), Ok(true));
        assert_eq!(subscriptions.add(b"weather.de", b), Ok(true));
        assert_eq!(subscriptions.add(b"sports", c), Ok(true));
        assert_eq!(matching(&subscriptions, "weather.de.berlin"), [a, b]);
        assert_eq!(matching(&subscriptions, "weather"), [a, b]);
        assert_eq!(matching(&subscriptions, "weathe"), [a]);
        assert_eq!(matching(&subscriptions, ""), [a]);
    }

    #[test]
    fn a_topic_subscribed_twice_is_cancelled_twice() {
        let [a, b] = lanes();
        let mut subscriptions = Subscriptions::new(100);
        assert_eq!(subscriptions.add(b"x", a), Ok(true));
        assert_eq!(subscriptions.add(b"x", a), Ok(false));
        assert_eq!(subscriptions.add(b"x", b), Ok(false));
        assert!(!subscriptions.cancel(b"x", a));
        assert_eq!(matching(&subscriptions, "x"), [a, b]);
        assert!(!subscriptions.cancel(b"x", a));
        assert_eq!(matching(&subscriptions, "x"), [b]);
        assert!(subscriptions.cancel(b"x", b));
        assert!(!subscriptions.cancel(b"x", b));
        assert_eq!(matching(&subscriptions, "x"), []);
    }

    #[test]
    fn what_a_lost_peer_alone_wanted_is_told() {
        let [a, b] = lanes();
        let mut subscriptions = Subscriptions::new(100);
        subscriptions.add(b"both", a).unwrap();
        subscriptions.add(b"both", b).unwrap();
        subscriptions.add(b"own", a).unwrap();
        assert_eq!(subscriptions.forget(a), [b"own".to_vec()]);
        assert_eq!(matching(&subscriptions, "own"), []);
        assert_eq!(matching(&subscriptions, "both"), [b]);
    }

    #[test]
    fn a_peer_has_a_bounded_number_of_topics() {
        let [a, b] = lanes();
        let mut subscriptions = Subscriptions::new(2);
        assert_eq!(subscriptions.add(b"1", a), Ok(true));
        assert_eq!(subscriptions.add(b"2", a), Ok(true));
        assert_eq!(subscriptions.add(b"3", a), Err(TooMany));
        assert_eq!(subscriptions.add(b"2", a), Ok(false), "it has this one already");
        assert_eq!(subscriptions.add(b"3", b), Ok(true), "another has as many of its own");
        assert!(subscriptions.cancel(b"1", a));
        assert_eq!(subscriptions.add(b"3", a), Ok(false));
    }

    #[test]
    fn own_subscriptions_are_counted() {
        let mut wanted = Wanted::default();
        assert!(wanted.add(b"a"));
        assert!(!wanted.add(b"a"));
        assert!(wanted.matches(b"abc") && !wanted.matches(b"b"));
        assert!(!wanted.cancel(b"a"));
        assert!(wanted.matches(b"a"));
        assert!(wanted.cancel(b"a"));
        assert!(!wanted.matches(b"a"));
        assert!(!wanted.cancel(b"b"));
        assert_eq!(wanted.topics().count(), 0);
    }
}
