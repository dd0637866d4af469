//! The channels.

use tokio::sync::mpsc;

use super::{Channel, Ends, ManyEnds, Receiver, Sender};

pub enum TokioUnbounded {}
pub enum TokioBounded {}
pub enum Flume {}
pub enum Kanal {}
pub enum Tachyonix {}

impl Channel for TokioUnbounded {
    type Sender<T: Send + 'static> = mpsc::UnboundedSender<T>;
    type Receiver<T: Send + 'static> = mpsc::UnboundedReceiver<T>;

    fn unbounded<T: Send + 'static>() -> Ends<Self, T> {
        mpsc::unbounded_channel()
    }

    fn bounded<T: Send + 'static>(_: usize) -> Ends<Self, T> {
        unreachable!("that is the other candidate")
    }

    fn deep<T: Send + 'static>() -> Ends<Self, T> {
        Self::unbounded()
    }

    fn small<T: Send + 'static>() -> Ends<Self, T> {
        Self::unbounded()
    }

    fn of_children<T: Send + 'static>() -> Ends<Self, T> {
        Self::unbounded()
    }
}

impl<T: Send + 'static> Sender<T> for mpsc::UnboundedSender<T> {
    async fn send(&self, message: T) {
        assert!(self.send(message).is_ok());
    }

    fn offer(&self, message: T) -> bool {
        self.send(message).is_ok()
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

    fn bounded<T: Send + 'static>(capacity: usize) -> Ends<Self, T> {
        mpsc::channel(capacity)
    }
}

impl<T: Send + 'static> Sender<T> for mpsc::Sender<T> {
    async fn send(&self, message: T) {
        assert!(self.send(message).await.is_ok());
    }

    fn offer(&self, message: T) -> bool {
        match self.try_send(message) {
            Ok(()) => true,
            Err(mpsc::error::TrySendError::Full(_)) => false,
            Err(mpsc::error::TrySendError::Closed(_)) => panic!("nobody listens"),
        }
    }
}

impl<T: Send + 'static> Receiver<T> for mpsc::Receiver<T> {
    async fn receive(&mut self) -> Option<T> {
        self.recv().await
    }
}

impl Channel for Flume {
    type Sender<T: Send + 'static> = flume::Sender<T>;
    type Receiver<T: Send + 'static> = flume::Receiver<T>;

    fn unbounded<T: Send + 'static>() -> Ends<Self, T> {
        flume::unbounded()
    }

    fn bounded<T: Send + 'static>(capacity: usize) -> Ends<Self, T> {
        flume::bounded(capacity)
    }

    fn deep<T: Send + 'static>() -> Ends<Self, T> {
        Self::unbounded()
    }

    fn small<T: Send + 'static>() -> Ends<Self, T> {
        Self::unbounded()
    }

    fn of_children<T: Send + 'static>() -> Ends<Self, T> {
        Self::unbounded()
    }
}

impl<T: Send + 'static> Sender<T> for flume::Sender<T> {
    async fn send(&self, message: T) {
        assert!(self.send_async(message).await.is_ok());
    }

    fn offer(&self, message: T) -> bool {
        match self.try_send(message) {
            Ok(()) => true,
            Err(flume::TrySendError::Full(_)) => false,
            Err(flume::TrySendError::Disconnected(_)) => panic!("nobody listens"),
        }
    }
}

impl<T: Send + 'static> Receiver<T> for flume::Receiver<T> {
    async fn receive(&mut self) -> Option<T> {
        self.recv_async().await.ok()
    }
}

impl Channel for Kanal {
    type Sender<T: Send + 'static> = kanal::AsyncSender<T>;
    type Receiver<T: Send + 'static> = kanal::AsyncReceiver<T>;

    fn unbounded<T: Send + 'static>() -> Ends<Self, T> {
        kanal::unbounded_async()
    }

    fn bounded<T: Send + 'static>(capacity: usize) -> Ends<Self, T> {
        kanal::bounded_async(capacity)
    }

    fn deep<T: Send + 'static>() -> Ends<Self, T> {
        Self::unbounded()
    }

    fn small<T: Send + 'static>() -> Ends<Self, T> {
        Self::unbounded()
    }

    fn of_children<T: Send + 'static>() -> Ends<Self, T> {
        Self::unbounded()
    }

    /// One queue for all of them: it has many consumers.
    fn shared<T: Send + 'static>(workers: usize) -> ManyEnds<Self, T> {
        let (sender, receiver) = Self::deep();
        (vec![sender], vec![receiver; workers])
    }
}

impl<T: Send + 'static> Sender<T> for kanal::AsyncSender<T> {
    async fn send(&self, message: T) {
        assert!(self.send(message).await.is_ok());
    }

    fn offer(&self, message: T) -> bool {
        self.try_send(message).expect("somebody listens")
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

    fn bounded<T: Send + 'static>(capacity: usize) -> Ends<Self, T> {
        tachyonix::channel(capacity)
    }
}

impl<T: Send + 'static> Sender<T> for tachyonix::Sender<T> {
    async fn send(&self, message: T) {
        assert!(self.send(message).await.is_ok());
    }

    fn offer(&self, message: T) -> bool {
        match self.try_send(message) {
            Ok(()) => true,
            Err(tachyonix::TrySendError::Full(_)) => false,
            Err(tachyonix::TrySendError::Closed(_)) => panic!("nobody listens"),
        }
    }
}

impl<T: Send + 'static> Receiver<T> for tachyonix::Receiver<T> {
    async fn receive(&mut self) -> Option<T> {
        self.recv().await.ok()
    }
}
