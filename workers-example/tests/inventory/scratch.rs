//! A directory that vanishes with the test.

use std::ffi::OsStr;
use std::fs::{self, Permissions};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use tempfile::TempDir;

pub(crate) struct Scratch(TempDir);

impl Scratch {
    /// An empty directory that everybody may enter.
    pub(crate) fn new() -> Self {
        let directory = tempfile::Builder::new().prefix("inventory-test-").tempdir().unwrap();
        let scratch = Self(directory);
        scratch.allow("", 0o755);
        scratch
    }

    /// A few files in a few directories.
    pub(crate) fn with_some_files() -> Self {
        let scratch = Self::new();
        for n in 0..40 {
            let text = "some words and\tmore\n".repeat(n * n);
            scratch.file(format!("d{}/e{}/f{n}", n % 3, n % 5), text);
        }
        scratch.file("empty", "");
        scratch
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    pub(crate) fn at(&self, path: impl AsRef<[u8]>) -> PathBuf {
        let path = OsStr::from_bytes(path.as_ref());
        assert!(!Path::new(path).is_absolute());
        self.path().join(path)
    }

    /// Writes a file, in directories made as needed.
    pub(crate) fn file(&self, path: impl AsRef<[u8]>, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.at(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, content).unwrap();
        path
    }

    /// A file of that length, all of it a hole.
    pub(crate) fn hole(&self, path: impl AsRef<[u8]>, length: u64) -> PathBuf {
        let path = self.file(path, "");
        fs::File::options().write(true).open(&path).unwrap().set_len(length).unwrap();
        path
    }

    pub(crate) fn directory(&self, path: impl AsRef<[u8]>) -> PathBuf {
        let path = self.at(path);
        fs::create_dir_all(&path).unwrap();
        path
    }

    pub(crate) fn allow(&self, path: impl AsRef<[u8]>, mode: u32) {
        fs::set_permissions(self.at(path), Permissions::from_mode(mode)).unwrap();
    }

    /// The names in a directory of it.
    pub(crate) fn names(&self, path: impl AsRef<[u8]>) -> Vec<Vec<u8>> {
        let entries = fs::read_dir(self.at(path)).unwrap();
        let mut names: Vec<_> =
            entries.map(|entry| entry.unwrap().file_name().as_bytes().to_vec()).collect();
        names.sort();
        names
    }
}

/// The report on these files, from its definition.
pub(crate) fn expected<P: AsRef<[u8]>, C: AsRef<[u8]>>(files: &[(P, C)]) -> Vec<u8> {
    let mut files: Vec<(&[u8], &[u8])> =
        files.iter().map(|(path, content)| (path.as_ref(), content.as_ref())).collect();
    files.sort();
    let mut report = Vec::new();
    for (path, content) in files {
        let sha256: String =
            Sha256::digest(content).iter().map(|byte| format!("{byte:02x}")).collect();
        let lines = content.iter().filter(|&&byte| byte == b'\n').count();
        let words = content.split(|byte| b"\t\n\x0b\x0c\r ".contains(byte));
        let words = words.filter(|word| !word.is_empty()).count();
        report.extend(format!("{sha256}\t{}\t{lines}\t{words}\t", content.len()).as_bytes());
        for &byte in path {
            match byte {
                b'\\' => report.extend(b"\\\\"),
                b'\t' => report.extend(b"\\t"),
                b'\n' => report.extend(b"\\n"),
                _ => report.push(byte),
            }
        }
        report.push(b'\n');
    }
    report
}

/// The report on what is there now.
pub(crate) fn expected_of(root: &Path) -> Vec<u8> {
    expected(&contents(root))
}

/// All regular files below `root`, with their contents.
pub(crate) fn contents(root: &Path) -> Vec<(Vec<u8>, Vec<u8>)> {
    let mut files = Vec::new();
    for entry in walkdir::WalkDir::new(root) {
        let entry = entry.unwrap();
        if entry.file_type().is_file() {
            let path = entry.path().strip_prefix(root).unwrap();
            let content = fs::read(entry.path()).unwrap();
            files.push((path.as_os_str().as_bytes().to_vec(), content));
        }
    }
    files
}
