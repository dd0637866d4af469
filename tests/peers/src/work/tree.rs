//! Skynet's tree: ten children each, down to the leaves, which send their numbers up.

/// Children of each node that is not a leaf.
pub const CHILDREN: u64 = 10;

/// A node, by the first of its leaves' numbers and how many it has.
#[derive(Debug, Clone, Copy)]
pub struct Branch {
    pub number: u64,
    pub leaves: u64,
}

impl Branch {
    /// The root of the tree that has that many nodes in all.
    pub fn root(nodes: u64) -> Self {
        let mut leaves = 1;
        let mut all = 1;
        while all < nodes {
            leaves *= CHILDREN;
            all += leaves;
        }
        assert_eq!(all, nodes, "a whole tree");
        Self { number: 0, leaves }
    }

    /// What it sends up, if it is a leaf.
    pub fn leaf(self) -> Option<u64> {
        (self.leaves == 1).then_some(self.number)
    }

    pub fn child(self, child: u64) -> Self {
        let leaves = self.leaves / CHILDREN;
        Self { number: self.number + child * leaves, leaves }
    }

    pub fn children(self) -> impl Iterator<Item = Self> {
        (0..CHILDREN).map(move |child| self.child(child))
    }

    /// What the root is to send up.
    pub fn expected_sum(self) -> u64 {
        super::sum_below(self.leaves)
    }
}

/// The sums that a node has from its children.
#[derive(Debug, Default)]
pub struct Sums {
    count: u64,
    sum: u64,
}

impl Sums {
    /// The sum of all, once they are there.
    pub fn add(&mut self, sum: u64) -> Option<u64> {
        self.count += 1;
        self.sum += sum;
        (self.count == CHILDREN).then_some(self.sum)
    }
}
