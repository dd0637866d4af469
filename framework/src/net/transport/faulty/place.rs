//! Places that listen.

use std::collections::VecDeque;
use std::collections::btree_map::Entry;
use std::io::{self, ErrorKind};
use std::task::{Context, Poll, Waker};

use super::connection::Side;
use super::{Later, Network, half};
use crate::net::transport::endpoint::Endpoint;
use crate::net::transport::{Link, Listener};

/// Connections that wait to be accepted, at most.
const BACKLOG: usize = 128;

/// The port of a place without one in its name.
const PORT: u16 = 1;

/// Where somebody listens.
#[derive(Default)]
pub(super) struct Place {
    /// Connections that wait to be accepted.
    backlog: VecDeque<u64>,
    waker: Option<Waker>,
}

impl Place {
    pub(super) fn is_full(&self) -> bool {
        self.backlog.len() >= BACKLOG
    }

    pub(super) fn push(&mut self, number: u64, later: &mut Later) {
        self.backlog.push_back(number);
        later.wake(&mut self.waker);
    }
}

/// Listens at the place `name`, if nobody does.
pub(super) fn listen(network: &Network, name: &str) -> io::Result<Box<dyn Listener>> {
    network.with(|state| match state.places.entry(name.to_owned()) {
        Entry::Occupied(_) => Err(io::Error::from(ErrorKind::AddrInUse)),
        Entry::Vacant(vacant) => {
            vacant.insert(Place::default());
            Ok(())
        }
    })?;
    Ok(Box::new(FaultyListener { network: network.clone(), name: name.to_owned() }))
}

struct FaultyListener {
    network: Network,
    name: String,
}

impl Listener for FaultyListener {
    fn poll_accept(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Link>> {
        let accepted = self.network.with(|state| {
            let place = state.places.get_mut(&self.name)?;
            let Some(number) = place.backlog.pop_front() else {
                state.later.wait(&mut place.waker, cx.waker());
                return None;
            };
            let connector = state.connections.get(&number).map(|connection| connection.names()[0]);
            Some((number, format!("{}#{number}", connector.unwrap_or_default())))
        });
        let Some((number, peer)) = accepted else { return Poll::Pending };
        self.network.shared.changed.notify_waiters();
        Poll::Ready(Ok(half::link(&self.network, number, Side::Acceptor, peer)))
    }

    fn endpoint(&self) -> Endpoint {
        let (host, port) = match self.name.split_once(':') {
            Some((host, port)) => (host, port.parse().unwrap_or(PORT)),
            None => (self.name.as_str(), PORT),
        };
        Endpoint::Tcp { host: host.to_owned(), port }
    }
}

impl Drop for FaultyListener {
    /// Who was not accepted is reset or sees the end, as with any link that is dropped.
    fn drop(&mut self) {
        self.network.with(|state| {
            if let Some(place) = state.places.remove(&self.name) {
                state.later.forget.extend(place.waker);
                for number in place.backlog {
                    half::close(state, number, Side::Acceptor);
                }
            }
        });
        self.network.shared.changed.notify_waiters();
    }
}
