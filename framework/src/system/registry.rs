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
    messages: HashMap<Identity, fn() -> &'static str>,
}

impl Registry {
    pub(crate) fn new() -> Self {
        let inner = Inner { paths: HashMap::new(), messages: HashMap::new() };
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
        let named = || {
            let names = messages.iter();
            names.filter_map(|message| Some((message.identity?, message.type_name)))
        };
        for (identity, type_name) in named() {
            let second = type_name();
            if let Some(first) = inner.messages.get(&identity).map(|known| known())
                && first != second
            {
                return Err(StartError::MessageConflict { identity, first, second });
            }
        }
        inner.messages.extend(named());
        Ok(())
    }
}

impl Registrar for Registry {
    fn forget(&self, path: &Arc<str>) {
        lock(&self.inner).paths.remove(path);
    }
}
