//! `tell` and `fan_in`: what it takes to get the numbers to the one that adds them up, and nothing else.

use std::hint::black_box;
use std::thread;

use super::ring::{Reader, Ring};
use crate::meter::{Phases, Sample};
use crate::suite::Plan;
use crate::work::{BOUND, PRODUCERS, sum_below};

/// One thread writes, the other adds up.
pub fn across(plan: Plan) -> Sample {
    let mut phases = Phases::of(plan.operations);
    while let Some(count) = phases.next() {
        let ring = Ring::new();
        let sum = thread::scope(|scope| {
            scope.spawn(|| {
                let mut writer = ring.writer();
                for number in 0..count {
                    writer.write(number);
                }
            });
            (0..count).fold((ring.reader(), 0), wait_and_add).1
        });
        assert_eq!(sum, sum_below(count));
    }
    phases.sample()
}

/// One thread writes for eight producers in turn, and counts each message in as if it were not alone; the
/// other adds up. (There is no third core that could write.)
pub fn fan_in_across(plan: Plan) -> Sample {
    let mut phases = Phases::of(plan.operations);
    while let Some(count) = phases.next() {
        let ring = Ring::new();
        let sum = thread::scope(|scope| {
            scope.spawn(|| {
                for number in 0..count / PRODUCERS {
                    for _ in 0..PRODUCERS {
                        ring.share(number);
                    }
                }
            });
            (0..count).fold((ring.reader(), 0), wait_and_add).1
        });
        assert_eq!(sum, PRODUCERS * sum_below(count / PRODUCERS));
    }
    phases.sample()
}

/// The same without a second thread: the numbers are written while there is room, and then handled, each
/// with a call through a pointer.
pub fn in_turns(plan: Plan) -> Sample {
    turns(plan, 1)
}

pub fn fan_in_in_turns(plan: Plan) -> Sample {
    turns(plan, PRODUCERS)
}

fn turns(plan: Plan, producers: u64) -> Sample {
    let add = black_box(add as fn(&mut u64, u64));
    let mut phases = Phases::of(plan.operations);
    while let Some(count) = phases.next() {
        let ring = Ring::new();
        let mut reader = ring.reader();
        let mut sum = 0;
        let mut sent = 0;
        while sent < count {
            let until = count.min(sent + BOUND as u64);
            while sent < until {
                ring.share(sent / producers);
                sent += 1;
            }
            while let Some(number) = reader.read() {
                add(&mut sum, number);
            }
        }
        assert_eq!(sum, producers * sum_below(count / producers));
    }
    phases.sample()
}

fn wait_and_add((mut reader, sum): (Reader<'_>, u64), _: u64) -> (Reader<'_>, u64) {
    let number = reader.wait();
    (reader, sum + number)
}

fn add(sum: &mut u64, number: u64) {
    *sum += number;
}
