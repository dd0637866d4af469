//! REQ and REP.

use crate::program::{bound, connected, start};

#[test]
fn each_request_is_a_line_and_so_is_each_answer() {
    let (mut rep, endpoint) = bound("rep", &["--count", "2"]);
    rep.give("one\ntwo\tframes\n");
    let mut req = connected("req", &endpoint, &[]);
    req.give("a\nb\n");
    req.end_input();
    assert_eq!((req.line(), req.line()), ("one".into(), "two\tframes".into()));
    assert_eq!((rep.line(), rep.line()), ("a".into(), "b".into()));
    // After the last reply there is nothing that could still come.
    req.ended().well();
    rep.ended().well();
}

#[test]
fn the_next_request_is_sent_after_the_reply() {
    let (mut rep, endpoint) = bound("rep", &[]);
    let mut req = connected("req", &endpoint, &[]);
    req.give("a\nb\n");
    assert_eq!(rep.line(), "a");
    assert_eq!(rep.try_line(), None);
    rep.give("1\n");
    assert_eq!(req.line(), "1");
    assert_eq!(rep.line(), "b");
}

#[test]
fn a_request_without_a_line_to_answer_it_ends_it() {
    let (mut rep, endpoint) = bound("rep", &[]);
    rep.end_input();
    let mut req = connected("req", &endpoint, &[]);
    req.give("a\n");
    assert_eq!(rep.line(), "a");
    rep.ended().badly(1, "no line left");
}

/// The first peer takes the request and dies; the second, at the same place, is asked again.
#[test]
fn a_request_whose_peer_is_lost_is_asked_again() {
    let directory = tempfile::tempdir().unwrap();
    let endpoint = format!("ipc://{}", directory.path().join("here").display());
    let mut rep = start(["sock", "rep", "--bind", &endpoint]);
    rep.bound();
    let mut req = connected("req", &endpoint, &["--count", "1"]);
    req.give("question\n");
    assert_eq!(rep.line(), "question");
    rep.kill();
    assert!(req.remark().contains("line 1: the peer is gone; asking again"));
    let mut rep = start(["sock", "rep", "--bind", &endpoint, "--count", "1"]);
    rep.give("answer\n");
    assert_eq!(req.line(), "answer");
    req.ended().well();
}
