//! Certificate files: what is written is read, by us and by others.

use std::fs;

use proptest::prelude::*;
use tempfile::TempDir;

use super::*;
use crate::net::wire::keys::KeyError;

/// The pair that the manual pages of ZeroMQ give as their example.
const PUBLIC: &str = "Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID";
const SECRET: &str = "D:)Q[IlAW!ahhC2ac:9*A}h:p?([4%wOTJ%JR%cs";

/// In the form that pyzmq 27.3.0 writes.
const PYZMQ_PUBLIC: &[u8] = include_bytes!("fixtures/pyzmq.key");
const PYZMQ_SECRET: &[u8] = include_bytes!("fixtures/pyzmq.key_secret");

fn directory() -> TempDir {
    tempfile::tempdir().unwrap()
}

fn read(text: &str) -> Result<Certificate, (usize, Problem)> {
    text::read(text.as_bytes())
}

fn problem(text: &str) -> (usize, Problem) {
    read(text).map(drop).unwrap_err()
}

#[test]
fn what_is_saved_is_read_again() {
    let directory = directory();
    let mine = Certificate::generate()
        .with_metadata("email", "mill@example.org")
        .and_then(|mine| mine.with_metadata("motto", "grind \"slowly\" # but = well"))
        .and_then(|mine| mine.with_metadata("email", "miller@example.org"))
        .unwrap();
    let files = mine.save(directory.path().join("mill")).unwrap();
    assert_eq!(files.public, directory.path().join("mill.key"));
    assert_eq!(files.secret, directory.path().join("mill.key_secret"));

    let public = Certificate::load(&files.public).unwrap();
    assert_eq!(public.public(), mine.public());
    assert!(public.key_pair().is_none());
    let secret = Certificate::load(&files.secret).unwrap();
    let pair = secret.key_pair().unwrap();
    pair.check().unwrap();
    assert_eq!(pair.secret.to_z85(), mine.key_pair().unwrap().secret.to_z85());
    for read in [public, secret] {
        assert_eq!(read.get("email"), Some("miller@example.org"));
        assert_eq!(read.get("motto"), Some("grind \"slowly\" # but = well"));
        assert_eq!(read.metadata().count(), 2);
    }
}

#[test]
fn the_public_file_has_no_secret() {
    let directory = directory();
    let mine = Certificate::from_secret(SECRET.parse().unwrap());
    let files = mine.save(directory.path().join("mill")).unwrap();
    let public = fs::read_to_string(files.public).unwrap();
    assert!(public.contains(PUBLIC) && !public.contains(SECRET) && !public.contains("secret-key"));
    assert!(fs::read_to_string(files.secret).unwrap().contains(SECRET));
}

#[cfg(unix)]
#[test]
fn the_secret_file_is_its_owners_alone() {
    use std::os::unix::fs::PermissionsExt;

    let directory = directory();
    let files = Certificate::generate().save(directory.path().join("mill")).unwrap();
    assert_eq!(fs::metadata(files.secret).unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn neither_file_is_overwritten_and_the_other_is_not_left_behind() {
    for (taken, other) in [("mill.key", "mill.key_secret"), ("mill.key_secret", "mill.key")] {
        let directory = directory();
        let (taken, other) = (directory.path().join(taken), directory.path().join(other));
        fs::write(&taken, "mine").unwrap();
        let error = Certificate::generate().save(directory.path().join("mill")).unwrap_err();
        assert!(matches!(&error, CertificateError::Exists { path } if *path == taken), "{error}");
        assert_eq!(fs::read_to_string(&taken).unwrap(), "mine");
        assert!(!other.exists());
    }
}

#[test]
fn names_with_their_ending_mean_the_same_files() {
    for given in ["keys/mill", "keys/mill.key", "keys/mill.key_secret"] {
        let files = file::names(Path::new(given));
        assert_eq!(files.public, Path::new("keys/mill.key"), "{given}");
        assert_eq!(files.secret, Path::new("keys/mill.key_secret"), "{given}");
    }
    assert_eq!(file::names(Path::new("a.b")).public, Path::new("a.b.key"));
}

#[test]
fn a_certificate_of_somebody_else_is_not_saved() {
    let directory = directory();
    let theirs = text::read(PYZMQ_PUBLIC).unwrap();
    let error = theirs.save(directory.path().join("theirs")).unwrap_err();
    assert!(matches!(error, CertificateError::Public));
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 0);
}

#[test]
fn files_of_pyzmq_are_read() {
    let public = text::read(PYZMQ_PUBLIC).unwrap();
    assert!(public.key_pair().is_none());
    assert_eq!(public.metadata().count(), 0);
    let secret = text::read(PYZMQ_SECRET).unwrap();
    assert_eq!(secret.public(), public.public());
    assert_eq!(secret.get("email"), Some("mill@example.org"));
    assert_eq!(secret.get("full-name"), Some("The Mill of Example"));
    secret.key_pair().unwrap().check().unwrap();
}

#[test]
fn many_forms_are_read() {
    let forms = [
        format!("curve\n    public-key = \"{PUBLIC}\"\n"),
        format!("curve\r\n\tpublic-key='{PUBLIC}'\r\n\r\n"),
        format!("curve\n  public-key = {PUBLIC}"),
        format!("curve\n public-key =  {PUBLIC}  # the # in a key is no comment\n"),
        format!("curve # the keys\n    public-key = \"{PUBLIC}\" # one\n"),
        format!(
            "\u{feff}# first\n\n  # second\ncurve\n\n    # third\n    public-key = \"{PUBLIC}\"\n"
        ),
        format!(
            "version = 1.0\nmetadata\ncurve\n    curve-like = 1\n    public-key = \"{PUBLIC}\"\n"
        ),
        format!(
            "other\n    inner\n        name = value\n\ncurve\n    public-key = \"{PUBLIC}\"\nlast\n"
        ),
    ];
    for form in forms {
        let read = read(&form).unwrap_or_else(|error| panic!("{error:?} in {form:?}"));
        assert_eq!(read.public().to_string(), PUBLIC);
        assert_eq!(read.metadata().count(), 0);
    }
}

#[test]
fn metadata_is_read_in_many_forms() {
    let text = "metadata\n    plain = The Mill # of Example\n    single = 'a \"b\" # c'\n    \
                empty =\n    quoted = \"\"\n    two = \"a\" and 'b' # c\n    \
                open = \"a # b\n    full name = x=y\n    number = #1\n\
                curve\n    public-key = \"";
    let read = read(&format!("{text}{PUBLIC}\"\n")).unwrap();
    let expected = [
        ("plain", "The Mill"),
        ("single", "a \"b\" # c"),
        ("empty", ""),
        ("quoted", ""),
        ("two", "\"a\" and 'b'"),
        ("open", "\"a"),
        ("full name", "x=y"),
        ("number", ""),
    ];
    assert_eq!(read.metadata().collect::<Vec<_>>(), expected);
}

#[test]
fn what_is_wrong_is_told_with_its_line() {
    let key = format!("    public-key = \"{PUBLIC}\"\n");
    let secret = format!("    secret-key = \"{SECRET}\"\n");
    assert_eq!(problem(""), (1, Problem::Missing));
    assert_eq!(problem("metadata\ncurve\n"), (2, Problem::Missing));
    assert_eq!(problem(&format!("curve\n{secret}")), (2, Problem::Missing));
    assert_eq!(problem(&key), (1, Problem::Outside));
    assert_eq!(problem(&format!("metadata\n{key}")), (2, Problem::Outside));
    assert_eq!(problem(&format!("curve\n{}", key.trim_start())), (2, Problem::Outside));
    let repeated = Problem::Repeated { name: "public-key" };
    assert_eq!(problem(&format!("curve\n{key}# again\n{key}")), (4, repeated));
    let repeated = Problem::Repeated { name: "secret-key" };
    assert_eq!(problem(&format!("curve\n{key}{secret}{secret}")), (4, repeated));
    for line in ["    public-key", "public key", "   = value", "\"curve\"", "    \"a\" = b"] {
        assert_eq!(problem(&format!("curve\n{line}\n{key}")), (2, Problem::Line), "{line}");
    }
    assert_eq!(text::read(b"curve\n\n    a = \xff\n").map(drop), Err((3, Problem::Utf8)));
    let source = KeyError::Length { octets: 39 };
    let short = key.replace("Yne", "ne");
    let wrong = Problem::Key { name: "public-key", source };
    assert_eq!(problem(&format!("curve\n{short}")), (2, wrong));
    let source = KeyError::Length { octets: 41 };
    let open = key.replace("\"\n", "\n");
    let wrong = Problem::Key { name: "public-key", source };
    assert_eq!(problem(&format!("curve\n{open}")), (2, wrong));
}

#[test]
fn keys_that_do_not_belong_together_are_refused() {
    let other = Certificate::generate();
    let text = format!("curve\n  secret-key = '{SECRET}'\n  public-key = '{}'\n", other.public());
    let wrong = Problem::Key { name: "secret-key", source: KeyError::Halves };
    assert_eq!(problem(&text), (2, wrong));
}

#[test]
fn an_error_names_file_line_and_cause() {
    let directory = directory();
    let path = directory.path().join("broken.key");
    fs::write(&path, "curve\n    public-key = \"short\"\n").unwrap();
    let message = Certificate::load(&path).unwrap_err().to_string();
    assert!(
        message.starts_with(&format!("`{}`, line 2: `public-key`: ", path.display())),
        "{message}"
    );
    assert!(!message.contains("short"), "it shows what may be a secret: {message}");

    let missing = directory.path().join("missing.key");
    let message = Certificate::load(&missing).unwrap_err().to_string();
    assert!(message.contains("missing.key"), "{message}");
}

#[test]
fn a_file_that_is_too_large_is_not_read() {
    let directory = directory();
    let path = directory.path().join("large.key");
    fs::write(&path, vec![b'\n'; 64 * 1024 + 1]).unwrap();
    let error = Certificate::load(&path).unwrap_err();
    assert!(
        matches!(error, CertificateError::File { problem: Problem::Large { .. }, .. }),
        "{error}"
    );
}

#[test]
fn metadata_that_could_not_be_read_again_is_refused() {
    let names = ["", "a b", "a=b", "#a", "é", "a\n", "public-key", "secret-key-2"];
    let values = ["line\nline", "\r", "\0", "\u{85}", "'a' and \"b\""];
    for (name, value) in
        names.map(|name| (name, "x")).into_iter().chain(values.map(|value| ("x", value)))
    {
        let error = Certificate::generate().with_metadata(name, value).unwrap_err();
        assert!(matches!(error, CertificateError::Metadata { .. }), "{name:?} {value:?}");
    }
}

#[test]
fn a_store_knows_the_public_keys_of_a_directory() {
    let directory = directory();
    let [one, two, absent] = [(); 3].map(|()| Certificate::generate());
    let two = two.with_metadata("role", "miller").unwrap();
    for (name, certificate) in [("one", &one), ("two", &two)] {
        let files = certificate.save(directory.path().join(name)).unwrap();
        // The owner took it away; a store would not read it in any case.
        fs::write(files.secret, "no certificate").unwrap();
    }
    fs::write(directory.path().join("README"), "no certificate").unwrap();
    fs::write(directory.path().join(".hidden.key"), "no certificate").unwrap();
    fs::create_dir(directory.path().join("more.key")).unwrap();

    let store = CertificateStore::load(directory.path()).unwrap();
    assert_eq!((store.len(), store.is_empty(), store.iter().count()), (2, false, 2));
    assert!(store.contains(one.public()) && store.contains(two.public()));
    assert!(!store.contains(absent.public()) && store.get(absent.public()).is_none());
    assert_eq!(store.get(two.public()).unwrap().get("role"), Some("miller"));
}

#[test]
fn a_store_forgets_secrets() {
    let directory = directory();
    let mine = Certificate::generate();
    let files = mine.save(directory.path().join("mine")).unwrap();
    fs::rename(files.secret, files.public).unwrap();
    let store = CertificateStore::load(directory.path()).unwrap();
    assert!(store.get(mine.public()).unwrap().key_pair().is_none());
}

#[test]
fn a_store_with_a_broken_file_or_a_key_twice_is_none() {
    let directory = directory();
    let path = |name: &str| directory.path().join(name);
    Certificate::generate().save(path("a")).unwrap();
    fs::copy(path("a.key"), path("b.key")).unwrap();
    let error = CertificateStore::load(directory.path()).unwrap_err();
    assert!(
        matches!(&error, CertificateError::Twice { first, second, .. }
            if *first == path("a.key") && *second == path("b.key")),
        "{error}"
    );
    fs::write(path("b.key"), "curve\n").unwrap();
    let error = CertificateStore::load(directory.path()).unwrap_err();
    assert!(
        matches!(&error, CertificateError::File { path: at, .. } if *at == path("b.key")),
        "{error}"
    );
    fs::remove_file(path("b.key")).unwrap();
    assert_eq!(CertificateStore::load(directory.path()).unwrap().len(), 1);
    let error = CertificateStore::load(path("missing")).unwrap_err();
    assert!(matches!(error, CertificateError::Io { .. }), "{error}");
}

#[test]
fn debug_shows_no_secret() {
    let shown = format!("{:?}", Certificate::from_secret(SECRET.parse().unwrap()));
    assert!(shown.contains(PUBLIC) && !shown.contains(SECRET), "{shown}");
}

proptest! {
    #[test]
    fn no_octets_make_reading_panic(text in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = text::read(&text);
    }

    #[test]
    fn no_lines_make_reading_panic(
        text in "((metadata|curve|    )?[a-z=# '\"]{0,6}\r?\n| public-key *= *[\"']?[!-~é]{0,41}\n){0,8}",
    ) {
        let _ = read(&text);
    }

    #[test]
    fn metadata_is_refused_or_survives(name in "[!-~]{1,6}", value in "[ -~é]{0,20}") {
        let mine = Certificate::from_secret(SECRET.parse().unwrap());
        if let Ok(mine) = mine.with_metadata(&name, &value) {
            let written = text::write(mine.public(), None, &mine.metadata);
            let read = read(&written).unwrap();
            prop_assert_eq!(read.metadata().collect::<Vec<_>>(), [(&*name, &*value)]);
        }
    }
}
