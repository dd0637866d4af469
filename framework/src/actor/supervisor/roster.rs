//! Children by number. Numbers only grow, so a child's place is found by counting from the first of
//! those that came one after the other, or else by bisection.

use std::ops::{Range, RangeBounds};

use crate::actor::supervisor::event::ChildId;

/// A map from children's numbers, in their order.
///
/// ```text
///   3  4  ·  9  ·  12 │ 20 21 22  · 24      · removed; │ from here on no number is left out
/// ```
#[derive(Debug)]
pub(super) struct Roster<T> {
    places: Vec<(ChildId, Option<T>)>,
    /// Where the numbers without a gap begin.
    gapless: usize,
    len: usize,
}

/// Places of removed children that are put up with, besides as many as there are children.
const SLACK: usize = 16;

impl<T> Roster<T> {
    pub(super) fn new() -> Self {
        Self { places: Vec::new(), gapless: 0, len: 0 }
    }

    /// Adds a child. Its number is above all that have been there.
    pub(super) fn insert(&mut self, id: ChildId, value: T) {
        let last = self.places.last().map(|(last, _)| *last);
        debug_assert!(last.is_none_or(|last| last < id));
        if self.gapless == self.places.len() || last.is_none_or(|last| last + 1 != id) {
            self.gapless = self.places.len();
        }
        self.places.push((id, Some(value)));
        self.len += 1;
    }

    pub(super) fn remove(&mut self, id: ChildId) -> Option<T> {
        let at = self.find(id)?;
        let value = self.places[at].1.take()?;
        self.len -= 1;
        while self.places.pop_if(|(_, value)| value.is_none()).is_some() {}
        if self.places.len() > 2 * self.len + SLACK {
            self.places.retain(|(_, value)| value.is_some());
            self.gapless = self.places.len();
        }
        self.gapless = self.gapless.min(self.places.len());
        if self.places.capacity() > 4 * self.places.len() + 4 * SLACK {
            self.places.shrink_to(2 * self.places.len());
        }
        Some(value)
    }

    #[inline]
    pub(super) fn get(&self, id: ChildId) -> Option<&T> {
        self.places[self.find(id)?].1.as_ref()
    }

    #[inline]
    pub(super) fn get_mut(&mut self, id: ChildId) -> Option<&mut T> {
        let at = self.find(id)?;
        self.places[at].1.as_mut()
    }

    pub(super) fn iter(&self) -> impl DoubleEndedIterator<Item = (ChildId, &T)> {
        self.range(..)
    }

    pub(super) fn range(
        &self,
        ids: impl RangeBounds<ChildId>,
    ) -> impl DoubleEndedIterator<Item = (ChildId, &T)> {
        let there = self.places[self.places_of(ids)].iter();
        there.filter_map(|(id, value)| Some((*id, value.as_ref()?)))
    }

    pub(super) fn range_mut(
        &mut self,
        ids: impl RangeBounds<ChildId>,
    ) -> impl DoubleEndedIterator<Item = (ChildId, &mut T)> {
        let places = self.places_of(ids);
        let there = self.places[places].iter_mut();
        there.filter_map(|(id, value)| Some((*id, value.as_mut()?)))
    }

    fn places_of(&self, ids: impl RangeBounds<ChildId>) -> Range<usize> {
        use std::ops::Bound::{Excluded, Included, Unbounded};
        let start = match ids.start_bound() {
            Included(&id) => self.first_from(id),
            Excluded(&id) => self.first_from(id + 1),
            Unbounded => 0,
        };
        let end = match ids.end_bound() {
            Included(&id) => self.first_from(id + 1),
            Excluded(&id) => self.first_from(id),
            Unbounded => self.places.len(),
        };
        start..end.max(start)
    }

    #[inline]
    fn find(&self, id: ChildId) -> Option<usize> {
        let at = self.first_from(id);
        (self.places.get(at)?.0 == id).then_some(at)
    }

    /// The place of the first number that is not below this one.
    #[inline]
    fn first_from(&self, id: ChildId) -> usize {
        match self.places.get(self.gapless) {
            Some(&(first, _)) if first <= id => {
                self.places.len().min(self.gapless.saturating_add(id - first))
            }
            _ => self.places[..self.gapless].partition_point(|(other, _)| *other < id),
        }
    }
}

#[cfg(all(test, not(millhand_loom)))]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::{Just, any, prop_oneof};
    use proptest::strategy::Strategy;
    use proptest::test_runner::{Config, TestRunner};

    use super::*;

    #[derive(Debug, Clone)]
    enum Step {
        /// With so many numbers left out before it.
        Insert(usize),
        /// The n-th of those that are there.
        Remove(usize),
        RemoveLast,
    }

    fn steps() -> impl Strategy<Value = Vec<Step>> {
        let step = prop_oneof![
            4 => prop_oneof![Just(0), Just(0), 0..3_usize].prop_map(Step::Insert),
            3 => any::<usize>().prop_map(Step::Remove),
            1 => Just(Step::RemoveLast),
        ];
        proptest::collection::vec(step, 0..400)
    }

    /// It has what a `BTreeMap` would have, in its order, from wherever one looks.
    #[test]
    fn it_is_a_map_in_order() {
        let mut runner = TestRunner::new(Config { cases: 200, ..Config::default() });
        let result = runner.run(&steps(), |steps| {
            let (mut roster, mut model, mut next) = (Roster::new(), BTreeMap::new(), 0);
            for step in steps {
                match step {
                    Step::Insert(gap) => {
                        next += gap;
                        roster.insert(next, 2 * next);
                        model.insert(next, 2 * next);
                        next += 1;
                    }
                    Step::Remove(n) => {
                        let id = model.keys().nth(n % model.len().max(1)).copied().unwrap_or(n);
                        assert_eq!(roster.remove(id), model.remove(&id));
                    }
                    Step::RemoveLast => {
                        let id = model.last_key_value().map_or(0, |(&id, _)| id);
                        assert_eq!(roster.remove(id), model.remove(&id));
                    }
                }
                assert_eq!(roster.len, model.len());
                assert!(roster.places.len() <= 2 * model.len() + SLACK + 1);
                let all: Vec<_> = roster.iter().map(|(id, value)| (id, *value)).collect();
                assert_eq!(all, model.clone().into_iter().collect::<Vec<_>>());
                for id in 0..next + 2 {
                    assert_eq!(roster.get(id), model.get(&id));
                    let after = roster.range(id..).next().map(|(id, _)| id);
                    assert_eq!(after, model.range(id..).next().map(|(&id, _)| id));
                    let before = roster.range_mut(..id).next_back().map(|(id, _)| id);
                    assert_eq!(before, model.range(..id).next_back().map(|(&id, _)| id));
                }
            }
            Ok(())
        });
        result.unwrap();
    }

    #[test]
    fn who_comes_and_goes_beside_one_that_stays_leaves_no_room_behind() {
        let mut roster = Roster::new();
        roster.insert(0, 0);
        for id in 1..10_000 {
            roster.insert(id, id);
            assert_eq!(roster.remove(id), Some(id));
        }
        for id in 10_000..20_000 {
            roster.insert(id, id);
        }
        for id in 10_000..20_000 {
            assert_eq!(roster.remove(id), Some(id));
        }
        assert!(roster.places.capacity() <= 8 * SLACK, "{}", roster.places.capacity());
    }
}
