//! Greets whoever asks: `server ENDPOINT`, where to listen.

use millhand::net::RepSocket;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let endpoint = std::env::args().nth(1).ok_or("where shall I listen?")?;
    let server = RepSocket::bind(&endpoint).await?;
    println!("{}", server.bound()[0]);
    loop {
        let name = server.recv().await?;
        server.send([&b"Hello, "[..], name.first()].concat()).await?;
    }
}
