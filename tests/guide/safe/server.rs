//! Greets friends: `server ENDPOINT KEYS`, where to listen, and a directory with its own key pair `mill` and the
//! public keys of those who may come.

use std::future::ready;
use std::path::Path;

use millhand::net::{
    Applicant, Certificate, CertificateStore, Credentials, Options, RepSocket, Security, Verdict,
};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let endpoint = std::env::args().nth(1).ok_or("where shall I listen?")?;
    let keys = std::env::args().nth(2).ok_or("where are the keys?")?;
    let own = Certificate::load(Path::new(&keys).join("mill.key_secret"))?;
    let friends = CertificateStore::load(&keys)?;
    let options = Options::new()
        .security(Security::curve_server(own.key_pair().ok_or("that is no secret key")?))
        .authenticator(move |applicant: Applicant| match applicant.credentials {
            Credentials::Curve { key } if friends.contains(&key) => ready(Verdict::ALLOW),
            _ => ready(Verdict::DENY),
        });
    let server = RepSocket::new(options)?;
    println!("{}", server.also_bind(&endpoint).await?);
    loop {
        let name = server.recv().await?;
        server.send([&b"Hello, "[..], name.first()].concat()).await?;
    }
}
