//! What a receiver gets, and when connections find room.

use slotmap::SlotMap;

use super::*;
use crate::net::socket::batch::Batch;

fn chunk(messages: &[&str]) -> Chunk {
    let mut batch = Batch::default();
    for message in messages {
        batch.push(&Multipart::from(*message));
    }
    batch.into_chunk()
}

fn lanes<const N: usize>() -> [LaneId; N] {
    let mut keys = SlotMap::with_key();
    std::array::from_fn(|_| keys.insert(()))
}

fn waits(incoming: &Incoming, ticket: &mut Ticket, waker: &Waker) -> bool {
    incoming.poll_take(ticket, &mut Context::from_waker(waker)).is_pending()
}

fn all(incoming: &Incoming) -> Vec<String> {
    std::iter::from_fn(|| incoming.take().ok())
        .map(|(_, message)| message[0].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn lanes_take_turns() {
    let incoming = Incoming::new(10, false);
    let [a, b] = lanes();
    incoming.open(a, None);
    incoming.open(b, None);
    incoming.deliver(a, chunk(&["a1", "a2", "a3"]));
    incoming.deliver(b, chunk(&["b1", "b2"]));
    assert_eq!(all(&incoming), ["a1", "b1", "a2", "b2", "a3"]);
}

#[test]
fn a_full_lane_has_no_room_until_half_is_taken() {
    let incoming = Incoming::new(4, false);
    let [a] = lanes();
    incoming.open(a, None);
    assert_eq!(incoming.room(a, Waker::noop()), 4);
    incoming.deliver(a, chunk(&["1", "2", "3", "4"]));
    let (woken, waker) = crate::net::socket::waiters::tests::task();
    assert_eq!(incoming.room(a, &waker), 0);
    incoming.take().unwrap();
    assert_eq!(woken.times(), 0);
    incoming.take().unwrap();
    assert_eq!(woken.times(), 1);
    assert_eq!(incoming.room(a, &waker), 2);
}

#[test]
fn a_lane_that_ended_gives_what_it_holds() {
    let incoming = Incoming::new(4, false);
    let [a] = lanes();
    incoming.open(a, None);
    incoming.deliver(a, chunk(&["1", "2"]));
    incoming.end(a);
    assert_eq!(all(&incoming), ["1", "2"]);
    assert_eq!(incoming.room(a, Waker::noop()), 0);
}

/// A lane's place was once given to the next peer while there were messages in it: they were lost, and
/// receivers waited for them for ever, in front of all others.
#[test]
fn a_lane_in_the_place_of_one_that_ended_takes_nothing_from_it() {
    let incoming = Incoming::new(4, false);
    let mut keys = SlotMap::with_key();
    let first = keys.insert(());
    incoming.open(first, None);
    incoming.deliver(first, chunk(&["1", "2"]));
    keys.remove(first);
    incoming.end(first);
    let second = keys.insert(());
    incoming.open(second, None);
    incoming.deliver(second, chunk(&["3"]));
    assert_eq!(all(&incoming), ["1", "3", "2"]);
}

#[test]
fn a_lane_that_is_opened_again_gives_what_it_held_first() {
    let incoming = Incoming::new(4, false);
    let [a] = lanes();
    incoming.open(a, None);
    incoming.deliver(a, chunk(&["1"]));
    incoming.end(a);
    incoming.open(a, None);
    incoming.deliver(a, chunk(&["2"]));
    assert_eq!(all(&incoming), ["1", "2"]);
    assert_eq!(incoming.room(a, Waker::noop()), 4);
}

#[test]
fn conflating_keeps_the_last_message() {
    let incoming = Incoming::new(4, true);
    let [a] = lanes();
    incoming.open(a, None);
    incoming.deliver(a, chunk(&["1", "2"]));
    incoming.deliver(a, chunk(&["3", "4", "5"]));
    assert_eq!(all(&incoming), ["5"]);
}

#[test]
fn news_is_read_in_its_order_and_takes_turns_with_messages() {
    let incoming = Incoming::new(10, false);
    let [a] = lanes();
    incoming.open(a, None);
    incoming.tell(chunk(&["n1"])).wake();
    incoming.deliver(a, chunk(&["1", "2"]));
    incoming.tell(chunk(&["n2"])).wake();
    incoming.tell(chunk(&["n3"])).wake();
    assert_eq!(all(&incoming), ["n1", "1", "n2", "2", "n3"]);
    assert_eq!(incoming.lock().left, 0);
}

/// A peer that sends, leaves and comes again once filled memory, since every time it got a lane of its own.
#[test]
fn lanes_that_ended_hold_a_bounded_number_of_messages() {
    let incoming = Incoming::new(2, false);
    let mut keys = SlotMap::with_key();
    let mut come = || {
        let lane = keys.insert(());
        incoming.open(lane, None);
        lane
    };
    for _ in 0..MOST_LEFT {
        let lane = come();
        assert_eq!(incoming.room(lane, Waker::noop()), 2);
        incoming.deliver(lane, chunk(&["1", "2"]));
        incoming.end(lane);
    }
    let late = come();
    let (woken, waker) = crate::net::socket::waiters::tests::task();
    assert_eq!(incoming.room(late, &waker), 0);
    for taken in 1..=MOST_LEFT {
        assert_eq!(woken.times(), 0, "after {taken}");
        incoming.take().unwrap();
    }
    assert_eq!(woken.times(), 1);
    assert_eq!(incoming.room(late, &waker), 2);
    assert_eq!(all(&incoming).len(), MOST_LEFT);
    assert_eq!(incoming.lock().left, 0);
}

#[test]
fn a_lane_that_comes_back_is_not_left_any_more() {
    let incoming = Incoming::new(1, false);
    let mut keys = SlotMap::with_key();
    let left: Vec<LaneId> = std::iter::repeat_with(|| keys.insert(())).take(MOST_LEFT).collect();
    for lane in &left {
        incoming.open(*lane, None);
        incoming.deliver(*lane, chunk(&["1"]));
        incoming.end(*lane);
    }
    let late = keys.insert(());
    incoming.open(late, None);
    let (woken, waker) = crate::net::socket::waiters::tests::task();
    assert_eq!(incoming.room(late, &waker), 0);
    left.iter().for_each(|lane| incoming.open(*lane, None));
    assert_eq!(woken.times(), 1);
    assert_eq!(incoming.room(late, &waker), 1);
}

#[test]
fn a_receiver_that_was_called_and_leaves_passes_the_call_on() {
    let incoming = Incoming::new(4, false);
    let [a] = lanes();
    incoming.open(a, None);
    let (_, first) = crate::net::socket::waiters::tests::task();
    let (woken, second) = crate::net::socket::waiters::tests::task();
    let (mut early, mut late) = (Ticket::default(), Ticket::default());
    assert!(waits(&incoming, &mut early, &first));
    assert!(waits(&incoming, &mut late, &second));
    incoming.deliver(a, chunk(&["1"]));
    assert_eq!(woken.times(), 0);
    incoming.leave(&mut early);
    assert_eq!(woken.times(), 1);
}

#[test]
fn nothing_comes_after_the_end() {
    let incoming = Incoming::new(4, false);
    let [a] = lanes();
    incoming.open(a, None);
    let (woken, waker) = crate::net::socket::waiters::tests::task();
    assert!(waits(&incoming, &mut Ticket::default(), &waker));
    incoming.deliver(a, chunk(&["1", "2"]));
    incoming.close();
    assert_eq!(woken.times(), 1);
    assert_eq!(incoming.take(), Err(Nothing::Ever));
}
