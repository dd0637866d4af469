//! How far the work has come: figures that anybody may add to, and a bar on a terminal.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use indicatif::{HumanBytes, HumanCount, ProgressBar, ProgressState, ProgressStyle};

/// The figures, and the bar that shows them.
#[derive(Debug, Clone)]
pub struct Progress {
    figures: Arc<Figures>,
    bar: ProgressBar,
}

/// What is counted. Statistics only: nothing is decided by them.
#[derive(Debug, Default)]
struct Figures {
    found: AtomicU64,
    returned: AtomicU64,
    read: AtomicU64,
    files: AtomicU64,
    bytes: AtomicU64,
    retries: AtomicU64,
}

/// What has been done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Done {
    /// Files in the report.
    pub files: u64,
    /// Their length, as it was read.
    pub bytes: u64,
    /// Attempts after the first, for any file.
    pub retries: u64,
}

impl Progress {
    /// With a bar on standard error, or without.
    pub fn new(visible: bool) -> Self {
        let figures = Arc::<Figures>::default();
        let bar = if visible { bar(&figures) } else { ProgressBar::hidden() };
        Self { figures, bar }
    }

    /// The walk has found one more file.
    pub fn found_file(&self) {
        self.figures.found.fetch_add(1, Ordering::Relaxed);
    }

    /// The walk is over: from now on the bar knows its length.
    pub fn found_all(&self) {
        self.bar.set_length(self.figures.found.load(Ordering::Relaxed));
    }

    /// So many more bytes have been read.
    pub fn read_bytes(&self, bytes: u64) {
        self.figures.read.fetch_add(bytes, Ordering::Relaxed);
    }

    /// A file has come back after so many retries; with its length, unless it could not be read.
    pub fn returned_file(&self, length: Option<u64>, retries: u32) {
        let Figures { returned, files, bytes, retries: all, .. } = &*self.figures;
        returned.fetch_add(1, Ordering::Relaxed);
        all.fetch_add(retries.into(), Ordering::Relaxed);
        if let Some(length) = length {
            files.fetch_add(1, Ordering::Relaxed);
            bytes.fetch_add(length, Ordering::Relaxed);
        }
        self.bar.inc(1);
    }

    /// What has been done so far.
    pub fn done(&self) -> Done {
        let Figures { files, bytes, retries, .. } = &*self.figures;
        let [files, bytes, retries] =
            [files, bytes, retries].map(|figure| figure.load(Ordering::Relaxed));
        Done { files, bytes, retries }
    }

    /// Takes the bar off the terminal.
    pub fn clear(&self) {
        self.bar.finish_and_clear();
    }
}

/// Drawn by a thread of its own, whatever the workers are at.
fn bar(figures: &Arc<Figures>) -> ProgressBar {
    let figures = Arc::clone(figures);
    let text = move |_: &ProgressState, line: &mut dyn std::fmt::Write| {
        let of = |figure: &AtomicU64| figure.load(Ordering::Relaxed);
        let [returned, found] = [&figures.returned, &figures.found].map(|f| HumanCount(of(f)));
        let _ = write!(line, "{returned} of {found} files, {}", HumanBytes(of(&figures.read)));
    };
    let style = ProgressStyle::with_template("{spinner} {wide_bar} {text} {elapsed}");
    let style = style.expect("a constant template").with_key("text", text);
    let bar = ProgressBar::no_length().with_style(style);
    bar.enable_steady_tick(Duration::from_millis(100));
    bar
}
