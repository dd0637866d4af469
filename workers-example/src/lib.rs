//! `inventory`: takes down a directory tree, one line per regular file, by a supervised pool of workers.
//!
//! The modules are listed in the order in which a run, and then a file, meets them.

// What is asked for, and a run from there to the exit status.

pub mod cli;

pub mod run;

pub mod signals;

pub mod stop;

// The three kinds of worker: one finds the files, some read them, one gathers what was read.

pub mod crew;

pub mod walk;

pub mod hash;

pub mod collect;

// What they work on.

pub mod path;

pub mod root;

pub mod tree;

pub mod read;

pub mod digest;

// What crashes them, on purpose.

pub mod chaos;

// What comes of it, and how far it has come.

pub mod report;

pub mod output;

pub mod progress;

pub mod remarks;
