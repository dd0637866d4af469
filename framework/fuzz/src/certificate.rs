//! Texts of certificates. They are read from files, so a file it is, in the folder for temporary ones.

use std::cell::LazyCell;
use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

use millhand::net::certificate::Certificate;

/// A folder for one thread, gone with it.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Folder {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("millhand-fuzz-{}-{number}", std::process::id());
        let path = std::env::temp_dir().join(name);
        fs::create_dir_all(&path).expect("a temporary folder can be made");
        Folder(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

thread_local! {
    static FOLDER: LazyCell<Folder> = const { LazyCell::new(Folder::new) };
}

/// A certificate of either kind. What could be read is written and read again.
pub fn certificate(text: &[u8]) {
    FOLDER.with(|folder| check(folder, text));
}

fn check(folder: &Folder, text: &[u8]) {
    let path = folder.0.join("given");
    fs::write(&path, text).expect("a temporary file can be written");
    let read = match Certificate::load(&path) {
        Ok(read) => read,
        Err(error) => {
            let _ = error.to_string();
            return;
        }
    };
    let Some(pair) = read.key_pair() else { return };
    assert_eq!(pair.public, *read.public());
    // A file may have metadata that would not be written: others are more liberal.
    let mut own = Certificate::from_secret(pair.secret);
    for (name, value) in read.metadata() {
        own = match own.clone().with_metadata(name, value) {
            Ok(with) => with,
            Err(_) => own,
        };
    }
    let files = own.save(folder.0.join("own")).expect("it can be written");
    let [public, secret] = [&files.public, &files.secret].map(|file| {
        let again = Certificate::load(file).expect("what was written is read");
        fs::remove_file(file).expect("the file is there");
        again
    });
    assert!(public.key_pair().is_none() && secret.key_pair().is_some());
    for again in [public, secret] {
        assert_eq!(again.public(), own.public());
        assert!(again.metadata().eq(own.metadata()));
    }
}
