//! What other processes do with a file, as it happens.

use std::os::fd::OwnedFd;
use std::path::Path;

use rustix::fs::inotify::{self, CreateFlags, ReadFlags, Reader, WatchFlags};

/// Reports every opening and closing of the files that are watched.
pub(crate) struct Watch(OwnedFd);

/// One file was opened or closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Event {
    /// The number that [`Watch::add`] gave it.
    pub(crate) file: i32,
    pub(crate) opened: bool,
}

impl Watch {
    pub(crate) fn new() -> Self {
        Self(inotify::init(CreateFlags::CLOEXEC).unwrap())
    }

    /// Watches one more file.
    pub(crate) fn add(&self, file: &Path) -> i32 {
        let what = WatchFlags::OPEN | WatchFlags::CLOSE_NOWRITE;
        inotify::add_watch(&self.0, file, what).unwrap()
    }

    /// Waits for the next events, until `done` says that it was enough.
    pub(crate) fn wait(&self, mut done: impl FnMut(Event) -> bool) {
        let mut buffer = [std::mem::MaybeUninit::uninit(); 4096];
        let mut reader = Reader::new(&self.0, &mut buffer);
        loop {
            let event = reader.next().unwrap();
            let opened = event.events().contains(ReadFlags::OPEN);
            if done(Event { file: event.wd(), opened }) {
                return;
            }
        }
    }

    /// Waits until `file` is opened.
    pub(crate) fn wait_for_open(&self, file: i32) {
        self.wait(|event| event == Event { file, opened: true });
    }
}
