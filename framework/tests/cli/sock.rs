//! Lines in, messages out, and the other way round.

use crate::program::{bound, connected, start};

#[test]
fn each_line_is_a_message_and_each_message_a_line() {
    let (mut pull, endpoint) = bound("pull", &["--count", "4"]);
    let mut push = connected("push", &endpoint, &[]);
    // An empty line is a message; so is a last line without LF.
    push.give("one\n\ntwo\tframes\nlast");
    push.end_input();
    push.ended().well();
    for line in ["one", "", "two\tframes", "last"] {
        assert_eq!(pull.line(), line);
    }
    pull.ended().well();
}

#[test]
fn the_type_may_be_in_upper_case_and_the_endpoint_ipc() {
    let directory = tempfile::tempdir().unwrap();
    let endpoint = format!("ipc://{}", directory.path().join("here").display());
    let mut pull = start(["sock", "PULL", "--bind", &endpoint, "--count", "1"]);
    assert_eq!(pull.bound(), endpoint);
    let mut push = connected("Push", &endpoint, &[]);
    push.give("hello\n");
    assert_eq!(pull.line(), "hello");
    pull.ended().well();
}

#[test]
fn all_octets_pass_unchanged_but_lf() {
    let (mut pull, endpoint) = bound("pull", &[]);
    let mut push = connected("push", &endpoint, &[]);
    let octets: Vec<u8> = (0..=255).filter(|octet| *octet != b'\n').cycle().take(10_000).collect();
    push.give(&octets);
    push.end_input();
    assert_eq!(pull.octets(), octets);
    push.ended().well();
}

#[test]
fn several_endpoints_are_bound_and_printed_and_connected() {
    let any = "tcp://127.0.0.1:0";
    let mut pull = start(["sock", "pull", "--bind", any, "--bind", any, "--count", "2"]);
    let (one, other) = (pull.bound(), pull.bound());
    assert_ne!(one, other);
    let mut push = start(["sock", "push", "--connect", &one, "--connect", &other]);
    push.give("a\nb\n");
    push.end_input();
    let mut lines = [pull.line(), pull.line()];
    lines.sort();
    assert_eq!(lines, ["a", "b"]);
    push.ended().well();
    pull.ended().well();
}

#[test]
fn hexadecimal_goes_in_and_comes_out() {
    let (mut pull, endpoint) = bound("pull", &["--hex"]);
    let mut push = connected("push", &endpoint, &["--hex"]);
    push.give("0A09FF\t\t00\n");
    assert_eq!(pull.line(), "0a09ff\t\t00");
}

#[test]
fn a_line_that_is_not_hexadecimal_ends_it_with_its_number() {
    for (line, words) in [("001\n", "line 2: a frame has an odd number"), ("0x\n", "line 2: ")] {
        let (_pull, endpoint) = bound("pull", &[]);
        let mut push = connected("push", &endpoint, &["--hex"]);
        push.give("00\n");
        push.give(line);
        push.ended().badly(2, words);
    }
}

#[test]
fn a_frame_that_looks_like_two_is_remarked_on_once() {
    let (mut pull, endpoint) = bound("pull", &[]);
    let mut push = connected("push", &endpoint, &["--hex"]);
    push.give("610962\n610962\n63\n");
    for line in ["a\tb", "a\tb", "c"] {
        assert_eq!(pull.line(), line);
    }
    assert!(pull.remark().contains("use --hex"));
    push.end_input();
    push.ended().well();
}

#[test]
fn dealers_talk_both_ways_at_once() {
    let (mut one, endpoint) = bound("dealer", &[]);
    let mut other = connected("dealer", &endpoint, &[]);
    for number in 0..10 {
        one.give(format!("there {number}\n"));
        other.give(format!("and back {number}\n"));
    }
    for number in 0..10 {
        assert_eq!(one.line(), format!("and back {number}"));
        assert_eq!(other.line(), format!("there {number}"));
    }
}

#[test]
fn an_echo_sends_back_what_came_and_prints_it() {
    for (echo, asks) in
        [("rep", "req"), ("dealer", "dealer"), ("router", "dealer"), ("pair", "pair")]
    {
        let (mut echoing, endpoint) = bound(echo, &["--echo", "--count", "2"]);
        let mut asking = connected(asks, &endpoint, &["--count", "2"]);
        asking.give("one\ntwo\tframes\n");
        assert_eq!(asking.line(), "one", "{echo}");
        assert_eq!(asking.line(), "two\tframes", "{echo}");
        assert!(echoing.line().ends_with("one"), "{echo}");
        assert!(echoing.line().ends_with("two\tframes"), "{echo}");
        asking.ended().well();
        echoing.ended().well();
    }
}

#[test]
fn a_router_has_the_routing_id_first_in_and_out() {
    let (mut router, endpoint) = bound("router", &["--hex"]);
    let mut dealer = connected("dealer", &endpoint, &[]);
    dealer.give("hi\n");
    let line = router.line();
    let (id, message) = line.split_once('\t').unwrap();
    assert_eq!(message, "6869");
    // Nobody has the first of these names, and the second line is for one who is there.
    router.give(format!("beef\t00\n{id}\t796f\n"));
    assert_eq!(dealer.line(), "yo");
    assert!(router.remark().contains("line 1 is dropped: no peer has this routing id"));
}

#[test]
fn a_routers_line_without_a_message_is_refused() {
    let (mut router, _) = bound("router", &[]);
    router.give("name\n");
    router.ended().badly(2, "line 1: a ROUTER's line");
}
