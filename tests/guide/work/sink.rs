//! Adds up a hundred squares: `sink ENDPOINT`, where to listen.

use millhand::net::PullSocket;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let endpoint = std::env::args().nth(1).ok_or("where shall I listen?")?;
    let sink = PullSocket::bind(&endpoint).await?;
    println!("{}", sink.bound()[0]);
    let mut sum = 0;
    for _ in 0..100 {
        let square: u64 = sink.recv().await?.first().as_str()?.parse()?;
        sum += square;
    }
    println!("{sum}");
    Ok(())
}
