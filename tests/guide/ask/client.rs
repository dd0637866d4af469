//! Asks for three greetings: `client ENDPOINT`, whom to ask.

use millhand::net::ReqSocket;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let endpoint = std::env::args().nth(1).ok_or("whom shall I ask?")?;
    let client = ReqSocket::connect(&endpoint).await?;
    for name in ["Ada", "Grace", "Mary"] {
        client.send(name).await?;
        let greeting = client.recv().await?;
        println!("{}", greeting.first().as_str()?);
    }
    client.close().await;
    Ok(())
}
