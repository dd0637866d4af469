//! What millhand promises inside one process, seen from outside: public API only, one file per topic,
//! each test named by the promise or the failure.

/// Runtimes to run on, gates to order things with, workers to play the parts.
mod stage;

mod abandon;
mod ask;
mod blocking;
mod crowds;
mod deadlines;
mod depth;
mod events;
mod fairness;
mod floods;
mod in_place;
mod in_place_lives;
mod kill;
mod leaks;
mod left_behind;
mod lifecycle;
mod overflow;
mod partings;
mod pools;
mod reentry;
mod restarts;
mod retries;
mod starts;
mod subscribers;
mod supervision;
mod system;
mod tell;
mod timers;
mod user_code;
mod wakers;
