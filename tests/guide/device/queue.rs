//! Stands between clients and servers, and obeys: `queue FRONT BACK CONTROL CAPTURE`, where to listen for each.

use millhand::net::{DealerSocket, Device, PubSocket, RepSocket, RouterSocket};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let endpoints: Vec<String> = std::env::args().skip(1).collect();
    let [front, back, control, capture] = &endpoints[..] else {
        return Err("where shall I listen? for clients, servers, orders and onlookers".into());
    };
    let front = RouterSocket::bind(front).await?;
    let back = DealerSocket::bind(back).await?;
    let control = RepSocket::bind(control).await?;
    let capture = PubSocket::bind(capture).await?;
    for bound in [front.bound(), back.bound(), control.bound(), capture.bound()] {
        println!("{}", bound[0]);
    }
    let mut device = Device::queue(front, back).control(control).capture(capture);
    device.run().await?; // until TERMINATE
    device.close().await; // its last words are on their way
    Ok(())
}
