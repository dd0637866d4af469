//! What the derives refuse, with the words that they use, and what they must not refuse.
//!
//! `compile_fail/` holds one mistake per file, next to what rustc says about it; `compile_pass/` holds
//! programs that compile, and whose `main` runs. After a change of wording:
//! `TRYBUILD=overwrite cargo test -p millhand-tests --test compile_fail`, then read the difference.

/// G23
#[test]
fn mistakes_are_explained_and_programs_are_accepted() {
    let cases = trybuild::TestCases::new();
    // With programs that run, trybuild builds instead of checking. The mistakes need that, too: those
    // of a generic worker come to light only with its arguments.
    cases.pass("tests/compile_pass/*.rs");
    cases.compile_fail("tests/compile_fail/*.rs");
}
