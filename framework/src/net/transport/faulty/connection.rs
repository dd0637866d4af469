//! Two directions between two ends, and who of them is still there.

use super::Later;
use super::direction::Direction;
use super::log::Log;

/// An end of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Connector,
    Acceptor,
}

/// A half of an end's link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Half {
    Reader,
    Writer,
}

/// A connection, from `connect` until the last half of its two links is dropped.
pub(super) struct Connection {
    connector: String,
    acceptor: String,
    /// By who writes.
    directions: [Direction; 2],
    ends: [Halves; 2],
    cut: bool,
}

/// Which halves of a link are there.
struct Halves {
    reader: bool,
    writer: bool,
}

impl Side {
    pub(super) fn other(self) -> Side {
        match self {
            Side::Connector => Side::Acceptor,
            Side::Acceptor => Side::Connector,
        }
    }
}

impl Connection {
    pub(super) fn new(
        number: u64,
        connector: &str,
        acceptor: &str,
        capacity: usize,
        rng: &mut fastrand::Rng,
    ) -> Connection {
        let there = format!("{connector}#{number}>{acceptor}");
        let back = format!("{acceptor}>{connector}#{number}");
        Connection {
            connector: connector.to_owned(),
            acceptor: acceptor.to_owned(),
            directions: [there, back].map(|label| Direction::new(label, capacity, rng.fork())),
            ends: [(); 2].map(|()| Halves { reader: true, writer: true }),
            cut: false,
        }
    }

    /// Who opened it, and the place that it was opened to.
    pub(super) fn names(&self) -> [&str; 2] {
        [&self.connector, &self.acceptor]
    }

    /// The direction that `side` writes to.
    pub(super) fn from(&mut self, side: Side) -> &mut Direction {
        &mut self.directions[side as usize]
    }

    /// The direction that `side` reads from.
    pub(super) fn to(&mut self, side: Side) -> &mut Direction {
        self.from(side.other())
    }

    /// Resets it for both ends. Of the octets that `partly` wrote a random part arrives; all others that
    /// are under way are lost.
    pub(super) fn cut(&mut self, partly: Option<Side>, log: &mut Log, later: &mut Later) {
        if !self.cut {
            self.cut = true;
            for side in [Side::Connector, Side::Acceptor] {
                self.from(side).cut(partly == Some(side), log, later);
            }
        }
    }

    pub(super) fn part(&mut self, parted: bool) {
        self.directions.iter_mut().for_each(|direction| direction.part(parted));
    }

    pub(super) fn heal(&mut self, later: &mut Later) {
        self.directions.iter_mut().for_each(|direction| direction.heal(later));
    }

    /// A half of `side` is dropped. Whether it was the last of the connection.
    ///
    /// As with a socket whose halves share it: without its writer the stream ends; without both, the
    /// connection is closed, and reset if it leaves something unread.
    pub(super) fn drop_half(
        &mut self,
        side: Side,
        half: Half,
        log: &mut Log,
        later: &mut Later,
    ) -> bool {
        match half {
            Half::Reader => {
                self.ends[side as usize].reader = false;
                self.to(side).forget_reader(later);
            }
            Half::Writer => {
                self.ends[side as usize].writer = false;
                self.from(side).forget_writer(later);
                self.from(side).finish(log, later);
            }
        }
        let closed = self.ends[side as usize].is_closed();
        if closed && self.to(side).abandon(later) {
            self.from(side).reset(later);
        }
        closed && self.ends[side.other() as usize].is_closed()
    }

    /// Octets in both directions.
    pub(super) fn held(&self) -> usize {
        self.directions.iter().map(Direction::held).sum()
    }
}

impl Halves {
    fn is_closed(&self) -> bool {
        !self.reader && !self.writer
    }
}
