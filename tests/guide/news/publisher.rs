//! Tells the weather, a hundred times a second: `publisher ENDPOINT`, where to listen.

use std::time::Duration;

use millhand::net::PubSocket;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let endpoint = std::env::args().nth(1).ok_or("where shall I listen?")?;
    let publisher = PubSocket::bind(&endpoint).await?;
    println!("{}", publisher.bound()[0]);
    let mut pace = tokio::time::interval(Duration::from_millis(10));
    let mut change = 0;
    loop {
        pace.tick().await;
        change = (change + 1) % 5;
        for (city, degrees) in [("Bergen", 7), ("Berlin", 9), ("Lima", 19)] {
            publisher.send([city, &(degrees + change).to_string()]).await?;
        }
    }
}
