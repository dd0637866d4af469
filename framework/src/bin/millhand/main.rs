//! `millhand`: ZeroMQ sockets, devices, keys and measurements from the command line.
//!
//! ```text
//!  millhand sock TYPE …      lines in, messages out, and the other way round      sock
//!  millhand device KIND …    passes messages on between two endpoints             device
//!  millhand keygen …         a new certificate                                    keygen
//!  millhand bench WHAT …     how fast, and how long                               bench
//! ```
//!
//! It ends with 0 when it has done what it was to do, with 1 when it could not (the time was up, the peer
//! refused), and with 2 when it was asked for something that cannot be: each with one line on standard
//! error. When nobody reads its output any more, it ends with 0 and says nothing.

mod arguments;

// The commands.
mod sock;

mod device;

mod keygen;

mod bench;

// What they are made of.
mod socket;

mod security;

mod input;

mod output;

mod line;

mod progress;

mod refusals;

mod clock;

mod failure;

use std::future::Future;
use std::process::ExitCode;

use arguments::{Command, parse};
use failure::Failure;

fn main() -> ExitCode {
    let done = parse().and_then(|command| match command {
        Command::Sock(arguments) => block_on(1, sock::run(arguments)),
        Command::Device(arguments) => block_on(1, device::run(arguments)),
        Command::Keygen(arguments) => keygen::run(&arguments),
        Command::Bench(bench) => block_on(bench.threads(), bench::run(bench)),
    });
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.tell(),
    }
}

/// Runs a command on a runtime of so many threads.
fn block_on(
    threads: usize,
    command: impl Future<Output = Result<(), Failure>>,
) -> Result<(), Failure> {
    let mut builder = match threads {
        1 => tokio::runtime::Builder::new_current_thread(),
        _ => tokio::runtime::Builder::new_multi_thread(),
    };
    if threads > 1 {
        builder.worker_threads(threads);
    }
    let runtime = builder
        .enable_all()
        .build()
        .map_err(|error| Failure::failed(format!("the runtime does not start: {error}")))?;
    let done = runtime.block_on(command);
    // A name that is still being looked up keeps nobody waiting.
    runtime.shutdown_background();
    done
}
