//! Asks to be woken three times: `client ENDPOINT NAME`, by whom, and who is asking.

use millhand::net::{DealerSocket, Options};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let endpoint = std::env::args().nth(1).ok_or("whom shall I ask?")?;
    let name = std::env::args().nth(2).ok_or("what is my name?")?;
    let client = DealerSocket::new(Options::new().routing_id(name))?;
    client.also_connect(&endpoint).await?;
    for pause in ["30", "20", "10"] {
        client.send(pause).await?;
    }
    for _ in 0..3 {
        let call = client.recv().await?;
        println!("{}", call.first().as_str()?);
    }
    client.close().await;
    Ok(())
}
