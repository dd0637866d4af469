//! What can be seen from outside: counters of every worker, and events with stable names.

pub(crate) mod counters;

pub(crate) mod events;
