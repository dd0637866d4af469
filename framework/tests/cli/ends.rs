//! When it ends, and how.

use crate::program::{bound, connected, start, start_unread};

#[test]
fn a_push_sends_what_waits_before_it_ends() {
    let directory = tempfile::tempdir().unwrap();
    let endpoint = format!("ipc://{}", directory.path().join("here").display());
    let mut push = connected("push", &endpoint, &[]);
    push.give("early\n");
    push.end_input();
    // Only now is there anybody to send it to.
    let mut pull = start(["sock", "pull", "--bind", &endpoint, "--count", "1"]);
    pull.bound();
    assert_eq!(pull.line(), "early");
    push.ended().well();
    pull.ended().well();
}

#[test]
fn many_lines_all_arrive() {
    const LINES: usize = 20_000;
    let (mut pull, endpoint) = bound("pull", &["--count", "20000"]);
    let mut push = connected("push", &endpoint, &[]);
    let text: String = (0..LINES).map(|number| format!("line {number}\n")).collect();
    push.give(text);
    push.end_input();
    push.ended().well();
    for number in 0..LINES {
        assert_eq!(pull.line(), format!("line {number}"));
    }
    pull.ended().well();
}

#[test]
fn a_count_of_sent_ends_a_push_whose_input_goes_on() {
    let (mut pull, endpoint) = bound("pull", &[]);
    let mut push = connected("push", &endpoint, &["--count", "2"]);
    push.give("one\ntwo\nthree\n");
    push.ended().well();
    assert_eq!((pull.line(), pull.line()), ("one".into(), "two".into()));
    assert_eq!(pull.try_line(), None);
}

#[test]
fn a_count_of_received_ends_a_pull() {
    let (mut pull, endpoint) = bound("pull", &["--count", "2"]);
    let mut push = connected("push", &endpoint, &[]);
    push.give("one\ntwo\nthree\n");
    let ended = {
        assert_eq!((pull.line(), pull.line()), ("one".into(), "two".into()));
        pull.ended()
    };
    ended.well();
    assert_eq!(ended.stdout, [""; 0]);
}

#[test]
fn without_input_a_push_ends_and_a_dealer_goes_on_receiving() {
    let (mut push, _) = bound("push", &[]);
    push.end_input();
    push.ended().well();

    let (mut dealer, endpoint) = bound("dealer", &["--count", "1"]);
    dealer.end_input();
    let mut other = connected("dealer", &endpoint, &[]);
    other.give("still there?\n");
    assert_eq!(dealer.line(), "still there?");
    dealer.ended().well();
}

#[test]
fn no_progress_for_too_long_is_a_failure() {
    for socket_type in ["pull", "sub", "rep", "req", "dealer", "push"] {
        let (program, _) = bound(socket_type, &["--timeout", "0.2"]);
        program.ended().badly(1, "nothing was sent or received for 200ms");
    }
}

#[test]
fn what_cannot_be_sent_in_time_is_a_failure() {
    let directory = tempfile::tempdir().unwrap();
    let endpoint = format!("ipc://{}", directory.path().join("nobody").display());
    let mut push = connected("push", &endpoint, &["--timeout", "0.2"]);
    push.give("anybody?\n");
    push.end_input();
    push.ended().badly(1, "not all could be sent");
}

#[test]
fn progress_puts_the_timeout_off() {
    let (mut pull, endpoint) = bound("pull", &["--timeout", "1"]);
    let mut push = connected("push", &endpoint, &[]);
    let start = std::time::Instant::now();
    // Messages come for longer than the timeout, each as soon as the last is there.
    while start.elapsed() < std::time::Duration::from_millis(1500) {
        push.give("more\n");
        assert_eq!(pull.line(), "more");
    }
    pull.ended().badly(1, "nothing was sent or received for 1s");
}

#[test]
fn an_output_that_nobody_reads_ends_it_without_a_word() {
    let mut pull = start_unread(["sock", "pull", "--bind", "tcp://127.0.0.1:0"]);
    let endpoint = pull.bound();
    let mut push = connected("push", &endpoint, &[]);
    push.give("one\ntwo\n");
    pull.ended().well();
}

#[test]
fn input_that_is_still_open_keeps_nobody_waiting() {
    let (mut rep, endpoint) = bound("rep", &["--count", "1"]);
    let mut req = connected("req", &endpoint, &["--count", "1"]);
    rep.give("answer\n");
    req.give("question\n");
    assert_eq!(req.line(), "answer");
    rep.ended().well();
    req.ended().well();
}
