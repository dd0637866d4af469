//! What has passed a device.
//!
//! The answer to STATISTICS, in the order in which libzmq's `zmq_proxy_steerable` has it:
//!
//! ```text
//!  │ front received │  front sent    │ back received  │   back sent    │
//!  │messages│octets │messages│octets │messages│octets │messages│octets │   8 frames of 8 octets each,
//!                                                                         unsigned, in the native order
//! ```
//!
//! libzmq counts every frame as a message; here a message counts once, however many frames it has.

use crate::net::multipart::{Frame, Multipart};

/// Messages, and the octets of all their frames.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Traffic {
    /// How many messages.
    pub messages: u64,
    /// How many octets in their frames, routing ids included.
    pub octets: u64,
}

impl Traffic {
    pub(super) fn count(&mut self, octets: usize) {
        self.messages = self.messages.wrapping_add(1);
        self.octets = self.octets.wrapping_add(octets as u64);
    }
}

/// What has passed a device, at both ends.
///
/// *Sent* is what an end took to send: a ROUTER or XPUB may have dropped it for want of room or of peers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Statistics {
    /// What came in at the front.
    pub front_received: Traffic,
    /// What went out at the front.
    pub front_sent: Traffic,
    /// What came in at the back.
    pub back_received: Traffic,
    /// What went out at the back.
    pub back_sent: Traffic,
}

impl Statistics {
    /// As they are sent in answer to STATISTICS.
    pub fn to_message(&self) -> Multipart {
        let all = [self.front_received, self.front_sent, self.back_received, self.back_sent];
        let numbers = all.into_iter().flat_map(|traffic| [traffic.messages, traffic.octets]);
        numbers.map(|number| Frame::from(&number.to_ne_bytes())).collect()
    }

    /// As they are received; `None` if the message has not 8 frames of 8 octets.
    pub fn from_message(message: &Multipart) -> Option<Statistics> {
        let frames: &[Frame; 8] = message.frames().try_into().ok()?;
        let mut numbers = [0; 8];
        for (number, frame) in numbers.iter_mut().zip(frames) {
            *number = u64::from_ne_bytes((**frame).try_into().ok()?);
        }
        let traffic = |at: usize| Traffic { messages: numbers[at], octets: numbers[at + 1] };
        Some(Statistics {
            front_received: traffic(0),
            front_sent: traffic(2),
            back_received: traffic(4),
            back_sent: traffic(6),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn traffic(messages: u64) -> Traffic {
        Traffic { messages, octets: messages * 10 }
    }

    #[test]
    fn what_is_sent_is_eight_numbers_in_libzmqs_order() {
        let statistics = Statistics {
            front_received: traffic(1),
            front_sent: traffic(2),
            back_received: traffic(3),
            back_sent: traffic(4),
        };
        let message = statistics.to_message();
        let numbers: Vec<u64> =
            message.iter().map(|frame| u64::from_ne_bytes((**frame).try_into().unwrap())).collect();
        assert_eq!(numbers, [1, 10, 2, 20, 3, 30, 4, 40]);
        assert_eq!(Statistics::from_message(&message), Some(statistics));
    }

    #[test]
    fn what_is_no_answer_is_none() {
        let mut message = Statistics::default().to_message();
        message.push(&[0; 8]);
        assert_eq!(Statistics::from_message(&message), None);
        let short: Multipart = [&[0_u8; 7][..]; 8].into();
        assert_eq!(Statistics::from_message(&short), None);
    }
}
