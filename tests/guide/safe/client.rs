//! Asks for a greeting: `client ENDPOINT KEYS`, whom to ask, and a directory with its own key pair `anna` and the
//! server's public key `mill`.

use std::path::Path;

use millhand::net::{Certificate, Options, ReqSocket, Security};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let endpoint = std::env::args().nth(1).ok_or("whom shall I ask?")?;
    let keys = std::env::args().nth(2).ok_or("where are the keys?")?;
    let own = Certificate::load(Path::new(&keys).join("anna.key_secret"))?;
    let own = own.key_pair().ok_or("that is no secret key")?;
    let mill = Certificate::load(Path::new(&keys).join("mill.key"))?;
    let security = Security::curve_client(own, *mill.public());
    let client = ReqSocket::new(Options::new().security(security))?;
    client.also_connect(&endpoint).await?;
    client.send("Anna").await?;
    println!("{}", client.recv().await?.first().as_str()?);
    client.close().await;
    Ok(())
}
