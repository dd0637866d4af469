//! SIGINT and SIGTERM.

use std::io::{self, Write};
use std::process::Child;

use rustix::io::ioctl_fionbio;
use rustix::process::{Pid, Signal, kill_process};
use rustix::termios::{Action, tcflow};

use crate::program::{command, finish, wait_for_output};
use crate::scratch::Scratch;
use crate::terminal::terminal;
use crate::watch::Watch;

/// Longer than any test waits.
const ENDLESS: u64 = 1 << 40;

const BOTH: [(Signal, i32); 2] = [(Signal::INT, 130), (Signal::TERM, 143)];

fn send(child: &Child, signal: Signal) {
    kill_process(Pid::from_child(child), signal).unwrap();
}

#[test]
fn a_signal_ends_the_work_and_leaves_no_out() {
    for (signal, status) in BOTH {
        for workers in ["1", "4"] {
            let scratch = Scratch::with_some_files();
            let endless = scratch.hole("endless", ENDLESS);
            let before = scratch.names("");
            let watch = Watch::new();
            let endless = watch.add(&endless);

            let mut command = command([scratch.path()]);
            command.arg("--out").arg(scratch.at("report")).args(["--workers", workers]);
            let child = command.spawn().unwrap();
            watch.wait_for_open(endless);
            send(&child, signal);

            let ended = finish(child);
            assert_eq!(ended.status, Some(status), "{}", ended.stderr);
            assert!(ended.complaints().is_empty(), "{}", ended.stderr);
            ended.figures();
            assert_eq!(scratch.names(""), before);
        }
    }
}

#[test]
fn a_signal_keeps_the_report_that_was_there() {
    let scratch = Scratch::new();
    let endless = scratch.hole("endless", ENDLESS);
    let out = scratch.file("report", "of yesterday");
    let watch = Watch::new();
    let endless = watch.add(&endless);
    let child = command([scratch.path()]).arg("--out").arg(&out).spawn().unwrap();
    watch.wait_for_open(endless);
    send(&child, Signal::TERM);
    assert_eq!(finish(child).status, Some(143));
    assert_eq!(std::fs::read(&out).unwrap(), b"of yesterday");
    assert_eq!(scratch.names(""), [&b"endless"[..], b"report"]);
}

#[test]
fn a_signal_ends_it_while_nobody_reads_the_report() {
    let scratch = Scratch::new();
    // More than a pipe holds.
    for n in 0..3_000 {
        scratch.file(format!("file-{n}"), "");
    }
    for (signal, status) in BOTH {
        let mut child = command([scratch.path()]).spawn().unwrap();
        wait_for_output(&mut child);
        send(&child, signal);
        // Still open, and nobody reads from it.
        let stdout = child.stdout.take();
        let ended = finish(child);
        drop(stdout);
        assert_eq!(ended.status, Some(status), "{}", ended.stderr);
        assert_eq!(ended.figures()["files"], 3_000.0);
    }
}

/// No signal could end it, and its end by force left the growing file behind.
#[test]
fn a_signal_ends_it_while_nobody_reads_standard_error() {
    for (signal, status) in BOTH {
        let scratch = Scratch::new();
        let watch = Watch::new();
        let endless = watch.add(&scratch.hole("endless", ENDLESS));
        let (_reader, mut full) = io::pipe().unwrap();
        ioctl_fionbio(&full, true).unwrap();
        while full.write(&[b'x'; 4096]).is_ok() {}
        ioctl_fionbio(&full, false).unwrap();

        let mut command = command([scratch.path()]);
        command.arg("--out").arg(scratch.at("report")).stderr(full);
        let child = command.spawn().unwrap();
        watch.wait_for_open(endless);
        send(&child, signal);
        assert_eq!(finish(child).status, Some(status));
        assert_eq!(scratch.names(""), [b"endless"]);
    }
}

/// As above.
#[test]
fn a_signal_ends_it_on_a_terminal_that_is_stopped() {
    let scratch = Scratch::new();
    let watch = Watch::new();
    // More than are in flight at once: the walk does not end, at which it would wait for the bar.
    for n in 0..40 {
        watch.add(&scratch.hole(format!("{n}"), ENDLESS));
    }
    let (_outside, inside) = terminal();
    tcflow(&inside, Action::OOff).unwrap();

    let mut command = command([scratch.path()]);
    command.arg("--out").arg(scratch.at("report")).args(["--workers", "1"]);
    let child = command.stderr(inside).env("TERM", "xterm").spawn().unwrap();
    watch.wait(|event| event.opened);
    send(&child, Signal::TERM);
    assert_eq!(finish(child).status, Some(143));
    assert_eq!(scratch.names("").len(), 40);
}
