//! millhand: actor-based asynchronous jobs. (The journey of a message is told below.)

#![deny(unsafe_code)]

#[allow(unused_extern_crates)]
extern crate self as millhand;

mod sync;

mod pool;

mod time;

mod actor;

mod observe;

mod system;

pub use actor::address::{Address, Recipient};
pub use actor::ask::Ask;
pub use actor::context::{Context, TimerId};
pub use actor::error::{AskError, TellError};
pub use actor::exit::ExitReason;
pub use actor::message::{Identity, Message, WireMessage};
pub use actor::pool::{Pool, Routing};
pub use actor::supervisor::policy::{Backoff, Intensity, Restart, Shutdown, Strategy};
pub use actor::worker::{Accepts, BoxError, Handle, Lifecycle, Worker};
pub use millhand_macros::{Message, Worker};
pub use observe::counters::Counters;
pub use system::System;
pub use system::builder::SystemBuilder;
pub use system::error::{Error, ShutdownError, StartError};
pub use system::tree::{Construct, PoolBuilder, Supervisor, SupervisorBuilder, WorkerBuilder};

/// All that most programs name: `use millhand::prelude::*`.
pub mod prelude {
    pub use crate::{
        Address, Context, Handle, Lifecycle, Message, Pool, Recipient, Restart, Routing, Shutdown,
        Strategy, System, Worker,
    };
    pub use serde::{Deserialize, Serialize};
}

/// For the code that the derives write; not for people.
#[doc(hidden)]
pub mod __private {
    pub use crate::actor::worker::{Asker, MessageType, OnCrash, Overflow, Policy, settle_one};
}
