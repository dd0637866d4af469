//! A network in memory that goes wrong on purpose, and the same way each time.
//!
//! # What it is
//!
//! Links between named places, through the traits of this module's parent, with faults: octets come late
//! and in crumbs, directions stall or die, connections are cut, whole messages are lost, come twice or
//! overtake each other. Simulations run on it.
//!
//! ```text
//!   connector                 one direction                       acceptor
//!  ┌────────┐   ┌───────┐   ┌─────────┐   ┌────────────────┐    ┌────────┐
//!  │ Writer ├──▶│ Frames├──▶│ fate of ├──▶│ octets, each   ├───▶│ Reader │
//!  └────────┘   └───────┘   │ messages│   │ with its time  │    └────────┘
//!               where one   └────┬────┘   └────────────────┘
//!               message ends     └──held──▶ after the next
//! ```
//!
//! # What it promises
//!
//! - Without faults what is written is what is read, in order, at once.
//! - All chance comes from one seed. On a current-thread runtime with paused time, a run with the same
//!   seed has the same [`Log`]. Under more threads each direction still has its own sequence of chances.
//! - It needs no thread and no task: both ends move the octets along. Its clock is tokio's.
//! - It is bounded: a direction holds at most one and a half times its capacity, the log its latest
//!   entries, a backlog its 128 connections.
//!
//! # What it does not do
//!
//! Octets are never put in another order within a message, nor lost or repeated there: tcp does not do
//! that. Between two nodes tcp does not lose or repeat a message either while a connection lives; but over
//! reconnects, several connections and retries it happens to messages as wholes, and what is built on top
//! must bear it. Faults of messages show that without waiting for the reconnect.
//!
//! So that it knows the messages, it follows greeting and frames of mechanism NULL. Under another
//! mechanism messages are left whole and in order: one that is lost or repeated would break the cipher's
//! sequence, which is a cut in disguise.
//!
//! To open a connection takes no time.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Waker;

use tokio::sync::Notify;
use tokio::time::Instant;

use super::{Link, Listener, Opening};

// What is set, and what is told.
mod faults;

mod log;

// Who meets whom.
mod place;

mod connection;

mod half;

// What octets meet on their way.
mod direction;

mod messages;

mod frames;

mod under_way;

mod chance;

pub(crate) use faults::Faults;
pub(crate) use log::{Act, Log};

use connection::{Connection, Side};
use place::Place;

/// Octets that a direction takes before its writer has to wait, unless told otherwise.
const CAPACITY: usize = 64 * 1024;

/// Places that listen, and the links to them. Clones are the same network.
#[derive(Clone)]
pub(crate) struct Network {
    shared: Arc<Shared>,
}

struct Shared {
    state: Mutex<State>,
    /// A connect that has to wait may be worth another try.
    changed: Notify,
    capacity: usize,
}

/// All that changes.
struct State {
    rng: fastrand::Rng,
    faults: Faults,
    places: BTreeMap<String, Place>,
    connections: BTreeMap<u64, Connection>,
    /// Connections that were ever opened.
    opened: u64,
    /// Pairs of hosts between which nothing gets through, each in the order of the names.
    partitions: BTreeSet<(String, String)>,
    log: Log,
    later: Later,
}

/// What must not be done under the lock, since it may run code that takes the lock: to drop a waker may
/// drop a task with a link in it.
#[derive(Default)]
struct Later {
    wake: Vec<Waker>,
    forget: Vec<Waker>,
}

impl Network {
    /// A network whose chances come from `seed`, and without faults. Its time starts now: make it inside
    /// the runtime whose time is paused.
    pub(crate) fn new(seed: u64) -> Network {
        Network::with_capacity(seed, CAPACITY)
    }

    /// The same, with room for `capacity` octets in each direction of a link; at least 1.
    pub(crate) fn with_capacity(seed: u64, capacity: usize) -> Network {
        let state = State {
            rng: fastrand::Rng::with_seed(seed),
            faults: Faults::default(),
            places: BTreeMap::new(),
            connections: BTreeMap::new(),
            opened: 0,
            partitions: BTreeSet::new(),
            log: Log::new(Instant::now()),
            later: Later::default(),
        };
        let shared =
            Shared { state: Mutex::new(state), changed: Notify::new(), capacity: capacity.max(1) };
        Network { shared: Arc::new(shared) }
    }

    /// Listens at `name`: a host, or a host and a port, such as `a` and `a:5555`. The hosts are what
    /// [`partition`](Self::partition) takes.
    ///
    /// # Errors
    ///
    /// `AddrInUse` if somebody listens there.
    pub(crate) fn listen(&self, name: &str) -> io::Result<Box<dyn Listener>> {
        place::listen(self, name)
    }

    /// Opens a link of the host `from` to the place `to`. It waits while the two are partitioned, and
    /// while too many wait to be accepted.
    ///
    /// # Errors
    ///
    /// `ConnectionRefused` if nobody listens there.
    pub(crate) fn connect(&self, from: &str, to: &str) -> Opening<Link> {
        let (network, from, to) = (self.clone(), from.to_owned(), to.to_owned());
        Box::pin(async move {
            loop {
                let mut changed = std::pin::pin!(network.shared.changed.notified());
                changed.as_mut().enable();
                let capacity = network.shared.capacity;
                if let Some(number) = network.with(|state| state.open(&from, &to, capacity))? {
                    return Ok(half::link(&network, number, Side::Connector, to));
                }
                changed.await;
            }
        })
    }

    /// Sets what goes wrong from now on. What has gone wrong stays: see [`heal`](Self::heal).
    pub(crate) fn faults(&self, faults: Faults) {
        self.with(|state| state.faults = faults);
    }

    /// Cuts every connection, those too that nobody has accepted yet. All octets under way are lost.
    pub(crate) fn cut_all(&self) {
        self.with(|state| {
            for connection in state.connections.values_mut() {
                connection.cut(None, &mut state.log, &mut state.later);
            }
        });
    }

    /// Between the hosts `a` and `b` nothing gets through from now on. Nobody is told.
    pub(crate) fn partition(&self, a: &str, b: &str) {
        self.with(|state| {
            if state.partitions.insert(pair(a, b)) {
                state.log.note(&format!("{a}|{b}"), Act::Partition);
            }
            state.part();
        });
    }

    /// Ends all partitions and stalls: what was held up gets through. Directions that died stay dead.
    pub(crate) fn heal(&self) {
        self.with(|state| {
            state.log.note("all", Act::Heal);
            state.partitions.clear();
            state.part();
            for connection in state.connections.values_mut() {
                connection.heal(&mut state.later);
            }
        });
        self.shared.changed.notify_waiters();
    }

    /// What went wrong up to now.
    pub(crate) fn log(&self) -> Log {
        self.with(|state| state.log.clone())
    }

    /// Does something with the state, and then what it left to be done without the lock.
    fn with<T>(&self, act: impl FnOnce(&mut State) -> T) -> T {
        let mut state = self.shared.state.lock().unwrap_or_else(PoisonError::into_inner);
        let result = act(&mut state);
        let later = std::mem::take(&mut state.later);
        drop(state);
        later.wake.into_iter().for_each(Waker::wake);
        drop(later.forget);
        result
    }

    /// The octets that a connection holds, for tests.
    fn held(&self) -> usize {
        self.with(|state| state.connections.values().map(Connection::held).sum())
    }
}

impl State {
    /// Opens a connection, and lets the listener know. `None`: it has to wait.
    fn open(&mut self, from: &str, to: &str, capacity: usize) -> io::Result<Option<u64>> {
        let parted = self.partitions.contains(&pair(from, to));
        let place = self.places.get_mut(to).ok_or(io::ErrorKind::ConnectionRefused)?;
        if parted || place.is_full() {
            return Ok(None);
        }
        self.opened += 1;
        let connection = Connection::new(self.opened, from, to, capacity, &mut self.rng);
        self.connections.insert(self.opened, connection);
        place.push(self.opened, &mut self.later);
        Ok(Some(self.opened))
    }

    /// Applies the partitions to the connections.
    fn part(&mut self) {
        for connection in self.connections.values_mut() {
            let [connector, acceptor] = connection.names();
            connection.part(self.partitions.contains(&pair(connector, acceptor)));
        }
    }
}

impl Later {
    /// Wakes who waits in `slot`.
    fn wake(&mut self, slot: &mut Option<Waker>) {
        self.wake.extend(slot.take());
    }

    /// Lets who polls with `waker` wait in `slot`.
    fn wait(&mut self, slot: &mut Option<Waker>, waker: &Waker) {
        if !slot.as_ref().is_some_and(|slot| slot.will_wake(waker)) {
            self.forget.extend(slot.replace(waker.clone()));
        }
    }
}

/// The hosts of two places, in the order of their names.
fn pair(a: &str, b: &str) -> (String, String) {
    let host = |name: &str| name.split(':').next().unwrap_or_default().to_owned();
    let (a, b) = (host(a), host(b));
    if a <= b { (a, b) } else { (b, a) }
}

#[cfg(test)]
mod tests;
