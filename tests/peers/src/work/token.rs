//! Tokens that go around rings of workers; a pair is a ring of two.

use crate::workload::Workload;

/// What the workers pass on.
#[derive(Debug, Clone, Copy)]
pub struct Token {
    /// Workers that are still to handle it.
    left: u64,
    /// The numbers of those that have, added up: shows that it took the right way.
    sum: u64,
}

impl Token {
    /// A worker handles it: it goes on, or has arrived, with its sum.
    #[inline]
    pub fn pass(self, number: u64) -> Result<Self, u64> {
        let sum = self.sum + number;
        if self.left == 1 { Err(sum) } else { Ok(Self { left: self.left - 1, sum }) }
    }

    /// In one word, which has room for what a ring of 1,000 with 100 tokens needs.
    #[inline]
    pub fn packed(self) -> u64 {
        self.left << 32 | self.sum
    }

    #[inline]
    pub fn unpacked(token: u64) -> Self {
        Self { left: token >> 32, sum: token & 0xFFFF_FFFF }
    }
}

/// Rings, the workers in each, and the tokens in each.
#[derive(Debug, Clone, Copy, Default)]
pub struct Course {
    pub rings: usize,
    pub nodes: usize,
    pub tokens: usize,
}

impl Course {
    pub fn of(workload: Workload) -> Self {
        let (rings, nodes, tokens) = match workload {
            Workload::PingPong => (1, 2, 1),
            Workload::Pairs => (1_000, 2, 1),
            Workload::Ring1 => (1, 1_000, 1),
            Workload::Ring100 => (1, 1_000, 100),
            _ => unreachable!("not a relay"),
        };
        Self { rings, nodes, tokens }
    }

    pub fn all_tokens(self) -> u64 {
        (self.rings * self.tokens) as u64
    }

    /// The tokens of one ring that make its share of `hops`, and the node at which each starts.
    pub fn starts(self, hops: u64) -> impl Iterator<Item = (usize, Token)> {
        let left = hops / self.all_tokens();
        assert_eq!(left * self.all_tokens(), hops, "every token goes equally far");
        assert_eq!(left % self.nodes as u64, 0, "and around whole times");
        let apart = self.nodes / self.tokens;
        (0..self.tokens).map(move |token| (token * apart, Token { left, sum: 0 }))
    }

    /// What the arrived tokens add up to.
    pub fn expected_sum(self, hops: u64) -> u64 {
        hops / self.nodes as u64 * super::sum_below(self.nodes as u64)
    }
}
