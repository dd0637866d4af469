//! Squares numbers: `worker VENTILATOR SINK`, whence they come and where they go.

use millhand::net::{PullSocket, PushSocket};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let ventilator = std::env::args().nth(1).ok_or("whence shall I take numbers?")?;
    let sink = std::env::args().nth(2).ok_or("where shall I send squares?")?;
    let numbers = PullSocket::connect(&ventilator).await?;
    let squares = PushSocket::connect(&sink).await?;
    loop {
        let number: u64 = numbers.recv().await?.first().as_str()?.parse()?;
        squares.send((number * number).to_string()).await?;
    }
}
