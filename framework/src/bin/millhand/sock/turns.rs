//! REQ and REP: one after the other.

use millhand::net::RecvError;

use super::Talk;
use crate::failure::{Failure, say};

impl Talk<'_> {
    /// REQ: a line, its reply, the next line.
    pub(super) async fn ask(mut self) -> Result<(), Failure> {
        let mut replies = 0;
        while let Some(input) = &mut self.input
            && let Some(request) = input.next().await?
        {
            let reply = loop {
                self.socket.send(request.clone()).await.map_err(Failure::failed)?;
                self.progress.made();
                match self.socket.recv().await {
                    Ok(reply) => break reply,
                    Err(RecvError::PeerLost) => {
                        let line = input.number();
                        say(format_args!("millhand: line {line}: the peer is gone; asking again"));
                    }
                    Err(error) => return Err(Failure::failed(error)),
                }
            };
            self.progress.made();
            self.output.print(&reply).await;
            replies += 1;
            if self.enough(replies) {
                break;
            }
        }
        Ok(())
    }

    /// REP: a request, and for an answer the next line or the request itself.
    pub(super) async fn answer(mut self) -> Result<(), Failure> {
        let mut answers = 0;
        loop {
            let request = self.socket.recv().await.map_err(Failure::failed)?;
            self.progress.made();
            self.output.print(&request).await;
            let answer = match &mut self.input {
                None => Some(request),
                Some(input) => input.next().await?,
            };
            let Some(answer) = answer else {
                return Err(Failure::failed("a request came, and the input has no line left"));
            };
            self.socket.send(answer).await.map_err(Failure::failed)?;
            self.progress.made();
            answers += 1;
            if self.enough(answers) {
                return Ok(());
            }
        }
    }
}
