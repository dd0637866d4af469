//! What is fuzzed: one function per target, which takes any octets and panics if a promise is broken.
//!
//! The promises, of all that reads octets from outside:
//!
//! - it does not panic;
//! - it holds at most four times as many octets as it was given, and a mebibyte;
//! - what it has read and writes again is the same;
//! - how octets are cut makes no difference.
//!
//! Nothing here knows the fuzzer, so the tests run the same functions over the seeds.

pub mod memory;

mod certificate;
mod codecs;
mod decoder;
mod handshake;
mod session;
pub mod side;

/// What takes the octets.
pub type Body = fn(&[u8]);

/// All targets: the names of their binaries and of the folders of their seeds.
pub const TARGETS: [(&str, Body); 13] = [
    ("greeting", codecs::greeting),
    ("frame", codecs::frame),
    ("command", codecs::command),
    ("metadata", codecs::metadata),
    ("handshake_null", handshake::null),
    ("handshake_plain_client", handshake::plain_client),
    ("handshake_plain_server", handshake::plain_server),
    ("handshake_curve_client", handshake::curve_client),
    ("handshake_curve_server", handshake::curve_server),
    ("z85", codecs::z85),
    ("certificate", certificate::certificate),
    ("session", session::session),
    ("decoder", decoder::decoder),
];

/// Runs a target.
///
/// # Panics
///
/// If a promise is broken, or there is no such target.
pub fn run(name: &str, octets: &[u8]) {
    let target = TARGETS.iter().find(|(known, _)| *known == name);
    let (_, body) = target.expect("there is a target of this name");
    memory::bounded(octets.len(), || body(octets));
}
