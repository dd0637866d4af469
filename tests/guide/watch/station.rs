//! Takes work and hears the news at once: `station VENTILATOR PUBLISHER`.

use millhand::net::{PullSocket, SubSocket};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let ventilator = std::env::args().nth(1).ok_or("whence shall I take work?")?;
    let publisher = std::env::args().nth(2).ok_or("whom shall I hear?")?;
    let work = PullSocket::connect(&ventilator).await?;
    let news = SubSocket::connect(&publisher).await?;
    news.subscribe("Lima");
    let (mut tasks, mut reports) = (0, 0);
    while tasks < 100 || reports < 3 {
        tokio::select! {
            task = work.recv() => {
                task?;
                tasks += 1;
            }
            report = news.recv() => {
                report?;
                reports += 1;
            }
        }
    }
    println!("{tasks} tasks, and reports of the weather");
    Ok(())
}
