//! Models of the idle protocol: work never waits beside sleepers.

use loom::sync::Arc;
use loom::sync::atomic::{AtomicUsize, Ordering};
use loom::thread;

use super::Idle;

/// Drivers, a queue that is only a count, and the wakes that are on their way.
struct Model {
    idle: Idle,
    queued: AtomicUsize,
    /// The queue is the injector, into which every driver looks once more when it has fallen asleep.
    injected: bool,
    /// Drivers to poll, as the runtime would. loom does not know this lock, so it orders nothing.
    woken: std::sync::Mutex<Vec<usize>>,
}

impl Model {
    fn new(drivers: usize) -> Arc<Self> {
        Self::of(drivers, false)
    }

    fn of(drivers: usize, injected: bool) -> Arc<Self> {
        Arc::new(Self {
            idle: Idle::new(drivers),
            queued: AtomicUsize::new(0),
            injected,
            woken: std::sync::Mutex::default(),
        })
    }

    fn add_work(&self) {
        self.queued.fetch_add(1, Ordering::Relaxed);
        self.wake_one();
    }

    fn inject_with_a_nudge(&self) {
        self.queued.fetch_add(1, Ordering::Relaxed);
        let nudged = self.idle.nudge_one();
        self.woken.lock().unwrap().extend(nudged);
    }

    fn wake_one(&self) {
        let called = self.idle.call_one();
        self.woken.lock().unwrap().extend(called);
    }

    fn take(&self) -> bool {
        let mut queued = self.queued.load(Ordering::Relaxed);
        while queued > 0 {
            match self.queued.compare_exchange(
                queued,
                queued - 1,
                Ordering::Relaxed,
                Ordering::Relaxed,
            ) {
                Ok(_) => return true,
                Err(actual) => queued = actual,
            }
        }
        false
    }

    /// What a driver does from the moment it is awake until it sleeps. Returns what it ran.
    fn drive(&self, driver: usize, searching: bool) -> usize {
        self.drive_on(driver, searching, false)
    }

    /// The same for one that may have found something already.
    fn drive_on(&self, driver: usize, mut searching: bool, mut first: bool) -> usize {
        let mut ran = 0;
        loop {
            let mut found = std::mem::take(&mut first) || self.take();
            if !found && !searching {
                searching = self.idle.begin_search();
                found = searching && self.take();
            }
            if !found {
                let must_look = self.idle.fall_asleep(driver, searching);
                if !((must_look || self.injected) && self.take()) {
                    return ran;
                }
                searching = self.idle.get_up(driver);
            }
            if std::mem::take(&mut searching) && self.idle.end_search() {
                self.wake_one();
            }
            ran += 1;
        }
    }

    /// Polls what was woken, until nothing is. A driver that was called and got up by itself meanwhile
    /// is polled for nothing.
    fn poll_woken(&self) -> usize {
        let mut ran = 0;
        loop {
            let next = self.woken.lock().unwrap().pop();
            let Some(driver) = next else { return ran };
            if self.idle.was_called(driver) {
                ran += self.drive(driver, true);
            } else if self.injected && self.take() {
                ran += self.drive_on(driver, self.idle.get_up(driver), true);
            }
        }
    }
}

/// Work is added while the last driver falls asleep. Fails without `idle.call`, and without
/// `idle.asleep`: both look too early, and the work stays.
#[test]
fn work_that_meets_the_last_driver_falling_asleep_is_run() {
    loom::model(|| {
        let model = Model::new(2);
        // The other driver sleeps already.
        assert!(!model.idle.fall_asleep(1, false));
        let sender = {
            let model = Arc::clone(&model);
            thread::spawn(move || model.add_work())
        };
        let mut ran = model.drive(0, false);
        sender.join().unwrap();
        ran += model.poll_woken();
        assert_eq!(ran, 1);
        assert!(model.idle.all_asleep());
    });
}

/// Two senders add work while the only driver falls asleep: each item is run, and no count is off
/// afterwards. Fails without `idle.call`, and without `idle.asleep`.
#[test]
fn work_from_two_sides_that_meets_the_only_driver_falling_asleep_is_run() {
    loom::model(|| {
        let model = Model::new(1);
        let senders = [(); 2].map(|()| {
            let model = Arc::clone(&model);
            thread::spawn(move || model.add_work())
        });
        let mut ran = model.drive(0, false);
        senders.into_iter().for_each(|sender| sender.join().unwrap());
        ran += model.poll_woken();
        assert_eq!(ran, 2);
        assert!(model.idle.all_asleep());
    });
}

/// A sleeping driver is polled for another reason than a call, before, while or after one goes out: no
/// count changes, and the call is not lost.
#[test]
fn a_poll_without_a_call_changes_no_count() {
    loom::model(|| {
        let model = Model::new(1);
        let _ = model.idle.fall_asleep(0, false);
        let sender = {
            let model = Arc::clone(&model);
            thread::spawn(move || model.add_work())
        };
        let mut ran = 0;
        if model.idle.was_called(0) {
            ran += model.drive(0, true);
        }
        sender.join().unwrap();
        ran += model.poll_woken();
        assert_eq!(ran, 1);
        assert!(model.idle.all_asleep());
    });
}

/// A task injects work with a nudge, and another thread with a call, while the last driver falls asleep: all of
/// it is run, and no count is off afterwards. Fails without `idle.call`, and without `idle.asleep`.
#[test]
fn work_that_comes_with_a_nudge_is_run() {
    loom::model(|| {
        let model = Model::of(1, true);
        let task = {
            let model = Arc::clone(&model);
            thread::spawn(move || model.inject_with_a_nudge())
        };
        let other = {
            let model = Arc::clone(&model);
            thread::spawn(move || model.add_work())
        };
        let mut ran = model.drive(0, false);
        task.join().unwrap();
        other.join().unwrap();
        ran += model.poll_woken();
        assert_eq!(ran, 2);
        assert!(model.idle.all_asleep());
    });
}

/// The nudged driver was polled for something else before; another one sleeps too.
#[test]
fn a_nudge_that_meets_the_last_driver_falling_asleep_is_not_lost() {
    loom::model(|| {
        let model = Model::of(2, true);
        assert!(!model.idle.fall_asleep(1, false));
        let task = {
            let model = Arc::clone(&model);
            thread::spawn(move || model.inject_with_a_nudge())
        };
        let mut ran = model.drive(0, false);
        task.join().unwrap();
        ran += model.poll_woken();
        assert_eq!(ran, 1);
        assert!(model.idle.all_asleep());
    });
}
