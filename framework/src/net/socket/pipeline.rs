//! PUSH and PULL: work dealt out and gathered (RFC 30).

use std::future::Future;

use super::common::{receives, sends, socket};
use super::prelude::*;

socket! {
    /// Deals messages out to its PULL peers, in turn (RFC 30).
    ///
    /// A message goes to one peer. If none has room, [`send`](Self::send) waits. It receives nothing.
    ///
    /// ```
    /// use millhand::net::{PullSocket, PushSocket};
    ///
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let pull = PullSocket::bind("tcp://127.0.0.1:0").await?;
    /// let push = PushSocket::connect(&pull.bound()[0]).await?;
    /// push.send("hello").await?;
    /// assert_eq!(pull.recv().await?, "hello".into());
    /// # Ok(())
    /// # }
    /// ```
    PushSocket, Push
}

sends!(PushSocket);

socket! {
    /// Gathers messages from its PUSH peers, which take turns (RFC 30). It sends nothing.
    PullSocket, Pull
}

receives!(PullSocket);
