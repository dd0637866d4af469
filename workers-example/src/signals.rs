//! The two signals that end the program early.

use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};

/// From its making on, a signal no longer kills the program, but waits to be taken here.
#[derive(Debug)]
pub struct Signals {
    interrupt: Signal,
    terminate: Signal,
}

/// Which one it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// SIGINT, as Control-C sends it.
    Interrupted,
    /// SIGTERM.
    Terminated,
}

impl Signals {
    /// Takes over both signals.
    ///
    /// # Errors
    ///
    /// Whatever the system says.
    pub fn take_over() -> io::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    /// Waits for `work`, unless a signal comes first.
    ///
    /// # Errors
    ///
    /// The signal. `work` has been dropped then.
    ///
    /// # Cancel safety
    ///
    /// A signal that comes while nobody waits is there for the next who does.
    pub async fn race<W: Future>(&mut self, work: W) -> Result<W::Output, Ending> {
        tokio::select! {
            biased;
            done = work => Ok(done),
            _ = self.interrupt.recv() => Err(Ending::Interrupted),
            _ = self.terminate.recv() => Err(Ending::Terminated),
        }
    }
}
