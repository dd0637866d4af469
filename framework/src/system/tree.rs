//! Putting workers, pools and supervisors into the tree.

use std::fmt;
use std::sync::Arc;

use crate::actor::address::Address;
use crate::actor::cell::{Constructor, Core, Cost, Origin, Runnable};
use crate::actor::dispatcher::TICK;
use crate::actor::pool::{Pool, Routing};
use crate::actor::supervisor::child::Child;
use crate::actor::supervisor::event::ChildPolicy;
use crate::actor::supervisor::policy::{Backoff, Intensity, Restart, Shutdown, Strategy};
use crate::actor::supervisor::{
    FirstStart, Registrar, StartOutcome, SupervisorCore, SupervisorSpec,
};
use crate::actor::worker::{BoxError, Worker};
use crate::system::error::StartError;
use crate::system::registry::Construction;
use crate::system::{Shared, System};

/// What a constructor returns: a worker, or a `Result` of one.
pub trait Construct: sealed::Sealed {
    /// The worker.
    type Worker: Worker;

    #[doc(hidden)]
    fn construct(self) -> Result<Self::Worker, BoxError>;
}

mod sealed {
    use crate::actor::worker::{BoxError, Worker};

    pub trait Sealed {}

    impl<W: Worker> Sealed for W {}

    impl<W: Worker, E: Into<BoxError>> Sealed for Result<W, E> {}
}

impl<W: Worker> Construct for W {
    type Worker = W;

    fn construct(self) -> Result<W, BoxError> {
        Ok(self)
    }
}

impl<W: Worker, E: Into<BoxError>> Construct for Result<W, E> {
    type Worker = W;

    fn construct(self) -> Result<W, BoxError> {
        self.map_err(Into::into)
    }
}

/// A supervisor in the tree: give it children. Cheap to clone; dropping it stops nothing.
#[derive(Clone)]
pub struct Supervisor {
    shared: Arc<Shared>,
    core: Arc<SupervisorCore>,
}

/// Where in the tree a child is to be.
struct Place {
    shared: Arc<Shared>,
    /// `None`: under the outermost supervisor.
    parent: Option<Arc<SupervisorCore>>,
    name: String,
}

impl System {
    /// Declares a worker under the outermost supervisor. `constructor` makes each incarnation; it
    /// returns the worker or a `Result`.
    pub fn worker<F, C>(&self, name: impl Into<String>, constructor: F) -> WorkerBuilder<C::Worker>
    where
        F: Fn() -> C + Send + Sync + 'static,
        C: Construct,
    {
        WorkerBuilder::new(self.place(name), constructor)
    }

    /// Declares a pool of `size` workers, 1 to 65,536, under the outermost supervisor.
    pub fn pool<F, C>(
        &self,
        name: impl Into<String>,
        size: usize,
        constructor: F,
    ) -> PoolBuilder<C::Worker>
    where
        F: Fn() -> C + Send + Sync + 'static,
        C: Construct,
    {
        PoolBuilder::new(self.place(name), size, constructor)
    }

    /// Declares a supervisor under the outermost one.
    pub fn supervisor(&self, name: impl Into<String>) -> SupervisorBuilder {
        SupervisorBuilder::new(self.place(name))
    }

    fn place(&self, name: impl Into<String>) -> Place {
        Place { shared: Arc::clone(self.shared()), parent: None, name: name.into() }
    }
}

impl Supervisor {
    /// As [`System::worker`], under this supervisor, after the children it has already.
    pub fn worker<F, C>(&self, name: impl Into<String>, constructor: F) -> WorkerBuilder<C::Worker>
    where
        F: Fn() -> C + Send + Sync + 'static,
        C: Construct,
    {
        WorkerBuilder::new(self.place(name), constructor)
    }

    /// As [`System::pool`], under this supervisor.
    pub fn pool<F, C>(
        &self,
        name: impl Into<String>,
        size: usize,
        constructor: F,
    ) -> PoolBuilder<C::Worker>
    where
        F: Fn() -> C + Send + Sync + 'static,
        C: Construct,
    {
        PoolBuilder::new(self.place(name), size, constructor)
    }

    /// As [`System::supervisor`], under this supervisor.
    pub fn supervisor(&self, name: impl Into<String>) -> SupervisorBuilder {
        SupervisorBuilder::new(self.place(name))
    }

    /// Its path in the tree.
    pub fn path(&self) -> &str {
        self.core.path()
    }

    fn place(&self, name: impl Into<String>) -> Place {
        Place {
            shared: Arc::clone(&self.shared),
            parent: Some(Arc::clone(&self.core)),
            name: name.into(),
        }
    }
}

impl fmt::Debug for Supervisor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Supervisor({})", self.path())
    }
}

/// Whether this can be a name in a path.
pub(crate) fn check_name(name: &str) -> Result<(), StartError> {
    let is_plain = |byte| matches!(byte, b' '..=b'~') && byte != b'/';
    if !name.is_empty() && name.bytes().all(is_plain) {
        return Ok(());
    }
    let problem = if name.is_empty() {
        "it is empty"
    } else if name.contains('/') {
        "it has a `/` in it, which separates the names of a path"
    } else if name.contains(char::is_control) {
        "it has a control character in it"
    } else {
        return Ok(());
    };
    Err(StartError::InvalidName { name: name.to_owned(), problem })
}

impl Place {
    /// The path that the child will have.
    fn path(&mut self) -> Result<String, StartError> {
        check_name(&self.name)?;
        Ok(match &self.parent {
            None => std::mem::take(&mut self.name),
            Some(parent) => format!("{}/{}", parent.path(), self.name),
        })
    }

    fn parent(&self) -> &Arc<SupervisorCore> {
        self.parent.as_ref().unwrap_or(&self.shared.root)
    }
}

/// Declares a worker; see [`System::worker`].
#[must_use = "a builder does nothing until `start`"]
pub struct WorkerBuilder<W: Worker> {
    place: Place,
    origin: Box<Origin<Constructor<W>>>,
    policy: ChildPolicy,
}

impl<W: Worker> WorkerBuilder<W> {
    fn new<F, C>(place: Place, constructor: F) -> Self
    where
        F: Fn() -> C + Send + Sync + 'static,
        C: Construct<Worker = W>,
    {
        // The path comes when it is known to be one.
        let path = Box::default();
        let origin = Box::new(Origin { path, constructor: move || constructor().construct() });
        Self { place, origin, policy: ChildPolicy::default() }
    }

    /// When it is restarted.
    ///
    /// # Default
    ///
    /// [`Restart::Permanent`].
    pub fn restart(mut self, restart: Restart) -> Self {
        self.policy.restart = restart;
        self
    }

    /// How long it may take to stop.
    ///
    /// # Default
    ///
    /// 5 s.
    pub fn shutdown(mut self, shutdown: Shutdown) -> Self {
        self.policy.shutdown = shutdown;
        self
    }

    /// Starts it and waits until its first incarnation is up. A start that fails is tried again, as its
    /// supervisor's backoff and intensity say; a temporary worker's is not.
    ///
    /// The constructor may run inside this future's own poll, if those of its type have been quick so far and
    /// the worker is neither `blocking` nor `queued`.
    ///
    /// # Errors
    ///
    /// [`StartError`]: the name is not one or is taken, a message's name is taken, or it does not start.
    ///
    /// [`StartError::Failed`] says that its supervisor gave up, and not that the worker is gone. Under
    /// the outermost supervisor the system ends. Under another, the supervisor above starts that one
    /// again, with this worker in it: it may come up later, and then
    /// [`lookup`](System::lookup) finds it. Its name stays taken, so a second start is
    /// [`StartError::NameTaken`]. Only a temporary worker that failed is gone, and its name is free.
    ///
    /// # Cancel safety
    ///
    /// Once polled, it starts even if the future is dropped.
    pub async fn start(self) -> Result<Address<W>, StartError> {
        let Self { mut place, mut origin, policy } = self;
        origin.path = place.path()?.into();
        let (core, construction) = place.shared.enter(Core::new(origin, place.parent()))?;
        let child = Arc::clone(&core) as Arc<dyn Child>;
        let Some(added) = place.parent().add(policy, child, true) else {
            Registrar::forget(&*place.shared.registry, core.path());
            Child::extinguish(&*core);
            return Err(StartError::Stopping { path: core.path().to_owned() });
        };
        if let Some(runnable) = added.granted {
            place.shared.run_or_schedule::<W>(runnable, construction);
        }
        if !core.was_up() {
            let outcome = place.parent().first_start(added.id).ended().await;
            if !core.was_up() {
                started(core.path(), outcome)?;
            }
        }
        if construction.finds_out {
            place.shared.registry.learn::<W>(core.construction().duration());
        }
        Ok(Address::local(core))
    }
}

impl Shared {
    /// Gives a worker its name, and tells it what is known of its constructor.
    fn enter<W: Worker>(
        &self,
        core: Arc<Core<W>>,
    ) -> Result<(Arc<Core<W>>, Construction), StartError> {
        match self.registry.enter(&core) {
            Ok(construction) => {
                if !construction.finds_out {
                    core.construction().assume(construction.nanos);
                }
                Ok((core, construction))
            }
            Err(error) => {
                Child::extinguish(&*core);
                Err(error)
            }
        }
    }

    /// Runs a new worker right here, if its constructor is known to be quick, until it is up or suspended:
    /// waking another thread for it takes longer. Else leaves it to a driver.
    fn run_or_schedule<W: Worker>(&self, runnable: Runnable, construction: Construction) {
        let cost = Cost::known(construction.nanos);
        let on_driver = W::POLICY.blocking || W::POLICY.queued;
        if on_driver || !self.dispatcher.is_quick(&cost) {
            return self.dispatcher.schedule(runnable);
        }
        let began = self.dispatcher.tick();
        self.dispatcher.run_in_place(runnable, &Cost::known(construction.nanos.max(START_NANOS)));
        if self.dispatcher.tick().wrapping_sub(began) > 1 {
            // More than a millisecond: it was not as quick as it seemed.
            self.registry.learn::<W>(TICK);
        }
    }
}

/// What a start costs at least; it goes to the account of the task that it runs in.
const START_NANOS: u32 = 1_000;

fn started(path: &str, outcome: Option<StartOutcome>) -> Result<(), StartError> {
    match outcome {
        Some(Ok(())) => Ok(()),
        Some(Err(reason)) => Err(StartError::Failed { path: path.to_owned(), reason }),
        // It was stopped before it was up.
        None => Err(StartError::Stopping { path: path.to_owned() }),
    }
}

impl<W: Worker> fmt::Debug for WorkerBuilder<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WorkerBuilder")
            .field("name", &self.place.name)
            .field("policy", &self.policy)
            .finish_non_exhaustive()
    }
}

/// Members of a pool at most. Each is made before the first one starts, so a slip such as `usize::MAX`
/// would never come to an end.
const MAX_MEMBERS: usize = 65_536;

/// Declares a pool; see [`System::pool`].
#[must_use = "a builder does nothing until `start`"]
pub struct PoolBuilder<W: Worker> {
    place: Place,
    size: usize,
    constructor: Arc<Box<Constructor<W>>>,
    policy: ChildPolicy,
    routing: Routing,
    supervisor: SupervisorSpec,
}

impl<W: Worker> PoolBuilder<W> {
    fn new<F, C>(place: Place, size: usize, constructor: F) -> Self
    where
        F: Fn() -> C + Send + Sync + 'static,
        C: Construct<Worker = W>,
    {
        let constructor: Box<Constructor<W>> = Box::new(move || constructor().construct());
        Self {
            place,
            size,
            constructor: Arc::new(constructor),
            policy: ChildPolicy::default(),
            routing: Routing::default(),
            supervisor: SupervisorSpec::default(),
        }
    }

    /// Which member gets a message.
    ///
    /// # Default
    ///
    /// [`Routing::RoundRobin`].
    pub fn routing(mut self, routing: Routing) -> Self {
        self.routing = routing;
        self
    }

    /// When a member is restarted. One that is not is missing from then on: the others get its messages,
    /// except those [`by_key`](Pool::by_key) that it has.
    ///
    /// # Default
    ///
    /// [`Restart::Permanent`].
    pub fn restart(mut self, restart: Restart) -> Self {
        self.policy.restart = restart;
        self
    }

    /// How long each member may take to stop.
    ///
    /// # Default
    ///
    /// 5 s.
    pub fn shutdown(mut self, shutdown: Shutdown) -> Self {
        self.policy.shutdown = shutdown;
        self
    }

    /// How many restarts of members the pool bears before it gives up.
    ///
    /// # Default
    ///
    /// 10 fruitless restarts in 10 s.
    pub fn intensity(mut self, intensity: Intensity) -> Self {
        self.supervisor.intensity = intensity;
        self
    }

    /// How long the pool waits before a fruitless restart.
    ///
    /// # Default
    ///
    /// 10 ms, doubled each time, up to 1 s, ± 10 %.
    pub fn backoff(mut self, backoff: Backoff) -> Self {
        self.supervisor.backoff = backoff;
        self
    }

    /// Starts all members and waits until they are up. A member that does not start is tried again, as
    /// the pool's backoff and intensity say; when the pool gives up, it is taken away as a whole, and its
    /// name is free. A temporary member is tried once: without it, and even without any, the pool is up.
    ///
    /// # Errors
    ///
    /// As [`WorkerBuilder::start`], but a pool that did not start leaves nothing behind;
    /// [`StartError::InvalidOption`] for a pool of no members, or of more than 65,536.
    ///
    /// # Cancel safety
    ///
    /// Once polled, it starts even if the future is dropped.
    pub async fn start(self) -> Result<Pool<W>, StartError> {
        let Self { mut place, size, constructor, policy, routing, supervisor } = self;
        let path: Arc<str> = place.path()?.into();
        if !(1..=MAX_MEMBERS).contains(&size) {
            let problem = format!("size is {size}; a pool has 1 to {MAX_MEMBERS} members");
            return Err(StartError::InvalidOption { owner: path.to_string(), problem });
        }
        let (members, outcome) = add_supervisor(&place, &path, supervisor, |supervisor| {
            let members = (0..size).map(|member| {
                let path = format!("{path}/{member}").into();
                let constructor = Arc::clone(&constructor);
                let origin = Box::new(Origin { path, constructor: move || constructor() });
                let (core, _) = place.shared.enter(Core::new(origin, supervisor))?;
                match supervisor.add(policy, Arc::clone(&core) as Arc<dyn Child>, false) {
                    Some(_) => Ok(Address::local(core)),
                    None => unreachable!("a supervisor that was not started yet takes children"),
                }
            });
            members.collect::<Result<Vec<_>, StartError>>()
        })?;
        started(&path, outcome.ended().await)?;
        Ok(Pool::new(path, members, routing))
    }
}

impl<W: Worker> fmt::Debug for PoolBuilder<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PoolBuilder")
            .field("name", &self.place.name)
            .field("size", &self.size)
            .field("policy", &self.policy)
            .field("routing", &self.routing)
            .finish_non_exhaustive()
    }
}

/// Declares a supervisor; see [`System::supervisor`].
#[must_use = "a builder does nothing until `start`"]
pub struct SupervisorBuilder {
    place: Place,
    spec: SupervisorSpec,
}

impl SupervisorBuilder {
    fn new(place: Place) -> Self {
        Self { place, spec: SupervisorSpec::default() }
    }

    /// Which children share the fate of one that ends.
    ///
    /// # Default
    ///
    /// [`Strategy::OneForOne`].
    pub fn strategy(mut self, strategy: Strategy) -> Self {
        self.spec.strategy = strategy;
        self
    }

    /// How many restarts it bears before it gives up.
    ///
    /// # Default
    ///
    /// 10 fruitless restarts in 10 s.
    pub fn intensity(mut self, intensity: Intensity) -> Self {
        self.spec.intensity = intensity;
        self
    }

    /// How long it waits before a fruitless restart.
    ///
    /// # Default
    ///
    /// 10 ms, doubled each time, up to 1 s, ± 10 %.
    pub fn backoff(mut self, backoff: Backoff) -> Self {
        self.spec.backoff = backoff;
        self
    }

    /// Starts it, without children. It is itself a permanent child; it is given as long as it takes to
    /// stop, since each of its children has a limit.
    ///
    /// # Errors
    ///
    /// [`StartError`]: the name is not one or is taken, or an option makes no sense.
    ///
    /// # Cancel safety
    ///
    /// Once polled, it starts even if the future is dropped.
    pub async fn start(self) -> Result<Supervisor, StartError> {
        let Self { mut place, spec } = self;
        let path: Arc<str> = place.path()?.into();
        let (core, outcome) =
            add_supervisor(&place, &path, spec, |core| Ok::<_, StartError>(Arc::clone(core)))?;
        started(&path, outcome.ended().await)?;
        Ok(Supervisor { shared: place.shared, core })
    }
}

impl fmt::Debug for SupervisorBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SupervisorBuilder")
            .field("name", &self.place.name)
            .field("spec", &self.spec)
            .finish_non_exhaustive()
    }
}

/// Makes a supervisor, fills it, and puts it into the tree, which starts it.
fn add_supervisor<T>(
    place: &Place,
    path: &Arc<str>,
    spec: SupervisorSpec,
    fill: impl FnOnce(&Arc<SupervisorCore>) -> Result<T, StartError>,
) -> Result<(T, FirstStart), StartError> {
    spec.validate()
        .map_err(|problem| StartError::InvalidOption { owner: path.to_string(), problem })?;
    let registry = &place.shared.registry;
    let core = SupervisorCore::new(
        Arc::clone(path),
        spec,
        Arc::clone(registry) as _,
        Arc::clone(&place.shared.dispatcher),
    );
    registry.reserve(&core)?;
    // Nobody will start it: it is ended here, with the children it has been given.
    let discard = || {
        core.extinguish();
        Registrar::forget(&**registry, path);
    };
    let filled = fill(&core).inspect_err(|_| discard())?;
    core.set_parent(Arc::clone(place.parent()) as _);
    let policy = ChildPolicy { restart: Restart::Permanent, shutdown: Shutdown::Forever };
    match place.parent().add(policy, Arc::clone(&core) as Arc<dyn Child>, true) {
        Some(added) => Ok((filled, place.parent().first_start(added.id))),
        None => {
            discard();
            Err(StartError::Stopping { path: path.to_string() })
        }
    }
}
