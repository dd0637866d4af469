//! What a measurement reads: the time, and the processor's time of this process.

use std::time::{Duration, Instant};

/// A moment.
#[derive(Clone, Copy)]
pub(crate) struct Moment {
    time: Instant,
    processor: Option<Duration>,
}

/// From one moment to another.
pub(crate) struct Span {
    pub(crate) time: Duration,
    /// Of all threads together; none where the system does not tell.
    pub(crate) processor: Option<Duration>,
}

impl Moment {
    pub(crate) fn now() -> Moment {
        Moment { time: Instant::now(), processor: processor() }
    }

    /// From then until now.
    pub(crate) fn span(self) -> Span {
        let now = Moment::now();
        let processor = now.processor.zip(self.processor);
        Span {
            time: now.time - self.time,
            processor: processor.map(|(now, then)| now.saturating_sub(then)),
        }
    }
}

#[cfg(target_os = "linux")]
fn processor() -> Option<Duration> {
    use rustix::time::{ClockId, clock_gettime};
    clock_gettime(ClockId::ProcessCPUTime).try_into().ok()
}

#[cfg(not(target_os = "linux"))]
fn processor() -> Option<Duration> {
    None
}
