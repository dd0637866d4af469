//! Shows what passes a device: `tap CAPTURE NUMBER`, where its copies are, and how many to show.

use millhand::net::SubSocket;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let endpoint = std::env::args().nth(1).ok_or("which device shall I tap?")?;
    let number: u32 = std::env::args().nth(2).ok_or("how often?")?.parse()?;
    let copies = SubSocket::connect(&endpoint).await?;
    copies.subscribe("");
    for _ in 0..number {
        let copy = copies.recv().await?;
        let [_routing_id, _empty, body] = copy.frames() else { return Err("no request".into()) };
        println!("{}", body.as_str()?);
    }
    Ok(())
}
