//! The allocator: the system's, with a count of what each thread holds. The only unsafe code here.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

/// What may be held besides four times the octets given.
const SPARE: usize = 1024 * 1024;

/// Runs `body`, which has been given so many octets.
///
/// # Panics
///
/// If at any time it held more than it may.
pub fn bounded(octets: usize, body: impl FnOnce()) {
    let before = HELD.get();
    PEAK.set(before);
    body();
    let peak = usize::try_from(PEAK.get() - before).unwrap_or(0);
    assert!(peak <= 4 * octets + SPARE, "{peak} octets were held for {octets} that came");
}

struct Counting;

#[global_allocator]
static COUNTING: Counting = Counting;

thread_local! {
    static HELD: Cell<isize> = const { Cell::new(0) };
    static PEAK: Cell<isize> = const { Cell::new(0) };
}

fn count(octets: isize) {
    let held = HELD.get() + octets;
    HELD.set(held);
    PEAK.set(PEAK.get().max(held));
}

// SAFETY: all calls go to the system's allocator as they came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size() as isize);
        // SAFETY: the caller's promises.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count(layout.size() as isize);
        // SAFETY: the caller's promises.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, old: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count(size as isize - layout.size() as isize);
        // SAFETY: the caller's promises.
        unsafe { System.realloc(old, layout, size) }
    }

    unsafe fn dealloc(&self, old: *mut u8, layout: Layout) {
        count(-(layout.size() as isize));
        // SAFETY: the caller's promises.
        unsafe { System.dealloc(old, layout) }
    }
}
