//! The only door to atomics, cells, locks and fences: `std` normally, `loom` under `--cfg millhand_loom`.
//!
//! Every lock-free protocol of the crate imports its primitives from here, so that the models beside
//! the protocols run the very code that ships. Code outside the protocols uses this door too; a test
//! refuses `std::sync::atomic` anywhere else.
//!
//! It also holds the *asymmetric fence*: [`fence_light`] costs nothing at run time, [`fence_heavy`]
//! costs a system call, and a pair of them orders like two `SeqCst` fences (the idea is described in
//! C++ paper P1202 and in Linux's `membarrier(2)`).

#[cfg(not(millhand_loom))]
mod imp {
    pub(crate) use std::sync::atomic::{
        AtomicBool, AtomicPtr, AtomicU8, AtomicU32, AtomicU64, AtomicUsize, Ordering, fence,
    };
    pub(crate) use std::sync::{Mutex, MutexGuard};

    /// `std`'s cell with loom's interface: access by closure, so that loom can watch each access.
    #[derive(Debug)]
    pub(crate) struct UnsafeCell<T>(std::cell::UnsafeCell<T>);

    impl<T> UnsafeCell<T> {
        pub(crate) const fn new(value: T) -> Self {
            Self(std::cell::UnsafeCell::new(value))
        }

        #[inline(always)]
        pub(crate) fn with<R>(&self, f: impl FnOnce(*const T) -> R) -> R {
            f(self.0.get())
        }

        #[inline(always)]
        pub(crate) fn with_mut<R>(&self, f: impl FnOnce(*mut T) -> R) -> R {
            f(self.0.get())
        }
    }
}

#[cfg(millhand_loom)]
mod imp {
    pub(crate) use loom::cell::UnsafeCell;
    pub(crate) use loom::sync::atomic::{
        AtomicBool, AtomicPtr, AtomicU8, AtomicU32, AtomicU64, AtomicUsize, Ordering, fence,
    };
    pub(crate) use loom::sync::{Mutex, MutexGuard};
}

pub(crate) use imp::*;

/// Locks, and goes on after a panic of another holder: every critical section of this crate either
/// leaves its data whole or is abandoned with the worker it belongs to.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}

/// An ordering with a name, so that its model can be shown to fail without it: see [`weakened`].
macro_rules! ordering {
    ($name:literal, $ordering:ident) => {
        if crate::sync::weakened($name) {
            crate::sync::Ordering::Relaxed
        } else {
            crate::sync::Ordering::$ordering
        }
    };
}
pub(crate) use ordering;

/// Whether a model runs with this named ordering left out (`MILLHAND_WEAKEN=name`). Never in a build
/// that is not a model's.
#[inline(always)]
pub(crate) fn weakened(name: &str) -> bool {
    #[cfg(millhand_loom)]
    {
        static WEAKENED: std::sync::OnceLock<Option<String>> = std::sync::OnceLock::new();
        WEAKENED.get_or_init(|| std::env::var("MILLHAND_WEAKEN").ok()).as_deref() == Some(name)
    }
    #[cfg(not(millhand_loom))]
    {
        let _ = name;
        false
    }
}

/// Keeps two things that different threads write on different cache lines.
#[derive(Debug)]
#[repr(align(64))]
pub(crate) struct CachePadded<T>(pub(crate) T);

impl<T> std::ops::Deref for CachePadded<T> {
    type Target = T;

    #[inline(always)]
    fn deref(&self) -> &T {
        &self.0
    }
}

/// The half of the asymmetric fence that the fast side pays: a compiler barrier where the heavy half
/// is a process-wide barrier, else a `SeqCst` fence.
#[inline(always)]
pub(crate) fn fence_light() {
    asymmetric::light();
}

/// The half that the rare side pays: after it, every thread of the process has passed a full barrier.
#[cold]
pub(crate) fn fence_heavy() {
    asymmetric::heavy();
}

#[cfg(all(target_os = "linux", not(millhand_loom), not(miri)))]
mod asymmetric {
    use rustix::thread::{MembarrierCommand, MembarrierQuery, membarrier, membarrier_query};
    use std::sync::Once;
    use std::sync::atomic::{AtomicBool, Ordering, compiler_fence, fence};
    use std::thread;

    /// Whether the heavy half calls `membarrier`. Turns true before `LIGHT_IS_REAL` turns false.
    static HEAVY_CALLS: AtomicBool = AtomicBool::new(false);

    /// Whether the light half must be a real fence: until registration has succeeded, and for ever
    /// where a kernel or a sandbox refuses `membarrier`.
    static LIGHT_IS_REAL: AtomicBool = AtomicBool::new(true);

    /// Registers the process once, on a thread of its own: in a process that has threads already the
    /// kernel takes some 10 ms, for which no system's start has to wait.
    pub(crate) fn prepare() {
        static ONCE: Once = Once::new();
        ONCE.call_once(|| {
            // Without this thread both halves stay real fences, which is right and only slower.
            let _ = thread::Builder::new().name("millhand-fences".into()).spawn(register);
        });
    }

    /// Changes both halves over, in an order in which every mixture of old and new still pairs.
    ///
    /// A heavy half that has not seen the first flag made its fence before the one here, in the total
    /// order of `SeqCst`. A light half that has seen the second flag comes after the one here, so it
    /// sees all that such a heavy half stored before, and needs no fence of its own.
    fn register() {
        let supported = membarrier_query().contains(MembarrierQuery::PRIVATE_EXPEDITED);
        if supported && membarrier(MembarrierCommand::RegisterPrivateExpedited).is_ok() {
            HEAVY_CALLS.store(true, Ordering::Relaxed);
            fence(Ordering::SeqCst);
            LIGHT_IS_REAL.store(false, Ordering::Release);
        }
    }

    #[inline(always)]
    pub(super) fn light() {
        // Ordering: Acquire pairs with the Release of `register`; a stale `true` is only slower.
        if LIGHT_IS_REAL.load(Ordering::Acquire) {
            fence(Ordering::SeqCst);
        } else {
            compiler_fence(Ordering::SeqCst);
        }
    }

    pub(super) fn heavy() {
        fence(Ordering::SeqCst);
        // Ordering: after the fence, so that a stale `false` means what `register` says.
        if HEAVY_CALLS.load(Ordering::Relaxed) {
            membarrier(MembarrierCommand::PrivateExpedited)
                .expect("membarrier worked when the process registered");
        }
        fence(Ordering::SeqCst);
    }
}

/// Miri knows no `membarrier`.
#[cfg(any(not(target_os = "linux"), millhand_loom, miri))]
mod asymmetric {
    use super::{Ordering, fence};

    pub(crate) fn prepare() {}

    #[inline(always)]
    pub(super) fn light() {
        fence(Ordering::SeqCst);
    }

    pub(super) fn heavy() {
        fence(Ordering::SeqCst);
    }
}

pub(crate) use asymmetric::prepare as prepare_fences;
