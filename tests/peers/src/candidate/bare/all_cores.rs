//! `all_cores`: two parked threads are woken one after the other; each has two of the jobs.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::{self, Thread};

use futures_lite::future::block_on;

use crate::candidate::THREADS;
use crate::meter::Sample;
use crate::suite::Plan;
use crate::work::HANDS;
use crate::work::arrival::{Arrival, Arrivals};

pub fn all_cores(plan: Plan) -> Sample {
    let arrival = Arrival::new(plan);
    let turn = Arc::new(AtomicU64::new(0));
    let threads: Vec<_> = (0..THREADS).map(|first| start(first, &turn, &arrival)).collect();
    let mut arrivals = Arrivals::of(plan, &arrival);
    while let Some(done) = block_on(arrivals.next()) {
        arrival.begin();
        turn.fetch_add(1, Ordering::Release);
        for thread in &threads {
            thread.unpark();
        }
        arrivals.found(block_on(done).expect("all are done"));
    }
    arrivals.sample()
}

/// Ends with the process.
fn start(first: usize, turn: &Arc<AtomicU64>, arrival: &Arc<Arrival>) -> Thread {
    let (turn, arrival) = (Arc::clone(turn), Arc::clone(arrival));
    let hands = (first..HANDS).step_by(THREADS);
    let thread = thread::spawn(move || {
        for next in 1.. {
            while turn.load(Ordering::Acquire) < next {
                thread::park();
            }
            hands.clone().for_each(|hand| arrival.work(hand));
        }
    });
    thread.thread().clone()
}
