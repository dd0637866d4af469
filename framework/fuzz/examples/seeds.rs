//! Writes the seeds: what real sessions say, one file per input, into `seeds/TARGET/`. Run
//! it as `cargo run --example seeds`.
//!
//! The octets of CURVE have new keys each time; the seeds are written anew only when there are more of
//! them.

use std::path::Path;
use std::{fs, io};

use bytes::BytesMut;
use millhand::net::certificate::Certificate;
use millhand::net::wire::command::Command;
use millhand::net::wire::frame::{Flags, Header};
use millhand::net::wire::greeting::Mechanism;
use millhand::net::wire::socket_type::SocketType;
use millhand::net::wire::z85;
use millhand_fuzz::side::{Side, greeting, keys, securities, settings};

fn main() -> io::Result<()> {
    for mechanism in [Mechanism::Null, Mechanism::Plain, Mechanism::Curve] {
        let name = mechanism.as_str();
        seed("greeting", name, &greeting(mechanism))?;
        let [client, server] = talk(mechanism);
        let roles = match mechanism {
            Mechanism::Null => ["handshake_null"; 2],
            Mechanism::Plain => ["handshake_plain_server", "handshake_plain_client"],
            Mechanism::Curve => ["handshake_curve_server", "handshake_curve_client"],
        };
        for ((role, said), side) in roles.into_iter().zip([client, server]).zip(["push", "pull"]) {
            // In pieces of 16 octets, of one, and asked for by NULL.
            for mode in [0xf0, 0, 4] {
                seed(role, &format!("{side}-{mode:02x}"), &[&[mode], &said[..]].concat())?;
            }
            let body = [&[0xf1], &said[64..]].concat();
            seed(role, &format!("{side}-commands"), &body)?;
            seed(role, &format!("{side}-denied"), &[&[0xf2], &said[..]].concat())?;
            seed(role, &format!("{side}-error"), b"\xf1\x04\x0a\x05ERROR\x03400")?;
            seed(role, &format!("{side}-claim"), b"\xf1\x06\0\0\0\0\x7f\xff\xff\xff")?;
        }
    }

    let metadata: [(&str, &[u8]); 6] = [
        ("push", b"\x0bSocket-Type\0\0\0\x04PUSH"),
        ("dealer", b"\x0bSocket-Type\0\0\0\x06DEALER\x08Identity\0\0\0\x02me"),
        ("more", b"\x0bSocket-Type\0\0\0\x04PUSH\x07X-Batch\0\0\0\x011\x08Resource\0\0\0\x01a"),
        ("cut", b"\x0bSocket-Type\0\0\0\x04PUS"),
        ("claim", b"\x0bSocket-Type\x7f\xff\xff\xffPUSH"),
        ("twice", b"\x03X-a\0\0\0\0\x03x-A\0\0\0\x01b\x0bsocket-type\0\0\0\x03SUB"),
    ];
    for (name, octets) in metadata {
        seed("metadata", name, octets)?;
        for role in ["handshake_curve_server", "handshake_curve_client"] {
            seed(role, &format!("sealed-{name}"), &[b"\x08", octets].concat())?;
        }
    }

    let commands = [
        ("subscribe", Command::Subscribe(b"mill.")),
        ("cancel", Command::Cancel(b"")),
        ("ping", Command::Ping { ttl: 50, context: b"grain" }),
        ("pong", Command::Pong { context: b"grain" }),
        ("error", Command::Error { reason: b"400" }),
        ("unknown", Command::Unknown { name: b"FLOUR", data: b"white" }),
    ];
    let mut frames = BytesMut::new();
    let mut steps = Vec::new();
    for (name, command) in commands {
        let mut body = BytesMut::new();
        command.encode_body(&mut body);
        seed("command", name, &body)?;
        command.encode(&mut frames);
        steps.extend([2, body.len() as u8]);
        steps.extend(&body);
    }
    seed("command", "error-of-libzmq", b"^RROR\x03400")?;
    seed("frame", "commands", &frames)?;
    let mut messages = BytesMut::new();
    for (more, body) in [(true, &b"grain"[..]), (false, b""), (false, &[7; 300])] {
        Header { flags: Flags::message(more), length: body.len() as u64 }.encode(&mut messages);
        messages.extend_from_slice(body);
    }
    seed("frame", "messages", &messages)?;
    seed("frame", "long-form", b"\x02\0\0\0\0\0\0\0\x01a\x06\0\0\0\0\0\0\0\x06\x04PONGb")?;
    seed("frame", "claim", b"\x02\x7f\xff\xff\xff\xff\xff\xff\xff")?;

    // The same for what the sockets read with: in pieces of 8 and 1 octets, with room for 2 and 1 messages.
    let claim = [&messages[..], b"\x02\x7f\xff\xff\xff\xff\xff\xff\xff"].concat();
    let long = [b"\x01\x01a\x02\0\0\0\0\0\0\x03\xe8", &[3; 1000][..], b"\0\x01b"].concat();
    let amid = [b"\x01\x01a", &frames[..], b"\0\x01b\0\x01c"].concat();
    for (name, octets) in
        [("commands", &frames[..]), ("claim", &claim), ("long", &long), ("amid", &amid)]
    {
        seed("decoder", name, &[b"\x07\x01", octets].concat())?;
        seed("decoder", &format!("{name}-single"), &[b"\0\0", octets].concat())?;
    }
    // Many at once, with room for two at a time.
    let many = b"\0\x01a\0\0\0\x01b\x02\0\0\0\0\0\0\0\x01c\0\x01d\x01\x01e\0\x01f\0\x01g";
    seed("decoder", "many", &[b"\xff\x01", &many[..]].concat())?;

    for mechanism in 0..3 {
        let honest = [&[mechanism, mechanism, mechanism, 6], &steps[..]].concat();
        seed("session", &format!("{mechanism}-commands"), &honest)?;
        let messages = b"\x01\x05grain\x01\x00\x00\x03rye\x00\x06\x01mill.";
        let honest = [&[mechanism, 1, 0, 200], &messages[..]].concat();
        seed("session", &format!("{mechanism}-messages"), &honest)?;
        for (name, fault) in [("raw", &b"\x03\x03\0\x01a"[..]), ("changed", b"\x68\x03rye")] {
            let octets = [&honest, fault, &messages[..]].concat();
            seed("session", &format!("{mechanism}-{name}"), &octets)?;
        }
    }

    let key = keys(1);
    seed("z85", "key", key.public.to_string().as_bytes())?;
    seed("z85", "octets", key.public.as_bytes())?;
    seed("z85", "hello", b"HelloWorld")?;
    seed("z85", "largest", b"%nSc0")?;
    assert!(z85::decode("%nSc0").is_ok());

    let folder = std::env::temp_dir().join(format!("millhand-seeds-{}", std::process::id()));
    fs::create_dir_all(&folder)?;
    let mine = Certificate::from_secret(key.secret).with_metadata("email", "mill@example.org");
    let files = mine.and_then(|mine| mine.save(folder.join("mill"))).map_err(io::Error::other)?;
    seed("certificate", "public", &fs::read(files.public)?)?;
    let secret = fs::read_to_string(files.secret)?;
    seed("certificate", "secret", secret.as_bytes())?;
    seed("certificate", "crlf", secret.replace('\n', "\r\n").as_bytes())?;
    seed("certificate", "quotes", secret.replace('"', "'").replace("    ", "\t").as_bytes())?;
    fs::remove_dir_all(folder)
}

/// What a PUSH that is a client and a PULL that is a server say to each other.
fn talk(mechanism: Mechanism) -> [Vec<u8>; 2] {
    let [client, server] = securities(mechanism);
    let mut client = Side::new(settings(SocketType::Push, client), Ok(()));
    let mut server = Side::new(settings(SocketType::Pull, server), Ok(()));
    let mut all = [Vec::new(), Vec::new()];
    loop {
        let said = [client.said(), server.said()];
        if said.iter().all(|said| said.is_empty()) {
            return all;
        }
        server.feed(&said[0]).expect("the client is honest");
        client.feed(&said[1]).expect("the server is honest");
        for (all, said) in all.iter_mut().zip(&said) {
            all.extend_from_slice(said);
        }
    }
}

fn seed(target: &str, name: &str, octets: &[u8]) -> io::Result<()> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("seeds").join(target);
    fs::create_dir_all(&folder)?;
    fs::write(folder.join(name), octets)
}
