//! Deals out the numbers from 1 to 100: `ventilator ENDPOINT`, where to listen.

use millhand::net::PushSocket;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let endpoint = std::env::args().nth(1).ok_or("where shall I listen?")?;
    let ventilator = PushSocket::bind(&endpoint).await?;
    println!("{}", ventilator.bound()[0]);
    for number in 1..=100 {
        ventilator.send(number.to_string()).await?;
    }
    ventilator.close().await;
    Ok(())
}
