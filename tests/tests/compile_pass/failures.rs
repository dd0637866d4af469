//! A reply is a failure if it is a `Result` that is `Err`: decided on the type, not on its spelling.

use std::io;

use millhand::prelude::*;

mod outcome {
    pub type Outcome<T> = std::result::Result<T, std::fmt::Error>;

    /// Not the one from the standard library.
    pub enum Result<T, E> {
        Err(E, T),
    }

    /// Dereferences to a `Result`, and is none.
    pub struct Wrapped(pub Outcome<()>);

    impl std::ops::Deref for Wrapped {
        type Target = Outcome<()>;

        fn deref(&self) -> &Outcome<()> {
            &self.0
        }
    }
}

#[derive(Message)]
#[message(local, reply = io::Result<u64>)]
struct Aliased;

#[derive(Message)]
#[message(local, reply = outcome::Outcome<T>)]
struct AliasedGeneric<T: Send + 'static>(T);

#[derive(Message)]
#[message(local, reply = outcome::Result<u8, u8>)]
struct Namesake;

#[derive(Message)]
#[message(local, reply = outcome::Wrapped)]
struct Wrapped;

#[derive(Message)]
#[message(local, reply = Option<Result<u8, u8>>)]
struct Inside;

#[derive(Message)]
#[message(local)]
struct Nothing;

fn main() {
    assert!(Aliased::is_failure(&Err(io::ErrorKind::NotFound.into())));
    assert!(!Aliased::is_failure(&Ok(1)));
    assert!(AliasedGeneric::<u8>::is_failure(&Err(std::fmt::Error)));
    assert!(!AliasedGeneric::<u8>::is_failure(&Ok(1)));
    assert!(!Namesake::is_failure(&outcome::Result::Err(1, 1)));
    assert!(!Wrapped::is_failure(&outcome::Wrapped(Err(
        std::fmt::Error
    ))));
    assert!(!Inside::is_failure(&Some(Err(1))));
    assert!(!Nothing::is_failure(&()));
}
