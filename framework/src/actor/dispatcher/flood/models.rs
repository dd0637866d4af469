//! A model of a flood that waits while the watchdog falls asleep. The system's end is the same with another flag.

use std::sync::Arc;
use std::task::{Wake, Waker};

use loom::sync::atomic::AtomicBool;

use super::{Floods, Ordering, fence};

struct Flag(std::sync::atomic::AtomicBool);

impl Wake for Flag {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Fails without `flood.wait`.
#[test]
fn a_flood_that_meets_the_watchdog_falling_asleep_goes_on() {
    loom::model(|| {
        let flag = Arc::new(Flag(false.into()));
        let shared = loom::sync::Arc::new((Floods::new(), AtomicBool::new(false)));
        let watchdog = loom::thread::spawn({
            let shared = shared.clone();
            move || {
                let (floods, asleep) = &*shared;
                asleep.store(true, Ordering::SeqCst);
                fence(Ordering::SeqCst);
                if !floods.is_empty() {
                    floods.go_on();
                }
            }
        });
        let (floods, asleep) = &*shared;
        floods.wait(&Waker::from(Arc::clone(&flag)));
        let stirs = asleep.load(Ordering::SeqCst);
        watchdog.join().unwrap();
        assert!(stirs || flag.0.load(Ordering::Relaxed), "nobody wakes it");
    });
}
