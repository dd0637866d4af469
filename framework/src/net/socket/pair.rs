//! PAIR: two sockets, each the other's only peer (RFC 31).

use std::future::Future;

use super::common::{receives, sends, socket};
use super::prelude::*;

socket! {
    /// One end of a connection between two (RFC 31).
    ///
    /// It has one peer at a time; others that come meanwhile are turned away, and try again. Without a
    /// peer, [`send`](Self::send) waits.
    PairSocket, Pair
}

sends!(PairSocket);
receives!(PairSocket);
