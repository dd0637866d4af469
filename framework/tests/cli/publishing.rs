//! PUB, SUB, XPUB and XSUB.

use crate::program::{Program, bound, connected};

/// Publishes until all of `subscribers` have printed something, and gives their first lines.
fn publish_until_heard(
    publisher: &mut Program,
    lines: &str,
    subscribers: &mut [Program],
) -> Vec<String> {
    let mut first = vec![None; subscribers.len()];
    while first.iter().any(Option::is_none) {
        publisher.give(lines);
        for (first, subscriber) in first.iter_mut().zip(&mut *subscribers) {
            *first = first.take().or_else(|| subscriber.try_line());
        }
    }
    first.into_iter().flatten().collect()
}

#[test]
fn a_sub_takes_everything_or_what_begins_with_its_prefixes() {
    let (mut publisher, endpoint) = bound("pub", &[]);
    let mut subscribers = [
        connected("sub", &endpoint, &["--subscribe", "b", "--subscribe", "c"]),
        connected("sub", &endpoint, &[]),
    ];
    let lines = "a 1\nb 1\ttwo frames\nc 1\n";
    publish_until_heard(&mut publisher, lines, &mut subscribers);
    let [some, all] = &mut subscribers;
    publisher.give("a end\nc end\n");
    let mut seen = [false; 2];
    loop {
        let line = some.line();
        assert!(!line.starts_with('a'), "{line}");
        seen[0] |= line == "b 1\ttwo frames";
        if line == "c end" {
            break;
        }
    }
    while all.line() != "a end" {
        seen[1] = true;
    }
    assert_eq!(seen, [true; 2]);
}

#[test]
fn an_xpub_prints_subscriptions_and_an_xsub_sends_them() {
    let (mut xpub, endpoint) = bound("xpub", &["--hex"]);
    let mut xsub = connected("xsub", &endpoint, &["--hex"]);
    xsub.give("01aa\n");
    assert_eq!(xpub.line(), "01aa");
    xpub.give("bb\t01\naabb\t02\n");
    assert_eq!(xsub.line(), "aabb\t02");
    xsub.give("00aa\n");
    assert_eq!(xpub.line(), "00aa");
}

#[test]
fn an_xsub_subscribes_by_option_as_well() {
    let (mut xpub, endpoint) = bound("xpub", &["--hex"]);
    let _xsub = connected("xsub", &endpoint, &["--subscribe", "ab"]);
    assert_eq!(xpub.line(), "016162");
}

#[test]
fn a_pub_counts_what_it_sends_though_nobody_listens() {
    let (mut publisher, _) = bound("pub", &["--count", "2"]);
    publisher.give("one\ntwo\n");
    publisher.ended().well();
}
