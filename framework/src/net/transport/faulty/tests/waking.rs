//! Who waits is woken. Whoever waits does so in a task of his own, which only its waker polls again.

use std::sync::{Arc, Mutex};
use std::task::{Context, Wake, Waker};

use tokio::task::JoinHandle;

use super::*;

/// A network with a link, each half of which a task may take, and whose direction to the acceptor is full
/// or empty.
struct Scene {
    network: Network,
    connector: Option<Link>,
    acceptor: Option<Link>,
}

/// A read, and what it got.
type Reading = JoinHandle<io::Result<Vec<u8>>>;

impl Scene {
    async fn new() -> Scene {
        let network = Network::with_capacity(1, 10);
        let (connector, acceptor) = pair(&network).await;
        Scene { network, connector: Some(connector), acceptor: Some(acceptor) }
    }

    /// The acceptor waits for octets.
    async fn reading() -> (Scene, Reading) {
        let mut scene = Scene::new().await;
        let mut acceptor = scene.acceptor.take().unwrap();
        let reading = tokio::spawn(async move { read(&mut acceptor).await });
        tokio::task::yield_now().await;
        assert!(!reading.is_finished());
        (scene, reading)
    }

    /// The connector waits for room.
    async fn writing() -> (Scene, JoinHandle<io::Result<usize>>) {
        let mut scene = Scene::new().await;
        let mut connector = scene.connector.take().unwrap();
        assert_eq!(write(&mut connector, &[0; 20]).unwrap(), 10);
        let writing = tokio::spawn(async move {
            poll_fn(|cx| connector.writer.poll_writable(cx)).await?;
            write(&mut connector, b"more")
        });
        tokio::task::yield_now().await;
        assert!(!writing.is_finished());
        (scene, writing)
    }

    fn connector(&mut self) -> &mut Link {
        self.connector.as_mut().unwrap()
    }

    fn acceptor(&mut self) -> &mut Link {
        self.acceptor.as_mut().unwrap()
    }
}

/// What a task that was woken returned.
async fn woken<T>(task: JoinHandle<T>) -> T {
    tokio::time::timeout(Duration::from_secs(1), task).await.expect("the waker is lost").unwrap()
}

#[test]
fn a_reader_is_woken_by_a_write() {
    run(async {
        let (mut scene, reading) = Scene::reading().await;
        write(scene.connector(), b"x").unwrap();
        assert_eq!(woken(reading).await.unwrap(), b"x");
    });
}

#[test]
fn a_reader_is_woken_when_a_delayed_piece_arrives() {
    run(async {
        let (mut scene, reading) = Scene::reading().await;
        let delay = Duration::from_millis(500);
        scene.network.faults(Faults {
            shortest_delay: delay,
            longest_delay: delay,
            ..Faults::default()
        });
        write(scene.connector(), b"x").unwrap();
        assert_eq!(woken(reading).await.unwrap(), b"x");
    });
}

#[test]
fn a_reader_is_woken_by_shutdown_and_close() {
    run(async {
        let (mut scene, reading) = Scene::reading().await;
        poll_fn(|cx| scene.connector().writer.poll_shutdown(cx)).await.unwrap();
        assert_eq!(woken(reading).await.unwrap(), b"");

        let (mut scene, reading) = Scene::reading().await;
        scene.connector = None;
        assert_eq!(woken(reading).await.unwrap(), b"");
    });
}

#[test]
fn a_reader_is_woken_by_a_cut_of_either_kind() {
    run(async {
        let (scene, reading) = Scene::reading().await;
        scene.network.cut_all();
        assert_eq!(kind(woken(reading).await), ErrorKind::ConnectionReset);

        // By the other direction's fault: the connector waits, the acceptor writes.
        let mut scene = Scene::new().await;
        let mut connector = scene.connector.take().unwrap();
        let reading = tokio::spawn(async move { read_to_end(&mut *connector.reader, 9).await.1 });
        tokio::task::yield_now().await;
        scene.network.faults(Faults { cut: 1.0, ..Faults::default() });
        write(scene.acceptor(), b"x").unwrap();
        assert_eq!(kind(woken(reading).await), ErrorKind::ConnectionReset);
    });
}

#[test]
fn a_reader_is_woken_by_healing() {
    run(async {
        let (mut scene, reading) = Scene::reading().await;
        scene.network.partition("a", "b");
        write(scene.connector(), b"x").unwrap();
        // It is polled once more, finds nothing, and waits again.
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert!(!reading.is_finished());
        scene.network.heal();
        assert_eq!(woken(reading).await.unwrap(), b"x");
    });
}

#[test]
fn a_writer_is_woken_by_a_read() {
    run(async {
        let (mut scene, writing) = Scene::writing().await;
        assert_eq!(read_into(&mut *scene.acceptor().reader, 1).await.unwrap().len(), 1);
        assert_eq!(woken(writing).await.unwrap(), 1);
    });
}

#[test]
fn a_writer_is_woken_by_a_cut() {
    run(async {
        let (scene, writing) = Scene::writing().await;
        scene.network.cut_all();
        assert_eq!(kind(woken(writing).await), ErrorKind::ConnectionReset);
    });
}

#[test]
fn a_writer_is_woken_by_a_close_at_once_or_when_it_is_healed() {
    run(async {
        let (mut scene, writing) = Scene::writing().await;
        scene.acceptor = None;
        assert_eq!(kind(woken(writing).await), ErrorKind::ConnectionReset);

        let (mut scene, writing) = Scene::writing().await;
        scene.network.partition("a", "b");
        scene.acceptor = None;
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert!(!writing.is_finished());
        scene.network.heal();
        assert_eq!(kind(woken(writing).await), ErrorKind::ConnectionReset);
    });
}

#[test]
fn who_accepts_is_woken_by_who_connects() {
    run(async {
        let network = Network::new(1);
        let mut listener = network.listen("a").unwrap();
        let accepting = tokio::spawn(async move { accept(&mut *listener).await.peer });
        tokio::task::yield_now().await;
        let _link = network.connect("b", "a").await.unwrap();
        assert_eq!(woken(accepting).await, "b#1");
    });
}

#[test]
fn who_connects_is_woken_by_healing_and_refused_when_nobody_listens_any_more() {
    run(async {
        for heals in [true, false] {
            let network = Network::new(1);
            let listener = network.listen("a").unwrap();
            network.partition("a", "b");
            let connecting = tokio::spawn(network.connect("b", "a"));
            tokio::task::yield_now().await;
            if heals {
                network.heal();
                assert!(woken(connecting).await.is_ok());
            } else {
                drop(listener);
                let error = woken(connecting).await.err().unwrap();
                assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
            }
        }
    });
}

#[test]
fn of_two_that_poll_the_later_is_woken() {
    run(async {
        let mut scene = Scene::new().await;
        let mut acceptor = scene.acceptor.take().unwrap();
        assert!(reads_nothing(&mut acceptor).await);
        let reading = tokio::spawn(async move { read(&mut acceptor).await });
        tokio::task::yield_now().await;
        write(scene.connector(), b"x").unwrap();
        assert_eq!(woken(reading).await.unwrap(), b"x");
    });
}

/// A waker may own the last of a task, and the task a link, whose drop needs the network.
#[test]
fn a_waker_that_is_replaced_may_own_a_link() {
    struct Task(#[expect(dead_code, reason = "it is dropped")] Mutex<Link>);
    impl Wake for Task {
        fn wake(self: Arc<Task>) {}
    }
    run(async {
        let network = Network::new(1);
        let (mut connector, owned) = pair(&network).await;
        let waker = Waker::from(Arc::new(Task(Mutex::new(owned))));
        let mut buffer = BytesMut::with_capacity(1);
        let poll = connector.reader.poll_read(&mut Context::from_waker(&waker), &mut buffer);
        assert!(poll.is_pending());
        drop(waker);
        let mut cx = Context::from_waker(Waker::noop());
        assert!(connector.reader.poll_read(&mut cx, &mut buffer).is_pending());
        assert_eq!(read(&mut connector).await.unwrap(), b"", "the other end is closed");
    });
}
