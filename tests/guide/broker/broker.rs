//! Stands between clients and servers: `broker FRONT BACK`, where to listen for each.

use millhand::net::{DealerSocket, RouterSocket};

type Ended = Result<(), Box<dyn std::error::Error>>;

#[tokio::main]
async fn main() -> Ended {
    let front = std::env::args().nth(1).ok_or("where shall I listen for clients?")?;
    let back = std::env::args().nth(2).ok_or("where shall I listen for servers?")?;
    let clients = RouterSocket::bind(&front).await?;
    let servers = DealerSocket::bind(&back).await?;
    println!("{}\n{}", clients.bound()[0], servers.bound()[0]);
    tokio::try_join!(requests(&clients, &servers), replies(&servers, &clients))?;
    Ok(())
}

async fn requests(clients: &RouterSocket, servers: &DealerSocket) -> Ended {
    loop {
        servers.send(clients.recv().await?).await?;
    }
}

async fn replies(servers: &DealerSocket, clients: &RouterSocket) -> Ended {
    loop {
        clients.send(servers.recv().await?).await?;
    }
}
