//! The codecs that have no state: greetings, frames, commands, metadata, Z85.

use bytes::BytesMut;
use millhand::net::wire::command::{Command, Subscription};
use millhand::net::wire::frame::{Flags, Header, LONGEST_BODY};
use millhand::net::wire::greeting::{self, Greeting, Mechanism};
use millhand::net::wire::metadata::Metadata;
use millhand::net::wire::socket_type::SocketType;
use millhand::net::wire::z85;

/// A greeting, and each of its beginnings.
pub fn greeting(octets: &[u8]) {
    let whole = Greeting::decode(octets);
    for end in 0..octets.len().min(greeting::SIZE) {
        match Greeting::decode(&octets[..end]) {
            Ok(read) => assert!(read.is_none(), "{end} octets are no greeting"),
            Err(_) => assert!(whole.is_err(), "the rest has mended a greeting"),
        }
    }
    let Ok(Some(read)) = whole else { return };
    assert!(octets.len() >= greeting::SIZE && read.minor <= 1);
    for mechanism in [Mechanism::Null, Mechanism::Plain, Mechanism::Curve] {
        if read.expect_mechanism(mechanism).is_ok() {
            let mut own = BytesMut::new();
            Greeting::encode(mechanism, octets[32] == 1, &mut own);
            assert_eq!(own[12..32], octets[12..32]);
            let again = Greeting::decode(&own);
            assert_eq!(again, Ok(Some(Greeting { minor: 1, ..read })));
        }
    }
}

/// Headers of frames, one after the other, as far as their bodies have come.
pub fn frame(octets: &[u8]) {
    let mut rest = octets;
    while let Ok(Some(header)) = Header::decode(rest) {
        let mut again = BytesMut::new();
        header.encode(&mut again);
        assert_eq!((&again[..], again.len()), (&rest[..header.size()], header.size()));
        assert!(header.length <= LONGEST_BODY);
        assert!(!(header.flags.is_command() && header.flags.more()));
        if !header.flags.is_command() {
            let own = Header { flags: Flags::message(header.flags.more()), ..header };
            let mut own_octets = BytesMut::new();
            own.encode(&mut own_octets);
            let read = Header::decode(&own_octets).ok().flatten().expect("own headers are read");
            assert_eq!((read.length, read.flags.more()), (own.length, own.flags.more()));
        }
        let Ok(length) = usize::try_from(header.length) else { return };
        let body = rest[header.size()..].get(..length);
        let Some(body) = body else { return };
        if header.flags.is_command() {
            command(body);
        }
        rest = &rest[header.size() + length..];
    }
}

/// The body of a command.
pub fn command(body: &[u8]) {
    let subscription = Subscription::from_message(body);
    if let Some(subscription) = subscription {
        let mut again = BytesMut::new();
        subscription.encode_body(0, &mut again);
        assert_eq!(again, body);
    }
    let Ok(read) = Command::decode(body) else { return };
    let encoded = |command: &Command<'_>| {
        let mut out = BytesMut::new();
        command.encode_body(&mut out);
        out
    };
    let again = encoded(&read);
    let second = Command::decode(&again).expect("what was written is read");
    match read {
        // What cannot be seen in a reason is replaced, and what is too long is cut.
        Command::Error { .. } => assert_eq!(encoded(&second), again),
        _ => assert_eq!(second, read),
    }
    if matches!(read, Command::Unknown { .. } | Command::Subscribe(_) | Command::Cancel(_)) {
        assert_eq!(again, body);
    }
    let mut whole = BytesMut::new();
    read.encode(&mut whole);
    let header = Header::decode(&whole).ok().flatten().expect("a whole frame was written");
    assert_eq!(whole[header.size()..], again[..]);
    if let Some(subscription) = Subscription::from_command(&read) {
        let mut again = BytesMut::new();
        subscription.encode_body(1, &mut again);
        assert_eq!(again, body);
    }
}

/// Properties.
pub fn metadata(octets: &[u8]) {
    let _ = SocketType::from_wire(octets);
    let Ok(read) = Metadata::decode(octets) else { return };
    assert_eq!(read.as_octets(), octets);
    for (name, _) in &read {
        assert!(read.get(name).is_some() && read.get_bytes(&name.to_uppercase()).is_some());
    }
    let mut length = 0;
    for (name, value) in &read {
        length += 1 + name.len() + 4 + value.len();
    }
    assert_eq!(length, octets.len());
    let _ = format!("{read:?}");
    // Repeated names are read, not written.
    if let Ok(again) = Metadata::encode(&read) {
        assert!(again.as_octets().eq_ignore_ascii_case(octets));
        assert!(again.iter().map(|(_, value)| value).eq(read.iter().map(|(_, value)| value)));
    }
}

/// Octets as Z85, and text as octets.
pub fn z85(octets: &[u8]) {
    if let Ok(text) = z85::encode(octets) {
        assert_eq!(z85::decode(&text).as_deref(), Ok(octets));
    } else {
        assert_ne!(octets.len() % 4, 0);
    }
    let Ok(text) = std::str::from_utf8(octets) else { return };
    if let Ok(read) = z85::decode(text) {
        assert_eq!(z85::encode(&read).as_deref(), Ok(text));
    }
    if let Ok(key) = text.parse::<millhand::net::wire::keys::PublicKey>() {
        assert_eq!(key.to_string(), text);
    }
}
