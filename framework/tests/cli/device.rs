//! Devices, steered and watched.

use crate::program::{Program, connected, start};

const ANY: &str = "tcp://127.0.0.1:0";

/// Gives an order, and the answer.
fn order(control: &mut Program, order: &str) -> String {
    control.give(format!("{order}\n"));
    control.line()
}

/// Control sends and gets hexadecimal.
fn hex(text: &str) -> String {
    text.bytes().map(|octet| format!("{octet:02x}")).collect()
}

#[test]
fn a_queue_passes_requests_and_replies_and_obeys() {
    let mut device = start(["device", "queue", ANY, ANY, "--control", ANY]);
    let (front, back, control) = (device.bound(), device.bound(), device.bound());
    let mut rep = connected("rep", &back, &["--echo"]);
    let mut req = connected("req", &front, &[]);
    req.give("one\n");
    assert_eq!(req.line(), "one");
    assert_eq!(rep.line(), "one");

    let mut control = connected("req", &control, &["--hex"]);
    assert_eq!(order(&mut control, &hex("PAUSE")), "");
    req.give("two\n");
    let statistics = order(&mut control, &hex("STATISTICS"));
    let numbers: Vec<u64> = statistics
        .split('\t')
        .map(|frame| {
            let octets: Vec<u8> = (0..8)
                .map(|at| u8::from_str_radix(&frame[2 * at..2 * at + 2], 16).unwrap())
                .collect();
            u64::from_ne_bytes(octets.try_into().unwrap())
        })
        .collect();
    // A routing id of 5 octets, the empty frame, and "one".
    assert_eq!(numbers, [1, 8, 1, 8, 1, 8, 1, 8]);
    assert_eq!((rep.try_line(), req.try_line()), (None, None));
    assert_eq!(order(&mut control, &hex("RESUME")), "");
    assert_eq!(req.line(), "two");
    assert_eq!(order(&mut control, &hex("TERMINATE")), "");
    device.ended().well();
}

#[test]
fn a_streamer_connects_where_it_is_told_to_and_copies_what_passes() {
    let (mut pull, there) = crate::program::bound("pull", &[]);
    let mut device = start(["device", "streamer", ANY, &format!(">{there}"), "--capture", ANY]);
    let (front, capture) = (device.bound(), device.bound());
    let mut sub = connected("sub", &capture, &[]);
    let mut push = connected("push", &front, &[]);
    loop {
        push.give("work\n");
        assert_eq!(pull.line(), "work");
        if let Some(line) = sub.try_line() {
            assert_eq!(line, "work");
            break;
        }
    }
}

#[test]
fn a_forwarder_passes_what_is_subscribed_to() {
    let mut device = start(["device", "forwarder", ANY, ANY]);
    let (front, back) = (device.bound(), device.bound());
    let mut publisher = connected("xpub", &front, &["--hex"]);
    let mut sub = connected("sub", &back, &["--subscribe", "b"]);
    assert_eq!(publisher.line(), format!("01{}", hex("b")));
    publisher.give(format!("{}\n{}\n", hex("a 1"), hex("b 1")));
    assert_eq!(sub.line(), "b 1");
}
