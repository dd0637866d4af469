//! The seeds of the fuzzer, and what it has found, run over what it fuzzes, with the compiler at hand.
//!
//! `tests/fuzz` looks for more. Whatever it finds belongs into `framework/fuzz/seeds/TARGET/`.

/// The bodies of the targets.
#[path = "../../../framework/fuzz/src/lib.rs"]
#[expect(unreachable_pub, reason = "it is a library of its own, too")]
#[allow(dead_code, missing_docs, reason = "the fuzzer and its seeds need all of it")]
mod fuzz;

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

fn seeds() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../framework/fuzz/seeds")
}

/// The names in a folder, in their order.
fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("there are seeds");
    let name = |entry: fs::DirEntry| entry.file_name().into_string().expect("a name of ASCII");
    let mut names: Vec<_> = entries.map(|entry| name(entry.expect("an entry"))).collect();
    names.sort();
    names
}

#[test]
fn every_seed_keeps_the_promises() {
    for (target, _) in fuzz::TARGETS {
        let folder = seeds().join(target);
        for name in names(&folder) {
            let octets = fs::read(folder.join(&name)).expect("a seed can be read");
            let run = catch_unwind(AssertUnwindSafe(|| fuzz::run(target, &octets)));
            assert!(run.is_ok(), "{target} breaks a promise with its seed `{name}`");
        }
    }
}

#[test]
fn every_target_has_seeds_and_every_seed_a_target() {
    let mut targets: Vec<_> = fuzz::TARGETS.iter().map(|(name, _)| *name).collect();
    targets.sort_unstable();
    assert_eq!(names(&seeds()), targets);
    for target in targets {
        assert!(names(&seeds().join(target)).len() > 2, "{target} has too few seeds");
    }
}

#[test]
fn each_beginning_of_a_seed_keeps_the_promises() {
    for (target, _) in fuzz::TARGETS {
        let folder = seeds().join(target);
        for name in names(&folder) {
            let octets = fs::read(folder.join(&name)).expect("a seed can be read");
            for end in (0..octets.len()).step_by(7) {
                fuzz::run(target, &octets[..end]);
            }
        }
    }
}

#[test]
#[should_panic(expected = "octets were held")]
fn memory_beyond_what_came_is_noticed() {
    fuzz::memory::bounded(16, || drop(vec![0_u8; 2 * 1024 * 1024]));
}

#[test]
fn memory_that_was_held_before_does_not_count() {
    let before = vec![0_u8; 2 * 1024 * 1024];
    fuzz::memory::bounded(16, || drop(vec![0_u8; 1024]));
    assert_eq!(before.len(), 2 * 1024 * 1024);
}
