//! ZMTP 3.1, the protocol that ZeroMQ peers speak with each other, without any I/O.
//!
//! # What it is
//!
//! Codecs and one state machine. The caller moves octets between a connection and buffers, and calls
//! in here to find out what they mean. A connection, in the order of its octets:
//!
//! ```text
//!  ┌──────────┬──────────────────────┬───────────────────────────────────
//!  │ greeting │ handshake: commands  │ traffic: messages and commands …
//!  └──────────┴──────────────────────┴───────────────────────────────────
//!    64 octets  one frame each         frames
//!  └────────── Handshake ────────────┘└─ frame::Header, command::Command ─
//! ```
//!
//! It speaks 3.1 and 3.0 (RFC 37 and RFC 23 of ZeroMQ), with the mechanisms NULL, PLAIN (RFC 24)
//! and CURVE (RFC 25, 26).
//!
//! # What it promises
//!
//! No octets from outside make it panic. Nothing is allocated by a length that a peer merely claims:
//! what a decoder keeps is at most a copy of what has come. Errors say what was seen.
//!
//! # What it does not do
//!
//! It reads no clock: a deadline for the handshake, and heartbeats, are the caller's. It bounds no
//! message: the caller compares [`Header::length`](frame::Header) with its own limit. It speaks
//! neither ZMTP 2.0 nor 1.0, whose detection lets the octets of a port scanner through as messages:
//! peers need libzmq 4.0 or later, or its equal. The socket types of ZeroMQ's draft API are not known.
//!
//! # Who may call it
//!
//! Anyone; it is all plain values.

#![forbid(unsafe_code)]

pub mod socket_type;

// The stages of a connection.
pub mod greeting;

pub mod handshake;

pub mod frame;

// What is in the frames.
pub mod command;

pub mod metadata;

// The mechanisms: who is the peer, and may it talk to us?
mod role;

mod null;

mod plain;

pub mod curve;

// Who somebody is, for CURVE.
pub mod keys;

pub mod z85;

// What can be wrong.
pub mod error;
