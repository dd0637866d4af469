//! Integration tests of millhand; see the files under `tests/`.
