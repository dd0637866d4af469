//! Ten questions asked at once.

use std::future::Future;
use std::time::Duration;

use super::spin::{Speed, spin};

/// Workers asked in one `join!`.
pub const TEN: usize = 10;

/// The question: what each worker does before it answers.
#[derive(Debug, Clone, Copy, Default)]
pub struct Slow {
    turns: u64,
}

impl Slow {
    pub fn new(speed: Speed) -> Self {
        Self { turns: speed.turns(Duration::from_millis(1)) }
    }

    pub fn answer(self, number: u64) -> u64 {
        spin(self.turns);
        number + 1
    }
}

/// Asks all of them, and checks the answers to the questions 0 to 9.
pub async fn join_ten<F: Future<Output = u64>>(ask: impl Fn(usize) -> F) {
    let (a, b, c, d, e, f, g, h, i, j) = tokio::join!(
        ask(0),
        ask(1),
        ask(2),
        ask(3),
        ask(4),
        ask(5),
        ask(6),
        ask(7),
        ask(8),
        ask(9)
    );
    assert_eq!([a, b, c, d, e, f, g, h, i, j], [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
}
