//! `ping_pong`, `pairs` and the rings: one thread with a queue of workers that have something to do.
//!
//! What a hop cannot do without, if any thread may send to any worker: one atomic step that claims the slot
//! and finds the worker idle, one that says it is idle again, the queue, and a call through a pointer.

use std::collections::VecDeque;
use std::hint::black_box;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use crate::candidate::THREADS;
use crate::meter::{Phases, Sample};
use crate::suite::Plan;
use crate::work::token::{Course, Token};

/// The next one is none of these.
pub const OUTSIDE: usize = usize::MAX;

struct Node {
    number: u64,
    next: usize,
    busy: AtomicBool,
    slot: Option<Token>,
}

/// On cache lines of its own: each thread has one.
#[repr(align(128))]
pub struct Nodes {
    nodes: Vec<Node>,
    queue: VecDeque<usize>,
    handle: fn(&mut Node, Token) -> Result<Token, u64>,
}

impl Nodes {
    fn of_rings(rings: usize, course: Course) -> Self {
        Self::new(rings * course.nodes, |number| {
            let (ring, place) = (number / course.nodes, number % course.nodes);
            (place as u64, ring * course.nodes + (place + 1) % course.nodes)
        })
    }

    /// A part of one ring.
    pub fn of_half(first: usize, length: usize) -> Self {
        Self::new(length, |place| {
            let next = if place + 1 < length { place + 1 } else { OUTSIDE };
            ((first + place) as u64, next)
        })
    }

    fn new(count: usize, node: impl Fn(usize) -> (u64, usize)) -> Self {
        let node = |at| {
            let (number, next) = node(at);
            Node { number, next, busy: AtomicBool::new(false), slot: None }
        };
        let nodes = (0..count).map(node).collect();
        Self { nodes, queue: VecDeque::new(), handle: black_box(handle) }
    }

    #[inline]
    pub fn send(&mut self, to: usize, token: Token) {
        let node = &mut self.nodes[to];
        // Ordering: as a mailbox that another thread may look at would need.
        let was_busy = node.busy.swap(true, Ordering::AcqRel);
        assert!(!was_busy && node.slot.is_none(), "tokens keep their distance");
        node.slot = Some(token);
        self.queue.push_back(to);
    }

    pub fn is_busy(&self, node: usize) -> bool {
        self.nodes[node].busy.load(Ordering::Relaxed)
    }

    /// One worker handles one token: who, and what became of it. `None`: there is no token.
    #[inline]
    pub fn handled(&mut self) -> Option<(usize, Result<Token, u64>)> {
        let at = self.queue.pop_front()?;
        let node = &mut self.nodes[at];
        let token = node.slot.take().expect("a token");
        Some((at, (self.handle)(node, token)))
    }

    /// Who comes after it.
    #[inline]
    pub fn next(&self, at: usize) -> usize {
        self.nodes[at].next
    }

    #[inline]
    pub fn rests(&mut self, at: usize) {
        // Ordering: as above; it says that nobody handles anything here any more.
        let was_busy = self.nodes[at].busy.swap(false, Ordering::AcqRel);
        assert!(was_busy);
    }

    /// Until all tokens have arrived: the sum of what they say.
    fn run(&mut self) -> u64 {
        let mut arrived = 0;
        while let Some((at, outcome)) = self.handled() {
            match outcome {
                Ok(token) => self.send(self.next(at), token),
                Err(sum) => arrived += sum,
            }
            self.rests(at);
        }
        arrived
    }
}

fn handle(node: &mut Node, token: Token) -> Result<Token, u64> {
    token.pass(node.number)
}

pub fn one_thread(plan: Plan) -> Sample {
    on(1, plan)
}

/// Each has half of the rings.
pub fn two_threads(plan: Plan) -> Sample {
    on(THREADS, plan)
}

fn on(threads: usize, plan: Plan) -> Sample {
    let course = Course::of(plan.workload);
    let rings = course.rings / threads;
    let mut all: Vec<_> = (0..threads).map(|_| Nodes::of_rings(rings, course)).collect();
    let mut phases = Phases::of(plan.operations);
    while let Some(hops) = phases.next() {
        let sum: u64 = thread::scope(|scope| {
            let run = |nodes| scope.spawn(move || around(nodes, rings, course, hops));
            let running: Vec<_> = all.iter_mut().map(run).collect();
            running.into_iter().map(|run| run.join().expect("a sum")).sum()
        });
        assert_eq!(sum, course.expected_sum(hops));
    }
    phases.sample()
}

fn around(nodes: &mut Nodes, rings: usize, course: Course, hops: u64) -> u64 {
    for ring in 0..rings {
        for (node, token) in course.starts(hops) {
            nodes.send(ring * course.nodes + node, token);
        }
    }
    nodes.run()
}
