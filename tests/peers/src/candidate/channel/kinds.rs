//! The channels.

use tokio::sync::mpsc;

use super::{Channel, Receiver, Sender};

pub enum TokioUnbounded {}
pub enum TokioBounded {}
pub enum Kanal {}
pub enum Tachyonix {}

impl Channel for TokioUnbounded {
    type Sender<T: Send + 'static> = mpsc::UnboundedSender<T>;
    type Receiver<T: Send + 'static> = mpsc::UnboundedReceiver<T>;

    fn unbounded<T: Send + 'static>() -> (Self::Sender<T>, Self::Receiver<T>) {
        mpsc::unbounded_channel()
    }

    fn bounded<T: Send + 'static>(_: usize) -> (Self::Sender<T>, Self::Receiver<T>) {
        unreachable!("that is the other candidate")
    }

    fn deep<T: Send + 'static>() -> (Self::Sender<T>, Self::Receiver<T>) {
        Self::unbounded()
    }

    fn small<T: Send + 'static>() -> (Self::Sender<T>, Self::Receiver<T>) {
        Self::unbounded()
    }
}

impl<T: Send + 'static> Sender<T> for mpsc::UnboundedSender<T> {
    async fn send(&self, message: T) {
        assert!(self.send(message).is_ok());
    }
}

impl<T: Send + 'static> Receiver<T> for mpsc::UnboundedReceiver<T> {
    async fn receive(&mut self) -> Option<T> {
        self.recv().await
    }
}

impl Channel for TokioBounded {
    type Sender<T: Send + 'static> = mpsc::Sender<T>;
    type Receiver<T: Send + 'static> = mpsc::Receiver<T>;

    fn bounded<T: Send + 'static>(capacity: usize) -> (Self::Sender<T>, Self::Receiver<T>) {
        mpsc::channel(capacity)
    }
}

impl<T: Send + 'static> Sender<T> for mpsc::Sender<T> {
    async fn send(&self, message: T) {
        assert!(self.send(message).await.is_ok());
    }
}

impl<T: Send + 'static> Receiver<T> for mpsc::Receiver<T> {
    async fn receive(&mut self) -> Option<T> {
        self.recv().await
    }
}

impl Channel for Kanal {
    type Sender<T: Send + 'static> = kanal::AsyncSender<T>;
    type Receiver<T: Send + 'static> = kanal::AsyncReceiver<T>;

    fn unbounded<T: Send + 'static>() -> (Self::Sender<T>, Self::Receiver<T>) {
        kanal::unbounded_async()
    }

    fn bounded<T: Send + 'static>(capacity: usize) -> (Self::Sender<T>, Self::Receiver<T>) {
        kanal::bounded_async(capacity)
    }

    fn deep<T: Send + 'static>() -> (Self::Sender<T>, Self::Receiver<T>) {
        Self::unbounded()
    }

    fn small<T: Send + 'static>() -> (Self::Sender<T>, Self::Receiver<T>) {
        Self::unbounded()
    }
}

impl<T: Send + 'static> Sender<T> for kanal::AsyncSender<T> {
    async fn send(&self, message: T) {
        assert!(self.send(message).await.is_ok());
    }
}

impl<T: Send + 'static> Receiver<T> for kanal::AsyncReceiver<T> {
    async fn receive(&mut self) -> Option<T> {
        self.recv().await.ok()
    }
}

impl Channel for Tachyonix {
    type Sender<T: Send + 'static> = tachyonix::Sender<T>;
    type Receiver<T: Send + 'static> = tachyonix::Receiver<T>;

    fn bounded<T: Send + 'static>(capacity: usize) -> (Self::Sender<T>, Self::Receiver<T>) {
        tachyonix::channel(capacity)
    }
}

impl<T: Send + 'static> Sender<T> for tachyonix::Sender<T> {
    async fn send(&self, message: T) {
        assert!(self.send(message).await.is_ok());
    }
}

impl<T: Send + 'static> Receiver<T> for tachyonix::Receiver<T> {
    async fn receive(&mut self) -> Option<T> {
        self.recv().await.ok()
    }
}
