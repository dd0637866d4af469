//! Devices between real sockets.

use std::future::Future;
use std::time::Duration;

use tokio::task::JoinHandle;

use super::*;
use crate::net::{
    Event, Frame, Options, PairSocket, PubSocket, RepSocket, ReqSocket, SubSocket, ToEndpoint,
};

/// Longer than anything here takes on a busy machine.
const DEADLINE: Duration = Duration::from_secs(20);

const ANYWHERE: &str = "tcp://127.0.0.1:0";

async fn soon<F: Future>(future: F) -> F::Output {
    tokio::time::timeout(DEADLINE, future).await.expect("it did not happen in time")
}

/// A socket of a type, bound to an endpoint, with its address.
macro_rules! bound {
    ($socket:ident, $endpoint:expr, $options:expr) => {{
        let socket = $socket::new($options).unwrap();
        let at = socket.also_bind($endpoint).await.unwrap();
        (socket, at)
    }};
    ($socket:ident) => {
        bound!($socket, ANYWHERE, Options::new())
    };
}

fn run(mut device: Device) -> JoinHandle<(Result<(), DeviceError>, Device)> {
    tokio::spawn(async move { (device.run().await, device) })
}

async fn order(control: &ReqSocket, order: &str) -> Multipart {
    soon(control.send(order)).await.unwrap();
    soon(control.recv()).await.unwrap()
}

async fn replies_find_their_way(front: impl ToEndpoint, back: impl ToEndpoint) {
    let (front, front_at) = bound!(RouterSocket, front, Options::new());
    let (back, back_at) = bound!(DealerSocket, back, Options::new());
    run(Device::queue(front, back));
    for server in 0..2 {
        let server_socket = RepSocket::connect(&back_at).await.unwrap();
        tokio::spawn(async move {
            while let Ok(mut request) = server_socket.recv().await {
                request.push(format!("server {server}"));
                server_socket.send(request).await.unwrap();
            }
        });
    }
    let mut clients = Vec::new();
    for client in 0..3 {
        let socket = ReqSocket::connect(&front_at).await.unwrap();
        clients.push(tokio::spawn(async move {
            let mut servers = Vec::new();
            for number in 0..20 {
                let request = format!("client {client} request {number}");
                socket.send(request.as_str()).await.unwrap();
                let reply = socket.recv().await.unwrap();
                assert_eq!(reply[0], request);
                servers.push(reply[1].clone());
            }
            servers
        }));
    }
    let mut servers = Vec::new();
    for client in clients {
        servers.extend(soon(client).await.unwrap());
    }
    for server in ["server 0", "server 1"] {
        assert!(servers.iter().any(|one| *one == server), "{server} was never asked");
    }
}

#[tokio::test]
async fn a_queue_brings_every_reply_to_who_asked() {
    replies_find_their_way(ANYWHERE, ANYWHERE).await;
}

#[cfg(unix)]
#[tokio::test]
async fn a_queue_does_so_over_ipc() {
    let directory = tempfile::tempdir().unwrap();
    let at = |name: &str| format!("ipc://{}", directory.path().join(name).display());
    replies_find_their_way(at("front"), at("back")).await;
}

#[tokio::test]
async fn a_forwarder_passes_subscriptions_to_publishers_and_messages_to_subscribers() {
    let (front, front_at) = bound!(XSubSocket);
    let (back, back_at) = bound!(XPubSocket);
    run(Device::forwarder(front, back));
    let publisher = XPubSocket::connect(&front_at).await.unwrap();
    let subscriber = SubSocket::connect(&back_at).await.unwrap();
    subscriber.subscribe("a");
    assert_eq!(soon(publisher.recv()).await.unwrap(), "\x01a".into());
    publisher.send("b not wanted").await.unwrap();
    publisher.send(["a", "wanted"]).await.unwrap();
    assert_eq!(soon(subscriber.recv()).await.unwrap(), ["a", "wanted"].into());
    subscriber.unsubscribe("a");
    assert_eq!(soon(publisher.recv()).await.unwrap(), "\0a".into());
}

#[tokio::test]
async fn a_streamer_passes_work_from_several_to_several() {
    let (front, front_at) = bound!(PullSocket);
    let (back, back_at) = bound!(PushSocket);
    // Those behind it first: otherwise one might get all.
    let mut workers = Vec::new();
    for _ in 0..2 {
        let mut monitor = back.monitor();
        workers.push(PullSocket::connect(&back_at).await.unwrap());
        while !matches!(soon(monitor.next()).await, Some(Event::Connected { .. })) {}
    }
    run(Device::streamer(front, back));
    for source in ["a", "b"] {
        let push = PushSocket::connect(&front_at).await.unwrap();
        for number in 0..50 {
            push.send([source, &number.to_string()]).await.unwrap();
        }
        push.close().await;
    }
    for worker in &workers {
        for _ in 0..50 {
            soon(worker.recv()).await.unwrap();
        }
    }
}

#[tokio::test]
async fn capture_gets_a_copy_of_both_directions() {
    let (front, front_at) = bound!(RouterSocket);
    let (back, back_at) = bound!(DealerSocket);
    let (capture, capture_at) = bound!(PushSocket);
    run(Device::queue(front, back).capture(capture));
    let copies = PullSocket::connect(&capture_at).await.unwrap();
    let client = ReqSocket::new(Options::new().routing_id("me")).unwrap();
    client.also_connect(&front_at).await.unwrap();
    let server = RepSocket::connect(&back_at).await.unwrap();
    // The first copies may be made before anybody is there to take them.
    let (mut seen, mut number) = (Vec::new(), 0);
    while seen.len() < 4 {
        number += 1;
        soon(client.send(number.to_string())).await.unwrap();
        soon(server.recv()).await.unwrap();
        server.send("answer").await.unwrap();
        soon(client.recv()).await.unwrap();
        while let Ok(copy) = copies.try_recv() {
            seen.push(copy);
        }
    }
    for copy in &seen {
        assert_eq!((&copy[0], &copy[1], copy.len()), (&"me".into(), &Frame::EMPTY, 3), "{copy:?}");
    }
    assert!(
        seen.iter().any(|copy| copy[2] == "answer") && seen.iter().any(|copy| copy[2] != "answer")
    );
}

/// The capture socket has room for one message, and nobody takes it.
#[tokio::test]
async fn capture_without_room_does_not_slow_the_device() {
    let (front, front_at) = bound!(PullSocket);
    let (back, back_at) = bound!(PushSocket);
    let (capture, _) = bound!(PushSocket, ANYWHERE, Options::new().send_high_water_mark(1));
    run(Device::streamer(front, back).capture(capture));
    let push = PushSocket::connect(&front_at).await.unwrap();
    let pull = PullSocket::connect(&back_at).await.unwrap();
    for number in 0..100 {
        push.send(number.to_string()).await.unwrap();
        assert_eq!(soon(pull.recv()).await.unwrap(), number.to_string().into());
    }
}

#[tokio::test]
async fn a_publisher_as_capture_reaches_its_subscribers() {
    let (front, front_at) = bound!(PullSocket);
    let (back, back_at) = bound!(PushSocket);
    let (capture, capture_at) = bound!(PubSocket);
    run(Device::streamer(front, back).capture(capture));
    let copies = SubSocket::connect(&capture_at).await.unwrap();
    copies.subscribe("");
    let push = PushSocket::connect(&front_at).await.unwrap();
    let pull = PullSocket::connect(&back_at).await.unwrap();
    loop {
        push.send("work").await.unwrap();
        soon(pull.recv()).await.unwrap();
        if let Ok(copy) = copies.try_recv() {
            assert_eq!(copy, "work".into());
            break;
        }
    }
}

#[tokio::test]
async fn pause_stops_and_resume_goes_on_and_terminate_ends() {
    let (front, front_at) = bound!(PullSocket);
    let (back, back_at) = bound!(PushSocket);
    let (control, control_at) = bound!(RepSocket);
    let device = run(Device::streamer(front, back).control(control));
    let control = ReqSocket::connect(&control_at).await.unwrap();
    let push = PushSocket::connect(&front_at).await.unwrap();
    let pull = PullSocket::connect(&back_at).await.unwrap();
    push.send("before").await.unwrap();
    assert_eq!(soon(pull.recv()).await.unwrap(), "before".into());

    assert_eq!(order(&control, "PAUSE").await, Frame::EMPTY.into());
    push.send("meanwhile").await.unwrap();
    // Time enough for it to come through, were it not for the pause: many round trips through the device.
    for _ in 0..50 {
        let statistics = Statistics::from_message(&order(&control, "STATISTICS").await).unwrap();
        assert_eq!(statistics.front_received.messages, 1);
    }
    assert!(pull.try_recv().is_err());

    assert_eq!(order(&control, "RESUME").await, Frame::EMPTY.into());
    assert_eq!(soon(pull.recv()).await.unwrap(), "meanwhile".into());

    assert_eq!(order(&control, "what is this?").await, Frame::EMPTY.into());
    assert!(!device.is_finished());
    assert_eq!(order(&control, "TERMINATE").await, Frame::EMPTY.into());
    let (ended, device) = soon(device).await.unwrap();
    assert_eq!(ended, Ok(()));
    assert_eq!(device.statistics().back_sent, Traffic { messages: 2, octets: 15 });
    soon(device.close()).await;
}

#[tokio::test]
async fn statistics_count_messages_and_octets_of_each_end() {
    let (front, front_at) = bound!(RouterSocket);
    let (back, back_at) = bound!(DealerSocket);
    let (control, control_at) = bound!(PairSocket);
    let device = run(Device::queue(front, back).control(control));
    let control = PairSocket::connect(&control_at).await.unwrap();
    let client = DealerSocket::new(Options::new().routing_id("me")).unwrap();
    client.also_connect(&front_at).await.unwrap();
    let server = DealerSocket::connect(&back_at).await.unwrap();
    for _ in 0..3 {
        client.send(["12345", "678"]).await.unwrap();
        let mut message = soon(server.recv()).await.unwrap();
        message.push("90");
        server.send(message).await.unwrap();
        soon(client.recv()).await.unwrap();
    }
    // Without a routing id: it can go nowhere, and ends nothing.
    server.send("lost").await.unwrap();
    let statistics = loop {
        control.send("STATISTICS").await.unwrap();
        let answer = soon(control.recv()).await.unwrap();
        let statistics = Statistics::from_message(&answer).unwrap();
        if statistics.back_received.messages == 4 {
            break statistics;
        }
    };
    let there = Traffic { messages: 3, octets: 3 * 10 };
    assert_eq!((statistics.front_received, statistics.back_sent), (there, there));
    assert_eq!(statistics.back_received, Traffic { messages: 4, octets: 3 * 12 + 4 });
    assert_eq!(statistics.front_sent, Traffic { messages: 3, octets: 3 * 12 });
    control.send("TERMINATE").await.unwrap();
    assert_eq!(soon(device).await.unwrap().0, Ok(()));
}

#[tokio::test]
async fn a_pull_controls_without_answers() {
    let (front, _) = bound!(PullSocket);
    let (back, _) = bound!(PushSocket);
    let (control, control_at) = bound!(PullSocket);
    let device = run(Device::streamer(front, back).control(control));
    let control = PushSocket::connect(&control_at).await.unwrap();
    control.send("STATISTICS").await.unwrap();
    control.send("TERMINATE").await.unwrap();
    assert_eq!(soon(device).await.unwrap().0, Ok(()));
}

/// Every message is larger than what the system keeps for a connection, so that what is on its way is
/// counted by the lanes alone.
#[tokio::test]
async fn a_slow_back_stops_the_front_and_nothing_is_lost() {
    /// Four lanes of one message, one in the device, one half written and one half read at each of two
    /// connections, and some room for doubt.
    const BOUND: u32 = 16;
    let narrow = || Options::new().send_high_water_mark(1).receive_high_water_mark(1);
    let message = |number: u32| {
        let mut octets = vec![0_u8; 8 << 20];
        octets[..4].copy_from_slice(&number.to_be_bytes());
        octets
    };
    let (front, front_at) = bound!(PullSocket, ANYWHERE, narrow());
    let (back, back_at) = bound!(PushSocket, ANYWHERE, narrow());
    run(Device::streamer(front, back));
    let push = PushSocket::new(narrow()).unwrap();
    push.also_connect(&front_at).await.unwrap();
    let pull = PullSocket::new(narrow()).unwrap();
    pull.also_connect(&back_at).await.unwrap();

    let mut sent = 0;
    while let Ok(done) =
        tokio::time::timeout(Duration::from_secs(1), push.send(message(sent))).await
    {
        done.unwrap();
        sent += 1;
        assert!(sent <= BOUND, "the front was never stopped");
    }
    for number in 0..sent {
        let received = soon(pull.recv()).await.unwrap();
        assert_eq!(received.first()[..4], number.to_be_bytes());
    }
    soon(push.send(message(sent))).await.unwrap();
    assert_eq!(soon(pull.recv()).await.unwrap().first()[..4], sent.to_be_bytes());
}

/// The run is broken off at every point where it waits: before, while and after a message is held.
#[tokio::test]
async fn a_run_that_is_broken_off_loses_nothing() {
    let (front, front_at) = bound!(PullSocket);
    let (back, back_at) = bound!(PushSocket, ANYWHERE, Options::new().send_high_water_mark(1));
    let mut device = Device::streamer(front, back);
    let push = PushSocket::connect(&front_at).await.unwrap();
    for number in 0..5 {
        push.send(number.to_string()).await.unwrap();
    }
    // Nobody is at the back, so the first message is held.
    soon(async {
        while device.forth.message.is_none() {
            tokio::select! {
                biased;
                _ = device.run() => panic!("it ended"),
                () = tokio::task::yield_now() => {}
            }
        }
    })
    .await;
    let pull = PullSocket::connect(&back_at).await.unwrap();
    for number in 0..5 {
        let received = soon(async {
            loop {
                tokio::select! {
                    biased;
                    _ = device.run() => panic!("it ended"),
                    received = pull.recv() => return received,
                    () = tokio::task::yield_now() => {}
                }
            }
        })
        .await;
        assert_eq!(received.unwrap(), number.to_string().into());
    }
}

#[tokio::test]
async fn a_turn_ends_though_there_is_more_to_pass_on() {
    let (front, front_at) = bound!(PullSocket);
    let (back, back_at) = bound!(PushSocket);
    let mut device = Device::streamer(front, back);
    let push = PushSocket::connect(&front_at).await.unwrap();
    let _pull = PullSocket::connect(&back_at).await.unwrap();
    for _ in 0..3 * TURN {
        push.send("work").await.unwrap();
    }
    for turns in 1..=3 {
        soon(device.forth.turn(&device.front, &device.back, None)).await.unwrap();
        assert_eq!(device.statistics().back_sent.messages, (turns * TURN) as u64);
    }
}

/// What goes one way without end does not keep the other way waiting.
#[tokio::test]
async fn the_directions_take_turns() {
    let (front, front_at) = bound!(RouterSocket);
    let (back, back_at) = bound!(DealerSocket);
    run(Device::queue(front, back));
    let client = DealerSocket::new(Options::new().routing_id("me")).unwrap();
    client.also_connect(&front_at).await.unwrap();
    let server = std::sync::Arc::new(DealerSocket::connect(&back_at).await.unwrap());
    let drain = {
        let server = server.clone();
        tokio::spawn(async move { while server.recv().await.is_ok() {} })
    };
    let client = std::sync::Arc::new(client);
    let flood = {
        let client = client.clone();
        tokio::spawn(async move { while client.send("flood").await.is_ok() {} })
    };
    for number in 0..100 {
        server.send(["me", &number.to_string()]).await.unwrap();
        // The first may come before the client is known.
        if number == 0 {
            while tokio::time::timeout(Duration::from_millis(100), client.recv()).await.is_err() {
                server.send(["me", "0"]).await.unwrap();
            }
            while client.try_recv().is_ok() {}
        }
    }
    let mut last = String::new();
    while last != "99" {
        last = soon(client.recv()).await.unwrap()[0].as_str().unwrap().to_owned();
    }
    assert!(!flood.is_finished());
    flood.abort();
    drain.abort();
}
