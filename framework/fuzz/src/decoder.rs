//! What takes a connection's octets apart, as the sockets do.

use std::hash::{DefaultHasher, Hash, Hasher};

use millhand::net::fuzzed::{Decoded, decode};

/// Messages of more octets are refused, so that few octets can make one too long.
const LONGEST: u64 = 3000;

/// The first two octets say how the others arrive.
pub fn decoder(octets: &[u8]) {
    let Some(([piece, room], octets)) = octets.split_first_chunk() else { return };
    let whole = digest(octets, usize::MAX, usize::MAX);
    let cut = digest(octets, usize::from(*piece) + 1, usize::from(*room) + 1);
    assert_eq!(cut, whole, "what came, and how much of each kind, whatever the pieces");
}

/// Of all that came: how many messages, commands and faults, and a hash of what they say. To keep it would take
/// more memory than the octets did.
fn digest(octets: &[u8], piece: usize, room: usize) -> ([usize; 3], u64) {
    let (mut count, mut hash) = ([0; 3], DefaultHasher::new());
    decode(octets, piece, room, LONGEST, |decoded| match decoded {
        Decoded::Message(message) => {
            count[0] += 1;
            let size: usize = message.iter().map(|frame| frame.len()).sum();
            assert!(size as u64 <= LONGEST && !message.is_empty());
            message.frames().hash(&mut hash);
        }
        Decoded::Command(body) => {
            count[1] += 1;
            body.hash(&mut hash);
        }
        Decoded::Fault(fault) => {
            count[2] += 1;
            fault.to_string().hash(&mut hash);
        }
    });
    (count, hash.finish())
}
