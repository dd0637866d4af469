//! Greets whoever asks a broker: `server BROKER`, its back.

use millhand::net::RepSocket;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let broker = std::env::args().nth(1).ok_or("which broker shall I serve?")?;
    let server = RepSocket::connect(&broker).await?;
    loop {
        let name = server.recv().await?;
        server.send([&b"Hello, "[..], name.first()].concat()).await?;
    }
}
