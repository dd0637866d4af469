//! Gives a device an order: `steer CONTROL ORDER`, where it takes them, and which.

use millhand::net::{ReqSocket, Statistics};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let endpoint = std::env::args().nth(1).ok_or("which device shall I steer?")?;
    let order = std::env::args().nth(2).ok_or("what is it to do?")?;
    let control = ReqSocket::connect(&endpoint).await?;
    control.send(order.as_str()).await?;
    let answer = control.recv().await?;
    if let Some(all) = Statistics::from_message(&answer) {
        for (end, traffic) in [
            ("front received", all.front_received),
            ("front sent", all.front_sent),
            ("back received", all.back_received),
            ("back sent", all.back_sent),
        ] {
            println!("{end}: {} messages, {} octets", traffic.messages, traffic.octets);
        }
    }
    Ok(())
}
