//! Integration tests of millhand; see the files under `tests/`.
//!
//! Here, the code in the README and in the book: `cargo test --doc -p millhand-tests` compiles and runs
//! it. A page that is missing here is noticed by the test `tidy`.

#[cfg(doctest)]
mod pages {
    #[doc = include_str!("../../README.md")]
    mod readme {}

    #[doc = include_str!("../../book/src/introduction.md")]
    mod introduction {}

    #[doc = include_str!("../../book/src/tutorial/worker.md")]
    mod a_worker {}

    #[doc = include_str!("../../book/src/tutorial/pool.md")]
    mod a_pool_under_supervision {}

    #[doc = include_str!("../../book/src/tutorial/inventory.md")]
    mod inventory {}

    #[doc = include_str!("../../book/src/messages.md")]
    mod messages_and_mailboxes {}

    #[doc = include_str!("../../book/src/failure.md")]
    mod failure {}

    #[doc = include_str!("../../book/src/observing.md")]
    mod observing {}

    #[doc = include_str!("../../book/src/sockets.md")]
    mod sockets {}

    #[doc = include_str!("../../book/src/wire.md")]
    mod wire {}

    #[doc = include_str!("../../book/src/security.md")]
    mod security {}

    #[doc = include_str!("../../book/src/libzmq.md")]
    mod coming_from_libzmq {}
}
