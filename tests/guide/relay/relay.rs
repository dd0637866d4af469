//! Passes news on to others: `relay PUBLISHER ENDPOINT`, whom to hear and where to listen.

use millhand::net::{XPubSocket, XSubSocket};

type Ended = Result<(), Box<dyn std::error::Error>>;

#[tokio::main]
async fn main() -> Ended {
    let publisher = std::env::args().nth(1).ok_or("whom shall I hear?")?;
    let endpoint = std::env::args().nth(2).ok_or("where shall I listen?")?;
    let source = XSubSocket::connect(&publisher).await?;
    let copies = XPubSocket::bind(&endpoint).await?;
    println!("{}", copies.bound()[0]);
    tokio::try_join!(news(&source, &copies), subscriptions(&copies, &source))?;
    Ok(())
}

async fn news(source: &XSubSocket, copies: &XPubSocket) -> Ended {
    loop {
        copies.send(source.recv().await?).await?;
    }
}

async fn subscriptions(copies: &XPubSocket, source: &XSubSocket) -> Ended {
    loop {
        source.send(copies.recv().await?).await?;
    }
}
