//! Times that workers find, for a thread that waits for them.

use std::sync::{Condvar, Mutex};

/// So many nanoseconds each.
#[derive(Debug)]
pub struct Times {
    expected: usize,
    found: Mutex<Vec<u64>>,
    all: Condvar,
}

impl Times {
    pub fn expect(count: u64) -> Self {
        let expected = count as usize;
        let found = Mutex::new(Vec::with_capacity(expected));
        Self { expected, found, all: Condvar::new() }
    }

    pub fn add(&self, nanoseconds: u64) {
        let mut found = self.found.lock().unwrap();
        assert!(found.len() < self.expected, "more than expected");
        found.push(nanoseconds);
        if found.len() == self.expected {
            self.all.notify_one();
        }
    }

    /// Blocks until all are there, in the order in which they came.
    pub fn wait(&self) -> Vec<u64> {
        let found = self.found.lock().unwrap();
        let is_missing = |found: &mut Vec<u64>| found.len() < self.expected;
        std::mem::take(&mut *self.all.wait_while(found, is_missing).unwrap())
    }
}
