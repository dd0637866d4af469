//! The allocator of this binary: the system's, with counters.
//!
//! Bytes are counted for the whole process, since what one thread allocates another may free. Allocations
//! are counted on the threads that take part in a test, and while it says so, since the test harness has
//! threads of its own.

use std::alloc::{GlobalAlloc, Layout, System};
use std::backtrace::Backtrace;
use std::cell::Cell;
use std::sync::atomic::{AtomicBool, AtomicIsize, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

struct Counting;

#[global_allocator]
static COUNTING: Counting = Counting;

static LIVE_BYTES: AtomicIsize = AtomicIsize::new(0);
static COUNTS: AtomicBool = AtomicBool::new(false);
static ALLOCATIONS: AtomicU64 = AtomicU64::new(0);
static FIRST: Mutex<Option<Backtrace>> = Mutex::new(None);

thread_local! {
    static TAKES_PART: Cell<bool> = const { Cell::new(false) };
}

// SAFETY: all calls go to the system's allocator as they came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        note(layout.size() as isize);
        // SAFETY: the caller's promises.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        note(layout.size() as isize);
        // SAFETY: the caller's promises.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, old: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        note(size as isize - layout.size() as isize);
        // SAFETY: the caller's promises.
        unsafe { System.realloc(old, layout, size) }
    }

    unsafe fn dealloc(&self, old: *mut u8, layout: Layout) {
        LIVE_BYTES.fetch_sub(layout.size() as isize, Ordering::SeqCst);
        // SAFETY: the caller's promises.
        unsafe { System.dealloc(old, layout) }
    }
}

fn note(bytes: isize) {
    LIVE_BYTES.fetch_add(bytes, Ordering::SeqCst);
    // A backtrace allocates as well; that does not count.
    if COUNTS.load(Ordering::SeqCst) && TAKES_PART.replace(false) {
        if ALLOCATIONS.fetch_add(1, Ordering::SeqCst) == 0 {
            *lock(&FIRST) = Some(Backtrace::force_capture());
        }
        TAKES_PART.set(true);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Only one test at a time can be measured.
pub(crate) fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    lock(&ALONE)
}

/// From here on this thread's allocations count.
pub(crate) fn take_part() {
    TAKES_PART.set(true);
}

/// Bytes that are allocated now.
pub(crate) fn live_bytes() -> isize {
    LIVE_BYTES.load(Ordering::SeqCst)
}

/// Begins to count.
pub(crate) fn begin() {
    ALLOCATIONS.store(0, Ordering::SeqCst);
    *lock(&FIRST) = None;
    COUNTS.store(true, Ordering::SeqCst);
}

pub(crate) fn end() {
    COUNTS.store(false, Ordering::SeqCst);
}

/// How many allocations there were between beginning and end, and where the first one came from.
pub(crate) fn counted() -> (u64, String) {
    let first = lock(&FIRST).take().map(|first| first.to_string());
    (ALLOCATIONS.load(Ordering::SeqCst), first.unwrap_or_default())
}
