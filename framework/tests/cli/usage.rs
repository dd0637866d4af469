//! What it is asked for wrongly.

use crate::program::{bound, run};

#[test]
fn a_wrong_command_line_is_one_line_and_status_two() {
    let any = "tcp://127.0.0.1:0";
    let cases: &[(&[&str], &str)] = &[
        (&[], "subcommand"),
        (&["sick"], "sick"),
        (&["sock"], "<TYPE>"),
        (&["sock", "stream", "--bind", any], "the types are push, pull"),
        (&["sock", "pull"], "--bind"),
        (&["sock", "pull", "--bind", "nowhere"], "`nowhere` is no endpoint"),
        (&["sock", "pull", "--bind", "tcp://127.0.0.1:99999"], "port"),
        (&["sock", "pull", "--connect", "tcp://127.0.0.1:0"], "nowhere to connect to"),
        (&["sock", "pull", "--bind", any, "--what"], "--what"),
        (&["sock", "pull", "--bind", any, "--what\nnow"], "--what now"),
        (&["sock", "pull", "--bind", any, "--count", "0"], "--count"),
        (&["sock", "pull", "--bind", any, "--count", "many"], "many"),
        (&["sock", "pull", "--bind", any, "--timeout", "0"], "a number of seconds above 0"),
        (&["sock", "pull", "--bind", any, "--timeout", "-1"], "-1"),
        (&["sock", "pull", "--bind", any, "--timeout", "NaN"], "a number of seconds"),
        (&["sock", "pull", "--bind", any, "--echo"], "--echo is for"),
        (&["sock", "pull", "--bind", any, "--subscribe", "a"], "--subscribe is for"),
        (&["sock", "pull", "--bind", "ipc:///no/such/directory/here"], "cannot listen at"),
        (&["sock", "pull", "--bind", "tcp://0.0.0.0:0"], "can be reached from other hosts"),
        (&["device", "mixer", any, any], "mixer"),
        (&["device", "queue", any], "<BACKEND>"),
        (&["device", "queue", ">tcp://127.0.0.1:0", any], "nowhere to connect to"),
        (&["keygen"], "--out"),
        (&["bench", "thr", "bind", any, "64"], "<COUNT>"),
        (&["bench", "thr", "bind", any, "64", "0"], "0"),
        (&["bench", "thr", "bind", any, "4000000000", "1"], "4000000000"),
        (&["bench", "lat", "sideways", any, "64", "1"], "sideways"),
    ];
    for (arguments, words) in cases {
        let ended = run(*arguments);
        ended.badly(2, words);
        assert_eq!(ended.stdout, [""; 0], "{arguments:?}");
    }
}

#[test]
fn an_endpoint_in_use_is_refused() {
    let (_first, endpoint) = bound("pull", &[]);
    run(["sock", "pull", "--bind", &endpoint]).badly(2, &endpoint);
}

#[test]
fn insecure_binds_are_made_when_they_are_allowed() {
    let endpoint = "tcp://0.0.0.0:0";
    let ended = run(["sock", "pull", "--bind", endpoint, "--allow-insecure", "--timeout", "0.1"]);
    assert_eq!(ended.status, Some(1));
    assert!(ended.stderr[0].starts_with("bound tcp://0.0.0.0:"), "{ended:?}");
}

#[test]
fn help_and_version_are_printed_and_fine() {
    for arguments in [
        &["--help"][..],
        &["--version"],
        &["sock", "--help"],
        &["device", "--help"],
        &["keygen", "--help"],
        &["bench", "thr", "--help"],
    ] {
        let ended = run(arguments);
        ended.well();
        assert!(!ended.stdout.is_empty(), "{arguments:?}");
    }
    // Not only what each option is, but how the types differ.
    let help = run(["sock", "--help"]).stdout.join("\n");
    assert!(help.contains("asks again"), "{help}");
    assert_eq!(run(["--version"]).stdout, [format!("millhand {}", env!("CARGO_PKG_VERSION"))]);
}
