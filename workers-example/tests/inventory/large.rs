//! A file that takes longer than all others together.

use std::collections::HashSet;

use rustix::process::{Pid, Signal, kill_process};

use crate::program::{PROGRAM, command, finish, program};
use crate::scratch::Scratch;
use crate::watch::Watch;

#[test]
fn a_large_file_does_not_hold_up_the_others_of_a_single_worker() {
    let scratch = Scratch::new();
    let watch = Watch::new();
    let large = watch.add(&scratch.hole("large", 1 << 40));
    // More than are in flight at once, in directories on both sides of it.
    let small = |n| watch.add(&scratch.file(format!("{}/{n}", n % 7), "small"));
    let mut waiting: HashSet<i32> = (0..200).map(small).collect();

    let child = command([scratch.path()]).args(["--workers", "1"]).spawn().unwrap();
    let mut large_is_open = false;
    watch.wait(|event| {
        assert!(event.opened || event.file != large, "the large file was finished first");
        large_is_open |= event.file == large;
        if !event.opened {
            waiting.remove(&event.file);
        }
        large_is_open && waiting.is_empty()
    });
    kill_process(Pid::from_child(&child), Signal::TERM).unwrap();
    let ended = finish(child);
    assert_eq!(ended.status, Some(143));
}

/// Each of them stays open until its last turn.
#[test]
fn large_files_need_no_more_descriptors_than_there_are() {
    let scratch = Scratch::new();
    for n in 0..20 {
        scratch.hole(format!("{n}"), TURN + 1);
    }
    // Without what cargo left open.
    let limited = "exec 3>&- 4>&- 5>&- 6>&- 7>&- 8>&- 9>&-; ulimit -n 26; exec \"$0\" \"$@\"";
    let mut command = program("sh", ["-c", limited, PROGRAM]);
    command.arg(scratch.path()).args(["--workers", "1"]);
    let ended = finish(command.spawn().unwrap());
    ended.assert_whole();
    assert_eq!(ended.figures()["files"], 20.0);
}

/// What a hasher reads before others get their turn, in bytes.
const TURN: u64 = 4 * 1024 * 1024;
