//! Makes a key pair: `keys DIRECTORY NAME`, where to put it, and whose it is.

use std::path::Path;

use millhand::net::Certificate;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let directory = std::env::args().nth(1).ok_or("where shall I put it?")?;
    let name = std::env::args().nth(2).ok_or("whose is it?")?;
    let files = Certificate::generate().save(Path::new(&directory).join(name))?;
    println!("{}\n{}", files.public.display(), files.secret.display());
    Ok(())
}
