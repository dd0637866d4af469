//! What libzmq 4.3.5 sent in a session of which all keys are known.
//!
//! A client of ours had these keys. The answers are those of a REP socket of pyzmq 27.3.0; they show without
//! a peer at hand that our octets are those of others. No key here protects anything.

use super::*;
use crate::net::wire::curve::role::ClientRole;
use crate::net::wire::metadata::Metadata;
use crate::net::wire::role::{Role, Step};

const OWN_SECRET: &str = r#"zvtRn]e5AqY1M^F=N(k$vvESAgqkHR8pU>BJqdD?"#;
const TRANSIENT_SECRET: &str = r#"@xSgNCsi:vV=2+00YjVOS>p<o!O#nAbFQT$LC3@m"#;
const SERVER: &str = r#"0=9IlDJz[Zr}1>qChfOZ-UW7#af449dqBfmMQ1jB"#;

const HELLO: &str = concat!(
    "0548454c4c4f01000000000000000000000000000000000000000000000000000000000000000000",
    "00000000000000000000000000000000000000000000000000000000000000000000000000000000",
    "08557fe6dee977be187db6d34d57f669b6d2e57f4ef49680f79fceed6ab7ba490000000000000001",
    "ae072b81c0a9154ca588f742653681986fd382c5e2be0a95f6e1beff59b14dcc4bec338fe4271360",
    "bcd5913d4a117c10850c76d6271b7b8c7101afbd5968fe9e886c3ceede29b1685205ff70cf36ddda",
);
const WELCOME: &str = concat!(
    "0757454c434f4d459ded18d0c2342df1374e499ed69767049d156be8a0e7ea84601fcca90e9c39b7",
    "157cc61d15e1ae70284c75d60850314cd7756983169c961464d55cc4211b982dff3d5aa3a2a3d18d",
    "20930e5fac2391b4a05e8a38efb6346edb207fc89df1c39ddcaeeb5b83d06587370077a10545bbcc",
    "31183c19c29f45486bf6cc1418c06b79c2cb5cd3f6812a03f9b100fed5c1462bb6e14449bf128f5d",
    "601ffd96e6b11ae1",
);
const READY: &str = concat!(
    "0552454144590000000000000001975436b05f02fdaa7297551419133df202d9b654c0ce65193462",
    "20a445a8d81b438f47",
);

/// The three frames of a reply.
const MESSAGES: [&str; 3] = [
    "074d45535341474500000000000000027e7bc00413d5b91afc7b695c6b604e78f6",
    "074d4553534147450000000000000003ad54490fb987f27548bd588c46d182fbb306312088",
    "074d455353414745000000000000000491e1f7cafc37b0a339d65e584f89ced8b316eb89522b",
];

fn octets(hex: &str) -> BytesMut {
    let digits: Vec<u8> = hex.chars().map(|c| c.to_digit(16).unwrap() as u8).collect();
    digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect()
}

fn pair(secret: &str) -> KeyPair {
    KeyPair::from_secret(secret.parse().unwrap())
}

#[test]
fn a_session_with_libzmq_is_understood() {
    let mut client = Client::new(pair(OWN_SECRET), SERVER.parse().unwrap());
    let (mut hello, mut initiate) = (BytesMut::new(), BytesMut::new());
    client.begin(pair(TRANSIENT_SECRET), &mut hello);
    assert_eq!(hello, octets(HELLO), "libzmq took another HELLO");
    client.welcome(&octets(WELCOME), CLIENT_METADATA, &mut initiate).unwrap();
    let (metadata, mut cipher) = client.ready(&octets(READY)).unwrap();
    assert_eq!(metadata, SERVER_METADATA);
    let expected = [(MORE, &b""[..]), (MORE, b"tail"), (0, b"hello")];
    for (message, (flags, body)) in MESSAGES.iter().zip(expected) {
        assert_eq!(opened(&mut cipher, &octets(message)), Ok((flags, body.to_vec())));
    }
}

#[test]
fn the_same_session_is_understood_by_the_handshake() {
    let own = Metadata::decode(CLIENT_METADATA).unwrap();
    let mut client = Client::new(pair(OWN_SECRET), SERVER.parse().unwrap());
    client.begin(pair(TRANSIENT_SECRET), &mut BytesMut::new());
    let mut role = ClientRole::begun(client);
    let mut out = BytesMut::new();
    let step = role.receive(&octets(WELCOME), &own, &mut out);
    assert!(matches!(step, Ok(Step::Wait)));
    assert_eq!(out[..9], [6, 0, 0, 0, 0, 0, 0, 1, 1 + CLIENT_METADATA.len() as u8]);
    let Ok(Step::Met(met)) = role.receive(&octets(READY), &own, &mut out) else {
        panic!("the READY was not understood");
    };
    assert_eq!(met.get("Socket-Type"), Some(&b"REP"[..]));
    let mut cipher = role.cipher().unwrap();
    assert!(role.cipher().is_none());
    assert_eq!(opened(&mut cipher, &octets(MESSAGES[1])), Ok((MORE, b"tail".to_vec())));
}
