//! Memory that was freed and will be needed again: mailbox blocks and reply slots.
//!
//! Each thread has a shelf per type. What flows from one thread to another, as the blocks of a mailbox do
//! whose sender and worker are on different threads, goes back through the depot, half a shelf at a time.
//! Both are bounded, and the depot is emptied when a system of several threads falls idle, so that a burst's
//! memory goes back to the allocator.

#[cfg(not(any(millhand_loom, millhand_unpooled)))]
mod imp {
    use std::any::{Any, TypeId};
    use std::cell::RefCell;

    use crate::sync::{Mutex, lock};

    /// Boxes kept per thread and type: enough for a driver to run a ring of workers without the
    /// allocator, little enough (some 50 KiB of mailbox blocks) to forget about.
    const KEPT: usize = 64;

    /// What goes to the depot, or comes from it, at once.
    const LOAD: usize = KEPT / 2;

    /// Boxes of a type in the depot at most.
    const DEPOT: usize = 4 * LOAD;

    type Used = Box<dyn Any + Send>;

    type Shelf = (TypeId, Vec<Used>);

    thread_local! {
        static SHELVES: RefCell<Vec<Shelf>> = const { RefCell::new(Vec::new()) };
    }

    static SHARED: Mutex<Vec<Shelf>> = Mutex::new(Vec::new());

    /// A used box of this type, if there is one; its contents are as they were put.
    #[inline]
    pub(crate) fn take<T: Any + Send>() -> Option<Box<T>> {
        let found = SHELVES
            .try_with(|shelves| {
                let mut shelves = shelves.try_borrow_mut().ok()?;
                let shelf = shelf_of::<T>(&mut shelves);
                shelf.pop().or_else(|| fetch::<T>(shelf))
            })
            .ok()??;
        found.downcast().ok()
    }

    /// Keeps a box for [`take`], or frees it.
    #[inline]
    pub(crate) fn put<T: Any + Send>(used: Box<T>) {
        let _ = SHELVES.try_with(|shelves| {
            let Ok(mut shelves) = shelves.try_borrow_mut() else {
                return;
            };
            let shelf = shelf_of::<T>(&mut shelves);
            if shelf.len() == KEPT {
                deliver::<T>(shelf);
            }
            shelf.push(used);
        });
    }

    #[inline]
    fn shelf_of<T: Any>(shelves: &mut Vec<Shelf>) -> &mut Vec<Used> {
        let at = shelves.iter().position(|shelf| shelf.0 == TypeId::of::<T>());
        let at = at.unwrap_or_else(|| {
            shelves.push((TypeId::of::<T>(), Vec::new()));
            shelves.len() - 1
        });
        &mut shelves[at].1
    }

    /// Fills an empty shelf from the depot, and takes one.
    #[cold]
    fn fetch<T: Any>(shelf: &mut Vec<Used>) -> Option<Used> {
        let mut depot = lock(&SHARED);
        let stored = shelf_of::<T>(&mut depot);
        shelf.extend(stored.drain(stored.len().saturating_sub(LOAD)..));
        shelf.pop()
    }

    /// Takes what was put longest ago from a full shelf to the depot; if that is full, frees it.
    #[cold]
    fn deliver<T: Any>(shelf: &mut Vec<Used>) {
        let load = shelf.drain(..LOAD);
        let mut depot = lock(&SHARED);
        let stored = shelf_of::<T>(&mut depot);
        if stored.len() < DEPOT {
            stored.extend(load);
        }
    }

    /// Gives the allocator what is in the depot.
    pub(crate) fn empty_depot() {
        let stored = std::mem::take(&mut *lock(&SHARED));
        drop(stored);
    }
}

/// Models, and some sanitizers' builds, allocate and free each time: so a use after free is seen.
#[cfg(any(millhand_loom, millhand_unpooled))]
mod imp {
    pub(crate) fn take<T>() -> Option<Box<T>> {
        None
    }

    pub(crate) fn put<T>(used: Box<T>) {
        drop(used);
    }

    pub(crate) fn empty_depot() {}
}

pub(crate) use imp::{empty_depot, put, take};
