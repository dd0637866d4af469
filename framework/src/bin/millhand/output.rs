//! Standard output, without keeping the sockets waiting for whoever reads it.

use std::future::pending;
use std::io::{self, ErrorKind, Write};
use std::thread;

use tokio::sync::{mpsc, oneshot};

use crate::failure::{Failure, say};
use crate::line::Format;
use millhand::net::Multipart;

/// So many lines wait to be written; then whoever has another one waits.
const BEHIND: usize = 256;

/// Where messages are printed.
pub(crate) struct Output {
    lines: mpsc::Sender<Vec<u8>>,
    format: Format,
    /// An ambiguous line has been remarked on.
    remarked: bool,
}

/// How that ends.
pub(crate) struct Ending(Option<oneshot::Receiver<io::Result<()>>>);

/// Begins to write, on a thread of its own.
pub(crate) fn open(format: Format) -> Result<(Output, Ending), Failure> {
    let (lines, receiver) = mpsc::channel(BEHIND);
    let (end, ended) = oneshot::channel();
    let write = move || {
        // Who waits for the end may be gone.
        let _ = end.send(write(receiver));
    };
    thread::Builder::new().name("stdout".into()).spawn(write).map_err(|error| failed(&error))?;
    Ok((Output { lines, format, remarked: false }, Ending(Some(ended))))
}

impl Output {
    /// Prints a message. If that is not possible any more, [`Ending::broken`] says so, and not this.
    pub(crate) async fn print(&mut self, message: &Multipart) {
        if !self.remarked && self.format.is_ambiguous(message) {
            self.remarked = true;
            say("millhand: a frame has a TAB or LF in it, and is printed as it is; use --hex");
        }
        let mut line = Vec::new();
        self.format.write(message, &mut line);
        if self.lines.send(line).await.is_err() {
            pending().await
        }
    }
}

impl Ending {
    /// Waits until nothing can be written any more. Cancel safe.
    pub(crate) async fn broken(&mut self) -> Failure {
        match self.wait().await {
            Err(failure) => failure,
            Ok(()) => pending().await,
        }
    }

    /// Waits until all is written, once the [`Output`] is dropped.
    pub(crate) async fn wait(&mut self) -> Result<(), Failure> {
        let Some(ended) = &mut self.0 else { return Ok(()) };
        let ended = ended.await;
        self.0 = None;
        match ended {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) if error.kind() == ErrorKind::BrokenPipe => Err(Failure::Quiet),
            Ok(Err(error)) => Err(failed(&error)),
            Err(_) => Err(Failure::failed("the thread that writes standard output has ended")),
        }
    }
}

fn failed(error: &io::Error) -> Failure {
    Failure::failed(format!("cannot write standard output: {error}"))
}

/// Writes lines, as many at once as there are.
fn write(mut lines: mpsc::Receiver<Vec<u8>>) -> io::Result<()> {
    /// Lines are gathered to about so many octets.
    const GATHERED: usize = 64 * 1024;
    // Flushed with every write below: standard output is line by line of its own accord.
    let mut output = io::stdout().lock();
    while let Some(mut text) = lines.blocking_recv() {
        while text.len() < GATHERED
            && let Ok(line) = lines.try_recv()
        {
            text.extend_from_slice(&line);
        }
        output.write_all(&text)?;
        output.flush()?;
    }
    Ok(())
}
