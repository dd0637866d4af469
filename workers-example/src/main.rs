//! The program `inventory`. See the library beside it.

use std::io::{self, Write};
use std::process::ExitCode;

use clap::Parser;
use workers_example::{chaos, cli::Args, run::run};

fn main() -> ExitCode {
    let args = Args::parse();
    chaos::silence();
    match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => {
            let end = runtime.block_on(run(args));
            // Waits for nobody: what still runs was given up.
            runtime.shutdown_background();
            end.into()
        }
        Err(error) => {
            let _ = writeln!(io::stderr(), "inventory: {error}");
            ExitCode::FAILURE
        }
    }
}
