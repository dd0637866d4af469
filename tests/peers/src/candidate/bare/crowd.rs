//! `crowd`: two threads that give each of their workers a turn, around and around.

use std::thread;

use crate::candidate::THREADS;
use crate::meter::Sample;
use crate::suite::Plan;
use crate::work::crowd::{CROWD, Crowd};

/// Messages in a turn: what tokio and millhand allow.
const TURN: usize = 128;

pub fn crowd(plan: Plan) -> Sample {
    let crowd = Crowd::new(plan);
    for first in 0..THREADS as u64 {
        let numbers = (first..CROWD).step_by(THREADS);
        let mut members: Vec<_> = numbers.map(|number| crowd.member(number)).collect();
        // It ends when all members have.
        thread::spawn(move || {
            while !members.is_empty() {
                members.retain_mut(|member| (0..TURN).all(|_| member.work()));
            }
        });
    }
    crowd.watch()
}
