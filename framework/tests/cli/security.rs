//! PLAIN, CURVE and the keys for it.

use std::path::{Path, PathBuf};

use millhand::net::certificate::Certificate;

use crate::program::{bound, connected, run};

struct Keys(tempfile::TempDir);

impl Keys {
    fn new() -> Keys {
        Keys(tempfile::tempdir().unwrap())
    }

    fn at(&self, name: &str) -> String {
        self.0.path().join(name).display().to_string()
    }

    /// Makes a certificate with the program itself: its public and its secret file.
    fn make(&self, name: &str) -> [String; 2] {
        let ended = run(["keygen", "--out", &self.at(name)]);
        ended.well();
        ended.stdout.try_into().unwrap()
    }

    fn write(&self, name: &str, text: &str) -> String {
        std::fs::write(self.0.path().join(name), text).unwrap();
        self.at(name)
    }
}

#[test]
fn keygen_writes_two_files_and_prints_their_paths() {
    let keys = Keys::new();
    let [public, secret] = keys.make("mill");
    assert_eq!((&public, &secret), (&keys.at("mill.key"), &keys.at("mill.key_secret")));
    let certificate = Certificate::load(&secret).unwrap();
    assert!(certificate.key_pair().unwrap().check().is_ok());
    assert_eq!(Certificate::load(&public).unwrap().public(), certificate.public());
    assert!(Certificate::load(&public).unwrap().key_pair().is_none());
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(&secret).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}

#[test]
fn keygen_never_writes_over_a_file() {
    let keys = Keys::new();
    let read = |path: &String| std::fs::read(Path::new(path)).unwrap();
    let [public, secret] = keys.make("mill");
    let before = (read(&public), read(&secret));
    run(["keygen", "--out", &keys.at("mill")]).badly(2, "exists already");
    assert_eq!((read(&public), read(&secret)), before);
    // Nor over one of the two alone, and then it leaves no other behind.
    let lone = PathBuf::from(keys.write("lone.key", "mine"));
    run(["keygen", "--out", &keys.at("lone")]).badly(2, "exists already");
    assert!(!lone.with_extension("key_secret").exists());
    run(["keygen", "--out", &keys.at("no/such/directory")]).badly(2, "could not create");
}

#[test]
fn plain_lets_in_who_has_the_password() {
    let keys = Keys::new();
    let users = keys.write("users", "ann:secret\nbob:with:colon\n");
    let (mut pull, endpoint) = bound("pull", &["--plain-server", &users]);
    for (user, password) in [("ann", "secret"), ("bob", "with:colon")] {
        let options = ["--plain-user", user, "--plain-password", password];
        let mut push = connected("push", &endpoint, &options);
        push.give(format!("{user}\n"));
        push.end_input();
        assert_eq!(pull.line(), user);
        push.ended().well();
    }
}

#[test]
fn who_is_refused_says_so_and_ends() {
    let keys = Keys::new();
    let users = keys.write("users", "ann:secret\n");
    let (mut pull, endpoint) = bound("pull", &["--plain-server", &users]);
    for (user, password) in [("ann", "guess"), ("eve", "secret")] {
        let options = ["--plain-user", user, "--plain-password", password];
        let ended = connected("push", &endpoint, &options).ended();
        assert_eq!(ended.status, Some(1), "{ended:?}");
        assert!(ended.stderr.last().unwrap().contains("has refused"), "{ended:?}");
    }
    assert!(pull.remark().contains("not allowed in (400)"));
    assert_eq!(pull.try_line(), None);
}

/// One whose input had ended once closed its socket before it had heard of the refusal, and ended well.
#[test]
fn who_is_refused_says_so_though_nothing_is_left_to_be_sent() {
    let keys = Keys::new();
    let users = keys.write("users", "ann:secret\n");
    let (_pull, endpoint) = bound("pull", &["--plain-server", &users]);
    for _ in 0..20 {
        let options = ["--plain-user", "ann", "--plain-password", "guess"];
        let mut push = connected("push", &endpoint, &options);
        push.give("dust\n");
        push.end_input();
        let ended = push.ended();
        assert_eq!(ended.status, Some(1), "{ended:?}");
        assert!(ended.stderr.last().unwrap().contains("has refused"), "{ended:?}");
    }
}

#[test]
fn a_curve_client_needs_the_servers_key_as_a_file_or_as_text() {
    let keys = Keys::new();
    let [server_public, server_secret] = keys.make("server");
    let [client_public, client_secret] = keys.make("client");
    let options = ["--curve-server", "--curve-key", &server_secret];
    let (mut pull, endpoint) = bound("pull", &options);
    let text = Certificate::load(&server_public).unwrap().public().to_string();
    for server in [&server_public, &text] {
        let options = ["--curve-key", &client_secret, "--curve-server-key", server];
        let mut push = connected("push", &endpoint, &options);
        push.give("sealed\n");
        push.end_input();
        assert_eq!(pull.line(), "sealed");
        push.ended().well();
    }
    // The key of somebody else.
    let options = ["--curve-key", &client_secret, "--curve-server-key", &client_public];
    let mut push = connected("push", &endpoint, &[&options[..], &["--timeout", "0.5"]].concat());
    push.give("not for you\n");
    push.end_input();
    assert_eq!(push.ended().status, Some(1));
    assert_eq!(pull.try_line(), None);
}

#[test]
fn a_curve_server_lets_in_whose_certificates_it_has() {
    let keys = Keys::new();
    let [server_public, server_secret] = keys.make("server");
    std::fs::create_dir(keys.at("allowed")).unwrap();
    let [_, friend] = keys.make("allowed/friend");
    let [_, stranger] = keys.make("stranger");
    let allowed = keys.at("allowed");
    let options = ["--curve-server", "--curve-key", &server_secret, "--curve-allow", &allowed];
    let (mut pull, endpoint) = bound("pull", &options);
    let as_client = |key| ["--curve-key", key, "--curve-server-key", &server_public];
    let ended = connected("push", &endpoint, &as_client(&stranger)).ended();
    assert_eq!(ended.status, Some(1), "{ended:?}");
    assert!(pull.remark().contains("400"));
    let mut push = connected("push", &endpoint, &as_client(&friend));
    push.give("friend\n");
    push.end_input();
    assert_eq!(pull.line(), "friend");
    push.ended().well();
}

#[test]
fn faults_of_keys_and_users_are_one_line_and_status_two() {
    let keys = Keys::new();
    let [public, secret] = keys.make("mill");
    let no_colon = keys.write("users", "ann:secret\nbob\n");
    let broken = keys.write("broken.key_secret", "curve\n    public-key = \"short\"\n");
    let missing = keys.at("missing");
    let z85 = "0".repeat(39) + "\"";
    let cases: &[(&[&str], &str)] = &[
        (&["--curve-server", "--curve-key", &missing], "could not read"),
        (&["--curve-server", "--curve-key", &public], "has no secret key"),
        (&["--curve-server", "--curve-key", &broken], "line 2"),
        (&["--curve-server"], "--curve-key"),
        (&["--curve-key", &secret], "--curve-key needs"),
        (&["--curve-server-key", &public], "--curve-key"),
        (&["--curve-key", &secret, "--curve-server-key", &missing], "could not read"),
        (&["--curve-key", &secret, "--curve-server-key", &z85], "--curve-server-key"),
        (
            &["--curve-key", &secret, "--curve-server", "--curve-server-key", &public],
            "cannot be used",
        ),
        (&["--curve-server", "--curve-key", &secret, "--curve-allow", &missing], "could not list"),
        (&["--plain-server", &no_colon], "line 2: there is no colon"),
        (&["--plain-server", &missing], "could not read"),
        (&["--plain-user", "ann"], "--plain-password"),
        (&["--plain-password", "secret"], "--plain-user"),
        (
            &["--plain-server", &no_colon, "--plain-user", "a", "--plain-password", "b"],
            "cannot be used",
        ),
    ];
    for (options, words) in cases {
        let arguments = [&["sock", "pull", "--bind", "tcp://127.0.0.1:0"], *options].concat();
        run(arguments).badly(2, words);
    }
}
