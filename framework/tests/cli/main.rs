//! The program `millhand`, run against itself: each sentence of its help is tested here.
//!
//! Ports are those that it prints. Nothing sleeps: every wait is for a line, or for the end of a process,
//! and has a deadline.

mod program;

mod sock;

mod turns;

mod publishing;

mod ends;

mod usage;

mod security;

mod device;

mod bench;
