//! What sockets promise on the wire, seen from outside: public API only, one file per topic, each test
//! named by the promise or the failure.
//!
//! Every test about a rule of a ZeroMQ RFC names the RFC and the section, and says the rule in our words.

/// Runtimes, a clock, and futures polled by hand.
mod stage;

/// A peer written by hand.
mod raw;

// What each type promises (RFC 28 to 31).
mod dealer;
mod pair;
mod pipeline;
mod publish;
mod reply;
mod request;
mod router;
mod subscribe;

// What all promise (RFC 37).
mod handshake;
mod traffic;
mod types;

// Options.
mod endpoints;
mod heartbeat;
mod high_water;
mod linger;
mod monitor;
mod newest;
mod reconnect;
mod security;

// Hostile peers, and tasks that do as they like.
mod cancel;
mod crowds;
mod hostile;
mod traps;
