//! The derives of `millhand`: [`macro@Message`] for what is sent, [`macro@Worker`] for who handles it.
//!
//! Use them through `millhand`, which re-exports both next to the traits that they implement. What a
//! derive generates names everything by its full path in `millhand` and lives in an anonymous `const`,
//! so it brings no name into scope and needs none.
//!
//! # A renamed dependency
//!
//! That path begins with `::millhand`. A crate whose `Cargo.toml` gives the library another name, such as
//! `mh = { package = "millhand", .. }`, says once, at its root:
//!
//! ```text
//! extern crate mh as millhand;
//! ```
//!
//! A mistake in an attribute is an error at that place, all of them at once. The item then gets
//! implementations that accept everything, so that the mistake is the only thing rustc reports.

/// One attribute: its keys, each at most once, and the mistakes found in them.
mod attribute;
/// `#[derive(Message)]`.
mod message;
/// `#[derive(Worker)]`.
mod worker;

use proc_macro::TokenStream;
use syn::{DeriveInput, parse_macro_input};

/// Makes a type a message: implements `millhand::Message` and, unless it is `local`,
/// `millhand::WireMessage`.
///
/// ```text
/// #[derive(Message, Serialize, Deserialize)]
/// #[message(name = "inventory.hash", version = 1, reply = Result<Digest, HashError>)]
/// struct Hash { path: FilePath }
///
/// #[derive(Message)]
/// #[message(local)]
/// struct Flush;
/// ```
///
/// | key | default | meaning |
/// |---|---|---|
/// | `name = "…"` | required unless `local` | What the wire and the job store call it: words of `a`–`z`, `0`–`9`, `_` and `-`, joined by dots. It outlives the type's own name. |
/// | `version = N` | required unless `local` | From 1; counts up when the meaning of the fields changes. |
/// | `reply = T` | `()` | What `ask` gives back. |
/// | `local` | off | The message never leaves the process: no name, no version, no serde. |
///
/// A named message and its reply must implement `Serialize` and `DeserializeOwned`.
///
/// # Failure
///
/// A reply counts as a failure if its type is a `Result`, also through an alias such as
/// `io::Result<T>`, and its value is `Err`. The type is looked at where the message is defined: a bare
/// type parameter (`reply = T`) is not a `Result` there, whatever `T` is later.
///
/// # Generics
///
/// Type parameters need the bounds that make the type `Send + 'static`; write them on the type. A named
/// generic message is a `WireMessage` for those arguments that make it and its reply serde values.
///
/// # A renamed dependency
///
/// The derive calls the library `::millhand`. If your `Cargo.toml` gives it another name, say
/// `extern crate that_name as millhand;` at the root of your crate.
#[proc_macro_derive(Message, attributes(message))]
pub fn derive_message(input: TokenStream) -> TokenStream {
    message::derive(&parse_macro_input!(input as DeriveInput)).into()
}

/// Makes a type a worker: implements `millhand::Worker`, `millhand::Accepts<M>` for each listed message
/// and, unless it says `lifecycle`, an empty `millhand::Lifecycle`.
///
/// ```text
/// #[derive(Worker)]
/// #[worker(handles(Hash, boxed(Import)), mailbox = 64, overflow = reject, on_crash = retry(3))]
/// struct Hasher { buffer: Vec<u8> }
/// ```
///
/// | key | default | meaning |
/// |---|---|---|
/// | `handles(A, boxed(B), …)` | required | The messages; each needs an `impl Handle<M>`, written by hand. A `boxed` one is one pointer in the mailbox and one allocation per message. |
/// | `mailbox = N` | 1024 | Messages that wait at most, 1 to 262144. |
/// | `overflow = …` | `wait` | What a full mailbox does: `wait`: the sender waits; `reject`: the sender gets the message back; `drop_newest`, `drop_oldest`: one is dropped and counted. |
/// | `unbounded` | off | No bound, so neither `mailbox` nor `overflow`. |
/// | `on_crash = …` | `lose` | The message that a handler crashed on: `lose`: it is lost; `retry(N)`: the successor handles it again, at most `N` more times. Every message must then be `Clone`, and is cloned before it is handled. |
/// | `slot = N` | 128 | Bytes of one message in the mailbox; a larger one is an error unless it is `boxed`. |
/// | `blocking` | off | The handlers block their thread: they run apart from the others, several messages per hop. |
/// | `queued` | off | An `ask` never runs the handler in the asker's own turn. |
/// | `lifecycle` | off | You write `impl Lifecycle`, for its hooks `started` and `stopped`. |
///
/// # Checked at compile time
///
/// Each listed message has a handler, and nothing else has; no two of them have one name and version;
/// each fits into the slot. For a generic worker the last two are checked where it is used with concrete
/// types, so by `cargo build` and not by `cargo check`.
///
/// # A renamed dependency
///
/// The derive calls the library `::millhand`. If your `Cargo.toml` gives it another name, say
/// `extern crate that_name as millhand;` at the root of your crate.
#[proc_macro_derive(Worker, attributes(worker))]
pub fn derive_worker(input: TokenStream) -> TokenStream {
    worker::derive(&parse_macro_input!(input as DeriveInput)).into()
}
