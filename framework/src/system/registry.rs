//! Names: which worker has which path, and which type declares which message.

use std::any::TypeId;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::{BuildHasher, BuildHasherDefault, Hasher, RandomState};
use std::sync::Arc;
use std::time::Duration;

use hashbrown::HashTable;
use hashbrown::hash_table;

use crate::actor::address::Address;
use crate::actor::cell::{Core, Cost};
use crate::actor::message::Identity;
use crate::actor::supervisor::child::Child;
use crate::actor::supervisor::{Registrar, SupervisorCore};
use crate::actor::worker::{MessageType, Worker};
use crate::sync::{Mutex, lock};
use crate::system::error::StartError;

/// The paths and messages of one system, and what is known of the types of its workers.
pub(crate) struct Registry {
    /// What paths are hashed with.
    hashing: RandomState,
    inner: Mutex<Inner>,
}

struct Inner {
    /// What is there, until it has ended for good.
    children: HashTable<Known>,
    messages: HashMap<Identity, MessageType>,
    /// Worker types whose messages are among those.
    kinds: HashMap<TypeId, Kind, BuildHasherDefault<TypeHasher>>,
    /// Workers that lost something because a shutdown ran out of time; `None` until one begins.
    cut_short: Option<Vec<String>>,
}

/// A child. Its path is stored in itself alone, and not looked at when the table grows.
struct Known {
    hash: u64,
    child: Arc<dyn Child>,
}

impl Known {
    fn is(&self, hash: u64, path: &str) -> bool {
        self.hash == hash && self.child.path() == path
    }
}

/// What is known of a worker type.
struct Kind {
    /// How long its constructors keep a thread busy.
    construction: Cost,
    /// Workers of it that there have been.
    workers: u32,
}

/// What a worker is to know of its constructor before it starts.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Construction {
    /// How long others of its type kept a thread busy; 0 if unknown.
    pub(crate) nanos: u32,
    /// Whether this worker is to take its own time.
    pub(crate) finds_out: bool,
}

/// A `TypeId` is a hash already.
#[derive(Default)]
struct TypeHasher(u64);

impl Hasher for TypeHasher {
    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(byte);
        }
    }

    fn write_u64(&mut self, number: u64) {
        self.0 = number;
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

/// The first few of a type, and then one in so many, take their own time.
const FIND_OUT: (u32, u32) = (4, 64);

impl Registry {
    pub(crate) fn new() -> Self {
        let inner = Inner {
            children: HashTable::new(),
            messages: HashMap::new(),
            kinds: HashMap::default(),
            cut_short: None,
        };
        Self { hashing: RandomState::new(), inner: Mutex::new(inner) }
    }

    /// Takes a supervisor's path, or says that it is taken.
    pub(crate) fn reserve(&self, supervisor: &Arc<SupervisorCore>) -> Result<(), StartError> {
        let hash = self.hashing.hash_one(supervisor.path());
        lock(&self.inner).enter(hash, supervisor)
    }

    /// Takes a worker's path, which leads to it from now on, or says that it is taken; or that the worker's
    /// messages are declared by other types.
    pub(crate) fn enter<W: Worker>(&self, core: &Arc<Core<W>>) -> Result<Construction, StartError> {
        let hash = self.hashing.hash_one(core.path());
        let mut inner = lock(&self.inner);
        let kind = inner.kind::<W>()?;
        let (first, one_in) = FIND_OUT;
        let nanos = kind.construction.nanos();
        let finds_out = nanos == 0 || kind.workers < first || kind.workers.is_multiple_of(one_in);
        kind.workers = kind.workers.wrapping_add(1);
        inner.enter(hash, core)?;
        Ok(Construction { nanos, finds_out })
    }

    /// A worker that was to find out has been made.
    pub(crate) fn learn<W: Worker>(&self, construction: Duration) {
        if let Some(kind) = lock(&self.inner).kinds.get(&TypeId::of::<W>()) {
            kind.construction.sample(construction);
        }
    }

    pub(crate) fn lookup<W: Worker>(&self, path: &str) -> Option<Address<W>> {
        let hash = self.hashing.hash_one(path);
        let found = {
            let inner = lock(&self.inner);
            Arc::clone(&inner.children.find(hash, |known| known.is(hash, path))?.child)
        };
        found.into_any().downcast::<Core<W>>().ok().map(Address::local)
    }

    /// A shutdown begins: from now on, what it costs is written down.
    pub(crate) fn begin_shutdown(&self) {
        lock(&self.inner).cut_short.get_or_insert_default();
    }

    /// Paths of the workers that lost something because the shutdown ran out of time.
    pub(crate) fn cut_short(&self) -> Vec<String> {
        lock(&self.inner).cut_short.clone().unwrap_or_default()
    }
}

impl Inner {
    fn enter<C: Child + 'static>(&mut self, hash: u64, child: &Arc<C>) -> Result<(), StartError> {
        let path = child.path();
        match self.children.entry(hash, |known| known.is(hash, path), |known| known.hash) {
            hash_table::Entry::Occupied(_) => Err(StartError::NameTaken { path: path.to_owned() }),
            hash_table::Entry::Vacant(free) => {
                free.insert(Known { hash, child: Arc::clone(child) as _ });
                Ok(())
            }
        }
    }

    /// What is known of a worker type. Before the first of its workers: checks that no other type declares
    /// one of its messages, and remembers them.
    fn kind<W: Worker>(&mut self) -> Result<&mut Kind, StartError> {
        match self.kinds.entry(TypeId::of::<W>()) {
            Entry::Occupied(known) => Ok(known.into_mut()),
            Entry::Vacant(new) => {
                declare(&mut self.messages, W::MESSAGES)?;
                Ok(new.insert(Kind { construction: Cost::unknown(), workers: 0 }))
            }
        }
    }
}

fn declare(
    known: &mut HashMap<Identity, MessageType>,
    messages: &[MessageType],
) -> Result<(), StartError> {
    let named = || messages.iter().filter_map(|message| Some((message.identity?, *message)));
    for (identity, message) in named() {
        if let Some(known) = known.get(&identity)
            && known.type_id != message.type_id
        {
            let (first, second) = ((known.type_name)(), (message.type_name)());
            return Err(StartError::MessageConflict { identity, first, second });
        }
    }
    known.extend(named());
    Ok(())
}

impl Registrar for Registry {
    fn forget(&self, path: &str) {
        let hash = self.hashing.hash_one(path);
        let mut inner = lock(&self.inner);
        // Whoever calls this has the child as well: it is not dropped here, which would be user code.
        if let Ok(entry) = inner.children.find_entry(hash, |known| known.is(hash, path)) {
            entry.remove();
        }
    }

    fn note_cut_short(&self, path: &str) {
        if let Some(cut_short) = &mut lock(&self.inner).cut_short {
            cut_short.push(path.to_owned());
        }
    }
}
