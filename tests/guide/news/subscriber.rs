//! Shows six reports of the weather: `subscriber ENDPOINT TOPIC`, whom to hear, and of which cities.

use millhand::net::SubSocket;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let endpoint = std::env::args().nth(1).ok_or("whom shall I hear?")?;
    let topic = std::env::args().nth(2).ok_or("of which cities?")?;
    let subscriber = SubSocket::connect(&endpoint).await?;
    subscriber.subscribe(&topic);
    for _ in 0..6 {
        let report = subscriber.recv().await?;
        let [city, degrees] = report.frames() else { return Err("that is no report".into()) };
        println!("{}: {} degrees", city.as_str()?, degrees.as_str()?);
    }
    Ok(())
}
