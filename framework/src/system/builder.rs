//! Starting a system.

use std::panic::catch_unwind;
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Handle;

use crate::actor::dispatcher::driver;
use crate::actor::supervisor::event::Event;
use crate::actor::supervisor::policy::{Backoff, Intensity};
use crate::actor::supervisor::{SupervisorCore, SupervisorSpec};
use crate::observe::events;
use crate::runtime::Runtime;
use crate::sync::prepare_fences;
use crate::system::error::StartError;
use crate::system::registry::Registry;
use crate::system::tree::check_name;
use crate::system::{End, Shared, System};

/// Builds a [`System`].
#[derive(Debug, Clone)]
#[must_use = "a builder does nothing until `start`"]
pub struct SystemBuilder {
    name: String,
    ask_timeout: Duration,
    kill_grace: Duration,
    shutdown_deadline: Duration,
    root: SupervisorSpec,
}

impl SystemBuilder {
    pub(crate) fn new(name: String) -> Self {
        Self {
            name,
            ask_timeout: Duration::from_secs(5),
            kill_grace: Duration::from_secs(1),
            shutdown_deadline: Duration::from_secs(30),
            root: SupervisorSpec::default(),
        }
    }

    /// Deadline of an ask that sets none.
    ///
    /// # Default
    ///
    /// 5 s.
    pub fn ask_timeout(mut self, timeout: Duration) -> Self {
        self.ask_timeout = timeout;
        self
    }

    /// How long a killed worker's handler may take to return or to reach an `await`. After that the
    /// incarnation is abandoned: it may run on, but nothing it does counts any more. Real time, even
    /// while the runtime's clock is paused.
    ///
    /// # Default
    ///
    /// 1 s.
    pub fn kill_grace(mut self, grace: Duration) -> Self {
        self.kill_grace = grace;
        self
    }

    /// How long [`System::shutdown`] may take in all.
    ///
    /// # Default
    ///
    /// 30 s.
    pub fn shutdown_deadline(mut self, deadline: Duration) -> Self {
        self.shutdown_deadline = deadline;
        self
    }

    /// How many restarts the outermost supervisor bears; when it gives up, the system ends.
    ///
    /// # Default
    ///
    /// 10 fruitless restarts in 10 s.
    pub fn intensity(mut self, intensity: Intensity) -> Self {
        self.root.intensity = intensity;
        self
    }

    /// How long the outermost supervisor waits before a fruitless restart.
    ///
    /// # Default
    ///
    /// 10 ms, doubled each time, up to 1 s, ± 10 %.
    pub fn backoff(mut self, backoff: Backoff) -> Self {
        self.root.backoff = backoff;
        self
    }

    /// Starts the system on the tokio runtime that this is called on: one driver per worker thread of
    /// the runtime, one task for timers, and one thread that watches over them.
    ///
    /// # Errors
    ///
    /// [`StartError::NoRuntime`] outside a runtime, [`StartError::NoTimer`] if the runtime was built
    /// without `enable_time`, [`StartError::InvalidName`], [`StartError::InvalidOption`], or
    /// [`StartError::Thread`].
    #[expect(clippy::unused_async, reason = "later parts of the start, such as a store, wait")]
    pub async fn start(self) -> Result<System, StartError> {
        check_name(&self.name)?;
        self.root
            .validate()
            .map_err(|problem| StartError::InvalidOption { owner: self.name.clone(), problem })?;
        let runtime = Handle::try_current().map_err(|_| StartError::NoRuntime)?;
        // tokio offers no way to ask; without a timer, making a sleep panics.
        catch_unwind(|| drop(tokio::time::sleep(Duration::ZERO)))
            .map_err(|_| StartError::NoTimer)?;
        prepare_fences();
        let dispatcher = driver::start(Runtime::new(runtime), self.ask_timeout, self.kill_grace)
            .map_err(StartError::Thread)?;
        let name: Arc<str> = self.name.into();
        let registry = Arc::new(Registry::new());
        let root = SupervisorCore::new(
            Arc::clone(&name),
            self.root,
            Arc::clone(&registry) as _,
            Arc::clone(&dispatcher),
        );
        let end = Arc::new(End::new(Arc::clone(&name), Arc::clone(&dispatcher), &root));
        root.set_parent(Arc::clone(&end) as _);
        // Not a strong reference: `End` holds the dispatcher.
        let weak = Arc::downgrade(&end);
        dispatcher.when_over(move || {
            if let Some(end) = weak.upgrade() {
                end.runtime_gone();
            }
        });
        root.handle(Event::Start);
        events::system_started(&name);
        let shutdown_deadline = self.shutdown_deadline;
        Ok(System::new(Shared { name, dispatcher, registry, root, shutdown_deadline, end }))
    }
}
