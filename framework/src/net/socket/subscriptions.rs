//! Which peer wants which messages: topics, and who has subscribed to them how often.
//!
//! A message goes to every peer with a subscription that its first frame begins with. Topics lie in a
//! Patricia tree, so that a message of n octets takes a walk of at most n steps, however many subscriptions
//! there are, and a long topic takes memory once.

use patricia_tree::GenericPatriciaMap;

use super::outgoing::LaneId;

/// The longest topic, octets. The tree is walked by recursion, which has to end long before the stack does.
pub(crate) const LONGEST_TOPIC: usize = 1024;

/// The subscriptions of all peers.
#[derive(Default)]
pub(crate) struct Subscriptions {
    topics: GenericPatriciaMap<Vec<u8>, Vec<(LaneId, u32)>>,
}

impl Subscriptions {
    /// Counts a subscription. True if nobody had this one.
    pub(crate) fn add(&mut self, topic: &[u8], lane: LaneId) -> bool {
        let Some(lanes) = self.topics.get_mut(topic) else {
            self.topics.insert(topic, vec![(lane, 1)]);
            return true;
        };
        match lanes.iter_mut().find(|(one, _)| *one == lane) {
            Some((_, count)) => *count = count.saturating_add(1),
            None => lanes.push((lane, 1)),
        }
        false
    }

    /// Takes one back. True if nobody has it any more.
    pub(crate) fn cancel(&mut self, topic: &[u8], lane: LaneId) -> bool {
        let Some(lanes) = self.topics.get_mut(topic) else { return false };
        let Some(at) = lanes.iter().position(|(one, _)| *one == lane) else { return false };
        lanes[at].1 -= 1;
        if lanes[at].1 == 0 {
            lanes.swap_remove(at);
        }
        let last = lanes.is_empty();
        if last {
            self.topics.remove(topic);
        }
        last
    }

    /// Takes back all that a peer has, and gives the topics that nobody has any more.
    pub(crate) fn forget(&mut self, lane: LaneId) -> Vec<Vec<u8>> {
        let mut empty = Vec::new();
        for (topic, lanes) in self.topics.iter_mut() {
            lanes.retain(|(one, _)| *one != lane);
            if lanes.is_empty() {
                empty.push(topic);
            }
        }
        for topic in &empty {
            self.topics.remove(topic);
        }
        empty
    }

    /// Puts everybody who wants a message with this first frame into `lanes`, each once.
    pub(crate) fn matching(&self, first: &[u8], lanes: &mut Vec<LaneId>) {
        let mut topics = 0;
        for (_, wanting) in self.topics.common_prefixes(first) {
            lanes.extend(wanting.iter().map(|(lane, _)| *lane));
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
        let mut subscriptions = Subscriptions::default();
        assert!(subscriptions.add(b"", a));
        assert!(subscriptions.add(b"weather", b));
        assert!(subscriptions.add(b"weather.de", b));
        assert!(subscriptions.add(b"sports", c));
        assert_eq!(matching(&subscriptions, "weather.de.berlin"), [a, b]);
        assert_eq!(matching(&subscriptions, "weather"), [a, b]);
        assert_eq!(matching(&subscriptions, "weathe"), [a]);
        assert_eq!(matching(&subscriptions, ""), [a]);
    }

    #[test]
    fn a_topic_subscribed_twice_is_cancelled_twice() {
        let [a, b] = lanes();
        let mut subscriptions = Subscriptions::default();
        assert!(subscriptions.add(b"x", a));
        assert!(!subscriptions.add(b"x", a));
        assert!(!subscriptions.add(b"x", b));
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
        let mut subscriptions = Subscriptions::default();
        subscriptions.add(b"both", a);
        subscriptions.add(b"both", b);
        subscriptions.add(b"own", a);
        assert_eq!(subscriptions.forget(a), [b"own".to_vec()]);
        assert_eq!(matching(&subscriptions, "own"), []);
        assert_eq!(matching(&subscriptions, "both"), [b]);
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
