//! `ring_100`: one half of the workers on each thread, and a ring of slots at each of the two borders.

use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use super::relay::{Nodes, OUTSIDE};
use super::ring::{Reader, Ring, Writer};
use crate::candidate::THREADS;
use crate::meter::{Phases, Sample};
use crate::suite::Plan;
use crate::work::token::{Course, Token};

/// Hops between two looks at the border.
const STRETCH: usize = 16;

struct Half<'a> {
    nodes: Nodes,
    from: Reader<'a>,
    to: Writer<'a>,
}

pub fn two_threads(plan: Plan) -> Sample {
    let course = Course::of(plan.workload);
    let length = course.nodes / THREADS;
    let mut phases = Phases::of(plan.operations);
    while let Some(hops) = phases.next() {
        let borders: [Ring; THREADS] = std::array::from_fn(|_| Ring::new());
        let arrived = AtomicU64::new(0);
        let sum: u64 = thread::scope(|scope| {
            let run = |half: usize| {
                let (borders, arrived) = (&borders, &arrived);
                scope.spawn(move || {
                    let mut nodes = Nodes::of_half(half * length, length);
                    for (node, token) in course.starts(hops) {
                        if node / length == half {
                            nodes.send(node % length, token);
                        }
                    }
                    let from = borders[half].reader();
                    let to = borders[(half + 1) % THREADS].writer();
                    Half { nodes, from, to }.run(course.all_tokens(), arrived)
                })
            };
            let running: Vec<_> = (0..THREADS).map(run).collect();
            running.into_iter().map(|run| run.join().expect("a sum")).sum()
        });
        assert_eq!(sum, course.expected_sum(hops));
    }
    phases.sample()
}

impl Half<'_> {
    /// Until all tokens have arrived, here or there.
    fn run(mut self, tokens: u64, arrived: &AtomicU64) -> u64 {
        let mut sum = 0;
        while arrived.load(Ordering::Relaxed) < tokens {
            // The first worker has room for one.
            if !self.nodes.is_busy(0)
                && let Some(token) = self.from.read()
            {
                self.nodes.send(0, Token::unpacked(token));
            }
            for _ in 0..STRETCH {
                let Some((at, outcome)) = self.nodes.handled() else { break };
                match (outcome, self.nodes.next(at)) {
                    (Ok(token), OUTSIDE) => self.to.write(token.packed()),
                    (Ok(token), next) => self.nodes.send(next, token),
                    (Err(at_end), _) => {
                        sum += at_end;
                        arrived.fetch_add(1, Ordering::Relaxed);
                    }
                }
                self.nodes.rests(at);
            }
        }
        sum
    }
}
