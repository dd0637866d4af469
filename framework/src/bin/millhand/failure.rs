//! How the program ends when it does not end well.

use std::io::Write;
use std::process::ExitCode;

use millhand::net::BindError;

/// Why it ends.
#[derive(Debug)]
pub(crate) enum Failure {
    /// It was asked for something that cannot be: status 2.
    Usage(String),
    /// It could not do it: status 1.
    Failed(String),
    /// Nobody reads its output any more: status 0, without a word.
    Quiet,
}

impl Failure {
    /// For what is wrong with the command line, an endpoint, a key or a line of input.
    pub(crate) fn usage(text: impl ToString) -> Failure {
        Failure::Usage(text.to_string())
    }

    /// For a bind that cannot be; says what to do about it in the words of the command line.
    pub(crate) fn bind(error: BindError) -> Failure {
        match error {
            BindError::Insecure { endpoint } => Failure::usage(format_args!(
                "{endpoint} can be reached from other hosts, and nobody has to say who they are: bind to \
                 127.0.0.1 or ipc, or give --curve-server, --plain-server or --allow-insecure"
            )),
            other => Failure::usage(other),
        }
    }

    /// For what went wrong later.
    pub(crate) fn failed(text: impl ToString) -> Failure {
        Failure::Failed(text.to_string())
    }

    /// Says it, and gives the status to end with.
    pub(crate) fn tell(self) -> ExitCode {
        let (text, status) = match self {
            Failure::Usage(text) => (text, 2),
            Failure::Failed(text) => (text, 1),
            Failure::Quiet => return ExitCode::SUCCESS,
        };
        say(format_args!("millhand: {}", one_line(&text)));
        ExitCode::from(status)
    }
}

/// Writes a line to standard error. If that is closed, nobody wants to know.
pub(crate) fn say(line: impl std::fmt::Display) {
    let _ = std::io::stderr().write_all(format!("{line}\n").as_bytes());
}

/// The same words in one line.
pub(crate) fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
