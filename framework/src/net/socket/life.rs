//! How long the tasks of a socket live.

use tokio::sync::watch;

/// What a task is to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Stage {
    /// Its work.
    Open,
    /// Finish: send what waits, then end.
    Closing,
    /// End now.
    Stopped,
}

/// Tells tasks what to do.
pub(crate) struct Life(watch::Sender<Stage>);

/// Hears it.
#[derive(Clone)]
pub(crate) struct Lifeline(watch::Receiver<Stage>);

impl Life {
    pub(crate) fn new() -> Life {
        Life(watch::Sender::new(Stage::Open))
    }

    pub(crate) fn line(&self) -> Lifeline {
        Lifeline(self.0.subscribe())
    }

    /// Moves on to a later stage; an earlier one is ignored.
    pub(crate) fn advance(&self, stage: Stage) {
        self.0.send_if_modified(|now| {
            let later = *now < stage;
            *now = stage.max(*now);
            later
        });
    }

    pub(crate) fn stage(&self) -> Stage {
        *self.0.borrow()
    }

    /// Whether there is a task that hears it.
    pub(crate) fn is_heard(&self) -> bool {
        self.0.receiver_count() > 0
    }
}

impl Lifeline {
    /// Waits until the stage is `stage` or a later one.
    ///
    /// # Cancel safety
    ///
    /// It only looks.
    pub(crate) async fn reached(&mut self, stage: Stage) {
        // That nobody can say it any more is the end as well.
        let _ = self.0.wait_for(|now| *now >= stage).await;
    }

    pub(crate) fn stage(&self) -> Stage {
        *self.0.borrow()
    }

    /// Whether anything was said since this line was made.
    pub(crate) fn has_news(&self) -> bool {
        // That nobody can say anything any more is news as well.
        self.0.has_changed().unwrap_or(true)
    }
}
