//! Workers that crash, and a report that does not show it.

use std::path::Path;

use sha2::{Digest, Sha256};

use crate::program::run;
use crate::scratch::{Scratch, contents, expected_of};

/// The documented rule, once more.
fn predicted(root: &Path, probability: f64, seed: u64) -> f64 {
    let struck = |path: &[u8]| {
        let hash = Sha256::digest([&seed.to_be_bytes(), path].concat());
        let head = u64::from_be_bytes(hash[..8].try_into().unwrap());
        (head as f64 / 2_f64.powi(64)) < probability
    };
    contents(root).iter().filter(|(path, _)| struck(path)).count() as f64
}

fn many_files() -> Scratch {
    let scratch = Scratch::with_some_files();
    for n in 0..400 {
        scratch.file(format!("many/{n}"), format!("file {n}\n").repeat(n));
    }
    scratch.file("larger", "a larger file\n".repeat(320_000));
    scratch
}

#[test]
fn the_report_and_the_number_of_crashes_do_not_depend_on_the_workers() {
    let scratch = many_files();
    let expected = expected_of(scratch.path());
    for (probability, seed) in [("0.3", "1"), ("0.3", "2"), ("0.01", "3")] {
        let crashes =
            predicted(scratch.path(), probability.parse().unwrap(), seed.parse().unwrap());
        assert!(crashes > 0.0);
        for workers in ["1", "2", "16"] {
            let flags = ["--chaos", probability, "--seed", seed, "--workers", workers];
            let ended = run(scratch.path(), &flags);
            ended.assert_whole();
            assert!(ended.stdout == expected);
            assert_eq!(ended.figures()["restarts"], crashes, "{flags:?}");
            assert_eq!(ended.figures()["retries"], crashes, "{flags:?}");
        }
    }
}

#[test]
fn every_file_may_crash_its_worker() {
    let scratch = many_files();
    let files = contents(scratch.path()).len() as f64;
    for workers in ["1", "2", "16", "100"] {
        let ended = run(scratch.path(), &["--chaos", "1.0", "--workers", workers]);
        ended.assert_whole();
        assert!(ended.stdout == expected_of(scratch.path()));
        assert_eq!((ended.figures()["restarts"], ended.figures()["retries"]), (files, files));
    }
}

#[test]
fn without_chaos_nothing_crashes() {
    let scratch = many_files();
    for flags in [&["--chaos", "0"][..], &["--seed", "9"]] {
        let ended = run(scratch.path(), flags);
        ended.assert_whole();
        assert_eq!((ended.figures()["restarts"], ended.figures()["retries"]), (0.0, 0.0));
    }
}
