//! Names: which worker has which path, and which type declares which message.

use std::any::Any;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Arc, Weak};

use crate::actor::address::Address;
use crate::actor::cell::Core;
use crate::actor::message::Identity;
use crate::actor::supervisor::Registrar;
use crate::actor::worker::{MessageType, Worker};
use crate::sync::{Mutex, lock};
use crate::system::error::StartError;

/// The paths and messages of one system.
pub(crate) struct Registry {
    inner: Mutex<Inner>,
}

struct Inner {
    /// What is there: a weak reference to a `Core<W>`, or nothing for a supervisor or a worker that is
    /// just being made.
    paths: HashMap<Arc<str>, Option<Box<dyn Any + Send + Sync>>>,
    messages: HashMap<Identity, MessageType>,
    /// Workers that lost something because a shutdown ran out of time; `None` until one begins.
    cut_short: Option<Vec<String>>,
}

impl Registry {
    pub(crate) fn new() -> Self {
        let inner = Inner { paths: HashMap::new(), messages: HashMap::new(), cut_short: None };
        Self { inner: Mutex::new(inner) }
    }

    /// Takes a path, or says that it is taken.
    pub(crate) fn reserve(&self, path: &Arc<str>) -> Result<(), StartError> {
        match lock(&self.inner).paths.entry(Arc::clone(path)) {
            Entry::Occupied(_) => Err(StartError::NameTaken { path: path.to_string() }),
            Entry::Vacant(free) => {
                free.insert(None);
                Ok(())
            }
        }
    }

    /// Makes a reserved path lead to a worker.
    pub(crate) fn bind<W: Worker>(&self, core: &Arc<Core<W>>) {
        let worker: Weak<Core<W>> = Arc::downgrade(core);
        if let Some(place) = lock(&self.inner).paths.get_mut(&core.path) {
            *place = Some(Box::new(worker));
        }
    }

    pub(crate) fn lookup<W: Worker>(&self, path: &str) -> Option<Address<W>> {
        let inner = lock(&self.inner);
        let found = inner.paths.get(path)?.as_ref()?;
        found.downcast_ref::<Weak<Core<W>>>()?.upgrade().map(Address::local)
    }

    /// Checks that no other type declares one of these messages, and remembers them.
    pub(crate) fn declare(&self, messages: &[MessageType]) -> Result<(), StartError> {
        let mut inner = lock(&self.inner);
        let named = || messages.iter().filter_map(|message| Some((message.identity?, *message)));
        for (identity, message) in named() {
            if let Some(known) = inner.messages.get(&identity)
                && known.type_id != message.type_id
            {
                let (first, second) = ((known.type_name)(), (message.type_name)());
                return Err(StartError::MessageConflict { identity, first, second });
            }
        }
        inner.messages.extend(named());
        Ok(())
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

impl Registrar for Registry {
    fn forget(&self, path: &Arc<str>) {
        lock(&self.inner).paths.remove(path);
    }

    fn note_cut_short(&self, path: &Arc<str>) {
        if let Some(cut_short) = &mut lock(&self.inner).cut_short {
            cut_short.push(path.to_string());
        }
    }
}
