//! Whole sessions: two sides shake hands, then one sends what the octets say, and the other reads it.
//!
//! ```text
//!   ┌ mechanism, 1 ┐┌ sockets, 1 ┐┌ minor, 1 ┐┌ piece, 1 ┐┌── traffic: steps ──┐
//!
//!   step   ┌ kind, 1 ┐┌ length, 1 ┐┌── octets ──┐
//!
//!   kind   0  a message's last frame      3  octets as they are
//!          1  a frame that others follow  4  a message's last frame, with one bit of it changed
//!          2  a command
//! ```
//!
//! Up to the first step of kind 3 or 4, all that was sent must come, and nothing else. Under CURVE nothing
//! comes after it: what is not sealed by the peer is worth nothing.

use bytes::{Buf, BytesMut};
use millhand::net::wire::command::Command;
use millhand::net::wire::curve::{self, Opener, Sealer};
use millhand::net::wire::error::WireError;
use millhand::net::wire::frame::{Flags, Header};
use millhand::net::wire::greeting::Mechanism;
use millhand::net::wire::socket_type::SocketType;

use super::codecs;
use super::side::{Side, securities, settings};

const SOCKETS: [[SocketType; 2]; 5] = [
    [SocketType::Push, SocketType::Pull],
    [SocketType::Sub, SocketType::Pub],
    [SocketType::Dealer, SocketType::Router],
    [SocketType::Req, SocketType::Rep],
    [SocketType::Pair, SocketType::Pair],
];

/// The longest frame that the reader takes, octets.
const LONGEST: u64 = 1024;

/// The flags inside a MESSAGE, and the body.
type Frame = (u8, Vec<u8>);

pub fn session(octets: &[u8]) {
    let Some((&[mechanism, sockets, minor, piece], steps)) = octets.split_first_chunk() else {
        return;
    };
    let mechanism =
        [Mechanism::Null, Mechanism::Plain, Mechanism::Curve][usize::from(mechanism % 3)];
    let sockets = SOCKETS[usize::from(sockets) % SOCKETS.len()];
    let piece = 1 + usize::from(piece);

    let [client, server] = securities(mechanism);
    let mut client = Side::new(settings(sockets[0], client), Ok(()));
    let mut server = Side::new(settings(sockets[1], server), Ok(()));
    client.output[11] = minor % 2;
    while !(client.output.is_empty() && server.output.is_empty()) {
        for octets in client.said().chunks(piece) {
            server.feed(octets).expect("the client is honest");
        }
        for octets in server.said().chunks(piece) {
            client.feed(octets).expect("the server is honest");
        }
    }
    let (one, other) = (client.peer.expect("they meet"), server.peer.expect("they meet"));
    assert_eq!((one.socket_type, other.socket_type), (sockets[1], sockets[0]));
    assert_eq!((one.minor, other.minor), (1, minor % 2));
    assert!(client.input.is_empty() && server.input.is_empty());

    let (sealer, opener) = match (client.cipher, server.cipher) {
        (Some(one), Some(other)) => (Some(one.split().0), Some(other.split().1)),
        (None, None) => (None, None),
        _ => panic!("one side has a cipher, the other none"),
    };
    let (sent, honest, stream) = write(steps, sealer);
    let mut reader = Reader { buffer: BytesMut::new(), opener, got: Vec::new() };
    let end = stream.chunks(piece).try_for_each(|octets| reader.read(octets));
    match &honest {
        None => {
            assert_eq!((end, &reader.got), (Ok(()), &sent));
            assert!(reader.buffer.is_empty());
        }
        Some(count) => {
            assert!(reader.got.len() >= *count, "frames before the fault are missing");
            assert_eq!(reader.got[..*count], sent[..*count]);
            if mechanism == Mechanism::Curve {
                assert_eq!(reader.got.len(), *count, "a frame came that nobody sealed");
            }
        }
    }
}

/// The frames that are sent, how many of them before the first fault, and all of it on the wire.
fn write(steps: &[u8], mut sealer: Option<Sealer>) -> (Vec<Frame>, Option<usize>, BytesMut) {
    let (mut sent, mut honest, mut stream) = (Vec::new(), None, BytesMut::new());
    let mut rest = steps;
    while let Some((&[kind, length], after)) = rest.split_first_chunk() {
        let (body, after) = after.split_at(usize::from(length).min(after.len()));
        rest = after;
        let flags = match kind % 5 {
            1 => curve::MORE,
            2 => curve::COMMAND,
            3 => {
                // Nothing is no fault.
                if !body.is_empty() {
                    honest.get_or_insert(sent.len());
                    stream.extend_from_slice(body);
                }
                continue;
            }
            _ => 0,
        };
        let start = stream.len();
        if let Some(sealer) = &mut sealer {
            let mut sealed = BytesMut::new();
            sealer.seal(flags, body, &mut sealed).expect("there are nonces left");
            let header = Header { flags: Flags::message(false), length: sealed.len() as u64 };
            header.encode(&mut stream);
            stream.extend_from_slice(&sealed);
        } else {
            let kind = match flags {
                curve::COMMAND => Flags::command(),
                flags => Flags::message(flags == curve::MORE),
            };
            Header { flags: kind, length: body.len() as u64 }.encode(&mut stream);
            stream.extend_from_slice(body);
        }
        if kind % 5 == 4 {
            let at = start + usize::from(kind / 5) % (stream.len() - start);
            stream[at] ^= 1 << (kind % 8);
            honest.get_or_insert(sent.len());
        }
        sent.push((flags, body.to_vec()));
    }
    (sent, honest, stream)
}

/// Reads traffic as a socket does.
struct Reader {
    buffer: BytesMut,
    opener: Option<Opener>,
    got: Vec<Frame>,
}

impl Reader {
    fn read(&mut self, octets: &[u8]) -> Result<(), WireError> {
        self.buffer.extend_from_slice(octets);
        while let Some(header) = Header::decode(&self.buffer)? {
            if header.length > LONGEST {
                return Err(WireError::TooLong { size: header.length, longest: LONGEST });
            }
            let end = header.size() + header.length as usize;
            let Some(body) = self.buffer.get_mut(header.size()..end) else { return Ok(()) };
            let outer = header.flags;
            let (flags, body) = match &mut self.opener {
                None if outer.is_command() => (curve::COMMAND, body),
                None => (if outer.more() { curve::MORE } else { 0 }, body),
                Some(_) if outer.is_command() || outer.more() => {
                    let problem = "it is not sealed";
                    return Err(WireError::Malformed { what: "frame", problem });
                }
                Some(opener) => opener.open_in_place(body)?,
            };
            if flags == curve::COMMAND {
                codecs::command(body);
                let _ = Command::decode(body).map(|command| format!("{command:?}"));
            }
            self.got.push((flags, body.to_vec()));
            self.buffer.advance(end);
        }
        Ok(())
    }
}
