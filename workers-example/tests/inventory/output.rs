//! Where the report goes.

use std::fs;
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt, symlink};
use std::os::unix::net::UnixListener;
use std::thread;

use rustix::fs::{CWD, Mode, mkfifoat};

use crate::program::{command, finish, run, run_unprivileged, wait_for_output};
use crate::scratch::{Scratch, expected, expected_of};

#[test]
fn out_appears_whole_and_leaves_standard_output_empty() {
    let scratch = Scratch::with_some_files();
    let aside = Scratch::new();
    let out = aside.at("report");
    let ended = run(scratch.path(), &["--out", out.to_str().unwrap()]);
    ended.assert_whole();
    assert_eq!(ended.stdout, b"");
    assert!(fs::read(&out).unwrap() == expected_of(scratch.path()));
    assert_eq!(aside.names(""), [b"report"]);
}

#[test]
fn out_inside_dir_is_not_listed_and_replaces_its_predecessor() {
    let scratch = Scratch::new();
    scratch.file("file", "content");
    scratch.file("below/report", "the same name elsewhere");
    let out = scratch.at("report");
    let listed = expected(&[("file", "content"), ("below/report", "the same name elsewhere")]);
    for _ in 0..2 {
        let ended = run(scratch.path(), &["--out", out.to_str().unwrap()]);
        ended.assert_whole();
        assert_eq!(fs::read(&out).unwrap(), listed);
        assert_eq!(scratch.names(""), [&b"below"[..], b"file", b"report"]);
    }
}

#[test]
fn out_is_known_however_its_directory_is_reached() {
    let scratch = Scratch::new();
    scratch.file("tree/file", "content");
    scratch.directory("tree/below");
    symlink("tree/below", scratch.at("shortcut")).unwrap();
    let listed = expected(&[("file", "content")]);
    for out in ["shortcut/report", "tree/below/../below/report"] {
        for _ in 0..2 {
            let ended = run(&scratch.at("tree"), &["--out", scratch.at(out).to_str().unwrap()]);
            ended.assert_whole();
            assert_eq!(fs::read(scratch.at(out)).unwrap(), listed);
        }
    }
    // Without a directory in its name, it is in the current one.
    let mut command = command([".", "--out", "report"]);
    let ended = finish(command.current_dir(scratch.at("tree/below")).spawn().unwrap());
    ended.assert_whole();
    assert_eq!(fs::read(scratch.at("tree/below/report")).unwrap(), b"");
}

#[test]
fn out_keeps_its_link_and_its_mode() {
    let scratch = Scratch::new();
    scratch.directory("tree");
    let old = scratch.file("kept/old", "old");
    scratch.allow("kept/old", 0o640);
    symlink("kept/old", scratch.at("link")).unwrap();
    run(&scratch.at("tree"), &["--out", scratch.at("link").to_str().unwrap()]).assert_whole();
    assert!(fs::symlink_metadata(scratch.at("link")).unwrap().is_symlink());
    let metadata = fs::metadata(&old).unwrap();
    assert_eq!((metadata.len(), metadata.permissions().mode() & 0o777), (0, 0o640));

    // A new one has the mode of any new file.
    scratch.file("new-file", "");
    run(&scratch.at("tree"), &["--out", scratch.at("new").to_str().unwrap()]).assert_whole();
    let modes = ["new-file", "new"].map(|name| fs::metadata(scratch.at(name)).unwrap().mode());
    assert_eq!(modes[0], modes[1]);
}

/// It once replaced a link that led to nothing.
#[test]
fn out_given_by_a_link_to_nothing_makes_what_the_link_names() {
    for target in ["tree/new", "tree/below/new", "aside/new"] {
        let scratch = Scratch::new();
        scratch.file("tree/below/file", "content");
        scratch.directory("aside");
        // One link after the other, relative to a directory and to the root, inside DIR and outside.
        symlink(scratch.at(target), scratch.at("tree/second")).unwrap();
        symlink("../tree/./second", scratch.at("aside/third")).unwrap();
        symlink("aside", scratch.at("shortcut")).unwrap();
        symlink("shortcut/third", scratch.at("first")).unwrap();
        for _ in 0..2 {
            let out = scratch.at("first");
            run(&scratch.at("tree"), &["--out", out.to_str().unwrap()]).assert_whole();
            let made = fs::symlink_metadata(scratch.at(target)).unwrap();
            assert!(made.is_file());
            let listed = expected(&[("below/file", "content")]);
            assert_eq!(fs::read(scratch.at(target)).unwrap(), listed);
            for link in ["first", "aside/third", "tree/second"] {
                assert!(fs::symlink_metadata(scratch.at(link)).unwrap().is_symlink(), "{link}");
            }
        }
        let names = ["", "tree", "tree/below", "aside"].map(|path| scratch.names(path).len());
        assert_eq!(names.iter().sum::<usize>(), 9, "nothing else is left");
    }
}

#[test]
fn out_that_cannot_be_written_is_refused_before_the_work() {
    let scratch = Scratch::with_some_files();
    let links = Scratch::new();
    symlink("to", links.at("fro")).unwrap();
    symlink("fro", links.at("to")).unwrap();
    symlink("no/such/directory", links.at("nowhere")).unwrap();
    for link in ["to", "nowhere"] {
        let ended = run(scratch.path(), &["--out", links.at(link).to_str().unwrap()]);
        assert_eq!(ended.status, Some(2), "{link}: {}", ended.stderr);
        assert_eq!(ended.stderr.lines().count(), 1, "{}", ended.stderr);
    }
    assert_eq!(links.names("").len(), 3);

    for out in ["no/such/directory", "d0", "empty/below", ".", "new/", "new/."] {
        let ended = run(scratch.path(), &["--out", scratch.at(out).to_str().unwrap()]);
        assert_eq!(ended.status, Some(2), "{out}: {}", ended.stderr);
        assert_eq!(ended.stderr.lines().count(), 1, "{}", ended.stderr);
    }
    assert_eq!(scratch.names("").len(), 4);
}

/// Replaced by a file, the FIFO (or `/dev/null`) would be gone.
#[test]
fn out_that_is_no_file_is_written_to_and_stays() {
    let scratch = Scratch::with_some_files();
    let aside = Scratch::new();
    let fifo = aside.at("fifo");
    mkfifoat(CWD, &fifo, Mode::from(0o666)).unwrap();
    let reader = thread::spawn({
        let fifo = fifo.clone();
        move || fs::read(fifo).unwrap()
    });
    run(scratch.path(), &["--out", fifo.to_str().unwrap()]).assert_whole();
    assert!(reader.join().unwrap() == expected_of(scratch.path()));
    assert!(fs::metadata(fifo).unwrap().file_type().is_fifo());
}

/// It once said so after all files had been read.
#[test]
fn out_that_is_no_file_and_cannot_be_written_is_refused_before_the_work() {
    let scratch = Scratch::with_some_files();
    let aside = Scratch::new();
    let _socket = UnixListener::bind(aside.at("socket")).unwrap();
    mkfifoat(CWD, aside.at("fifo"), Mode::from(0o666)).unwrap();
    aside.allow("fifo", 0o444);
    for (out, why) in [("socket", "a socket"), ("fifo", "Permission denied")] {
        let ended = run_unprivileged(scratch.path(), &["--out", aside.at(out).to_str().unwrap()]);
        assert_eq!(ended.status, Some(2), "{out}: {}", ended.stderr);
        assert_eq!(ended.stderr.lines().count(), 1, "{}", ended.stderr);
        assert!(ended.stderr.contains(&format!("/{out}: {why}")), "{}", ended.stderr);
    }
}

#[test]
fn a_closed_standard_output_ends_it_quietly() {
    let scratch = Scratch::new();
    // More than a pipe holds.
    for n in 0..3_000 {
        scratch.file(format!("file-{n}"), "");
    }
    let mut child = command([scratch.path()]).spawn().unwrap();
    wait_for_output(&mut child);
    drop(child.stdout.take());
    finish(child).assert_whole();
}

#[test]
fn a_closed_standard_error_changes_nothing() {
    let scratch = Scratch::with_some_files();
    let (reader, stderr) = std::io::pipe().unwrap();
    drop(reader);
    let ended = finish(command([scratch.path()]).stderr(stderr).spawn().unwrap());
    assert_eq!(ended.status, Some(0));
    assert!(ended.stdout == expected_of(scratch.path()));
}

#[test]
fn a_standard_output_that_fails_otherwise_is_named() {
    let Ok(full) = fs::File::options().write(true).open("/dev/full") else {
        return;
    };
    let scratch = Scratch::with_some_files();
    let ended = finish(command([scratch.path()]).stdout(full).spawn().unwrap());
    assert_eq!(ended.status, Some(1));
    assert!(ended.complaints()[0].starts_with("inventory: standard output: "), "{}", ended.stderr);
}
