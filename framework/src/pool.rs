//! Memory that a thread has freed and will need again: mailbox blocks and reply slots.
//!
//! A shelf per type and thread, bounded, so that a burst's memory goes back to the allocator. Nothing
//! here is shared between threads.

#[cfg(not(millhand_loom))]
mod imp {
    use std::any::{Any, TypeId};
    use std::cell::RefCell;

    /// Boxes kept per thread and type: enough for a driver to run a ring of workers without the
    /// allocator, little enough (some 25 KiB of mailbox blocks) to forget about.
    const KEPT: usize = 32;

    type Shelf = (TypeId, Vec<Box<dyn Any>>);

    thread_local! {
        static SHELVES: RefCell<Vec<Shelf>> = const { RefCell::new(Vec::new()) };
    }

    /// A used box of this type, if the thread has one; its contents are as they were put.
    #[inline]
    pub(crate) fn take<T: Any>() -> Option<Box<T>> {
        let found = SHELVES
            .try_with(|shelves| {
                let mut shelves = shelves.try_borrow_mut().ok()?;
                let shelf = shelves.iter_mut().find(|shelf| shelf.0 == TypeId::of::<T>())?;
                shelf.1.pop()
            })
            .ok()??;
        found.downcast().ok()
    }

    /// Keeps a box for [`take`], or frees it.
    #[inline]
    pub(crate) fn put<T: Any>(used: Box<T>) {
        let mut used = Some(used);
        let _ = SHELVES.try_with(|shelves| {
            let Ok(mut shelves) = shelves.try_borrow_mut() else {
                return;
            };
            let at = shelves.iter().position(|shelf| shelf.0 == TypeId::of::<T>());
            let at = at.unwrap_or_else(|| {
                shelves.push((TypeId::of::<T>(), Vec::new()));
                shelves.len() - 1
            });
            let shelf = &mut shelves[at].1;
            if shelf.len() < KEPT
                && let Some(used) = used.take()
            {
                shelf.push(used);
            }
        });
    }
}

/// Models allocate and free each time, so that loom sees a use after free.
#[cfg(millhand_loom)]
mod imp {
    pub(crate) fn take<T>() -> Option<Box<T>> {
        None
    }

    pub(crate) fn put<T>(used: Box<T>) {
        drop(used);
    }
}

pub(crate) use imp::{put, take};
