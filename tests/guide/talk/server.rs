//! Wakes people, each when they asked to be: `server ENDPOINT`, where to listen.

use std::sync::Arc;
use std::time::Duration;

use millhand::net::{Multipart, RouterSocket};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let endpoint = std::env::args().nth(1).ok_or("where shall I listen?")?;
    let server = Arc::new(RouterSocket::bind(&endpoint).await?);
    println!("{}", server.bound()[0]);
    loop {
        let request = server.recv().await?;
        tokio::spawn(wake(server.clone(), request));
    }
}

async fn wake(server: Arc<RouterSocket>, request: Multipart) {
    let [who, pause] = request.frames() else { return };
    let Ok(Ok(milliseconds)) = pause.as_str().map(str::parse) else { return };
    tokio::time::sleep(Duration::from_millis(milliseconds)).await;
    let call = [&who[..], b", it is time: ", pause].concat();
    // A client that has gone meanwhile is no fault of ours.
    let _ = server.send([who.clone(), call.into()]).await;
}
